"""The files about households: the register, its members, what they earned and spent this year and the year before."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from datetime import date
from pathlib import Path

from services.cli.county_files.household import Household
from services.cli.county_files.sheets import csv_file, text_workbook
from services.cli.county_files.statement import Statement, twelve_months, yuan
from services.cli.county_files.truth import truth_of

HOUSEHOLD_COLUMNS = (
    "户编号",
    "村代码",
    "村民小组",
    "户主姓名",
    "联系电话",
    "户类型",
    "监测对象",
    "住房等级",
    "饮水安全",
)
MEMBER_COLUMNS = (
    "户编号",
    "姓名",
    "证件号码",
    "与户主关系",
    "出生日期",
    "性别",
    "学业状况",
    "参加基本医保",
)
STATEMENT_COLUMNS = (
    "户编号",
    "起始月",
    "截止月",
    "工资性收入(元)",
    "生产经营性收入(元)",
    "财产性收入(元)",
    "转移性收入(元)",
    "其他收入(元)",
    "生产经营性支出(元)",
    "合规自付医疗支出(元)",
    "合规自付教育支出(元)",
    "助学贷款(元)",
)


def write_households(folder: Path, households: Iterable[Household], as_of: date) -> Counter[str]:
    """The members come in GB18030, as offices send them. Answers what was written."""
    truth = Counter[str]()
    months, months_before = twelve_months(as_of), twelve_months(as_of, years_ago=1)
    with (
        text_workbook(folder / "households.xlsx", HOUSEHOLD_COLUMNS, as_of=as_of) as write_household,
        csv_file(folder / "members.csv", MEMBER_COLUMNS, encoding="gb18030") as write_member,
        csv_file(folder / "statements.csv", STATEMENT_COLUMNS, encoding="utf-8-sig") as write_statement,
        csv_file(folder / "statements_before.csv", STATEMENT_COLUMNS, encoding="utf-8-sig") as write_before,
    ):
        for household in households:
            write_household(household_row(household))
            for row in member_rows(household):
                write_member(row)
            if household.statement and not household.stale:
                write_statement((household.number, *months, *amounts(household.statement)))
            before = household.statement if household.stale else household.before
            if before:
                write_before((household.number, *months_before, *amounts(before)))
            truth.update(truth_of(household))
            truth["members"] += len(household.members)
    return truth


def household_row(household: Household) -> tuple[str, ...]:
    return (
        household.number,
        household.village,
        household.group,
        household.members[0].name,
        household.phone,
        "脱贫户" if household.lifted else "一般农户",
        "是" if household.monitored else "否",
        household.house_grade,
        household.safe_water,
    )


def member_rows(household: Household) -> Iterator[tuple[str, ...]]:
    """An ID number tells birth date and sex; who has none yet gets them written out."""
    for member in household.members:
        unregistered = ("", "") if member.id_number else (member.born.isoformat(), member.sex)
        yield (
            household.number,
            member.name,
            member.id_number,
            member.relation,
            *unregistered,
            member.schooling,
            member.insured,
        )


def amounts(statement: Statement) -> Iterator[str]:
    """In the order of the columns, which is the order of the statement's fields."""
    return (yuan(fen) for fen in astuple(statement))
