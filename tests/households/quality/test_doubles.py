"""Somebody who may be in the register twice is listed until somebody decides; the decision carries out its change."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from services.households.models.register import Membership, Person
from tests.callers import Headers, Office
from tests.households.conftest import Send, faults, household_row, member_row, valid
from tests.households.quality.families import NEXT, VILLAGE, Family, years_ago

ONE, TWO = valid("99062119600101001"), valid("99062119600101002")


def pairs(http: TestClient, who: Headers, village: str = VILLAGE[:6]) -> list[dict[str, Any]]:
    answer = http.get("/v1/duplicate-persons", params={"village": village}, headers=who)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def claims(http: TestClient, who: Headers, village: str = VILLAGE[:6]) -> list[dict[str, Any]]:
    answer = http.get("/v1/claimed-persons", params={"village": village}, headers=who)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def decide(http: TestClient, who: Headers, verdict: str, **said: Any) -> Any:
    change = {"on": "2026-11-20", "done_by": "示己"} if verdict in ("same", "moves") else {}
    body = {"id": str(uuid4()), "verdict": verdict, "because": "已核对户口簿", **change, **said}
    return http.post("/v1/duplicate-decisions", json=body, headers=who)


@pytest.fixture
def twice(send: Send) -> None:
    """One name and birth date in two households of two townships; the one in JK1 has an ID number."""
    send("households", household_row(), household_row("JK2", 村代码=NEXT, 户主姓名="示丁"))
    send("members", member_row(姓名="示乙·丙", id_number=ONE), member_row("JK2", 姓名="示丁", 出生日期="1950-01-01"))
    send("members", member_row("JK2", 姓名="示乙丙", 与户主关系="其他"))


def test_one_name_and_birth_date_in_two_households_is_a_pair_however_the_dot_is_written(
    http: TestClient, clerk: Headers, twice: None
) -> None:
    (pair,) = pairs(http, clerk)
    assert {side["number"]: side["has_id_number"] for side in pair.values()} == {"JK1": True, "JK2": False}
    assert pairs(http, clerk, VILLAGE) == pairs(http, clerk, NEXT) == [pair]
    assert pairs(http, clerk, "520621009") == []


@pytest.mark.parametrize(
    "other",
    [{"出生日期": "1960-01-02"}, {"姓名": "示戊"}, {"性别": "女"}, {"id_number": TWO}],
    ids=["another day", "another name", "another sex", "a number of their own"],
)
def test_whoever_differs_is_no_pair(http: TestClient, clerk: Headers, send: Send, other: dict[str, str]) -> None:
    send("households", household_row(), household_row("JK2"))
    send("members", member_row(id_number=ONE), member_row("JK2", **other))
    assert pairs(http, clerk) == []


def test_nobody_is_a_pair_within_one_household_or_after_leaving_or_dying(
    http: TestClient, clerk: Headers, session: Session
) -> None:
    family, other = Family(session), Family(session, NEXT)
    family.member("80", years_ago(40))
    other.session.delete(other.session.scalars(of(other.head)).one())
    session.commit()
    assert pairs(http, clerk) == []
    third = session.get_one(Person, Family(session, NEXT).head)
    session.commit()
    assert len(pairs(http, clerk)) == 2  # with the head and with the other of the family
    born, third.birth_date = third.birth_date, years_ago(33)
    session.commit()
    assert pairs(http, clerk) == []
    third.birth_date = born
    session.commit()
    assert len(pairs(http, clerk)) == 2  # with the head and with the other of the family
    third.died_on = years_ago(1)
    session.commit()
    assert pairs(http, clerk) == []


def of(person: Any) -> Any:
    return select(Membership).where(col(Membership.person_id) == person)


def test_two_people_stay_two_and_are_not_asked_of_again(http: TestClient, clerk: Headers, twice: None) -> None:
    (pair,) = pairs(http, clerk)
    one, other = (pair[side]["person_id"] for side in ("other", "person"))
    assert decide(http, clerk, "different", person_id=one, other_id=other).status_code == 201
    assert pairs(http, clerk) == []


def test_one_human_being_keeps_one_household_and_the_other_membership_ends(
    http: TestClient, clerk: Headers, households: Session, twice: None
) -> None:
    (pair,) = pairs(http, clerk)
    sides = {side["number"]: side for side in pair.values()}
    kept, gone = sides["JK2"], sides["JK1"]
    answer = decide(http, clerk, "same", person_id=kept["person_id"], other_id=gone["person_id"])
    assert answer.json()["code"] == "household-empty"  # a household that would be left without anybody is ended first
    answer = decide(http, clerk, "same", person_id=gone["person_id"], other_id=kept["person_id"])
    assert answer.status_code == 201, answer.text
    assert pairs(http, clerk) == []
    shown = http.get(f"/v1/households/{kept['household_id']}", headers=clerk).json()
    assert [member["name"] for member in shown["members"]] == ["示丁"]
    changes = http.get(f"/v1/households/{kept['household_id']}/changes", headers=clerk).json()["rows"]
    assert [(one["id"], one["kind"], one["ground"]) for one in changes] == [
        (answer.json()["id"], "re_registration", "已核对户口簿")
    ]


@pytest.fixture
def claimed(send: Send) -> None:
    """A file has the holder of a number, a member of JK1, in JK2."""
    send("households", household_row(), household_row("JK2", 村代码=NEXT, 户主姓名="示丁"))
    send("members", member_row(id_number=ONE), member_row(姓名="示丙", 与户主关系="配偶"))
    send("members", member_row("JK2", 姓名="示丁", 出生日期="1950-01-01"))
    refused = send("members", member_row("JK2", 姓名="示甲", id_number=ONE, 与户主关系="其他"))
    assert [code for _, _, code in faults(refused)] == ["member-elsewhere"]


def test_whom_a_file_claims_for_another_household_is_listed_until_it_is_decided_that_they_stay(
    http: TestClient, clerk: Headers, claimed: None
) -> None:
    (claim,) = claims(http, clerk)
    assert (claim["person"]["number"], claim["number"]) == ("JK1", "JK2")
    assert claims(http, clerk, VILLAGE) == []
    told = {"person_id": claim["person"]["person_id"], "household_id": claim["household_id"]}
    assert decide(http, clerk, "stays", **told).status_code == 201
    assert claims(http, clerk) == []


def test_whom_a_file_claims_rightly_moves_there_by_a_change(http: TestClient, clerk: Headers, claimed: None) -> None:
    (claim,) = claims(http, clerk)
    person = claim["person"]["person_id"]
    told = {"person_id": person, "household_id": claim["household_id"], "relation": "80"}
    assert decide(http, clerk, "moves", **told).json()["code"] == "head-must-stay"
    mate = http.get(f"/v1/households/{claim['person']['household_id']}", headers=clerk).json()["members"]
    head = next(one["person_id"] for one in mate if one["person_id"] != person)
    answer = decide(http, clerk, "moves", **told, relations=[{"person_id": head, "relation": "01"}])
    assert answer.status_code == 201, answer.text
    assert claims(http, clerk) == []
    there = http.get(f"/v1/households/{claim['household_id']}", headers=clerk).json()
    assert person in {member["person_id"] for member in there["members"]}


def test_of_a_pair_that_reaches_outside_nothing_is_told_and_nothing_decided(
    http: TestClient, clerk: Headers, office: Office, twice: None
) -> None:
    (pair,) = pairs(http, clerk)
    town = office("town", "township", place=VILLAGE[:9])
    assert pairs(http, town) == []
    one, other = (pair[side]["person_id"] for side in ("person", "other"))
    for verdict in ("same", "different"):
        assert decide(http, town, verdict, person_id=one, other_id=other).status_code == 404
    assert decide(http, clerk, "different", person_id=one, other_id=one).json()["code"] == "one-record"
    assert http.get("/v1/duplicate-persons?village=520621", headers=office("c", "cadre")).status_code == 403


def test_a_claim_that_reaches_outside_is_the_countys_to_decide(
    http: TestClient, clerk: Headers, office: Office, claimed: None
) -> None:
    (claim,) = claims(http, clerk)
    told = {"person_id": claim["person"]["person_id"], "household_id": claim["household_id"]}
    for place in (VILLAGE[:9], NEXT[:9]):
        town = office(place, "township", place=place)
        assert claims(http, town) == []
        assert decide(http, town, "stays", **told).status_code == 404
