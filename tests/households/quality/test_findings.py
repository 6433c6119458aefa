"""A run finds what is odd in a place; somebody says that it is right, and it is silent until its values change."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.income.figures import Totals
from services.households.income.flags import Stated, look_over
from services.households.quality.running import quality_work
from services.kit.store.fields import Seal
from tests.callers import HERE, Headers, Office
from tests.clock import TODAY
from tests.households.quality.families import NEXT, VILLAGE, Family, years_ago

Run = Callable[..., Any]


@pytest.fixture
def run(http: TestClient, clerk: Headers, engines: dict[str, Engine], seal: Seal) -> Run:
    """Asked for and done: the run as it stands after."""

    def carry_out(village: str = VILLAGE[:6], later: Any = HERE) -> Any:
        asked = http.post("/v1/quality-runs", json={"id": str(uuid4()), "village": village}, headers=clerk)
        assert asked.status_code == 202, asked.text
        assert quality_work(engines["households"], seal).step(later) == 1
        return http.get(f"/v1/quality-runs/{asked.json()['id']}", headers=clerk).json()

    return carry_out


def listed(http: TestClient, who: Headers, village: str = VILLAGE[:6], **said: str) -> list[dict[str, Any]]:
    answer = http.get("/v1/quality-findings", params={"village": village} | said, headers=who)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["household_id"], row["check"]) for row in rows]


def say(http: TestClient, who: Headers, row: dict[str, Any], **changed: Any) -> Any:
    body = {
        "id": str(uuid4()),
        **{key: row[key] for key in ("check", "subject", "values_tag")},
        "because": "已入户核实",
    }
    return http.post(f"/v1/households/{row['household_id']}/quality-words", json=body | changed, headers=who)


def unsafe(session: Session, village: str = VILLAGE) -> Family:
    family = Family(session, village)
    family.mark(housing_grade="C")
    session.commit()
    return family


def test_a_run_finds_what_is_odd_in_its_place_and_says_how_much(
    session: Session, http: TestClient, clerk: Headers, run: Run
) -> None:
    here, there = unsafe(session), unsafe(session, NEXT)
    done = run(VILLAGE)
    assert (done["households"], done["findings"], done["not_judged"]) == (1, 1, [])
    assert told(listed(http, clerk)) == [(str(here.id), "unsafe-house-unmonitored")]
    assert listed(http, clerk, NEXT) == []
    run()
    assert {row["household_id"] for row in listed(http, clerk)} == {str(here.id), str(there.id)}
    assert told(listed(http, clerk, NEXT, check="unsafe-house-unmonitored")) == [
        (str(there.id), "unsafe-house-unmonitored")
    ]
    assert listed(http, clerk, check="no-head") == []


def test_what_was_mended_or_has_ended_is_gone_with_the_next_run(
    session: Session, http: TestClient, clerk: Headers, run: Run
) -> None:
    mended, ended = unsafe(session), unsafe(session)
    run()
    mended.mark(housing_grade="A")
    ended.mark(ended_on=TODAY)
    session.commit()
    assert http.get(f"/v1/households/{mended.id}/quality", headers=clerk).json() == []
    assert len(listed(http, clerk)) == 2
    assert run(VILLAGE)["findings"] == 0
    assert listed(http, clerk) == []


def test_a_finding_says_since_when_it_has_these_values(
    session: Session, http: TestClient, clerk: Headers, run: Run
) -> None:
    family = unsafe(session)
    run()
    (first,) = listed(http, clerk)
    run()
    assert listed(http, clerk) == [first]
    family.mark(housing_grade="D")
    session.commit()
    run(later=HERE.replace(hour=HERE.hour + 1))
    (second,) = listed(http, clerk)
    assert first["values"] == [{"zh": "住房等级", "value": "C"}]
    assert second["values"] == [{"zh": "住房等级", "value": "D"}]
    assert second["since"] > first["since"]


def test_what_is_called_right_is_silent_until_its_values_change(
    session: Session, http: TestClient, clerk: Headers, run: Run
) -> None:
    family = unsafe(session)
    run()
    (row,) = listed(http, clerk)
    answer = say(http, clerk, row, doer="示己")
    assert answer.status_code == 201, answer.text
    assert {k: answer.json()["right"][k] for k in ("because", "doer", "recorded_by")} == {
        "because": "已入户核实", "doer": "示己", "recorded_by": "clerk",
    }  # fmt: skip
    assert listed(http, clerk) == []
    assert [one["right"]["doer"] for one in listed(http, clerk, state="right")] == ["示己"]
    counts = http.get("/v1/quality-counts", params={"village": VILLAGE}, headers=clerk).json()
    assert [(c["check"], c["open"], c["right"]) for c in counts] == [("unsafe-house-unmonitored", 0, 1)]
    run()
    assert listed(http, clerk) == []
    family.mark(housing_grade="D")
    session.commit()
    run()
    assert [one["right"] for one in listed(http, clerk)] == [None]
    assert say(http, clerk, row).json()["code"] == "not-found-any-more"  # the word would be of a C
    family.mark(housing_grade="C")
    session.commit()
    run()
    assert listed(http, clerk) == []


def test_a_word_is_of_what_is_found_now_and_an_id_stands_for_one(
    session: Session, http: TestClient, clerk: Headers, run: Run
) -> None:
    family, other = unsafe(session), unsafe(session)
    run()
    first, second = sorted(listed(http, clerk), key=lambda row: row["household_id"] != str(family.id))
    assert say(http, clerk, first, subject=str(other.id)).status_code == 409
    assert say(http, clerk, first, check="no-head").status_code == 409
    key = str(uuid4())
    assert say(http, clerk, first, id=key).status_code == 201
    assert say(http, clerk, second, id=key).json()["code"] in ("said-before", "key-used-before")


def test_what_lies_outside_is_not_there(
    session: Session, http: TestClient, clerk: Headers, office: Office, run: Run
) -> None:
    family, there = unsafe(session), unsafe(session, NEXT)
    run()
    cadre = office("cadre", "cadre", place=VILLAGE)
    assert {row["household_id"] for row in listed(http, cadre)} == {str(family.id)}
    assert http.get(f"/v1/households/{there.id}/quality", headers=cadre).status_code == 404
    (row,) = listed(http, clerk, NEXT)
    assert say(http, cadre, row).status_code == 404
    body = {"id": str(uuid4()), "village": NEXT}
    assert (
        http.post("/v1/quality-runs", json=body, headers=office("town", "township", place=VILLAGE[:9])).status_code
        == 404
    )
    assert http.post("/v1/quality-runs", json=body, headers=cadre).status_code == 403


def test_names_are_shown_as_the_caller_may_see_them_and_no_number_ever(
    session: Session, http: TestClient, clerk: Headers, office: Office, run: Run
) -> None:
    family = Family(session)
    family.mark(head_name="示乙丙")
    session.commit()
    run()
    assert [v["value"] for v in listed(http, clerk)[0]["values"]] == ["示乙丙", "示甲"]
    (row,) = listed(http, office("auditor", "auditor"))
    assert row["name"] == "示＊＊" or row["name"] == "示**"
    assert all("乙" not in v["value"] and "甲" not in v["value"] for v in row["values"])


def test_a_standard_that_is_missing_is_named_and_its_check_says_nothing(
    households: Session, http: TestClient, clerk: Headers, run: Run
) -> None:
    family = Family(households)
    family.member("61", years_ago(130))
    households.commit()
    done = run()
    assert "age_ceiling" in done["not_judged"]
    assert done["findings"] == 0


def test_the_catalogue_says_what_is_checked_in_both_languages(http: TestClient, clerk: Headers) -> None:
    told = http.get("/v1/quality-checks", headers=clerk).json()
    assert len(told) > 40
    assert all(one["zh"] and one["en"] and one["why"] for one in told)


AMOUNTS = st.integers(0, 4_000_000)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wage=AMOUNTS, transfer=AMOUNTS, cost=AMOUNTS, extra=st.integers(0, 3), new=st.booleans(), poor=st.booleans())
def test_a_check_of_income_holds_where_the_statement_is_flagged(
    session: Session, wage: int, transfer: int, cost: int, extra: int, new: bool, poor: bool
) -> None:
    family = Family(session)
    for _ in range(extra):
        family.member("80", years_ago(30))
    family.tag(*(["subsistence_allowance"] if poor else []))
    purpose = "identification" if new else None
    lines = {"wage": wage, "transfer": transfer, "production_cost": cost}
    family.earned(purpose, **lines)
    tags = ["subsistence_allowance"] if poor else []
    flags, missing = look_over(session, Stated(Totals.of(lines.items()), 1 + extra, purpose, tags), VILLAGE, TODAY)
    assert missing == []
    income = {flag.key for flag in flags}
    asked = {"wages-too-small", "income-too-low", "income-too-high", "too-high-at-identification", "allowance-left-out"}
    assert family.found() & asked == income
    session.rollback()
