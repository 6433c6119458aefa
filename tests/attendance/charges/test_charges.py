"""责任: who answers for what is written down, ends, is taken over, and reads as it was and as it was known."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.charges import Charge
from services.kit.store.tables import Event
from tests.attendance.charges.conftest import (
    FAR_VILLAGE,
    NEXT_VILLAGE,
    PERSON,
    TOWNSHIP,
    at_moment,
    charged,
    grouped,
    listed,
    put,
    read,
    unit,
)
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed
from tests.callers import HERE, Headers, Office, Sign, grant
from tests.conftest import TODAY

ENDED = {"until": "2026-06-01", "outcome": "transferred"}


def test_somebody_without_an_account_is_charged_by_name_alone(http: TestClient, county: Headers) -> None:
    told = put(http, county, charged(bearer=PERSON | {"post": "示例村民"}))
    assert told["bearer"] == {"kind": "person", "id": None, "name": "示乙", "post": "示例村民"}
    assert (told["division"], told["version"], told["until"], told["replaced_by"]) == (VILLAGE, 1, None, None)
    assert read(http, county, f"charges/{told['id']}") == told


@pytest.mark.parametrize("name", ["示乙13800000000", "示９乙"])
def test_a_name_holds_no_number(http: TestClient, county: Headers, name: str) -> None:
    put(http, county, charged(bearer={"kind": "person", "name": name}), 422)
    put(http, county, charged(bearer=PERSON | {"post": name}), 422)


def test_a_cadre_and_a_unit_are_called_as_they_were(http: TestClient, county: Headers, village: Stationed) -> None:
    led = put(http, county, charged(bearer={"kind": "cadre", "id": str(village.first)}))
    helped = put(http, county, charged("unit_help", bearer=unit(http, county, "示例财政局")))
    assert (led["bearer"]["name"], helped["bearer"]["name"]) == ("示甲子", "示例财政局")
    assert [one["id"] for one in listed(http, county, cadre_id=str(village.first))] == [led["id"]]
    assert [one["id"] for one in listed(http, county, unit_id=helped["bearer"]["id"])] == [helped["id"]]


def test_whose_presence_and_whose_liaison_it_is_is_said(http: TestClient, county: Headers, village: Stationed) -> None:
    office = unit(http, county, "示例发改局")
    watched = put(http, county, charged("presence", about_cadre_id=str(village.first)))
    spoken = put(http, county, charged("liaison", division=COUNTY, about_unit_id=office["id"]))
    assert (watched["about_name"], spoken["about_name"]) == ("示甲子", "示例发改局")
    assert [one["id"] for one in listed(http, county, cadre_id=str(village.first))] == [watched["id"]]
    assert [one["id"] for one in listed(http, county, unit_id=office["id"])] == [spoken["id"]]


def test_of_a_team_it_lies_in_the_teams_village(http: TestClient, county: Headers, village: Stationed) -> None:
    told = put(http, county, charged("food_lodging", team_id=str(village.team)))
    assert told["division"] == VILLAGE
    assert listed(http, county, team_id=str(village.team)) == listed(http, county, kind="food_lodging")


WRONG = {
    "no place": (charged(division=None), "division, team_id"),
    "place and team": (charged(team_id=str(UUID(int=1)), division=VILLAGE), "division, team_id"),
    "a unit as grid member": (charged(bearer={"kind": "unit", "id": str(UUID(int=1))}), "bearer"),
    "a chief of a village": (charged("teams_chief"), "division"),
    "a liaison of nobody": (charged("liaison"), "unit"),
    "a grid member about somebody": (charged(about_cadre_id=str(UUID(int=1))), "cadre"),
    "a group without function": (grouped(function=None), "body, function, document_no"),
    "a group without document": (grouped(document_no=None), "body, function, document_no"),
    "a function without group": (charged(function="head"), "body, function, document_no"),
    "of no group": (grouped(body=None), "body"),
}


@pytest.mark.parametrize(("body", "detail"), WRONG.values(), ids=WRONG)
def test_what_its_kind_does_not_ask_is_refused_by_name(
    http: TestClient, county: Headers, body: dict[str, Any], detail: str
) -> None:
    refused = put(http, county, body, 422)
    assert (refused["code"], refused["detail"]) == ("charge-said-wrongly", detail)


def test_an_own_kind_is_about_one_and_not_about_two(http: TestClient, county: Headers, village: Stationed) -> None:
    term = {"zh": "示例专班", "en": "Example", "since": "2026-01-01", "document_no": "示例〔2026〕1号"}
    assert http.put(f"/v1/charge-kinds/{COUNTY}/own_class", json=term, headers=county).status_code == 200
    office = unit(http, county, "示例局")
    both = {"about_cadre_id": str(village.first), "about_unit_id": office["id"]}
    assert put(http, county, charged("own_class", **both), 422)["detail"] == "cadre, unit"
    put(http, county, charged("own_class", about_unit_id=office["id"]))


DAYS: dict[str, dict[str, Any]] = {
    "an end without outcome": {"until": "2026-06-01"},
    "an outcome without end": {"outcome": "other"},
    "a reason without end": {"because": "示例原因"},
    "ended as it began": {"until": "2026-03-01", "outcome": "other"},
    "ended before": {"until": "2026-02-28", "outcome": "other"},
    "a mistake that held": {"until": "2026-03-02", "outcome": "mistake"},
    "far ahead": {"since": (TODAY + timedelta(days=367)).isoformat()},
}


@pytest.mark.parametrize("said", DAYS.values(), ids=DAYS)
def test_days_that_cannot_be_are_refused(http: TestClient, county: Headers, said: dict[str, Any]) -> None:
    assert put(http, county, charged(**said), 422)["code"] == "charge-days-wrong"


def test_a_charge_may_begin_within_a_year(http: TestClient, county: Headers) -> None:
    put(http, county, charged(since=(TODAY + timedelta(days=366)).isoformat()))


def test_it_ends_with_an_outcome_and_a_reason_that_offices_read(
    http: TestClient, county: Headers, member: Headers, attendance: Session
) -> None:
    one = str(uuid4())
    put(http, county, charged(), of=one)
    told = put(http, county, charged(**ENDED, because="示例调离"), of=one)
    assert (told["version"], told["until"], told["outcome"]) == (2, "2026-06-01", "transferred")
    assert read(http, county, f"charges/{one}")["because"] == "示例调离"
    assert read(http, member, f"charges/{one}")["because"] is None
    sealed = attendance.scalars(select(col(Charge.sealed_because)).where(col(Charge.version) == 2)).one()
    assert sealed
    assert "示例调离".encode() not in sealed
    days = ("2026-02-28", "2026-03-01", "2026-05-31", "2026-06-01")
    assert [len(listed(http, county, as_of=day)) for day in days] == [0, 1, 1, 0]


def test_what_was_known_before_a_correction_stays_readable(http: TestClient, county: Headers) -> None:
    one, later = str(uuid4()), HERE + timedelta(days=2)
    first = put(http, county, charged(), of=one)
    at_moment(http, later)
    second = put(http, county, charged(since="2026-04-01"), of=one)
    assert (first["version"], second["version"], second["since"]) == (1, 2, "2026-04-01")
    before = (later - timedelta(days=1)).isoformat()
    assert read(http, county, f"charges/{one}", known_at=before) == first
    assert listed(http, county, as_of="2026-03-15") == []
    assert [row["version"] for row in listed(http, county, as_of="2026-03-15", known_at=before)] == [1]
    assert listed(http, county, known_at=(HERE - timedelta(days=1)).isoformat()) == []


def test_sent_again_it_changes_nothing_and_unseen_nobody_overwrites(
    http: TestClient, county: Headers, attendance: Session
) -> None:
    path = f"/v1/charges/{uuid4()}"
    first = http.put(path, json=charged(), headers=county)
    assert http.put(path, json=charged(), headers=county).json() == first.json()
    blind = http.put(path, json=charged(since="2026-04-01"), headers=county)
    assert (blind.status_code, blind.json()["code"]) == (428, "seen-nothing")
    assert len(attendance.scalars(select(Charge)).all()) == 1


def test_a_mistake_held_on_no_day_and_makes_room(http: TestClient, county: Headers) -> None:
    one = str(uuid4())
    put(http, county, charged(), of=one)
    assert put(http, county, charged(), 409)["code"] == "charged-already"
    put(http, county, charged(until="2026-03-01", outcome="mistake"), of=one)
    assert listed(http, county, as_of="2026-03-01") == []
    put(http, county, charged())


def test_the_same_bearer_may_be_charged_elsewhere_or_about_somebody_else(
    http: TestClient, county: Headers, village: Stationed
) -> None:
    put(http, county, charged("presence"))
    put(http, county, charged("presence", about_cadre_id=str(village.first)))
    put(http, county, charged("presence", about_cadre_id=str(village.second)))
    put(http, county, charged("presence", division=NEXT_VILLAGE))
    put(http, county, charged("presence", team_id=str(village.team)))
    put(http, county, charged("presence", since="2026-05-01"), 409)


def test_who_takes_it_over_ends_it_on_that_day(http: TestClient, county: Headers) -> None:
    former, later = str(uuid4()), str(uuid4())
    put(http, county, charged(), of=former)
    next_one = charged(bearer={"kind": "person", "name": "示丙"}, since="2026-05-01", replaces=former)
    told = put(http, county, next_one, of=later)
    assert told["replaces"] == former
    ended = read(http, county, f"charges/{former}")
    assert (ended["until"], ended["outcome"], ended["replaced_by"], ended["version"]) == (
        "2026-05-01", "replaced", later, 2,
    )  # fmt: skip
    assert [row["id"] for row in listed(http, county, as_of="2026-04-30")] == [former]
    assert [row["id"] for row in listed(http, county, as_of="2026-05-01")] == [later]
    put(http, county, next_one, of=later)
    assert put(http, county, next_one, 409)["code"] == "cannot-take-over-that"


def test_what_had_ended_on_that_day_keeps_how_it_ended(http: TestClient, county: Headers) -> None:
    former = str(uuid4())
    put(http, county, charged(**ENDED), of=former)
    put(http, county, charged(since="2026-06-01", replaces=former))
    kept = read(http, county, f"charges/{former}")
    assert (kept["outcome"], kept["version"]) == ("transferred", 1)


NOT_ALIKE: dict[str, dict[str, Any]] = {
    "another place": {"division": NEXT_VILLAGE},
    "another kind": {"kind": "informant"},
    "no later": {"since": "2026-03-01"},
    "after its end": {"since": "2026-06-02"},
}


@pytest.mark.parametrize("said", NOT_ALIKE.values(), ids=NOT_ALIKE)
def test_what_is_taken_over_is_alike_and_still_holds(http: TestClient, county: Headers, said: dict[str, Any]) -> None:
    former = str(uuid4())
    put(http, county, charged(**ENDED), of=former)
    body = charged(bearer={"kind": "person", "name": "示丙"}, replaces=former, since="2026-05-01") | said
    assert put(http, county, body, 409)["code"] == "cannot-take-over-that"


def test_what_it_took_over_is_said_once(http: TestClient, county: Headers) -> None:
    former, later = str(uuid4()), str(uuid4())
    put(http, county, charged(), of=former)
    put(http, county, charged(bearer={"kind": "person", "name": "示丙"}, since="2026-05-01"), of=later)
    changed = charged(bearer={"kind": "person", "name": "示丙"}, since="2026-05-01", replaces=former)
    assert put(http, county, changed, 409, later)["code"] == "cannot-take-over-that"
    put(http, county, charged(since="2026-05-01", replaces=str(uuid4())), 404)


def test_a_kind_that_is_not_in_the_list_that_day_is_refused_and_what_was_said_stays(
    http: TestClient, county: Headers
) -> None:
    assert put(http, county, charged("nothing_such"), 422)["code"] == "not-in-the-list"
    path = f"/v1/charge-kinds/{COUNTY}/grid_member"
    one = str(uuid4())
    put(http, county, charged(), of=one)
    ends = {
        "zh": "网格员",
        "en": "Grid",
        "since": "2026-01-01",
        "until": "2026-03-01",
        "document_no": "示例〔2026〕1号",
    }
    assert http.put(path, json=ends, headers=county).status_code == 200
    put(http, county, charged(bearer={"kind": "person", "name": "示丙"}), 422)
    put(http, county, charged(bearer={"kind": "person", "name": "示丙"}, since="2026-02-28"))
    put(http, county, charged(**ENDED), of=one)
    refused = http.put(f"{path}_x", json=ends | {"until": "2026-01-01"}, headers=county)
    assert (refused.status_code, refused.json()["code"]) == (422, "term-ends-before-it-begins")


def test_the_kind_of_the_nearest_place_counts_and_nobody_sets_it_elsewhere(
    http: TestClient, county: Headers, office: Office
) -> None:
    said = {"zh": "片长", "en": "Section head", "since": "2026-01-01", "document_no": "示例〔2026〕1号"}
    for place, name in ((COUNTY, "片长"), (TOWNSHIP, "网格片长")):
        assert (
            http.put(f"/v1/charge-kinds/{place}/section", json=said | {"zh": name}, headers=county).status_code == 200
        )
    names = {
        place: next(one["zh"] for one in read(http, county, "charge-kinds", division=place) if one["key"] == "section")
        for place in (VILLAGE, FAR_VILLAGE)
    }
    assert names == {VILLAGE: "网格片长", FAR_VILLAGE: "片长"}
    keys = [one["key"] for one in read(http, county, "charge-kinds", division=COUNTY)]
    assert keys == sorted(keys)
    assert http.put("/v1/charge-kinds/520622/section", json=said, headers=county).status_code == 404
    assert read(http, county, f"charge-kinds/{TOWNSHIP}/section")["division"] == TOWNSHIP
    read(http, county, f"charge-kinds/{VILLAGE[:9]}/nothing", 404)


def test_an_office_writes_in_its_own_places_alone(http: TestClient, office: Office, village: Stationed) -> None:
    here = office("of-a-township", "township", place=TOWNSHIP)
    one = str(uuid4())
    put(http, here, charged(), of=one)
    put(http, here, charged(division=FAR_VILLAGE), 404)
    put(http, here, grouped(), 404)
    there = office("of-another-township", "township", place=FAR_VILLAGE[:9])
    put(http, there, charged(division=FAR_VILLAGE), 404, of=one)
    put(http, there, charged(bearer={"kind": "cadre", "id": str(village.first)}, division=FAR_VILLAGE), 404)
    put(http, there, charged("food_lodging", team_id=str(village.team)), 404)
    follows = charged(division=FAR_VILLAGE, replaces=one, since="2026-05-01")
    assert put(http, there, follows, 404)["code"] == "not-there"


def test_whoever_works_in_a_village_reads_who_answers_for_it_and_nothing_of_the_next(
    http: TestClient, county: Headers, member: Headers
) -> None:
    seen = [put(http, county, body)["id"] for body in (grouped(), charged("teams_chief", division=TOWNSHIP), charged())]
    beside = put(http, county, charged(division=NEXT_VILLAGE))["id"]
    beyond = put(http, county, charged("teams_chief", division=FAR_VILLAGE[:9]))["id"]
    assert sorted(row["id"] for row in listed(http, member)) == sorted(seen)
    assert sorted(row["id"] for row in listed(http, member, division=TOWNSHIP)) == sorted(seen[1:])
    for one in (beside, beyond):
        read(http, member, f"charges/{one}", 404)
    put(http, member, charged(), 403)


def test_a_unit_reads_what_it_bears_and_who_its_liaison_is(
    http: TestClient, county: Headers, office: Office, engines: Any, sign: Sign
) -> None:
    bearer = unit(http, county, "示例财政局")
    helped = put(http, county, charged("unit_help", bearer=bearer))["id"]
    spoken = put(http, county, charged("liaison", about_unit_id=bearer["id"], division=COUNTY))["id"]
    put(http, county, charged())
    grant(engines["attendance"], "of-the-unit", "liaison", bearer["id"], "unit")
    caller = sign("of-the-unit", "liaison")
    assert sorted(row["id"] for row in listed(http, caller)) == sorted([helped, spoken])


def test_a_cadre_reads_what_they_are_charged_with_elsewhere(
    http: TestClient, county: Headers, member: Headers, village: Stationed
) -> None:
    bearer = {"kind": "cadre", "id": str(village.first)}
    one = put(http, county, charged("teams_chief", division=FAR_VILLAGE[:9], bearer=bearer))["id"]
    watched = put(http, county, charged("presence", division=NEXT_VILLAGE, about_cadre_id=str(village.first)))["id"]
    assert sorted(row["id"] for row in listed(http, member)) == sorted([one, watched])


def test_the_event_names_nobody(http: TestClient, county: Headers, attendance: Session) -> None:
    one = str(uuid4())
    put(http, county, charged(), of=one)
    put(http, county, charged(until="2026-03-01", outcome="mistake"), of=one)
    wanted = select(Event).where(col(Event.type) == "charge.recorded", col(Event.subject) == one)
    told = attendance.scalars(wanted.order_by(col(Event.id))).all()
    said = {"kind": "grid_member", "since": "2026-03-01"}
    assert sorted([event.data for event in told], key=lambda data: data["version"]) == [
        said | {"version": 1, "held": True}, said | {"version": 2, "held": False},
    ]  # fmt: skip
    assert {event.division for event in told} == {VILLAGE}


def test_pages_neither_repeat_nor_skip(http: TestClient, county: Headers) -> None:
    ids = sorted(put(http, county, charged(bearer={"kind": "person", "name": f"示{n}"}))["id"] for n in "甲乙丙")
    first = read(http, county, "charges", limit=2)
    rest = read(http, county, "charges", limit=2, cursor=first["next"])
    assert [row["id"] for row in (*first["rows"], *rest["rows"])] == ids


def test_a_unit_is_named_once(http: TestClient, county: Headers, office: Office) -> None:
    one = unit(http, county, "示例财政局")["id"]
    again = http.put(f"/v1/units/{one}", json={"name": "示例财政局"}, headers=county)
    assert again.json() == {"id": one, "name": "示例财政局"}
    for path, name in ((one, "示例教育局"), (str(uuid4()), "示例财政局")):
        refused = http.put(f"/v1/units/{path}", json={"name": name}, headers=county)
        assert (refused.status_code, refused.json()["code"]) == (409, "unit-named-already")
    unit(http, county, "别的单位")
    assert [row["name"] for row in read(http, county, "units", name="示例")["rows"]] == ["示例财政局"]
    assert len(read(http, office("of-a-township", "township", place=TOWNSHIP), "units")["rows"]) == 2
