"""What a checklist comes to: found by people, said by the register, and where self-check and cross-check differ."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.facts import HouseholdFacts
from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.checklists.answers import answer, gaps, of_item, post, results, says
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers.test_entries import OTHER, family_in
from tests.households.standards import set_standards

__all__ = ["clerk", "http"]  # fixtures


def test_the_newest_answer_of_each_village_counts_and_of_one_day_the_last(
    http: TestClient, clerk: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(http, clerk, answer(day="2026-11-02", verdicts=says(clinic="not_met", road="met")))
    high, low = str(UUID(int=2**127)), str(UUID(int=1))
    post(http, clerk, answer(id=high, day="2026-11-05", verdicts=says(clinic="met", road="met")))
    monkeypatch.setattr(http.app.state, "clock", lambda _: NOW + timedelta(minutes=1))  # type: ignore[attr-defined]
    post(http, clerk, answer(id=low, day="2026-11-05", verdicts=says(clinic="unknown", road="met")))
    post(http, clerk, answer(day="2026-11-01", division=OTHER, verdicts=says(clinic="not_applicable")))
    told = results(http, clerk)
    assert told["checked"] == 2
    assert of_item(told, "clinic")["found"] == {"self": {"unknown": 1, "not_applicable": 1}}
    assert of_item(told, "road")["found"] == {"self": {"met": 1}}
    assert of_item(told, "water")["found"] == {}
    before = results(http, clerk, as_of="2026-11-04")
    assert of_item(before, "clinic")["found"] == {"self": {"not_met": 1, "not_applicable": 1}}
    assert results(http, clerk, known_at="2020-01-01T00:00:00Z")["checked"] == 0
    assert results(http, clerk, division=VILLAGE)["checked"] == 1


def test_self_and_cross_checks_stand_side_by_side_and_where_they_differ_is_counted(
    http: TestClient, clerk: Headers
) -> None:
    post(http, clerk, answer(verdicts=says(clinic="met", road="met")))
    post(http, clerk, answer(mode="cross", verdicts=says(clinic="not_met", road="met")))
    post(http, clerk, answer(mode="inspection", verdicts=says(road="not_met")))
    told = results(http, clerk)
    assert of_item(told, "clinic") == {
        "found": {"self": {"met": 1}, "cross": {"not_met": 1}}, "computed": None, "differ": 1,
    }  # fmt: skip
    assert of_item(told, "road")["differ"] == 0


def test_who_does_not_meet_an_item_is_listed_by_the_newest_word_of_a_mode(http: TestClient, clerk: Headers) -> None:
    first = answer(day="2026-11-01", division=OTHER)
    post(http, clerk, first)
    post(http, clerk, answer(day="2026-11-01"))
    post(http, clerk, answer(day="2026-11-02", verdicts=says(clinic="met")))
    assert [(one["division"], one["answer_id"], one["verdict"]) for one in gaps(http, clerk, "clinic", "self")] == [
        (OTHER, first["id"], "not_met"),
    ]  # fmt: skip
    assert gaps(http, clerk, "clinic", "cross") == []


@pytest.mark.parametrize(
    ("said", "item", "verdict"),
    [
        ({"net_income": 2_528_000, "persons": 4}, "income", True),
        ({"net_income": 2_527_999, "persons": 4}, "income", False),
        ({"net_income": None, "persons": 4}, "income", None),
        ({"safe_house": True}, "house", True),
        ({"safe_house": False}, "house", False),
        ({"dropped_out_members": 0}, "schooling", True),
        ({"dropped_out_members": 1}, "schooling", False),
        ({"uninsured_members": 0}, "insurance", True),
        ({"uninsured_members": 2}, "insurance", False),
        ({"safe_water": False}, "water", False),
        ({"safe_water": None}, "water", None),
    ],
    ids=str,
)
def test_the_register_answers_what_it_knows(
    http: TestClient, clerk: Headers, households: Session,
    said: dict[str, Any], item: str, verdict: bool | None,
) -> None:  # fmt: skip
    """At 6,320 yuan for each of four 25,280 yuan are met, and a fen less is not."""
    set_standards(households, monitoring_line=632_000)
    home = of_facts(households, **said)
    expected = {"met": 0, "not_met": 0, "unknown": 0} | {{True: "met", False: "not_met", None: "unknown"}[verdict]: 1}
    assert of_item(results(http, clerk, "household_five"), item)["computed"] == expected
    listed = gaps(http, clerk, item, "facts", "household_five")
    found = [(one["household_id"], one["verdict"]) for one in listed]
    assert found == ([] if verdict else [(home, "unknown" if verdict is None else "not_met")])


def test_without_a_line_nobody_is_below_it(http: TestClient, clerk: Headers, households: Session) -> None:
    of_facts(households, net_income=1, persons=4)
    told = of_item(results(http, clerk, "household_five"), "income")
    assert told["computed"] == {"met": 0, "not_met": 0, "unknown": 1}


def test_a_past_day_and_a_village_elsewhere_have_nothing_computed(
    http: TestClient, clerk: Headers, households: Session, office: Office
) -> None:
    of_facts(households, safe_house=False)
    assert of_item(results(http, clerk, "household_five", as_of="2026-01-01"), "house")["computed"] is None
    now = "2026-11-21T12:00:00Z"
    assert of_item(results(http, clerk, "household_five", known_at=now), "house")["computed"] is None
    elsewhere = office("elsewhere", "township", place=OTHER[:9])
    told = of_item(results(http, elsewhere, "household_five"), "house")
    assert told["computed"] == {"met": 0, "not_met": 0, "unknown": 0}
    assert gaps(http, elsewhere, "house", "facts", "household_five") == []


def test_an_item_without_a_fact_is_not_asked_of_the_register(http: TestClient, clerk: Headers) -> None:
    for item, mode in (("clinic", "facts"), ("house", "self")):
        asked = {"division": VILLAGE, "checklist": "village_seven", "item": item, "mode": mode}
        refused = http.get("/v1/checklist-gaps", params=asked, headers=clerk)
        assert refused.json()["code"] == "no-such-item"


def of_facts(session: Session, **said: Any) -> str:
    home, _ = family_in(session)
    known = {"monitored": False, "formerly_poor": False, "version": 1}
    session.add(HouseholdFacts(subject=home, division=VILLAGE, **known | said))
    session.commit()
    return str(home)
