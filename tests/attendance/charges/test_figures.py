"""Who stands for a place on a day in one answer, how many there are of each kind, and where nobody is."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.charges import grid
from services.attendance.models.pairings import Pairing
from services.kit.store.tables import Division, Standard
from tests.attendance.charges.conftest import (
    FAR_VILLAGE,
    NEXT_VILLAGE,
    TOWNSHIP,
    at_moment,
    charged,
    counted,
    grouped,
    put,
    read,
    unit,
)
from tests.attendance.conftest import ARRIVED, COUNTY, VILLAGE, Stationed
from tests.callers import HERE, Headers, Office

PLACES = {TOWNSHIP: "township", FAR_VILLAGE[:9]: "township"} | dict.fromkeys(
    (VILLAGE, NEXT_VILLAGE, FAR_VILLAGE), "village"
)


def person(name: str) -> dict[str, str]:
    return {"kind": "person", "name": name}


@pytest.fixture
def places(attendance: Session) -> None:
    attendance.add(Division(code=COUNTY, name="示例县", level="county", version=1))
    for code, level in PLACES.items():
        attendance.add(Division(code=code, name="示例", level=level, version=1))
    attendance.commit()


def ask_for(session: Session, key: str, kind: str, value: int, division: str = COUNTY) -> None:
    said: dict[str, Any] = {"unit": "人", "document_no": f"示例〔2026〕{value}号", "version": 1}
    row = Standard(
        key=key,
        division=division,
        population_class=kind,
        valid=Range(date(2026, 4, 1), None),
        value=Decimal(value),
        **said,
    )
    session.add(row)
    session.commit()


def gaps(http: TestClient, caller: Headers, **asked: Any) -> list[tuple[str, str, int, int]]:
    rows = read(http, caller, "charge-gaps", **{"division": COUNTY} | asked)["rows"]
    return [(one["division"], one["kind"], one["standing"], one["least"]) for one in rows]


def test_the_four_levels_of_a_village_stand_in_one_answer(
    http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    put(http, county, grouped())
    put(http, county, charged("leader_link", division=TOWNSHIP))
    put(http, county, charged("unit_help", bearer=unit(http, county, "示例局")))
    put(http, county, charged("food_lodging", team_id=str(village.team)))
    put(http, county, charged(division=NEXT_VILLAGE))
    put(http, county, charged("informant", until="2026-11-21", outcome="other"))
    paired: dict[str, Any] = {"kind": "leader", "village": VILLAGE, "document_no": "示例"}
    for household in (uuid4(), uuid4()):
        valid = Range(ARRIVED, None)
        attendance.add(Pairing(id=uuid4(), cadre_id=village.first, household_id=household, valid=valid, **paired))
    attendance.commit()
    told = read(http, county, "charge-grid", division=VILLAGE)
    levels = {one["level"]: (one["place"], [row["kind"] for row in one["charges"]]) for one in told["levels"]}
    assert levels == {
        "county": (COUNTY, ["group_member"]),
        "township": (TOWNSHIP, ["leader_link"]),
        "village": (VILLAGE, ["unit_help"]),
        "team": (VILLAGE, ["food_lodging"]),
    }
    assert (told["as_of"], told["teams"], told["cadres"], told["paired_households"]) == ("2026-11-21", 1, 2, 2)
    before = read(http, county, "charge-grid", division=VILLAGE, as_of="2026-11-20")
    assert [row["kind"] for row in before["levels"][2]["charges"]] == ["informant", "unit_help"]
    early = read(http, county, "charge-grid", division=VILLAGE, as_of="2025-12-31")
    assert (early["teams"], early["cadres"], early["paired_households"]) == (0, 0, 0)
    assert not any(one["charges"] for one in early["levels"])


def test_a_county_and_a_township_have_their_own_levels_alone(
    http: TestClient, county: Headers, village: Stationed
) -> None:
    put(http, county, charged())
    for place, levels in ((COUNTY, ["county"]), (TOWNSHIP, ["county", "township"])):
        told = read(http, county, "charge-grid", division=place)
        assert [one["level"] for one in told["levels"]] == levels
        assert [one["charges"] for one in told["levels"]] == [[]] * len(levels)
        assert told["cadres"] == 2


def test_the_grid_is_told_as_it_was_known(http: TestClient, county: Headers) -> None:
    one = str(uuid4())
    put(http, county, charged(), of=one)
    at_moment(http, HERE + timedelta(hours=2))
    put(http, county, charged(until="2026-03-01", outcome="mistake"), of=one)
    now: dict[str, Any] = {}
    then: dict[str, Any] = {"known_at": (HERE + timedelta(hours=1)).isoformat()}
    told = [read(http, county, "charge-grid", division=VILLAGE, **asked) for asked in (now, then)]
    assert [len(one["levels"][2]["charges"]) for one in told] == [0, 1]


def test_a_grid_that_is_too_large_is_refused(
    http: TestClient, county: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grid, "MOST", 1)
    put(http, county, charged(bearer=person("示甲")))
    read(http, county, "charge-grid", division=VILLAGE)
    put(http, county, charged(bearer=person("示乙")))
    assert read(http, county, "charge-grid", 409, division=VILLAGE)["code"] == "grid-too-large"


def test_who_holds_another_township_sees_nothing_of_it(
    http: TestClient, county: Headers, office: Office, village: Stationed
) -> None:
    put(http, county, charged())
    told = read(http, office("of-another", "township", place=FAR_VILLAGE[:9]), "charge-grid", division=VILLAGE)
    assert not any(one["charges"] for one in told["levels"])
    assert (told["teams"], told["cadres"], told["paired_households"]) == (0, 0, 0)


def test_charges_places_and_bearers_are_counted_apart(http: TestClient, county: Headers) -> None:
    for place, name in ((VILLAGE, "示甲"), (VILLAGE, "示乙"), (NEXT_VILLAGE, "示甲"), (FAR_VILLAGE, "示丙")):
        put(http, county, charged(division=place, bearer=person(name)))
    put(http, county, charged(bearer=person("示丁"), until="2026-11-21", outcome="other"))
    put(http, county, charged("teams_chief", division=TOWNSHIP))
    assert counted(http, county) == {("grid_member", ""): (4, 3, 3), ("teams_chief", ""): (1, 1, 1)}
    assert counted(http, county, by="township", kind="grid_member") == {
        ("grid_member", TOWNSHIP): (3, 2, 2), ("grid_member", FAR_VILLAGE[:9]): (1, 1, 1),
    }  # fmt: skip
    assert counted(http, county, by="village") == {
        ("grid_member", VILLAGE): (2, 1, 2), ("grid_member", NEXT_VILLAGE): (1, 1, 1),
        ("grid_member", FAR_VILLAGE): (1, 1, 1),
    }  # fmt: skip
    assert counted(http, county, division=TOWNSHIP)["grid_member", ""] == (3, 2, 2)
    assert counted(http, county, as_of="2026-11-20")["grid_member", ""] == (5, 3, 4)
    assert counted(http, county, as_of="2026-02-28") == {}
    assert counted(http, county, known_at=(HERE - timedelta(days=1)).isoformat()) == {}


def test_heads_of_groups_are_counted_by_their_function(http: TestClient, county: Headers) -> None:
    put(http, county, grouped(function="head", bearer=person("示甲")))
    for name in ("示乙", "示丙"):
        put(http, county, grouped(bearer=person(name)))
    assert counted(http, county, function="head") == {("group_member", ""): (1, 1, 1)}
    assert counted(http, county, function="member") == {("group_member", ""): (2, 1, 2)}


def test_an_office_counts_what_it_reads(http: TestClient, county: Headers, office: Office) -> None:
    put(http, county, charged())
    put(http, county, charged(division=FAR_VILLAGE))
    assert counted(http, office("of-a-township", "township", place=TOWNSHIP)) == {("grid_member", ""): (1, 1, 1)}


def test_pages_of_counts_follow_each_other(http: TestClient, county: Headers) -> None:
    for place in (VILLAGE, NEXT_VILLAGE, FAR_VILLAGE):
        put(http, county, charged(division=place))
    asked: dict[str, Any] = {"division": COUNTY, "by": "village", "limit": 2}
    first = read(http, county, "charge-counts", **asked)
    rest = read(http, county, "charge-counts", **asked, cursor=first["next"])
    assert [one["place"] for one in (*first["rows"], *rest["rows"])] == [VILLAGE, NEXT_VILLAGE, FAR_VILLAGE]


def test_where_no_standard_speaks_nothing_is_missing(http: TestClient, county: Headers, places: None) -> None:
    assert gaps(http, county) == []


def test_places_without_what_the_county_asks_for_are_named_with_the_document(
    http: TestClient, county: Headers, places: None, attendance: Session, village: Stationed
) -> None:
    ask_for(attendance, "charges_of_village", "grid_member", 1)
    ask_for(attendance, "charges_of_village", "grid_member", 2, TOWNSHIP)
    ask_for(attendance, "charges_of_township", "teams_chief", 1)
    put(http, county, charged(bearer=person("示甲")))
    put(http, county, charged(division=NEXT_VILLAGE, bearer=person("示甲")))
    put(http, county, charged(division=NEXT_VILLAGE, bearer=person("示乙")))
    put(http, county, charged("teams_chief", division=TOWNSHIP))
    assert gaps(http, county) == [
        (VILLAGE, "grid_member", 1, 2), (FAR_VILLAGE[:9], "teams_chief", 0, 1), (FAR_VILLAGE, "grid_member", 0, 1),
    ]  # fmt: skip
    assert read(http, county, "charge-gaps", division=VILLAGE)["rows"][0]["document_no"] == "示例〔2026〕2号"
    assert gaps(http, county, as_of="2026-03-31") == []
    assert (NEXT_VILLAGE, "grid_member", 0, 2) not in gaps(http, county, as_of="2026-04-01")


def test_what_has_ended_or_was_a_mistake_fills_no_gap(
    http: TestClient, county: Headers, places: None, attendance: Session
) -> None:
    ask_for(attendance, "charges_of_village", "grid_member", 1)
    one = str(uuid4())
    put(http, county, charged(until="2026-11-21", outcome="other"), of=one)
    assert (VILLAGE, "grid_member", 0, 1) in gaps(http, county)
    assert gaps(http, county, division=VILLAGE, as_of="2026-11-20") == []
    put(http, county, charged(until="2026-03-01", outcome="mistake"), of=one)
    assert gaps(http, county, division=VILLAGE, as_of="2026-11-20") == [(VILLAGE, "grid_member", 0, 1)]


def test_one_bearer_twice_is_one(
    http: TestClient, county: Headers, places: None, attendance: Session, village: Stationed
) -> None:
    ask_for(attendance, "charges_of_village", "presence", 2)
    put(http, county, charged("presence"))
    put(http, county, charged("presence", team_id=str(village.team)))
    assert (VILLAGE, "presence", 1, 2) in gaps(http, county)
    put(http, county, charged("presence", team_id=str(village.team), bearer=person("示甲")))
    assert gaps(http, county, division=VILLAGE) == []


def test_an_office_is_told_the_gaps_of_its_own_places(
    http: TestClient, office: Office, places: None, attendance: Session
) -> None:
    ask_for(attendance, "charges_of_village", "grid_member", 1)
    here = office("of-a-township", "township", place=TOWNSHIP)
    assert [one[0] for one in gaps(http, here)] == [VILLAGE, NEXT_VILLAGE]
    first = read(http, here, "charge-gaps", division=COUNTY, limit=1)
    rest = read(http, here, "charge-gaps", division=COUNTY, limit=1, cursor=first["next"])
    assert [one["division"] for one in (*first["rows"], *rest["rows"])] == [VILLAGE, NEXT_VILLAGE]
