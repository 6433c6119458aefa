"""Which statement counts, which periods and amounts are taken."""

from typing import Any

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.web.cells import CellRefused, RowReader, money, refuse_twice
from services.kit.web.sheets import Row
from tests.callers import Headers, edit
from tests.households.conftest import Send, facts_of, faults, household_row, statement, statement_row

HALF_YEAR = {"period_from": "2026-05-01", "period_to": "2026-10-31"}


def test_half_a_year_is_kept_and_shown_but_is_no_yearly_income(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    assert http.post(f"{family}/statements", json=statement(**HALF_YEAR), headers=clerk).status_code == 201
    facts = facts_of(households, "JK1")
    assert (facts.net_income, facts.income_until) == (None, None)
    assert len(http.get(f"{family}/statements", headers=clerk).json()) == 1


def test_a_newer_statement_of_half_a_year_leaves_the_last_whole_year_counting(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    year = statement(period_from="2025-10-01", period_to="2026-09-30")
    for sent in (year, statement(**HALF_YEAR, lines=[{"kind": "wage", "amount": 7}])):
        assert http.post(f"{family}/statements", json=sent, headers=clerk).status_code == 201
    assert facts_of(households, "JK1").net_income == 1_500_000


def test_twelve_months_through_a_leap_day_are_a_year(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    leap = statement(period_from="2023-03-01", period_to="2024-02-29")
    http.post(f"{family}/statements", json=leap, headers=clerk)
    assert facts_of(households, "JK1").net_income == 1_500_000


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"period_from": "2025-11-02"}, "period-not-whole-months"),
        ({"period_to": "2026-10-30"}, "period-not-whole-months"),
        ({"period_from": "2026-01-01", "period_to": "2026-11-20"}, "period-not-whole-months"),
        ({"period_from": "2026-01-01", "period_to": "2026-11-21"}, "reported-in-the-future"),
        ({"period_to": "9999-12-31"}, "reported-in-the-future"),
    ],
)
def test_a_period_that_is_not_whole_months_or_holds_today_is_refused(
    http: TestClient, clerk: Headers, family: str, changed: dict[str, Any], code: str
) -> None:
    refused = http.post(f"{family}/statements", json=statement(**changed), headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_file_may_write_months_as_days_only_where_they_are_whole(send: Send) -> None:
    send("households", household_row())
    assert send("statements", statement_row(起始月="2025-11-01", 截止月="2026-10-31")).stored == 1
    verdict = send("statements", statement_row(起始月="2025-11-15", 截止月="2026-10-30"))
    assert faults(verdict) == [(2, "起始月", "period-not-whole-months"), (2, "截止月", "period-not-whole-months")]
    assert (2, "截止月", "in-the-future") in faults(send("statements", statement_row(截止月="9999-12")))


def test_of_two_corrections_in_one_moment_the_later_counts(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    for amount in (*range(1, 6), 3):
        sent = statement(lines=[{"kind": "wage", "amount": amount}])
        http.post(f"{family}/statements", json=sent, headers=clerk)
        assert facts_of(households, "JK1").net_income == amount
    assert http.get(f"{family}/statements", headers=clerk).json()[0]["lines"][0]["amount"] == 3


def test_a_blank_loan_is_none(households: Session, send: Send) -> None:
    send("households", household_row())
    send("statements", statement_row(**{"合规自付教育支出(元)": "8400", "助学贷款(元)": ""}))
    assert facts_of(households, "JK1").cash_gap == 840_000


@pytest.mark.parametrize("written", ["1e999999", "-1", "0.001", "1e-999999", "10000000000.01", "NaN", "sNaN", "inf"])
def test_what_is_no_amount_is_refused_and_never_an_error_of_ours(written: str) -> None:
    with pytest.raises(CellRefused, match="not-an-amount"):
        money(written)


@pytest.mark.parametrize(("written", "fen"), [("26,279.99", 2_627_999), ("0", 0), ("10000000000", 10**12)])
def test_an_amount_is_read_to_the_fen(written: str, fen: int) -> None:
    assert money(written) == fen


def test_two_blank_numbers_are_not_twice_the_same(send: Send) -> None:
    for kind, row in (("households", household_row("")), ("statements", statement_row(""))):
        assert faults(send(kind, row, row)) == [(2, "户编号", "blank"), (3, "户编号", "blank")]


def test_a_repeated_key_is_refused_from_the_second_row_on_and_no_key_never() -> None:
    readers = [RowReader(Row(number, {}, frozenset())) for number in range(2, 7)]
    refuse_twice(readers, "户编号", ["JK1", None, "JK1", None, "JK1"])
    assert [len(reader.faults) for reader in readers] == [0, 0, 1, 0, 1]


def test_members_left_out_of_the_safeguards_become_unknown_and_the_answer_is_what_is_stored(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    assert facts_of(households, "JK1").uninsured_members == 0
    answer = edit(http, f"{family}/safeguards", {"housing_grade": "A"}, clerk).json()
    assert [(member["schooling"], member["insured"]) for member in answer["members"]] == [(None, None)]
    assert answer == http.get(f"{family}/safeguards", headers=clerk).json()
    assert facts_of(households, "JK1").uninsured_members is None


def test_the_gap_of_an_expense_nobody_stated_is_unknown(households: Session, send: Send) -> None:
    send("households", household_row())
    assert facts_of(households, "JK1").cash_gap is None
    send("statements", statement_row(**{"合规自付教育支出(元)": "8400", "合规自付医疗支出(元)": ""}))
    facts = facts_of(households, "JK1")
    assert (facts.schooling_self_paid, facts.rigid_expense, facts.cash_gap) == (840_000, None, None)


def earned(wage: int, of: str, **changed: str) -> list[str]:
    """A year's row that ends with October of that year; amounts in yuan."""
    months = {"起始月": f"{int(of) - 1}-11", "截止月": f"{of}-10"}
    return statement_row(**(months | {"工资性收入(元)": str(wage), "转移性收入(元)": "100"} | changed))


def test_the_year_before_is_that_which_had_ended_when_the_newest_began(households: Session, send: Send) -> None:
    send("households", household_row())
    send("statements", earned(9_000, "2026"))
    facts = facts_of(households, "JK1")
    assert (facts.net_income, facts.wage_income, facts.transfer_income) == (910_000, 900_000, 10_000)
    assert (facts.net_income_before, facts.wage_income_before) == (None, None)
    send("statements", earned(1, "2026", 起始月="2025-06", 截止月="2026-05"))  # overlaps: of the same year, and older
    assert facts_of(households, "JK1").net_income_before is None
    send("statements", earned(30_000, "2025"))
    facts = facts_of(households, "JK1")
    assert (facts.net_income, facts.net_income_before, facts.wage_income_before) == (910_000, 3_010_000, 3_000_000)


def test_a_year_long_gone_is_no_year_before(households: Session, send: Send) -> None:
    send("households", household_row())
    send("statements", earned(9_000, "2026"))
    send("statements", earned(30_000, "2023"))
    assert facts_of(households, "JK1").net_income_before is None
