"""One family that is always there, after a case told in a public report; names and most amounts are invented.

The head is 67 and ill, his wife 66, his mother 81, the granddaughter studies. Schooling costs 8,400 yuan, of
which a loan covers 8,000. The net income is one fen below the line for four, 4 × 6,320 yuan: the least by
which a rule can hold.
"""

from collections.abc import Iterator
from datetime import date

from services.cli.county_files.family import Member
from services.cli.county_files.identity import Sex, id_number
from services.cli.county_files.statement import Statement

PEOPLE: tuple[tuple[str, str, Sex, int, str], ...] = (
    ("示甲一", "户主", "男", 67, "非在校"),
    ("例乙二", "配偶", "女", 66, "非在校"),
    ("样丙三", "之母", "女", 81, "非在校"),
    ("示丁四", "孙女", "女", 20, "在校"),
)


def report_members(serials: Iterator[int], as_of: date) -> list[Member]:
    """Born on the first of a month, so that the ages hold for the eleven months to come."""
    members = []
    for name, relation, sex, age, schooling in PEOPLE:
        born = date(as_of.year - age, as_of.month, 1)
        number = id_number(next(serials), born, sex)
        members.append(Member(name, relation, sex, age, born, number, schooling, insured="是"))
    return members


def report_statement() -> Statement:
    return Statement(
        wage=9_600_00,
        operating=9_800_00,
        property_income=600_00,
        transfer=11_479_99,
        other=0,
        production_cost=6_200_00,
        medical=3_860_00,
        schooling=8_400_00,
        education_loan=8_000_00,
    )
