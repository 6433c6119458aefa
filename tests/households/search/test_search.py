"""A household is found by what people know of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text, update
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.models.cases import CaseClock
from services.households.models.names import MemberName
from services.households.models.register import Household, Membership, Person
from services.kit.store.db import open_session
from services.kit.store.scope import unbind
from services.kit.web.limits import GUESS, Limits
from tests.callers import Headers, Office, edit
from tests.conftest import TODAY
from tests.households.conftest import VILLAGE, Send, household_numbered, household_row, member_row, valid
from tests.households.open_cases import case_of
from tests.households.standards import set_standards

SEARCH = "/v1/household-search"
NUMBER = valid("99062119600101001")


def names(http: TestClient, headers: Headers, **asked: str) -> list[Any]:
    answer = http.get(SEARCH, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return [(row["number"], row["matched"]) for row in answer.json()["rows"]]


@pytest.fixture
def named(send: Send) -> Any:
    """A household of each head, JK1 and on, who is its only member too."""

    def write(*heads: str, village: str = VILLAGE) -> None:
        rows = list(enumerate(heads, start=1))
        send("households", *(household_row(f"JK{n}", 户主姓名=head, 村代码=village) for n, head in rows))
        send("members", *(member_row(f"JK{n}", 姓名=head) for n, head in rows))

    return write


@pytest.mark.parametrize("dot", ["·", "•", "‧", "・", "．", " "], ids=list("123456"))
@pytest.mark.parametrize("asked", ["阿依·示例", "阿依示", "阿依•示"], ids=list("abc"))
def test_a_name_with_a_dot_is_found_however_the_dot_is_written(
    http: TestClient, clerk: Headers, named: Any, dot: str, asked: str
) -> None:
    named(f"阿依{dot}示例", "示乙")
    assert names(http, clerk, q=asked) == [("JK1", "阿依示例")]


def test_a_character_of_another_plane_is_found(http: TestClient, clerk: Headers, named: Any) -> None:
    named("𠮷示", "示𠮷")
    assert names(http, clerk, q="𠮷") == [("JK1", "𠮷示")]


INITIALS = {
    "z": {"张三", "曾四", "翟五"},
    "ZS": {"张三", "曾四"},
    "zss": set(),
    "sx": {"单小"},
    "dx": set(),
}


@pytest.mark.parametrize("asked", INITIALS)
def test_initials_of_pinyin_find_a_name_and_surnames_are_read_as_surnames(
    http: TestClient, clerk: Headers, named: Any, asked: str
) -> None:
    named("张三", "曾四", "翟五", "单小")
    assert {name for _, name in names(http, clerk, q=asked)} == INITIALS[asked]


def test_a_household_is_found_by_each_of_its_members_and_by_its_head(
    http: TestClient, clerk: Headers, send: Send
) -> None:
    send("households", household_row(户主姓名="示甲"))
    send("members", member_row(姓名="例乙", 与户主关系="配偶"))
    assert names(http, clerk, q="示") == [("JK1", "示甲")]
    assert names(http, clerk, q="例") == [("JK1", "例乙")]


def test_a_wildcard_stands_for_itself(http: TestClient, clerk: Headers, named: Any) -> None:
    named("示甲")
    assert names(http, clerk, q="%") == names(http, clerk, q="_甲") == []


def test_a_place_and_a_tag_narrow_what_is_found(
    http: TestClient, clerk: Headers, named: Any, households: Session
) -> None:
    named("示甲", "示乙")
    home = household_numbered(households, "JK2")
    edit(http, f"/v1/households/{home}/tags/no_labour", {"since": "2026-05-01", "source": "示例"}, clerk)
    for sought in ({}, {"q": "示"}):
        assert {n for n, _ in names(http, clerk, village=VILLAGE, **sought)} == {"JK1", "JK2"}
        assert {n for n, _ in names(http, clerk, village=VILLAGE[:9], **sought)} == {"JK1", "JK2"}
        assert names(http, clerk, village="520621009001", **sought) == []
        assert [n for n, _ in names(http, clerk, tag="no_labour", **sought)] == ["JK2"]
    closed = {"since": "2026-05-01", "until": "2026-06-01", "source": "示例"}
    edit(http, f"/v1/households/{home}/tags/no_labour", closed, clerk)
    assert names(http, clerk, tag="no_labour") == []


@pytest.mark.parametrize("q", ["示", "s"], ids=["name", "initials"])
def test_pages_neither_repeat_nor_skip(http: TestClient, clerk: Headers, named: Any, q: str) -> None:
    """Two of one name, and two whose names begin alike: 甲 and 己."""
    named(*(f"示{letter}" for letter in "甲乙丙丁戊己甲"))
    seen, cursor = [], None
    while True:
        asked = {"q": q, "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = http.get(SEARCH, params=asked, headers=clerk).json()
        seen += [row["number"] for row in page["rows"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == [f"JK{n}" for n in range(1, 8)]


def test_nobody_beyond_the_callers_places_is_found(http: TestClient, office: Office, named: Any) -> None:
    named("示甲")
    other = office("other", "township", place="520621002")
    assert names(http, other, q="示") == names(http, other, q="sj") == names(http, other) == []


def test_without_the_first_barrier_the_names_of_other_places_stay_hidden(
    api_engines: dict[str, Engine], named: Any
) -> None:
    named("示甲")
    with open_session(api_engines["households"]) as session:
        assert session.scalars(select(MemberName)).all() == []
        unbind(session)
        assert len(session.scalars(select(MemberName)).all()) == 2


def test_whoever_sees_surnames_alone_cannot_try_out_names(http: TestClient, office: Office, named: Any) -> None:
    named("示甲")
    refused = http.get(SEARCH, params={"q": "示甲"}, headers=office("checker", "auditor"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


def test_a_whole_id_number_finds_its_household_from_a_body_alone(
    http: TestClient, clerk: Headers, office: Office, send: Send
) -> None:
    send("households", household_row())
    send("members", member_row(id_number=NUMBER))
    asked = {"id_number": NUMBER}
    found = http.post(f"{SEARCH}/id-number", json=asked, headers=clerk)
    assert (found.status_code, found.json()["number"]) == (200, "JK1")
    other = office("other", "township", place="520621002")
    nobody = http.post(f"{SEARCH}/id-number", json={"id_number": valid("99062119600101003")}, headers=clerk)
    beyond = http.post(f"{SEARCH}/id-number", json=asked, headers=other)
    assert nobody.status_code == beyond.status_code == 404
    assert nobody.content == beyond.content
    wrong = http.post(f"{SEARCH}/id-number", json={"id_number": NUMBER[:17] + "0"}, headers=clerk)
    assert wrong.json()["code"] == "id-number-unsound" or NUMBER[17] == "0"


def kept(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(col(MemberName.folded), col(MemberName.village)).order_by(col(MemberName.folded)))
    return [(row.folded, row.village) for row in rows]


def test_the_names_follow_every_write_to_the_register(households: Session, named: Any) -> None:
    named("示甲")
    assert kept(households) == [("示甲", VILLAGE)] * 2
    households.execute(update(Person).values(name="示·乙"))
    assert kept(households) == [("示乙", VILLAGE), ("示甲", VILLAGE)]
    households.execute(update(Household).values(head_name="例丙", village="520621001006"))
    assert kept(households) == [("例丙", "520621001006"), ("示乙", "520621001006")]
    households.execute(text("UPDATE membership SET valid = daterange(lower(valid), '2026-11-22')"))
    assert kept(households) == [("例丙", "520621001006")]


def test_a_person_who_moves_is_found_in_the_new_household_alone(households: Session, named: Any) -> None:
    named("示甲", "例乙")
    home = household_numbered(households, "JK2")
    mover: UUID = households.scalars(select(col(Person.id)).where(col(Person.name) == "示甲")).one()
    households.execute(update(Membership).where(col(Membership.person_id) == mover).values(household_id=home))
    rows = households.scalars(select(col(MemberName.household_id)).where(col(MemberName.subject) == mover)).all()
    assert rows == [home]


def test_a_search_under_the_policy_uses_the_index_of_names(
    households: Session, engines: dict[str, Engine], api_engines: dict[str, Engine]
) -> None:
    """A prefix by starts_with may be asked of an index before the policy is; LIKE may not."""
    households.execute(
        text(
            "WITH made AS (INSERT INTO household (id, number, village, group_name, head_name, created_at)"
            " SELECT gen_random_uuid(), 'N' || n, '520621001005', '', chr(19968 + n) || '例', now()"
            " FROM generate_series(1, 5000) AS n RETURNING id) SELECT count(*) FROM made"
        )
    )
    households.commit()
    with engines["households"].connect() as owner:
        owner.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE member_name"))
    with open_session(api_engines["households"]) as session:
        for column, index in (("folded", "member_name_folded"), ("initials", "member_name_by_initials")):
            asked = f"EXPLAIN SELECT household_id FROM member_name WHERE starts_with({column}, '示例')"  # noqa: S608
            plan = "\n".join(session.execute(text(asked)).scalars())
            assert index in plan, plan


@pytest.mark.parametrize("nothing", ["·", " ", ".", "．"], ids=["dot", "space", "point", "wide-point"])
def test_what_folds_to_nothing_is_not_looked_for(http: TestClient, clerk: Headers, nothing: str) -> None:
    assert http.get(SEARCH, params={"q": nothing}, headers=clerk).status_code == 422


def test_whether_a_number_is_somebodys_is_asked_ten_times_a_minute_and_no_oftener(
    http: TestClient, clerk: Headers
) -> None:
    """Behind a mask stay five hundred possible numbers: whoever may try them all has read it."""
    http.app.state.allowance = Limits({"read": 100, "write": 100, GUESS: 10})  # type: ignore[attr-defined]
    tries = [f"990621196001{day:02}009" for day in range(1, 12)]
    asked = [http.post(f"{SEARCH}/id-number", json={"id_number": valid(one)}, headers=clerk) for one in tries]
    assert [answer.status_code for answer in asked] == [404] * 10 + [429]
    assert http.get(SEARCH, params={"q": "示"}, headers=clerk).status_code == 200


def test_households_are_found_by_their_case_and_its_clock_and_a_kept_filter_is_asked_anew(
    http: TestClient, clerk: Headers, office: Office, named: Any, households: Session
) -> None:
    named("示甲", "示乙", "例丙", "示丁")
    homes = {n: household_numbered(households, f"JK{n}") for n in (1, 2, 3, 4)}
    old = case_of(households, homes[1], state="refused", closed_on=TODAY)
    cases = {1: case_of(households, homes[1], episode=2, state="monitored")}
    cases |= {n: case_of(households, homes[n], state=state) for n, state in ((2, "identifying"), (3, "monitored"))}
    for case, days, done in ((cases[1], 3, None), (cases[2], -1, None), (cases[3], -9, TODAY), (old, -1, None)):
        due = TODAY + timedelta(days=days)
        told: dict[str, Any] = {
            "since": TODAY,
            "days": 1,
            "unit": "calendar_days",
            "warn_days": 1,
            "due_on": due,
            "done_on": done,
        }
        households.add(CaseClock(case_id=case.id, step="visit", **told))
    households.commit()

    def found(**asked: Any) -> list[str]:
        rows = http.get(SEARCH, params=asked, headers=clerk).json()["rows"]
        return [row["number"] for row in rows]

    assert [found(case_state=state) for state in ("monitored", "refused")] == [["JK1", "JK3"], []]
    assert found(case_state="monitored", q="示") == ["JK1"]
    assert found(overdue="true") == ["JK2"]
    assert [found(due_within=n) for n in (2, 3)] == [[], ["JK1"]]
    assert found(due_within=3, overdue="true", village=VILLAGE) == ["JK1", "JK2"]
    path = f"/v1/household-sets/{UUID(int=77)}"
    made = http.put(path, json={"name": "示例", "from_filter": {"overdue": True}}, headers=clerk)
    assert made.json()["households"] == [str(homes[2])]
    assert made.json()["from_filter"]["overdue"] is True
    cases[3].state = "eliminating"
    households.execute(text("UPDATE case_clock SET done_on = NULL"))
    households.commit()
    assert http.get(path, headers=clerk).json()["households"] == [str(homes[2])]
    assert found(saved=str(UUID(int=77))) == ["JK2", "JK3"]
    assert found(saved=str(UUID(int=77)), case_state="eliminating") == ["JK3"]
    elsewhere = {"saved": str(UUID(int=77))}
    assert http.get(SEARCH, params=elsewhere, headers=office("afar", "county", place="520622")).status_code == 404
    asked = {"id": str(UUID(int=9)), "kind": "households", "village": VILLAGE[:6], "saved": str(UUID(int=77))}
    set_standards(households, export_rows_alone=3)
    assert http.post("/v1/exports", json=asked, headers=clerk).json()["rows"] == 2
    alone = {"id": str(UUID(int=10)), "kind": "households", "village": VILLAGE[:6], "case_state": "monitored"}
    assert http.post("/v1/exports", json=alone, headers=clerk).json()["rows"] == 1


def test_whom_cases_are_not_told_cannot_ask_who_has_one(http: TestClient, named: Any, office: Office) -> None:
    named("示甲")
    system = office("a-system", scopes="name:read")
    assert [http.get(SEARCH, params=asked, headers=system).status_code for asked in ({}, {"overdue": "true"})] == [
        200,
        403,
    ]
