"""The files of the made-up county: what they say of its households, and that a seed settles them."""

import csv
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TypeAlias

import pytest
from python_calamine import CalamineWorkbook

from services.cli.county_files import generate
from services.cli.county_files.identity import check_digit
from services.cli.county_files.places import COUNTIES, villages_of

TODAY = date(2026, 11, 21)
XINGLONG = "520621001005"
FILES = {
    "households.xlsx",
    "members.csv",
    "statements.csv",
    "statements_before.csv",
    "teams.xlsx",
    "stations.csv",
    "check_ins.jsonl",
}

Row: TypeAlias = dict[str, str]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    generate(folder, as_of=TODAY)
    return folder


def from_workbook(path: Path) -> list[Row]:
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert all(isinstance(cell, str) for row in rows for cell in row)
    return [dict(zip(map(str, header), map(str, row), strict=True)) for row in rows]


def from_csv(path: Path, encoding: str) -> list[Row]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def households_in(folder: Path) -> list[Row]:
    return from_workbook(folder / "households.xlsx")


def members_in(folder: Path) -> list[Row]:
    return from_csv(folder / "members.csv", "gb18030")


def statements_in(folder: Path) -> list[Row]:
    return from_csv(folder / "statements.csv", "utf-8-sig")


def statements_before_in(folder: Path) -> list[Row]:
    """Of the year before; for a few households the newest there is."""
    return from_csv(folder / "statements_before.csv", "utf-8-sig")


def net_income(statement: Row) -> Decimal:
    """As the office adds it up: five kinds of income less the cost of production."""
    earned = ("工资性收入", "生产经营性收入", "财产性收入", "转移性收入", "其他收入")
    income = sum((Decimal(statement[f"{kind}(元)"]) for kind in earned), Decimal(0))
    return income - Decimal(statement["生产经营性支出(元)"])


def born_on(id_number: str) -> date:
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def age_of(member: Row) -> int:
    born = born_on(member["证件号码"]) if member["证件号码"] else date.fromisoformat(member["出生日期"])
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    truths = [generate(tmp_path / run, as_of=TODAY, households=200, seed=7) for run in ("once", "again")]
    assert truths[0] == truths[1]
    assert {path.name for path in (tmp_path / "once").iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(tmp_path / str(seed), as_of=TODAY, households=200, seed=seed)
    for name in FILES:
        assert (tmp_path / "1" / name).read_bytes() != (tmp_path / "2" / name).read_bytes(), name


def test_three_thousand_households_are_written_in_seconds(tmp_path: Path) -> None:
    began = monotonic()
    generate(tmp_path, as_of=TODAY)
    assert monotonic() - began < 20


@pytest.mark.parametrize("code", [code for code in COUNTIES if code != "520621"])
def test_every_county_of_the_list_can_be_written(tmp_path: Path, code: str) -> None:
    truth = generate(tmp_path, as_of=date(2028, 2, 29), county=code, households=60, teams=8)
    assert {row["村代码"][:6] for row in households_in(tmp_path)} == {code}
    assert truth["teams"] == 8


def test_every_village_and_community_of_the_county_has_households(county: Path) -> None:
    villages = {village.code for village in villages_of(COUNTIES["520621"])}
    assert len(villages) == 105
    assert {row["村代码"] for row in households_in(county)} == villages


def test_household_numbers_count_up_and_every_row_hangs_on_one(county: Path) -> None:
    numbers = [row["户编号"] for row in households_in(county)]
    assert numbers == [f"JK{serial:06d}" for serial in range(1, 3001)]
    assert {row["户编号"] for row in members_in(county)} == set(numbers)
    assert {row["户编号"] for row in statements_in(county)} < set(numbers)


def test_every_id_number_is_valid_unique_and_of_a_place_that_does_not_exist(county: Path) -> None:
    numbers = [row["证件号码"] for row in members_in(county) if row["证件号码"]]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert number.startswith("99")
        assert number == number[:17] + check_digit(number[:17])
        assert date(1925, 1, 1) < born_on(number) <= TODAY


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert check_digit("11010519491231002") == "X"


def test_birth_date_and_sex_stand_only_with_newborns_without_a_number(county: Path) -> None:
    unregistered = [row for row in members_in(county) if not row["证件号码"]]
    assert unregistered
    assert {age_of(row) for row in unregistered} == {0}
    assert {row["性别"] for row in unregistered} == {"男", "女"}
    assert not any(row["出生日期"] or row["性别"] for row in members_in(county) if row["证件号码"])


def test_an_id_number_tells_the_sex_its_relation_has(county: Path) -> None:
    women = {"之女", "之母", "孙女"}
    men = {"之子", "之父", "孙子"}
    for row in members_in(county):
        if row["证件号码"] and row["与户主关系"] in women | men:
            assert int(row["证件号码"][16]) % 2 == (row["与户主关系"] in men)


def test_families_are_of_plausible_size_and_headed_by_the_person_in_the_register(county: Path) -> None:
    families = defaultdict(list)
    for row in members_in(county):
        families[row["户编号"]].append(row)
    sizes = [len(family) for family in families.values()]
    assert set(sizes) == set(range(1, 8))
    assert 3.4 < sum(sizes) / len(sizes) < 3.8
    for household in households_in(county):
        head, *others = families[household["户编号"]]
        assert (head["与户主关系"], head["姓名"]) == ("户主", household["户主姓名"])
        assert "户主" not in {row["与户主关系"] for row in others}


def test_children_are_a_generation_younger_than_the_head_and_parents_older(county: Path) -> None:
    heads: dict[str, int] = {}
    for row in members_in(county):
        if row["与户主关系"] == "户主":
            heads[row["户编号"]] = age_of(row)
        older = age_of(row) - heads[row["户编号"]]
        if row["与户主关系"] in ("之子", "之女"):
            assert older <= -20
        if row["与户主关系"] in ("孙子", "孙女"):
            assert older <= -46
        if row["与户主关系"] in ("之父", "之母") and row["户编号"] != "JK000001":  # 81 and 67 in the report
            assert older >= 20


def test_the_family_of_the_report_is_one_fen_below_the_line(county: Path) -> None:
    household = households_in(county)[0]
    family = [row for row in members_in(county) if row["户编号"] == "JK000001"]
    statement = statements_in(county)[0]
    assert (household["户编号"], household["村代码"], household["监测对象"]) == ("JK000001", XINGLONG, "否")
    assert [age_of(row) for row in family] == [67, 66, 81, 20]
    assert family[3]["学业状况"] == "在校"
    assert statement["户编号"] == "JK000001"
    assert net_income(statement) == Decimal("25279.99") == 4 * 6320 - Decimal("0.01")
    assert (statement["合规自付教育支出(元)"], statement["助学贷款(元)"]) == ("8400.00", "8000.00")


def test_statements_cover_the_twelve_months_before_this_one_and_leave_no_amount_blank(county: Path) -> None:
    for row in statements_in(county):
        assert (row["起始月"], row["截止月"]) == ("2025-11", "2026-10")
        for column, amount in row.items():
            if column.endswith("(元)"):
                assert Decimal(amount) >= 0
                assert amount[-3] == "."


def test_a_county_in_january_states_the_year_before(tmp_path: Path) -> None:
    generate(tmp_path, as_of=date(2027, 1, 5), households=5, teams=5)
    assert {(row["起始月"], row["截止月"]) for row in statements_in(tmp_path)} == {("2026-01", "2026-12")}


def test_every_trouble_has_about_the_share_it_should(tmp_path: Path) -> None:
    truth = generate(tmp_path, as_of=TODAY, households=6000)
    shares = {
        "income_below_line": (0.010, 0.020),
        "heavy_medical": (0.010, 0.020),
        "out_of_school": (0.0005, 0.004),
        "uninsured": (0.006, 0.014),
        "unsafe_house": (0.002, 0.006),
        "unsafe_water": (0.003, 0.008),
        "house_unknown": (0.001, 0.006),
        "water_unknown": (0.001, 0.006),
        "insurance_unknown": (0.001, 0.006),
        "schooling_unknown": (0.0003, 0.005),
        "without_statement": (0.015, 0.025),
        "monitored": (0.03, 0.05),
        "monitored_below_line": (0.002, 0.015),
        "below_line_after_costs": (0.02, 0.045),
        "wide_gap": (0.008, 0.02),
        "heavy_schooling": (0.002, 0.01),
        "income_fell": (0.003, 0.012),
        "work_lost": (0.001, 0.006),
        "lives_on_transfers": (0.015, 0.035),
        "income_out_of_date": (0.0015, 0.007),
        "income_too_low": (0.0003, 0.003),
        "income_too_high": (0.005, 0.02),
    }
    for trouble, (least, most) in shares.items():
        assert least < truth[trouble] / truth["households"] < most, trouble


def test_the_truth_is_what_a_reader_of_the_files_counts(tmp_path: Path) -> None:
    truth = generate(tmp_path, as_of=TODAY, households=2000)
    households = {row["户编号"]: row for row in households_in(tmp_path)}
    persons = Counter(row["户编号"] for row in members_in(tmp_path))
    counted = Counter[str]()
    newest = {row["户编号"]: row for row in (*statements_before_in(tmp_path), *statements_in(tmp_path))}
    for row in newest.values():
        household = households[row["户编号"]]
        if net_income(row) < 6320 * persons[row["户编号"]]:
            counted[household["监测对象"]] += 1
        threshold = 5000 if household["户类型"] == "脱贫户" else 20_000
        counted["medical"] += Decimal(row["合规自付医疗支出(元)"]) >= threshold
    out_of_school = {row["户编号"] for row in members_in(tmp_path) if row["学业状况"] == "失学辍学"}
    assert counted["否"] == truth["income_below_line"]
    assert counted["是"] == truth["monitored_below_line"]
    assert counted["medical"] == truth["heavy_medical"]
    assert len(out_of_school) == truth["out_of_school"] > 0


def test_the_offices_encodings_carry_a_dot_and_a_character_beyond_the_first_plane(county: Path) -> None:
    assert (county / "statements.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with pytest.raises(UnicodeDecodeError):
        (county / "members.csv").read_text(encoding="utf-8")
    assert {"示例·甲子", "例𠮷一"} <= {row["姓名"] for row in members_in(county)}
    assert {"示例·甲子", "例𠮷一"} <= {row["户主姓名"] for row in households_in(county)}
