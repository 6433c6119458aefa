"""What is known of a village is recorded once, replaced or ended, and never changed."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers.test_entries import built_on_person, family_in
from tests.households.villages.records import RECORDS, counts, end, facility, listed, post, record

__all__ = ["clerk", "http"]  # fixtures

OTHER = "520621002001"
ADOPTED: dict[str, Any] = {"day": "2021-02-20", "meeting": "representatives", "present": 40, "in_favour": 38}

TARGET: dict[str, Any] = {
    "title": "脱贫", "year": 2018, "households": 107, "persons": None, "text": "逐户研判",
    "document_no": "示例〔2018〕4号",
}  # fmt: skip


def kept(body: dict[str, Any]) -> dict[str, Any]:
    """As it is read back: what was left out is empty."""
    return {"until": None, "document_no": None, "replaces": None} | body


@pytest.mark.parametrize(
    "body",
    [
        record("status", what="out_of_poverty", document_no="示例〔2018〕1号"),
        record("honour", title="示范村", level="county", given_by="示例县委"),
        facility("practice_station", title="示例实践站"),
        record("role", what="grid_member", person_id=None, label="示甲"),
        record("plan", title="产业规划", text="示例", adopted=None, since="2027-01-01", until="2030-12-31"),
        record("rule", title="居规民约", text="示例", adopted=ADOPTED, posted_on="2021-03-02"),
        record("target", **TARGET, adopted=None),
    ],
    ids=["status", "honour", "facility", "role", "plan", "rule", "target"],
)
def test_a_record_of_each_kind_is_read_back_as_it_was_sent(
    http: TestClient, clerk: Headers, body: dict[str, Any]
) -> None:
    told = post(http, clerk, body)
    assert told["said"] == kept(body)
    assert (told["version"], told["replaced_by"], told["ending"]) == (1, None, None)
    assert http.get(f"{RECORDS}/{body['id']}", headers=clerk).json() == told
    assert post(http, clerk, body) == told, "a second time it is answered as the first"
    assert post(http, clerk, body | {"since": "2021-03-02"}, 409)["code"] == "another-record"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (facility("no_such_facility"), "no-such-code"),
        (facility("grid_member"), "no-such-code"),
        (facility(since="2099-01-01"), "not-those-days"),
        (facility(until="2021-02-28"), "not-those-days"),
        (record("rule", title="示例", adopted=ADOPTED | {"day": "2099-01-01"}), "not-those-days"),
        (record("rule", title="示例", adopted=ADOPTED, posted_on="2099-01-01"), "not-those-days"),
        (record("rule", title="示例", adopted=ADOPTED | {"in_favour": 41}), "votes-do-not-fit"),
        (record("rule", title="示例", adopted=ADOPTED | {"present": None}), "votes-do-not-fit"),
        (record("target", **TARGET | {"households": None}), "target-of-nothing"),
        (record("role", what="grid_member"), "who-is-unclear"),
        (record("role", what="grid_member", label="示甲", person_id=str(uuid4())), "who-is-unclear"),
        (record("rule", title="示例"), "not-understood"),
        (record("status", what="out_of_poverty"), "not-understood"),
        (record("facility", what="clinic"), "not-understood"),
        (facility(division="520621"), "not-understood"),
        (record("vow", title="示例"), "not-understood"),
    ],
    ids=[
        "no facility", "a role is none", "to come", "over before", "adopted to come", "posted to come",
        "too many votes", "votes of nobody", "a target of nothing", "nobody", "two", "not adopted", "no document",
        "no state", "of a county", "no kind",
    ],
)  # fmt: skip
def test_what_does_not_hold_together_is_refused_by_name(
    http: TestClient, clerk: Headers, body: dict[str, Any], code: str
) -> None:
    assert post(http, clerk, body, 422)["code"] == code
    assert listed(http, clerk) == []


def test_the_next_state_of_a_facility_replaces_the_former_from_its_day_on(http: TestClient, clerk: Headers) -> None:
    first = facility(state="below_standard")
    post(http, clerk, first)
    second = facility(since="2022-05-01", replaces=first["id"])
    assert post(http, clerk, second)["version"] == 2
    held = {day: [one["said"]["state"] for one in listed(http, clerk, as_of=day)]
            for day in ("2021-02-28", "2021-03-01", "2022-04-30", "2022-05-01")}  # fmt: skip
    assert list(held.values()) == [[], ["below_standard"], ["below_standard"], ["in_use"]]
    assert [one["replaced_by"] for one in listed(http, clerk)] == [None, second["id"]]


def test_only_what_stands_is_replaced_and_by_the_same_kind(http: TestClient, clerk: Headers, office: Office) -> None:
    first = facility()
    post(http, clerk, first)

    def refused(**said: Any) -> str:
        body = facility(since="2023-01-01", replaces=first["id"]) | said
        return str(post(http, clerk, body, 409)["code"])

    assert refused(since="2021-03-01") == "cannot-replace-that"
    honour = {name: value for name, value in record("honour", title="示范村", level="city").items() if name != "since"}
    both = {"since": "2023-01-01", "replaces": first["id"]}
    assert post(http, clerk, honour | both, 409)["code"] == "cannot-replace-that"
    assert post(http, clerk, facility(since="2023-01-01", replaces=str(uuid4())), 404)["code"] == "not-there"
    post(http, clerk, facility(since="2022-05-01", replaces=first["id"]))
    assert refused() == "cannot-replace-that", "it is replaced already"
    county = office("clerk", "county")
    elsewhere = facility(division=OTHER)
    post(http, county, elsewhere)
    body = facility(since="2023-01-01", replaces=elsewhere["id"])
    assert post(http, county, body, 409)["code"] == "cannot-replace-that"


def test_a_record_ends_on_a_day_and_a_mistake_never_held(http: TestClient, clerk: Headers) -> None:
    ended, wrong = facility(), facility("school")
    post(http, clerk, ended)
    post(http, clerk, wrong)
    body: dict[str, Any] = {"id": str(uuid4()), "day": "2026-06-01"}
    told = end(http, clerk, ended["id"], **body)
    assert (told["ending"]["day"], told["ending"]["mistaken"]) == ("2026-06-01", False)
    assert end(http, clerk, ended["id"], **body) == told
    assert end(http, clerk, ended["id"], 409, day="2026-06-02")["code"] == "has-ended"
    end(http, clerk, wrong["id"], day="2021-03-01", mistaken=True)
    held = {day: [one["said"]["what"] for one in listed(http, clerk, as_of=day)]
            for day in ("2021-03-01", "2026-05-31", "2026-06-01")}  # fmt: skip
    assert list(held.values()) == [["clinic"], ["clinic"], []]
    assert {one["said"]["what"] for one in listed(http, clerk)} == {"clinic", "school"}, "both are still told of"
    assert post(http, clerk, facility(since="2026-07-01", replaces=ended["id"]), 409)["code"] == "cannot-replace-that"


@pytest.mark.parametrize("said", [{"day": "2021-02-28"}, {"day": "2021-03-01"}, {"day": "2099-01-01"}], ids=str)
def test_a_record_ends_after_it_began_and_not_in_days_to_come(
    http: TestClient, clerk: Headers, said: dict[str, Any]
) -> None:
    body = facility()
    post(http, clerk, body)
    assert end(http, clerk, body["id"], 422, **said)["code"] == "ends-on-no-such-day"


def test_what_is_replaced_is_ended_by_that_alone(http: TestClient, clerk: Headers) -> None:
    first = facility()
    post(http, clerk, first)
    post(http, clerk, facility(since="2022-05-01", replaces=first["id"]))
    assert end(http, clerk, first["id"], 409)["code"] == "has-ended"


def test_what_runs_out_holds_through_its_last_day(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, record("plan", title="三年规划", until="2023-12-31"))
    assert [len(listed(http, clerk, as_of=day)) for day in ("2023-12-31", "2024-01-01")] == [1, 0]


def test_a_village_is_read_as_it_was_known_at_a_moment(
    http: TestClient, clerk: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = facility()
    first = post(http, clerk, body)
    then = first["recorded_at"]
    other = facility("school")
    post(http, clerk, other)
    monkeypatch.setattr(http.app.state, "clock", lambda _: NOW + timedelta(hours=1))  # type: ignore[attr-defined]
    end(http, clerk, body["id"])
    post(http, clerk, facility("school", "out_of_use", since="2026-01-01", replaces=other["id"]))
    assert listed(http, clerk, known_at="2020-01-01T00:00:00Z") == []
    known = listed(http, clerk, known_at=then)
    assert {(one["said"]["what"], one["ending"], one["replaced_by"]) for one in known} == {
        ("clinic", None, None), ("school", None, None),
    }  # fmt: skip
    assert len(listed(http, clerk, as_of="2026-11-01", known_at=then)) == 2, "nobody knew that it would end"
    assert len(listed(http, clerk, as_of="2026-11-01")) == 1


def test_a_county_has_facilities_of_its_own_from_a_day_by_its_document(
    http: TestClient, clerk: Headers, office: Office
) -> None:
    county = office("clerk", "county")
    own = {"division": "520621", "zh": "儿童之家", "valid_from": "2022-01-01", "document_no": "示例〔2022〕3号"}
    assert http.put("/v1/code-sets/facility/own/own_children", json=own, headers=county).status_code == 200
    assert post(http, clerk, facility("own_children"), 422)["code"] == "no-such-code", "not on that day yet"
    post(http, clerk, facility("own_children", since="2022-01-01"))
    assert counts(http, clerk, kind="facility") == [("own_children", None, 1, 1, 0)]


def test_who_is_what_is_somebody_of_the_register_within_reach(
    http: TestClient, clerk: Headers, households: Session, office: Office
) -> None:
    here = office("here", "township", place=VILLAGE[:9])
    home, (person,) = family_in(households)
    role = record("role", what="reserve_talent", person_id=str(person), since="2026-05-01")
    assert post(http, clerk, role)["household_id"] == str(home)
    assert [one["said"]["id"] for one in listed(http, clerk, person_id=str(person))] == [role["id"]]
    _, (stranger,) = family_in(households, OTHER)
    for somebody in (stranger, uuid4()):
        assert post(http, here, role | {"id": str(uuid4()), "person_id": str(somebody)}, 404)["code"] == "not-there"
    elsewhere = office("elsewhere", "township", place=OTHER[:9])
    assert listed(http, elsewhere) == []
    assert http.get(f"{RECORDS}/{role['id']}", headers=elsewhere).status_code == 404
    assert post(http, elsewhere, facility(), 404)["code"] == "not-there"
    end(http, elsewhere, role["id"], 404)


def test_counts_tell_records_villages_and_people_apart(
    http: TestClient, clerk: Headers, households: Session, office: Office
) -> None:
    county = office("clerk", "county")
    _, people = family_in(households, persons=2)
    for person in (*people, people[0]):
        post(http, clerk, record("role", what="able_person", person_id=str(person)))
    post(http, clerk, record("role", what="able_person", label="示外"))
    for division, state in ((VILLAGE, "in_use"), (OTHER, "in_use"), (OTHER, "below_standard")):
        post(http, county, facility(division=division, state=state))
    assert counts(http, county, kind="role") == [("able_person", None, 4, 1, 2)]
    assert counts(http, county, kind="facility", by="state") == [
        ("clinic", "below_standard", 1, 1, 0), ("clinic", "in_use", 2, 2, 0),
    ]  # fmt: skip
    here = office("here", "township", place=VILLAGE[:9])
    assert counts(http, here, what="clinic") == [("clinic", None, 1, 1, 0)], "of another village nothing is counted"
    assert counts(http, county, what="clinic", as_of="2021-02-28") == []


def test_a_member_who_is_something_in_the_village_is_built_upon(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    _, (person,) = family_in(households)
    assert not built_on_person(households, person)
    post(http, clerk, record("role", what="able_person", person_id=str(person)))
    assert built_on_person(households, person)


DAYS = st.integers(0, 9)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(starts=st.lists(DAYS, min_size=1, max_size=5, unique=True).map(sorted), ending=st.none() | DAYS)
def test_of_a_chain_one_holds_on_each_day_from_its_beginning_to_its_end(
    http: TestClient, clerk: Headers, starts: list[int], ending: int | None
) -> None:
    def day(number: int) -> str:
        return f"2026-03-{number + 1:02}"

    title, last = uuid4().hex, None
    for start in starts:
        body = record("plan", title=title, since=day(start), replaces=last)
        last = post(http, clerk, body)["said"]["id"]
    over = ending is not None and ending > starts[-1]
    if over and ending is not None:
        end(http, clerk, str(last), day=day(ending))
    for number in range(10):
        there = [one["said"]["since"] for one in listed(http, clerk, kind="plan", as_of=day(number))
                 if one["said"]["title"] == title]  # fmt: skip
        begun = [start for start in starts if start <= number]
        gone = over and ending is not None and number >= ending
        assert there == ([day(begun[-1])] if begun and not gone else [])
