"""Splits, merges, moves to another village, ends, and villages that are merged."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.facts import HouseholdFacts
from tests.callers import Headers, Office
from tests.clock import TODAY
from tests.households.changes.conftest import OTHER_VILLAGE, Record, names, related
from tests.households.changes.test_members import CHILD, MAN, Ids, code
from tests.households.conftest import VILLAGE, Send, faults, household_row, member_row, statement, statement_row


def split(record: Record, homes: Ids, people: Ids, **said: Any) -> Any:
    """The son and the grandfather go; the son becomes a head."""
    goes = [related(people["示丙"], "01"), related(people["示丁"], "52")]
    return record("split", **({"household_id": homes["JK1"], "number": "JK9", "members": goes} | said))


def new_of(answer: Any, old: UUID) -> UUID:
    (new,) = [one["household_id"] for one in answer.json()["households"] if one["household_id"] != str(old)]
    return UUID(new)


def events(session: Session, kind: str = "household.changed") -> dict[str, Any]:
    session.rollback()
    told = session.execute(text("SELECT subject, data FROM event WHERE type = :kind ORDER BY id"), {"kind": kind})
    return {row.subject: row.data for row in told}


def test_a_household_is_split_and_the_new_one_keeps_the_tags(
    record: Record, shown: Any, homes: Ids, people: Ids
) -> None:
    answer = split(record, homes, people)
    assert answer.status_code == 201, answer.text
    new = shown(new_of(answer, homes["JK1"]))
    assert (names(new), new["head_name"], new["village"]) == ({"示丙", "示丁"}, "示丙", VILLAGE)
    assert new["tags"] == ["monitored"]
    assert (new["facts"]["persons"], shown(homes["JK1"])["facts"]["persons"]) == (2, 2)


def test_a_new_household_needs_a_head_a_free_number_and_leaves_a_head(record: Record, homes: Ids, people: Ids) -> None:
    nobody = [related(people["示丙"], "20")]
    assert code(split(record, homes, people, members=nobody)) == "head-must-stay"
    assert code(split(record, homes, people, number="JK2")) == "number-taken"
    assert code(split(record, homes, people, members=[related(people["示甲"], "01")])) == "head-must-stay"
    everybody = [related(people[name], "01" if name == "示甲" else "99") for name in ("示甲", "示乙", "示丙", "示丁")]
    assert code(split(record, homes, people, members=everybody)) == "household-empty"


def test_before_its_first_day_a_household_was_not_there(
    record: Record, shown: Any, http: TestClient, clerk: Headers, homes: Ids, people: Ids
) -> None:
    new = new_of(split(record, homes, people, on="2026-11-10"), homes["JK1"])
    assert shown(new, as_of="2026-11-09")["code"] == "not-there"
    assert names(shown(new, as_of="2026-11-10")) == {"示丙", "示丁"}
    earlier = {"village": VILLAGE, "as_of": "2026-11-09"}
    assert [row["number"] for row in http.get("/v1/households", params=earlier, headers=clerk).json()["rows"]] == [
        "JK1",
        "JK2",
    ]
    born = {"household_id": new, "person": CHILD, "relation": "30"}
    assert code(record("birth", **born, on="2026-11-09")) == "before-it-began"


def test_households_are_merged_and_the_former_one_says_into_which_it_went(
    record: Record, shown: Any, http: TestClient, clerk: Headers, homes: Ids, people: Ids, households: Session,
    office: Office,
) -> None:  # fmt: skip
    told = [related(people[name], "99") for name in ("示甲", "示乙", "示丙", "示丁")]
    merge = {"into_id": homes["JK2"], "merged": [homes["JK1"]]}
    assert code(record("merge", **merge, relations=told[:3])) == "relation-missing"
    assert code(record("merge", into_id=homes["JK2"], merged=[homes["JK2"]], relations=[])) == "same-household"
    assert record("merge", **merge, relations=told).status_code == 201
    former, there = shown(homes["JK1"]), shown(homes["JK2"])
    assert (former["ended_on"], former["into_id"], former["members"]) == (TODAY.isoformat(), str(homes["JK2"]), [])
    assert (len(there["members"]), there["tags"], there["facts"]["persons"]) == (5, ["monitored"], 5)
    listed = http.get("/v1/households", params={"village": VILLAGE}, headers=clerk).json()["rows"]
    assert [row["number"] for row in listed] == ["JK2"]
    assert households.get(HouseholdFacts, homes["JK1"]) is None
    told_of = events(households)[str(homes["JK1"])]
    assert (told_of["into"], told_of["ended"], told_of["version"]) == ({str(homes["JK2"]): VILLAGE}, True, 1)
    households.execute(text("UPDATE household SET village = '520621002001' WHERE number = 'JK2'"))
    households.commit()
    read = http.get(f"/v1/households/{homes['JK1']}", headers=office("town", "township", place=VILLAGE[:9]))
    assert (read.json()["ended_on"], read.json()["into_id"]) == (TODAY.isoformat(), None)


def test_nothing_is_written_to_a_household_that_has_ended(
    record: Record, http: TestClient, clerk: Headers, homes: Ids, people: Ids, send: Send
) -> None:
    assert record("ending", household_id=homes["JK2"], why="died_out").status_code == 201
    assert code(record("birth", household_id=homes["JK2"], person=CHILD, relation="30")) == "household-ended"
    path = f"/v1/households/{homes['JK2']}"
    tag = http.put(f"{path}/tags/monitored", json={"since": "2026-11-01", "source": "示例"}, headers=clerk)
    assert [code(tag), code(http.post(f"{path}/statements", json=statement(), headers=clerk))] == [
        "household-ended"
    ] * 2
    for kind, row in (("households", household_row("JK2")), ("members", member_row("JK2", 姓名="示庚")),
                      ("statements", statement_row("JK2"))):  # fmt: skip
        assert faults(send(kind, row)) == [(2, "户编号", "household-ended")]


def test_whoever_left_the_register_is_not_brought_back_by_a_file(
    record: Record, homes: Ids, people: Ids, send: Send
) -> None:
    number = MAN
    record("re_registration", person_id=people["示丙"], id_number=number)
    record("departure", household_id=homes["JK1"], why="other", persons=[people["示丙"]])
    assert faults(send("members", member_row("JK2", number, 姓名="示丙", 与户主关系="其他"))) == [
        (2, "证件号码", "member-left")
    ]


def test_a_household_that_moves_was_managed_by_the_former_village_until_that_day(
    record: Record, shown: Any, homes: Ids, households: Session
) -> None:
    move = {"household_id": homes["JK1"], "village": OTHER_VILLAGE}
    assert record("move", **move, on="2026-11-10").status_code == 201
    assert code(record("move", **move)) == "there-already"
    back = {"household_id": homes["JK1"], "village": VILLAGE}
    assert code(record("move", **back, on="2026-11-10")) == "before-it-began"
    assert record("move", **back, on="2026-11-15").status_code == 201
    days = {"2026-11-09": VILLAGE, "2026-11-10": OTHER_VILLAGE, "2026-11-14": OTHER_VILLAGE, "2026-11-15": VILLAGE}
    assert {day: shown(homes["JK1"], as_of=day)["village"] for day in days} == days
    assert shown(homes["JK1"])["facts"] is not None
    division = text("SELECT division FROM household_facts WHERE subject = :id")
    assert households.scalar(division, {"id": homes["JK1"]}) == VILLAGE


def test_a_township_moves_nobody_to_a_place_that_is_not_its_own(record: Record, office: Office, homes: Ids) -> None:
    mine = office("town", "township", place=VILLAGE[:9])
    move = {"household_id": homes["JK1"], "headers": mine}
    assert code(record("move", village="520621002001", **move)) == "not-there"
    assert record("move", village=OTHER_VILLAGE, **move).status_code == 201


def merger(**said: Any) -> dict[str, Any]:
    about = {
        "id": str(uuid4()),
        "on": "2026-11-10",
        "ground": "示例",
        "document_no": "示例〔2026〕2号",
        "done_by": "示己",
    }
    return about | {"from_villages": [VILLAGE], "into_village": OTHER_VILLAGE} | said


def test_villages_are_merged_and_all_they_manage_follows(
    http: TestClient, clerk: Headers, office: Office, shown: Any, homes: Ids, households: Session
) -> None:
    path = "/v1/village-mergers"
    assert http.post(path, json=merger(), headers=office("town", "township")).status_code == 403
    assert http.post(path, json=merger(), headers=office("afar", "county", place="520622")).status_code == 404
    assert http.post(path, json=merger(), headers=office("one", "county", place=VILLAGE)).status_code == 404
    answer = http.post(path, json=merger(), headers=clerk)
    assert (answer.status_code, answer.json()["households"]) == (201, 2)
    assert {shown(home)["village"] for home in homes.values()} == {OTHER_VILLAGE}
    assert {shown(home, as_of="2026-11-09")["village"] for home in homes.values()} == {VILLAGE}
    assert events(households, "village.merged")[OTHER_VILLAGE]["from"] == [VILLAGE]
    divisions = set(households.scalars(text("SELECT division FROM household_facts")))
    assert divisions == {OTHER_VILLAGE}
    read = http.get(f"/v1/households/{homes['JK1']}/changes", headers=clerk).json()["rows"]
    assert [one["kind"] for one in read] == ["village_merger"]
    later = merger(from_villages=[OTHER_VILLAGE], into_village=VILLAGE)
    assert code(http.post(path, json=later, headers=clerk)) == "before-it-began"


def test_an_event_of_a_change_tells_no_name(record: Record, homes: Ids, people: Ids, households: Session) -> None:
    split(record, homes, people)
    told = str(events(households))
    assert not any(name in told for name in people)
