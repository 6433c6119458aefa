"""What goes along with persons and households: help, payments, plans, words, codes, sets, what was told of a person."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.imports import undo_help
from services.households.imports.upload import Upload
from services.kit.store.fields import Seal
from tests.callers import Headers, Office, edit
from tests.clock import NOW, TODAY
from tests.households.changes import rooms
from tests.households.changes.conftest import OTHER_VILLAGE, Record, related
from tests.households.changes.test_members import Ids, code
from tests.households.conftest import EVERYWHERE, VILLAGE
from tests.households.help.conftest import measure, plan, policy

EVERYBODY = ("示甲", "示乙", "示丙", "示丁")
DONE = {"state": "done", "done_on": "2026-05-20"}


@pytest.fixture(autouse=True)
def catalogue(http: TestClient, clerk: Headers) -> None:
    for key, given_to in (("public-post", "household"), ("allowance", "person")):
        assert (
            edit(http, f"/v1/policies/{key}", policy(given_to=given_to, since="2025-01-01"), clerk).status_code == 200
        )


@pytest.fixture
def help_of(http: TestClient, clerk: Headers) -> Any:
    def put(home: UUID, **said: Any) -> str:
        made = edit(http, f"/v1/households/{home}/measures/{uuid4()}", measure(**said), clerk)
        assert made.status_code == 200, made.text
        return str(made.json()["id"])

    return put


@pytest.fixture
def pay(http: TestClient, clerk: Headers) -> Any:
    def post(home: UUID, **said: Any) -> str:
        told = {"id": str(uuid4()), "policy_key": "public-post", "since": "2026-01-01", "source": "示例名册"}
        made = http.post(f"/v1/households/{home}/received", json=told | said, headers=clerk)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    return post


@pytest.fixture
def read(http: TestClient, clerk: Headers) -> Any:
    def get(home: UUID, what: str) -> Any:
        answer = http.get(f"/v1/households/{home}/{what}", headers=clerk)
        return answer.json().get("rows", answer.json())

    return get


def leave_for(record: Record, homes: Ids, people: Ids, *who: str, **said: Any) -> Any:
    persons = [related(people[name], "99") for name in who]
    into = {"household_id": homes["JK1"], "into_id": homes["JK2"], "why": "support"}
    answer = record("transfer", **into, persons=persons, **said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def merge(record: Record, homes: Ids, people: Ids, **said: Any) -> Any:
    told = [related(people[name], "99") for name in EVERYBODY]
    answer = record("merge", into_id=homes["JK2"], merged=[homes["JK1"]], relations=told, **said)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_help_for_a_person_goes_with_the_person_while_it_runs_and_help_for_the_household_stays(
    http: TestClient, office: Office, households: Session, record: Record, homes: Ids, people: Ids, help_of: Any,
    read: Any,
) -> None:  # fmt: skip
    son = {"person_id": str(people["示丙"])}
    goes = {help_of(homes["JK1"], **son), help_of(homes["JK1"], **son, **DONE, ends_on="2029-08-31")}
    stays = {
        help_of(homes["JK1"]),
        help_of(homes["JK1"], person_id=str(people["示乙"])),
        help_of(homes["JK1"], **son, state="dropped", dropped_because="不需要"),
        help_of(homes["JK1"], **son, **DONE, ends_on="2026-11-20"),
    }
    told = leave_for(record, homes, people, "示丙")
    assert {row["id"] for row in read(homes["JK2"], "measures")} == goes
    assert {row["id"] for row in read(homes["JK1"], "measures")} == stays
    assert {one["row_id"] for one in told["carried"] if one["thing"] == "measure"} == goes
    assert {(one["from_id"], one["into_id"]) for one in told["carried"]} == {(str(homes["JK1"]), str(homes["JK2"]))}
    households.execute(text("UPDATE household SET village = '520621002001' WHERE number = 'JK2'"))
    households.commit()
    town = office("town", "township", place="520621001")
    (seen,) = http.get(f"/v1/households/{homes['JK1']}/changes", headers=town).json()["rows"]
    assert {(one["from_id"], one["into_id"]) for one in seen["carried"]} == {(str(homes["JK1"]), None)}


def test_what_a_person_receives_goes_on_where_the_person_is_and_the_amount_stays_where_it_was_paid(
    record: Record, homes: Ids, people: Ids, pay: Any, read: Any, http: TestClient, clerk: Headers
) -> None:
    son = {"person_id": str(people["示丙"]), "policy_key": "allowance"}
    before = pay(homes["JK1"], **son, amount=120_000, paid_on="2026-03-01", account="6222000012345678")
    past = pay(homes["JK1"], **son, since="2025-01-01", until="2025-12-31", amount=7)
    leave_for(record, homes, people, "示丙", on="2026-11-10")
    left = {row["id"]: row for row in read(homes["JK1"], "received")}
    assert {one: (row["until"], row["amount"]) for one, row in left.items()} == {
        before: ("2026-11-09", 120_000), past: ("2025-12-31", 7),
    }  # fmt: skip
    (there,) = read(homes["JK2"], "received")
    assert (there["since"], there["until"], there["amount"], there["paid_on"]) == ("2026-11-10", None, None, None)
    assert there["account_masked"][-4:] == "5678"
    gaps = http.get("/v1/policies/allowance/gaps", params={"village": VILLAGE}, headers=clerk).json()["rows"]
    assert str(people["示丙"]) not in {gap["person_id"] for gap in gaps}


def test_what_was_paid_after_the_day_of_a_change_recorded_late_is_the_other_households(
    record: Record, homes: Ids, people: Ids, pay: Any, read: Any
) -> None:
    son = {"person_id": str(people["示丙"]), "policy_key": "allowance"}
    pay(homes["JK1"], **son, amount=100, paid_on="2026-11-15")
    leave_for(record, homes, people, "示丙", on="2026-11-10")
    assert [row["amount"] for home in ("JK1", "JK2") for row in read(homes[home], "received")] == [None, 100]


def test_what_went_on_for_somebody_who_left_and_comes_back_goes_on_where_they_are(
    record: Record, homes: Ids, people: Ids, pay: Any, read: Any
) -> None:
    pay(homes["JK1"], person_id=str(people["示丙"]), policy_key="allowance", amount=3)
    left = record("departure", household_id=homes["JK1"], why="other", persons=[people["示丙"]], on="2026-11-01")
    assert left.status_code == 201, left.text
    back = {"household_id": homes["JK2"], "why": "return", "relation": "99"}
    came = record("arrival", **back, person={"person_id": people["示丙"]}, on="2026-11-10")
    assert came.status_code == 201, came.text
    assert [row["until"] for row in read(homes["JK1"], "received")] == ["2026-11-09"]
    assert [(row["since"], row["amount"]) for row in read(homes["JK2"], "received")] == [("2026-11-10", None)]


def test_a_payment_to_somebody_who_died_is_left_to_be_seen_and_what_was_to_be_done_is_dropped(
    record: Record, homes: Ids, people: Ids, pay: Any, help_of: Any, read: Any, http: TestClient, clerk: Headers
) -> None:
    father = {"person_id": str(people["示丁"])}
    help_of(homes["JK1"], **father)
    pay(homes["JK1"], **father, policy_key="allowance")
    assert record("death", person_id=people["示丁"]).status_code == 201
    (measure,) = read(homes["JK1"], "measures")
    assert (measure["state"], measure["dropped_because"]) == ("dropped", "示例")
    asked = {"village": VILLAGE}
    gaps = http.get("/v1/policies/allowance/gaps", params=asked, headers=clerk).json()["rows"]
    assert [gap["gap"] for gap in gaps if gap["person_id"] == str(people["示丁"])] == ["not_qualified"]


def test_a_merged_household_brings_its_help_its_payments_and_its_plan(
    record: Record, homes: Ids, people: Ids, help_of: Any, pay: Any, read: Any, http: TestClient, clerk: Headers
) -> None:
    mine, theirs = help_of(homes["JK1"]), help_of(homes["JK2"])
    pay(homes["JK1"], amount=5)
    six = ["01", "03", "04", "05", "06"]
    for home, risks, held in (("JK1", ["07", "01"], mine), ("JK2", six, theirs)):
        told = plan(risks=risks, measures=[held], goal=f"目标{home}")
        assert edit(http, f"/v1/households/{homes[home]}/plan", told, clerk).status_code == 200
    merge(record, homes, people)
    there = read(homes["JK2"], "plan")
    assert (there["version"], there["reason"], there["goal"]) == (2, "示例", "目标JK2")
    assert (set(there["measures"]), there["risks"]) == ({mine, theirs}, [*six, "07"])
    assert (read(homes["JK1"], "plan")["version"], read(homes["JK1"], "measures")) == (1, [])
    assert [row["amount"] for home in ("JK1", "JK2") for row in read(homes[home], "received")] == [5, None]
    nobody = http.get("/v1/policies/public-post/gaps", params={"village": VILLAGE}, headers=clerk).json()["rows"]
    assert str(homes["JK1"]) not in {gap["household_id"] for gap in nobody}


def test_after_care_goes_along_with_a_merge_and_ends_with_a_household_that_is_gone(
    record: Record, homes: Ids, people: Ids, households: Session, http: TestClient, clerk: Headers
) -> None:
    rooms.frame(households)
    rooms.write_case(households, homes["JK1"], "watched", 0)
    households.commit()

    def watched(home: str, **asked: str) -> list[str | None]:
        where = {"village": VILLAGE, "household_id": str(homes[home])} | asked
        rows = http.get("/v1/cases", params=where, headers=clerk).json()["rows"]
        return [row["after_care"]["end"] for row in rows]

    assert (watched("JK1"), watched("JK2")) == ([None], [])
    merge(record, homes, people, on="2026-11-15")
    assert (watched("JK1"), watched("JK2")) == ([], [None])
    assert record("ending", household_id=homes["JK2"], why="died_out").status_code == 201
    assert (watched("JK2"), watched("JK2", watched="true")) == (["household_gone"], [])
    assert households.scalar(text("SELECT count(*) FROM case_clock WHERE done_on IS NULL")) == 0


def test_a_new_household_has_a_plan_with_the_measures_of_those_who_went(
    record: Record, homes: Ids, people: Ids, help_of: Any, read: Any, http: TestClient, clerk: Headers
) -> None:
    sons, all_of_them = help_of(homes["JK1"], person_id=str(people["示丙"])), help_of(homes["JK1"])
    told = plan(risks=["07"], measures=[sons, all_of_them])
    assert edit(http, f"/v1/households/{homes['JK1']}/plan", told, clerk).status_code == 200
    answer = record("split", household_id=homes["JK1"], number="JK9", members=[related(people["示丙"], "01")])
    (new,) = [one["household_id"] for one in answer.json()["households"] if one["household_id"] != str(homes["JK1"])]
    assert (read(new, "plan")["measures"], read(new, "plan")["version"]) == ([sons], 1)
    assert (read(homes["JK1"], "plan")["measures"], read(homes["JK1"], "plan")["version"]) == ([all_of_them], 2)


def test_what_villagers_asked_is_answered_in_the_household_they_went_into_and_the_code_of_the_former_is_over(
    record: Record, homes: Ids, people: Ids, households: Session
) -> None:
    rooms.speak(households, homes["JK1"])
    households.execute(text("INSERT INTO household_set SELECT '00000000-0000-0000-0000-000000000001', '示例',"
                            " '520621', 'clerk', now()"))  # fmt: skip
    households.commit()
    merge(record, homes, people)
    households.rollback()
    for table in ("self_declaration", "correction"):
        assert households.scalar(text(f"SELECT household_id FROM {table}")) == homes["JK2"]  # noqa: S608
    assert households.scalar(text("SELECT count(*) FROM view_code WHERE ended_at IS NULL")) == 0
    members = households.execute(text("SELECT subject, revoked FROM set_member ORDER BY revoked")).all()
    assert members == [(homes["JK2"], False), (homes["JK1"], True)]


def test_of_a_household_that_is_split_both_parts_are_in_its_sets_and_its_code_is_over(
    record: Record, homes: Ids, people: Ids, households: Session, http: TestClient, clerk: Headers
) -> None:
    rooms.speak(households, homes["JK1"])
    households.execute(text("DELETE FROM set_member"))
    households.commit()
    group = f"/v1/household-sets/{uuid4()}"
    http.put(group, json={"name": "示例组", "households": [str(homes["JK1"])]}, headers=clerk)
    answer = record("split", household_id=homes["JK1"], number="JK9", members=[related(people["示丙"], "01")])
    parts = {one["household_id"] for one in answer.json()["households"]}
    assert set(http.get(group, headers=clerk).json()["households"]) == parts
    assert households.scalar(text("SELECT count(*) FROM view_code WHERE ended_at IS NULL")) == 0
    record("move", household_id=homes["JK1"], village=OTHER_VILLAGE)
    assert http.get(group, headers=clerk).json()["division"] == VILLAGE[:9]


@pytest.mark.parametrize("way", ["departure", "transfer"])
def test_whoever_leaves_a_household_reads_nothing_more_by_its_code(
    record: Record, homes: Ids, people: Ids, households: Session, way: str
) -> None:
    rooms.speak(households, homes["JK1"])
    households.commit()
    goes = people["示丙"]
    told: dict[str, Any] = {"household_id": homes["JK1"]}
    if way == "departure":
        told |= {"why": "marriage", "persons": [goes]}
    else:
        told |= {"why": "marriage", "into_id": homes["JK2"], "persons": [related(goes, "99")]}
    answer = record(way, **told)
    assert answer.status_code == 201, answer.text
    households.rollback()
    assert households.scalar(text("SELECT count(*) FROM view_code WHERE ended_at IS NULL")) == 0


def test_what_was_told_of_a_record_that_was_joined_is_told_of_the_one_that_is_kept(
    record: Record, homes: Ids, people: Ids, households: Session, pay: Any, help_of: Any, read: Any
) -> None:
    double, kept = people["示戊"], people["示丙"]
    born = {"name": "示幼", "birth_date": "2026-11-01", "sex": "2"}
    born |= {"number_missing": "新生儿", "number_due_on": "2026-12-31"}
    head = record("birth", household_id=homes["JK2"], person=born, relation="20")
    child = next(one for part in head.json()["households"] for one in part["persons"])
    rooms.insure(households, double)
    households.execute(text("UPDATE person SET schooling = 'in_school' WHERE id = :id"), {"id": double})
    households.execute(text("UPDATE person SET schooling = NULL WHERE id = :id"), {"id": kept})
    households.commit()
    tied = help_of(homes["JK2"], person_id=str(double))
    pay(homes["JK2"], person_id=str(double), policy_key="allowance", amount=9)
    answer = record("re_registration", person_id=kept, duplicate_id=double, relations=[related(child, "01")])
    assert answer.status_code == 201, answer.text
    households.rollback()
    assert households.scalar(text("SELECT person_id FROM person_insurance")) == kept
    assert households.scalar(text("SELECT schooling FROM person WHERE id = :id"), {"id": kept}) == "in_school"
    (there,) = read(homes["JK1"], "measures")
    assert (there["id"], there["person_id"]) == (tied, str(kept))
    assert [(row["person_id"], row["amount"]) for row in read(homes["JK1"], "received")] == [(str(kept), None)]
    assert [(row["person_id"], row["amount"]) for row in read(homes["JK2"], "received")] == [(str(double), 9)]


def test_a_file_whose_rows_have_gone_along_is_not_taken_back(
    record: Record, homes: Ids, people: Ids, help_of: Any, pay: Any, households: Session, seal: Seal
) -> None:
    ids = [UUID(help_of(homes["JK1"])), UUID(pay(homes["JK1"]))]
    upload = Upload(households, EVERYWHERE, seal, "clerk", TODAY, NOW, True)
    assert (undo_help.MEASURES.built_upon(upload, ids), undo_help.RECEIVED.built_upon(upload, ids)) == (set(), set())
    merge(record, homes, people)
    households.rollback()
    assert undo_help.MEASURES.built_upon(upload, ids) == set(ids)
    assert undo_help.RECEIVED.built_upon(upload, ids) == set(ids)


def test_a_change_that_is_refused_carries_nothing(
    record: Record, homes: Ids, people: Ids, help_of: Any, read: Any
) -> None:
    mine = help_of(homes["JK1"], person_id=str(people["示甲"]))
    head = [related(people["示甲"], "99")]
    refused = record("transfer", household_id=homes["JK1"], into_id=homes["JK2"], why="other", persons=head)
    assert code(refused) == "head-must-stay"
    assert [row["id"] for row in read(homes["JK1"], "measures")] == [mine]
