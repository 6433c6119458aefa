"""Births, deaths, comings, leavings and moves between households."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.facts import COMPUTED
from services.kit.web.limits import GUESS, Limits
from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.changes.conftest import Record, names, related
from tests.households.conftest import VILLAGE, facts_of, valid

Ids = dict[str, UUID]
CHILD = {
    "name": "示庚", "birth_date": "2026-11-01", "sex": "2",
    "number_missing": "新生儿未上户口", "number_due_on": "2026-12-01",
}  # fmt: skip
GROWN = CHILD | {"name": "示辛", "birth_date": "1990-01-01", "number_missing": "迁移途中"}
MAN = valid("99000019900101001X")


def code(answer: Any) -> str:
    return str(answer.json()["code"])


def test_a_child_is_born_into_a_household_and_its_number_is_to_follow(
    record: Record, shown: Any, homes: Ids, households: Session
) -> None:
    answer = record("birth", household_id=homes["JK1"], person=CHILD, relation="30", on="2026-11-01")
    assert answer.status_code == 201, answer.text
    there = shown(homes["JK1"])
    assert "示庚" in names(there)
    assert there["facts"]["persons"] == 5
    assert [m["since"] for m in there["members"] if m["name"] == "示庚"] == ["2026-11-01"]
    told = households.execute(text("SELECT number_missing, number_due_on::text FROM person WHERE name = '示庚'")).one()
    assert tuple(told) == ("新生儿未上户口", "2026-12-01")


def test_nobody_is_born_after_joining(record: Record, homes: Ids) -> None:
    assert (
        code(record("birth", household_id=homes["JK1"], person=CHILD, relation="30", on="2026-10-31")) == "born-later"
    )


def test_nothing_takes_effect_tomorrow(record: Record, people: Ids) -> None:
    assert code(record("death", person_id=people["示丁"], on="2026-11-22")) == "not-yet"


def test_whoever_died_is_no_member_from_that_day_on(record: Record, shown: Any, homes: Ids, people: Ids) -> None:
    assert record("death", person_id=people["示丁"], on="2026-11-10").status_code == 201
    assert "示丁" not in names(shown(homes["JK1"]))
    assert "示丁" in names(shown(homes["JK1"], as_of="2026-11-09"))
    assert "示丁" not in names(shown(homes["JK1"], as_of="2026-11-10"))


def test_where_the_head_dies_another_is_named(record: Record, shown: Any, homes: Ids, people: Ids) -> None:
    assert code(record("death", person_id=people["示甲"])) == "head-must-stay"
    answer = record("death", person_id=people["示甲"], relations=[related(people["示乙"], "01")])
    assert answer.status_code == 201
    assert shown(homes["JK1"])["head_name"] == "示乙"


def test_of_two_heads_neither_is_one(record: Record, homes: Ids) -> None:
    answer = record("arrival", household_id=homes["JK1"], why="return", person=GROWN, relation="01")
    assert code(answer) == "two-heads"


def test_the_last_member_does_not_leave_an_empty_household(record: Record, homes: Ids, people: Ids) -> None:
    assert code(record("death", person_id=people["示戊"])) == "household-empty"
    answer = record("departure", household_id=homes["JK2"], why="moved_away", persons=[people["示戊"]])
    assert code(answer) == "household-empty"


def test_who_marries_out_and_comes_back_is_the_same_person(record: Record, shown: Any, homes: Ids, people: Ids) -> None:
    left = record("departure", household_id=homes["JK1"], why="marriage", persons=[people["示丙"]], on="2026-11-05")
    assert left.status_code == 201
    back = {"household_id": homes["JK2"], "why": "return", "person": {"person_id": people["示丙"]}, "relation": "99"}
    assert code(record("arrival", **back, on="2026-11-04")) == "before-it-began"
    assert record("arrival", **back, on="2026-11-06").status_code == 201
    assert names(shown(homes["JK2"])) == {"示戊", "示丙"}
    assert code(record("arrival", **back)) == "member-already"


def test_the_dead_do_not_come_back(record: Record, homes: Ids, people: Ids) -> None:
    record("death", person_id=people["示丁"], on="2026-11-10")
    back = {"household_id": homes["JK2"], "why": "return", "person": {"person_id": people["示丁"]}, "relation": "99"}
    assert code(record("arrival", **back)) == "has-died"


def test_a_wife_comes_with_her_number_and_a_number_is_one_persons(
    http: TestClient, record: Record, shown: Any, homes: Ids, households: Session
) -> None:
    wife = {"name": "示辛", "id_number": MAN}
    asked = {"why": "marriage", "person": wife, "relation": "10"}
    assert record("arrival", household_id=homes["JK2"], **asked).status_code == 201
    assert [m["id_number_masked"][:6] for m in shown(homes["JK2"])["members"] if m["name"] == "示辛"] == ["990000"]
    http.app.state.allowance = Limits({"read": 100, "write": 100, GUESS: 1})  # type: ignore[attr-defined]
    assert code(record("arrival", household_id=homes["JK1"], **asked)) == "number-of-another"
    assert code(record("arrival", household_id=homes["JK1"], **asked)) == "too-many-requests"
    told = households.execute(text("SELECT count(*) FROM audit WHERE code = 'number-of-another'"))
    assert told.scalar_one() == 1
    http.app.state.allowance = Limits({"read": 100, "write": 100, GUESS: 9})  # type: ignore[attr-defined]
    wrong = {"name": "示辛", "id_number": "990000199001010011"}
    assert (
        code(record("arrival", household_id=homes["JK1"], why="other", person=wrong, relation="10"))
        == "not-a-valid-number"
    )


def test_by_hand_and_by_change_a_relation_is_a_code_of_the_one_set_and_either_head_is_one(
    record: Record, shown: Any, homes: Ids, http: Any, clerk: Headers
) -> None:
    refused = record("birth", household_id=homes["JK1"], person=CHILD, relation="13")
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/birth/relation", "enum")]
    people = [{"id": str(uuid4()), "name": f"示{n}", "relation": told, "birth_date": "1960-01-01", "sex": "1"}
              for n, told in zip("甲乙", ("02", "43"), strict=True)]  # fmt: skip
    sent = {"id": str(uuid4()), "number": "JK9", "village": VILLAGE, "head_name": "示甲", "members": people}
    answer = http.post("/v1/households", json=sent | {"members": [people[0] | {"relation": "13"}]}, headers=clerk)
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [("/members/0/relation", "enum")]
    assert http.post("/v1/households", json=sent, headers=clerk).status_code == 201
    assert sorted(m["relation"] for m in shown(UUID(str(sent["id"])))["members"]) == ["02", "43"]
    second = record("arrival", household_id=sent["id"], why="other", person=GROWN, relation="01")
    assert code(second) == "two-heads"


def test_members_move_from_one_household_to_another(record: Record, shown: Any, homes: Ids, people: Ids) -> None:
    moving = {"household_id": homes["JK1"], "into_id": homes["JK2"], "why": "support"}
    answer = record("transfer", **moving, persons=[related(people["示丁"], "51")])
    assert answer.status_code == 201
    assert (names(shown(homes["JK1"])), names(shown(homes["JK2"]))) == ({"示甲", "示乙", "示丙"}, {"示戊", "示丁"})
    assert code(record("transfer", **moving, persons=[related(people["示丁"], "51")])) == "not-a-member"


def test_a_number_that_was_missing_is_registered_and_sets_birth_date_and_sex(
    record: Record, shown: Any, homes: Ids, people: Ids
) -> None:
    assert code(record("re_registration", person_id=people["示丙"])) == "nothing-to-register"
    assert record("re_registration", person_id=people["示丙"], id_number=MAN).status_code == 201
    (he,) = [m for m in shown(homes["JK1"])["members"] if m["name"] == "示丙"]
    assert (he["birth_date"], he["has_id_number"]) == ("1990-01-01", True)


def test_a_person_registered_twice_becomes_one_with_the_number_of_either(
    record: Record, shown: Any, homes: Ids, people: Ids
) -> None:
    twin = {"name": "示丙", "id_number": MAN}
    record("arrival", household_id=homes["JK2"], why="other", person=twin, relation="99", on="2026-11-02")
    (again,) = [m["person_id"] for m in shown(homes["JK2"])["members"] if m["name"] == "示丙"]
    answer = record("re_registration", person_id=people["示丙"], duplicate_id=again)
    assert answer.status_code == 201, answer.text
    assert names(shown(homes["JK2"])) == {"示戊"}
    assert [m["has_id_number"] for m in shown(homes["JK1"])["members"] if m["name"] == "示丙"] == [True]


@pytest.mark.parametrize("kind", ["death", "split"])
def test_a_cadre_and_a_stranger_change_nothing(
    record: Record, office: Office, kind: str, homes: Ids, people: Ids
) -> None:
    said: dict[str, Any] = {"death": {"person_id": people["示丁"]}}.get(
        kind, {"household_id": homes["JK1"], "number": "JK9", "members": [related(people["示丁"], "01")]}
    )
    assert record(kind, **said, headers=office("cadre", "cadre")).status_code == 403
    assert record(kind, **said, headers=office("afar", "county", place="520622")).status_code == 404


def test_a_change_sent_again_is_made_once_and_its_id_is_no_other_s(
    record: Record, shown: Any, homes: Ids, clerk: Headers, office: Office
) -> None:
    birth = {"id": uuid4(), "household_id": homes["JK1"], "person": CHILD, "relation": "30"}
    first, again = record("birth", **birth), record("birth", **birth)
    assert first.content == again.content
    assert len(shown(homes["JK1"])["members"]) == 5
    assert code(record("birth", **birth, headers=office("other", "county"))) == "changed-before"


def test_facts_after_changes_are_those_of_a_fresh_count(
    record: Record, homes: Ids, people: Ids, households: Session
) -> None:
    record("departure", household_id=homes["JK1"], why="other", persons=[people["示丁"], people["示丙"]])
    fresh = (
        households.execute(COMPUTED, {"ids": list(homes.values()), "year": NOW.year, "today": NOW.date()})
        .mappings()
        .all()
    )
    kept = {row["subject"]: row["persons"] for row in fresh}
    assert kept[homes["JK1"]] == facts_of(households, "JK1").persons == 2


def test_the_changes_of_a_household_are_read_back(
    record: Record, http: Any, clerk: Headers, homes: Ids, people: Ids
) -> None:
    record("death", person_id=people["示丁"], document_no="示例〔2026〕1号")
    record("birth", household_id=homes["JK1"], person=CHILD, relation="30")
    read = http.get(f"/v1/households/{homes['JK1']}/changes", headers=clerk).json()["rows"]
    assert [(one["kind"], one["recorded_by"], one["done_by"]) for one in read] == [
        ("birth", "clerk", "示己"),
        ("death", "clerk", "示己"),
    ]
    assert read[1]["households"][0]["persons"] == [str(people["示丁"])]
