"""Files of households, members and statements."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from services.cli.county_files import generate
from services.kit.web.sheets import ColumnMissing, NotASheet
from tests.conftest import TODAY
from tests.households.conftest import Send, facts_of, faults, household_row, member_row, statement_row, valid

MAN, WOMAN = "99010119600101123X", "990101196202020025"


def test_a_file_sent_twice_changes_nothing_the_second_time(households: Session, send: Send) -> None:
    for kind, row in (("households", household_row()), ("members", member_row()), ("statements", statement_row())):
        assert send(kind, row).stored == 1
    version = facts_of(households, "JK1").version
    for kind, row in (("households", household_row()), ("members", member_row()), ("statements", statement_row())):
        assert send(kind, row).unchanged == 1
    assert facts_of(households, "JK1").version == version


def test_sound_rows_are_stored_and_each_refused_row_is_named_with_all_its_columns(send: Send) -> None:
    verdict = send(
        "households", household_row(), household_row("JK2", 村代码="52062", 住房等级="E"), household_row("JK3")
    )
    assert (verdict.stored, verdict.refused) == (2, 1)
    assert faults(verdict) == [(3, "村代码", "not-a-division-code"), (3, "住房等级", "not-a-choice")]


def test_the_same_household_twice_in_a_file_is_taken_once(send: Send) -> None:
    verdict = send("households", household_row(), household_row(户主姓名="示乙"))
    assert faults(verdict) == [(3, "户编号", "twice-in-the-file")]


def test_a_changed_row_raises_the_facts_version_and_nothing_else_does(households: Session, send: Send) -> None:
    send("households", household_row())
    before = facts_of(households, "JK1").version
    send("households", household_row(户主姓名="示丙"))
    assert facts_of(households, "JK1").version == before
    send("households", household_row(住房等级="C"))
    after = facts_of(households, "JK1")
    assert (after.version, after.safe_house) == (before + 1, False)


def test_monitored_comes_and_goes_as_a_dated_tag(households: Session, send: Send) -> None:
    send("households", household_row(监测对象="是", 户类型="脱贫户"))
    assert (facts_of(households, "JK1").monitored, facts_of(households, "JK1").formerly_poor) == (True, True)
    send("households", household_row(监测对象="否", 户类型="脱贫户"))
    assert (facts_of(households, "JK1").monitored, facts_of(households, "JK1").formerly_poor) == (False, True)


def test_a_member_of_an_unknown_household_is_refused_by_column(send: Send) -> None:
    assert faults(send("members", member_row("nowhere"))) == [(2, "户编号", "no-such-household")]


def test_birth_date_and_sex_are_read_from_the_id_number_and_the_number_is_sealed(
    households: Session, send: Send
) -> None:
    send("households", household_row())
    number = valid(MAN)
    send("members", member_row(id_number=number))
    row = households.execute(text("SELECT birth_date::text, sex, sealed_id_number, id_index FROM person")).one()
    assert row[:2] == ("1960-01-01", "1")
    assert number.encode() not in row[2] + row[3]


def test_a_wrong_check_digit_is_refused_and_never_repeated_back(send: Send) -> None:
    send("households", household_row())
    wrong = valid(MAN)[:-1] + ("0" if valid(MAN)[-1] != "0" else "1")
    verdict = send("members", member_row(id_number=wrong))
    assert faults(verdict) == [(2, "证件号码", "not-an-id-number")]
    assert wrong not in verdict.model_dump_json()


def test_nobody_is_a_member_of_two_households_at_once(send: Send) -> None:
    send("households", household_row(), household_row("JK2"))
    send("members", member_row(id_number=valid(MAN)))
    assert faults(send("members", member_row("JK2", id_number=valid(MAN)))) == [(2, "证件号码", "member-elsewhere")]


def test_one_unknown_insurance_leaves_the_count_unknown_unless_somebody_is_known_to_lack_it(
    households: Session, send: Send
) -> None:
    send("households", household_row())
    send("members", member_row(), member_row(姓名="示乙", 与户主关系="配偶", 参加基本医保=""))
    assert facts_of(households, "JK1").uninsured_members is None
    send("members", member_row(姓名="示丁", 与户主关系="之子", 参加基本医保="否"))
    assert facts_of(households, "JK1").uninsured_members == 1


def test_the_family_of_the_report_has_a_gap_of_400_that_is_neither_income_nor_expense(
    households: Session, send: Send
) -> None:
    send("households", household_row())
    amounts = {
        "工资性收入(元)": "26,279.99",
        "生产经营性支出(元)": "1000.00",
        "合规自付教育支出(元)": "8400",
        "助学贷款(元)": "8000",
    }
    send("statements", statement_row(**amounts))
    facts = facts_of(households, "JK1")
    assert (facts.net_income, facts.rigid_expense, facts.cash_gap) == (2_527_999, 840_000, 40_000)


def test_a_correction_of_the_same_moment_counts_and_a_return_to_the_first_amounts_counts_again(
    households: Session, send: Send
) -> None:
    send("households", household_row())
    for wage, expected in (("100.00", 10_000), ("200.00", 20_000), ("100.00", 10_000)):
        assert send("statements", statement_row(**{"工资性收入(元)": wage})).stored == 1
        assert facts_of(households, "JK1").net_income == expected


def test_a_blank_expense_is_unknown_and_a_blank_income_is_refused(households: Session, send: Send) -> None:
    send("households", household_row())
    send("statements", statement_row(**{"合规自付医疗支出(元)": ""}))
    assert facts_of(households, "JK1").medical_self_paid is None
    assert faults(send("statements", statement_row(**{"工资性收入(元)": ""}))) == [(2, "工资性收入(元)", "blank")]


def test_a_period_that_has_not_ended_is_refused(send: Send) -> None:
    send("households", household_row())
    assert faults(send("statements", statement_row(起始月="2025-12", 截止月="2026-11"))) == [
        (2, "截止月", "in-the-future")
    ]


def test_a_missing_column_and_a_file_that_is_no_table_are_refused_whole(send: Send) -> None:
    with pytest.raises(ColumnMissing) as missing:
        send("households", content="户编号,村代码\r\n1,2".encode())
    assert "户主姓名" in missing.value.detail
    with pytest.raises(NotASheet):
        send("households", content=b"PK\x03\x04 not a workbook")


def test_the_demo_county_is_taken_without_a_refusal(tmp_path: Path, households: Session, send: Send) -> None:
    generate(tmp_path, as_of=TODAY, households=120, teams=3, seed=7)
    for name in ("households.xlsx", "members.csv", "statements.csv"):
        verdict = send(name.partition(".")[0], content=(tmp_path / name).read_bytes())
        assert (verdict.refused, verdict.unchanged) == (0, 0)
    assert facts_of(households, "JK000001").net_income == 2_527_999
