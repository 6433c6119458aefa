"""A household's income on a day: totals compared, divided last, the line with its document, what looks odd."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, edit
from tests.conftest import NOW
from tests.households.conftest import Send, household_numbered, household_row, member_row, statement
from tests.households.standards import LINE_DOCUMENT, set_standards

ALL: dict[str, Any] = {
    "monitoring_line": 632_000, "income_divisor": 1, "wage_floor": 10_000, "income_floor": 50_000,
    "income_ceiling": 3_000_000, "identification_ceiling": 2_000_000,
}  # fmt: skip


@pytest.fixture
def four(households: Session, send: Send) -> str:
    """A household of four, and every figure the county must set."""
    send("households", household_row())
    send("members", *(member_row(姓名=f"示{who}", 与户主关系=how) for who, how in
                      (("甲", "户主"), ("乙", "配偶"), ("丙", "之子"), ("丁", "之女"))))  # fmt: skip
    set_standards(households, **ALL)
    return f"/v1/households/{household_numbered(households, 'JK1')}"


def income(http: TestClient, clerk: Headers, home: str, query: str = "", **said: Any) -> Any:
    amounts = said.pop("amounts", None)
    if amounts is not None:
        told = statement(lines=[{"kind": kind, "amount": amount} for kind, amount in amounts.items()], **said)
        assert http.post(f"{home}/statements", json=told, headers=clerk).status_code == 201
    return http.get(f"{home}/income{query}", headers=clerk).json()


@pytest.mark.parametrize(
    ("earned", "below", "shown"),
    [(2_528_000, False, 632_000), (2_527_999, True, 631_999)],
    ids=["25,280.00", "25,279.99"],
)
def test_four_persons_are_below_a_line_of_6320_only_under_25280(
    http: TestClient, clerk: Headers, four: str, earned: int, below: bool, shown: int
) -> None:
    told = income(http, clerk, four, amounts={"wage": earned})
    assert told["net_income"] == {"total": earned, "per_person": shown, "below_line": below}
    assert told["line"] == {"amount": 632_000, "total": 2_528_000, "document_no": LINE_DOCUMENT}
    assert (told["persons"], told["divisor_document_no"]) == (4, LINE_DOCUMENT)


def test_tuition_of_8400_less_a_loan_of_8000_leaves_400_uncovered(http: TestClient, clerk: Headers, four: str) -> None:
    spent = {"wage": 2_600_000, "medical_self_paid": 0, "schooling_self_paid": 840_000, "education_loan": 800_000}
    told = income(http, clerk, four, amounts=spent)
    assert told["uncovered"] == 40_000
    assert told["net_income"]["below_line"] is False
    assert told["reference"] == {"total": 1_760_000, "per_person": 440_000, "below_line": True}


def test_the_reference_counts_what_the_insurance_paid_and_the_income_does_not(
    http: TestClient, clerk: Headers, four: str
) -> None:
    spent = {"wage": 2_600_000, "insurance_payout": 900_000, "medical_self_paid": 840_000, "schooling_self_paid": 0}
    told = income(http, clerk, four, amounts=spent)
    assert (told["net_income"]["total"], told["reference"]["total"]) == (2_600_000, 2_660_000)


def test_the_reference_is_unknown_while_an_expense_is(http: TestClient, clerk: Headers, four: str) -> None:
    told = income(http, clerk, four, amounts={"wage": 2_600_000, "medical_self_paid": 5})
    assert told["reference"] == {"total": None, "per_person": None, "below_line": None}


def flags(told: Any) -> list[str]:
    return [flag["key"] for flag in told["flags"]]


@pytest.mark.parametrize(
    ("amounts", "purpose", "key", "fires"),
    [
        ({"wage": 9_999, "other": 900_000}, None, "wages-too-small", True),
        ({"wage": 10_000, "other": 900_000}, None, "wages-too-small", False),
        ({"wage": 0, "other": 900_000}, None, "wages-too-small", False),
        ({"other": 200_000}, None, "income-too-low", True),
        ({"other": 200_001}, None, "income-too-low", False),
        ({"other": 12_000_001}, None, "income-too-high", True),
        ({"other": 12_000_000}, None, "income-too-high", False),
        ({"other": 8_000_001}, "identification", "too-high-at-identification", True),
        ({"other": 8_000_000}, "identification", "too-high-at-identification", False),
        ({"other": 8_000_001}, "yearly_update", "too-high-at-identification", False),
    ],
    ids=[f"{n:02}" for n in range(10)],
)
def test_a_figure_beyond_its_threshold_is_flagged_and_one_at_it_is_not(
    http: TestClient, clerk: Headers, four: str, amounts: dict[str, int], purpose: str | None, key: str, fires: bool
) -> None:
    told = income(http, clerk, four, amounts=amounts, purpose=purpose)
    assert (key in flags(told)) == fires
    assert all(flag["document_no"] == LINE_DOCUMENT for flag in told["flags"] if flag["threshold"])


@pytest.mark.parametrize(("transfer", "fires"), [(0, True), (1, False)], ids=["none", "some"])
def test_who_has_an_allowance_states_transfers(
    http: TestClient, clerk: Headers, four: str, transfer: int, fires: bool
) -> None:
    tag = {"since": "2026-11-05", "source": "示例"}
    assert http.put(f"{four}/tags/subsistence_allowance", json=tag, headers=clerk).status_code == 200
    told = income(http, clerk, four, amounts={"wage": 2_600_000, "transfer": transfer})
    assert ("allowance-left-out" in flags(told)) == fires
    before = http.get(f"{four}/income?as_of=2026-10-31", headers=clerk).json()
    assert "allowance-left-out" not in flags(before)  # by the tags of that day


def test_a_check_whose_threshold_nobody_set_is_named_and_refuses_nothing(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    set_standards(households, monitoring_line=632_000, income_divisor=1)
    told = income(http, clerk, family, amounts={"wage": 1})
    assert told["flags"] == []
    assert told["not_judged"] == ["wage_floor", "income_floor", "income_ceiling", "identification_ceiling"]


@pytest.mark.parametrize("missing", ["monitoring_line", "income_divisor"])
def test_without_a_line_or_a_divisor_nothing_is_guessed(
    http: TestClient, clerk: Headers, family: str, households: Session, missing: str
) -> None:
    set_standards(households, **{key: value for key, value in ALL.items() if key != missing})
    told = income(http, clerk, family, amounts={"wage": 1})
    assert told["code"] == "standard-missing"
    assert told["detail"].startswith(missing)


def test_a_divisor_the_register_cannot_count_by_is_refused(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    set_standards(households, **(ALL | {"income_divisor": 4}))
    assert income(http, clerk, family, amounts={"wage": 1})["code"] == "divisor-not-kept"


def test_income_is_divided_among_who_lives_there_once_it_is_told_of_every_member(
    http: TestClient, clerk: Headers, four: str, households: Session
) -> None:
    members = [one["person_id"] for one in http.get(four, headers=clerk).json()["members"]]
    paths = [f"{four}/members/{person}/residence" for person in members]
    divide_by(households, 2)
    for path in paths[1:]:
        lives = {"since": "2026-01-01", "lives_together": True, "usually_resident": path != paths[1]}
        assert edit(http, path, lives, clerk).status_code == 200
    told = income(http, clerk, four, amounts={"wage": 100})
    assert (told["code"], told["detail"]) == ("residence-not-told", "1")
    assert edit(http, paths[0], {"since": "2026-01-01", "lives_together": False}, clerk).status_code == 200
    assert income(http, clerk, four)["persons"] == 3
    assert income(http, clerk, four, "?known_at=2020-01-01T00:00:00Z")["code"] == "nothing-stated"
    divide_by(households, 3)
    assert income(http, clerk, four)["detail"] == "1"
    whole = {"since": "2026-11-01", "lives_together": True, "usually_resident": True}
    assert edit(http, paths[0], whole, clerk).status_code == 200
    assert income(http, clerk, four)["persons"] == 3
    households.execute(text("UPDATE membership SET valid = daterange('2026-01-01', NULL)"))
    divide_by(households, 2)
    assert [income(http, clerk, four, day)["persons"] for day in ("", "?as_of=2026-10-31")] == [4, 3]


def divide_by(households: Session, divisor: int) -> None:
    households.execute(text("UPDATE standard SET value = :value WHERE key = 'income_divisor'"), {"value": divisor})
    households.commit()


def test_the_line_is_that_of_the_day_and_so_is_the_statement(
    http: TestClient, clerk: Headers, four: str, households: Session
) -> None:
    older = income(http, clerk, four, amounts={"wage": 100}, period_from="2024-11-01", period_to="2025-10-31")
    newer = income(http, clerk, four, amounts={"wage": 200})
    assert [told["families"] for told in (older, newer)] == [{"wage": 100}, {"wage": 200}]
    then = income(http, clerk, four, "?as_of=2026-10-30")
    assert (then["families"], then["as_of"]) == ({"wage": 100}, "2026-10-30")
    assert income(http, clerk, four, "?as_of=2026-10-31")["families"] == {"wage": 200}
    assert income(http, clerk, four, "?as_of=2025-10-30")["code"] == "nothing-stated"
    assert income(http, clerk, four, "?as_of=2019-12-31")["code"] == "nothing-stated"


def test_a_correction_was_not_known_before_it_was_made(
    http: TestClient, clerk: Headers, four: str, households: Session
) -> None:
    income(http, clerk, four, amounts={"wage": 100})
    moment = NOW.isoformat().replace("+00:00", "Z")
    assert income(http, clerk, four, f"?known_at={moment}")["families"] == {"wage": 100}
    assert income(http, clerk, four, "?known_at=2026-11-20T00:00:00Z")["code"] == "nothing-stated"


def test_half_a_year_is_no_income_of_a_year(http: TestClient, clerk: Headers, four: str) -> None:
    half = {"period_from": "2026-05-01", "period_to": "2026-10-31"}
    assert income(http, clerk, four, amounts={"wage": 100}, **half)["code"] == "nothing-stated"


def test_a_household_nobody_belongs_to_is_neither_below_nor_above(
    http: TestClient, clerk: Headers, send: Send, households: Session
) -> None:
    send("households", household_row())
    set_standards(households, date(2020, 1, 1), **ALL)
    told = income(http, clerk, f"/v1/households/{household_numbered(households, 'JK1')}", amounts={"wage": 100})
    assert told["net_income"] == {"total": 100, "per_person": None, "below_line": None}
