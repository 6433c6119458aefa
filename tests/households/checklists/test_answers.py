"""What was found by a checklist is recorded item by item, and never changed."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.register import Household
from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.checklists.answers import ANSWERS, LISTS, answer, own, post, put_list, says
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers.test_entries import OTHER, built_on_household, built_on_person, family_in

__all__ = ["clerk", "http"]  # fixtures


def test_an_answer_is_read_back_as_it_was_sent_and_sent_again_is_the_same(http: TestClient, clerk: Headers) -> None:
    body = answer()
    told = post(http, clerk, body)
    assert {name: told[name] for name in body} == body
    assert (told["subject"], told["household_id"], told["label"]) == ("village", None, None)
    assert http.get(f"{ANSWERS}/{body['id']}", headers=clerk).json() == told
    assert post(http, clerk, body) == told
    assert post(http, clerk, body | {"mode": "cross"}, 409)["code"] == "answer-recorded-before"
    assert post(http, clerk, body | {"verdicts": says(clinic="met")}, 409)["code"] == "answer-recorded-before"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"checklist": "no_such_list"}, "no-such-checklist"),
        ({"day": "2013-12-31"}, "no-such-checklist"),
        ({"day": "2099-01-01"}, "checked-in-the-future"),
        ({"verdicts": says(house="met")}, "no-such-item"),
        ({"verdicts": says(clinic="met") * 2}, "no-such-item"),
        ({"label": "示例队"}, "not-its-subject"),
        ({"division": None}, "not-its-subject"),
        ({"checklist": "household_five", "verdicts": says(house="met")}, "not-its-subject"),
        ({"verdicts": []}, "not-understood"),
        ({"verdicts": says(clinic="perhaps")}, "not-understood"),
        ({"mode": "guess"}, "not-understood"),
    ],
    ids=[
        "no list", "not yet", "to come", "no item", "twice", "a label of a village", "nobody",
        "a village for a household", "nothing said", "no verdict", "no mode",
    ],
)  # fmt: skip
def test_what_does_not_fit_the_checklist_is_refused_by_name(
    http: TestClient, clerk: Headers, said: dict[str, Any], code: str
) -> None:
    assert post(http, clerk, answer() | said, 422)["code"] == code
    assert http.get(ANSWERS, params={"division": VILLAGE}, headers=clerk).json()["rows"] == []


def test_a_household_s_village_need_not_be_said_and_cannot_be_another(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    home, _ = family_in(households)
    body = answer("household_five", household_id=str(home), verdicts=says(house="met"))
    assert post(http, clerk, body)["division"] == VILLAGE
    assert post(http, clerk, body | {"id": str(uuid4()), "division": OTHER}, 422)["code"] == "not-its-subject"
    post(http, clerk, body | {"id": str(uuid4()), "division": VILLAGE})


def test_nobody_answers_or_reads_beyond_what_they_hold(
    http: TestClient, clerk: Headers, households: Session, office: Office
) -> None:
    here = office("here", "township", place=VILLAGE[:9])
    home, _ = family_in(households, OTHER)
    theirs = answer("household_five", household_id=str(home), verdicts=says(house="met"))
    for body in (theirs, answer(division=OTHER)):
        assert post(http, here, body, 404)["code"] == "not-there"
    told = post(http, clerk, theirs)
    assert http.get(f"{ANSWERS}/{told['id']}", headers=here).status_code == 404
    assert http.get(ANSWERS, params={"division": "520621"}, headers=here).json()["rows"] == []
    assert len(http.get(ANSWERS, params={"division": "520621"}, headers=clerk).json()["rows"]) == 1


def test_a_person_is_checked_in_the_household_of_that_day(
    http: TestClient, clerk: Headers, office: Office, households: Session
) -> None:
    county = office("county", "county")
    each = own(subject="person", zh="体检", items=[{"key": "seen", "zh": "已体检", "en": "Was seen"}])
    assert put_list(http, county, each, "own_check_up").status_code == 200
    home, (person,) = family_in(households)
    body = answer("own_check_up", person_id=str(person), verdicts=says(seen="met"))
    assert not built_on_person(households, person)
    told = post(http, clerk, body)
    assert (told["household_id"], told["division"]) == (str(home), VILLAGE)
    assert built_on_person(households, person)
    assert post(http, clerk, body | {"id": str(uuid4()), "person_id": str(uuid4())}, 404)["code"] == "not-there"


def test_a_household_that_was_checked_is_built_upon(http: TestClient, clerk: Headers, households: Session) -> None:
    home = uuid4()
    households.add(Household(id=home, number="JK1", village=VILLAGE, head_name="示甲", created_at=NOW))
    households.commit()
    assert not built_on_household(households, home)
    post(http, clerk, answer("household_five", household_id=str(home), verdicts=says(house="met")))
    assert built_on_household(households, home)


def test_a_county_s_own_list_asks_what_it_asks_and_its_days_may_be_mended(
    http: TestClient, clerk: Headers, office: Office
) -> None:
    county = office("county", "county")
    made = put_list(http, county, own())
    assert made.status_code == 200, made.text
    team = answer("own_office", label="示例工作队", verdicts=says(desk="met"))
    post(http, clerk, team)
    seen = {"if-match": made.headers["etag"]}
    other = own(items=[{"key": "chair", "zh": "有椅子", "en": "A chair"}])
    assert put_list(http, county, other, **seen).json()["code"] == "another-checklist"
    ended = put_list(http, county, own(valid_until="2026-11-01"), **seen)
    assert ended.status_code == 200
    assert post(http, clerk, team | {"id": str(uuid4())}, 422)["code"] == "no-such-checklist"
    assert http.get(f"{LISTS}/own_office", headers=clerk).json() == ended.json()
    assert [one["key"] for one in http.get(LISTS, headers=clerk).json()["checklists"]] == [
        "household_five", "own_office", "village_seven",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"valid_until": "2026-01-01"}, "checklist-ends-before-it-begins"),
        ({"items": own()["items"] * 2}, "items-unclear"),
        ({"items": [{"key": "house", "zh": "住房", "en": "House", "fact": "house"}]}, "items-unclear"),
        ({"zh": "户五条"}, "checklist-name-taken"),
        ({"division": "520622"}, "not-there"),
    ],
    ids=["over before", "an item twice", "a fact of a team", "a name that is taken", "of another county"],
)
def test_a_list_that_does_not_hold_together_is_refused_by_name(
    http: TestClient, office: Office, said: dict[str, Any], code: str
) -> None:
    assert put_list(http, office("county", "county"), own(**said)).json()["code"] == code


def test_a_shipped_list_is_read_and_never_set(http: TestClient, office: Office) -> None:
    county = office("county", "county")
    assert http.get(f"{LISTS}/household_five", headers=county).json()["zh"] == "户五条"
    assert put_list(http, county, own(), "household_five").json()["code"] == "not-an-own-checklist"
    assert http.get(f"{LISTS}/own_none", headers=county).status_code == 404
