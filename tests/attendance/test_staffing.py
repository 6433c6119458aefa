"""How a place is staffed: figures that add up on any day, and villages below what their standard asks."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.models.teams import Cadre, Posting, Team, Unit
from services.attendance.teams.staffing import moved, standing, told_of
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope
from tests.attendance.conftest import COUNTY, VILLAGE, set_standard
from tests.callers import Headers, Office

BEGIN, DAY = date(2026, 1, 1), date(2026, 7, 1)


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


def staffing(http: TestClient, caller: Headers, place: str = COUNTY, **asked: Any) -> dict[str, Any]:
    answer = http.get("/v1/staffing", params={"division": place, "day": DAY.isoformat()} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def teams_in(session: Session, villages: Sequence[str]) -> list[Team]:
    teams = [Team(name=f"示例{n}队", village=village) for n, village in enumerate(villages)]
    session.add_all(teams)
    session.flush()
    return teams


def cadres_in(session: Session, seal: Seal, number: int) -> list[Cadre]:
    unit = Unit(name="示例单位")
    session.add(unit)
    session.flush()
    cadres = [
        Cadre(name="示甲子", sealed_mobile=b"sealed", mobile_index=str(n).encode(), unit_id=unit.id)
        for n in range(number)
    ]
    session.add_all(cadres)
    session.flush()
    return cadres


def post(session: Session, cadre: Cadre, team: Team, since: date, until: date | None = None, **said: Any) -> None:
    role = said.pop("role", "member")
    session.add(Posting(cadre_id=cadre.id, team_id=team.id, role=role, valid=Range(since, until), **said))
    session.flush()


def test_a_county_of_114_teams_and_346_cadres_of_whom_139_were_replaced(
    http: TestClient, county: Headers, attendance: Session, seal: Seal
) -> None:
    """Report 002: 2-05, 2-09, 2-10, 2-11."""
    teams = teams_in(attendance, [f"520621{n // 10 + 1:03}{n % 10 + 1:03}" for n in range(114)])
    cadres = cadres_in(attendance, seal, 346 + 139)
    for n in range(346):
        gone = n < 139
        outcome = {"outcome": "promoted" if n < 92 else "recalled"} if gone else {}
        role = "captain" if n < 114 else "member"
        post(attendance, cadres[n], teams[n % 114], date(2025, 5, 1), date(2026, 3, 1) if gone else None, role=role,
             **outcome)  # fmt: skip
        if gone:
            post(attendance, cadres[346 + n], teams[n % 114], date(2026, 3, 1), role=role)
    set_standard(attendance, "team_strength", 3)
    attendance.commit()
    told = staffing(http, county)
    assert (told["teams"], told["villages"], told["cadres"], told["units"]) == (114, 114, 346, 1)
    assert (told["arrived"], told["left"], told["replaced"]) == (139, 139, 139)
    assert told["outcomes"] == {"promoted": 92, "recalled": 47}
    assert told["roles"] == {"captain": 114, "member": 232}
    assert told["below_strength"] == []
    before = staffing(http, county, day="2026-02-28")
    assert (before["cadres"], before["arrived"], before["left"]) == (346, 0, 0)


def test_a_village_below_its_own_standard_is_named_with_the_document(
    http: TestClient, county: Headers, attendance: Session, seal: Seal
) -> None:
    here, there, empty = teams_in(attendance, [VILLAGE, "520621002001", "520621002002"])
    first, second, third = cadres_in(attendance, seal, 3)
    post(attendance, first, here, BEGIN)
    post(attendance, second, here, BEGIN)
    post(attendance, third, there, BEGIN, DAY)
    set_standard(attendance, "team_strength", 3, division=VILLAGE[:9])
    set_standard(attendance, "team_strength", 1)
    attendance.commit()
    told = staffing(http, county)["below_strength"]
    assert [(one["village"], one["cadres"], one["least"]) for one in told] == [
        (VILLAGE, 2, 3), (there.village, 0, 1), (empty.village, 0, 1),
    ]  # fmt: skip
    assert {one["document_no"] for one in told} == {"示例〔2026〕1号"}
    assert staffing(http, county, day="2026-06-30")["below_strength"][1]["village"] == empty.village


def test_where_no_standard_speaks_nothing_is_below(http: TestClient, county: Headers, attendance: Session) -> None:
    teams_in(attendance, [VILLAGE])
    attendance.commit()
    assert staffing(http, county)["below_strength"] == []


def test_who_stays_on_in_the_same_team_has_neither_left_nor_come(
    http: TestClient, county: Headers, attendance: Session, seal: Seal
) -> None:
    (team,), (cadre,) = teams_in(attendance, [VILLAGE]), cadres_in(attendance, seal, 1)
    post(attendance, cadre, team, BEGIN - timedelta(days=99), date(2026, 3, 1), outcome="kept")
    post(attendance, cadre, team, date(2026, 3, 1), role="captain", channel="county")
    attendance.commit()
    told = staffing(http, county)
    assert (told["cadres"], told["arrived"], told["left"], told["replaced"], told["outcomes"]) == (1, 0, 0, 0, {})
    assert (told["roles"], told["channels"]) == ({"captain": 1}, {"county": 1})


def test_who_moved_within_the_county_left_one_team_and_came_to_another(
    http: TestClient, county: Headers, attendance: Session, seal: Seal
) -> None:
    (one, other), (cadre,) = teams_in(attendance, [VILLAGE, "520621002001"]), cadres_in(attendance, seal, 1)
    post(attendance, cadre, one, BEGIN - timedelta(days=99), date(2026, 3, 1))
    post(attendance, cadre, other, date(2026, 3, 1))
    attendance.commit()
    told = staffing(http, county)
    assert (told["arrived"], told["left"], told["replaced"], told["outcomes"]) == (1, 1, 0, {"not_said": 1})


def test_an_office_counts_its_own_places_alone(
    http: TestClient, office: Office, attendance: Session, seal: Seal
) -> None:
    (one, other), (first, second) = teams_in(attendance, [VILLAGE, "520621002001"]), cadres_in(attendance, seal, 2)
    post(attendance, first, one, BEGIN)
    post(attendance, second, other, BEGIN)
    set_standard(attendance, "team_strength", 3)
    attendance.commit()
    here = office("of-a-township", "township", place=VILLAGE[:9])
    told = staffing(http, here)
    assert (told["teams"], told["cadres"], told["arrived"]) == (1, 1, 1)
    assert [one["village"] for one in told["below_strength"]] == [VILLAGE]
    assert staffing(http, here, place="520621002")["teams"] == 0


def test_a_period_that_begins_after_it_ends_is_refused(http: TestClient, county: Headers) -> None:
    asked = {"division": COUNTY, "day": "2026-01-01", "since": "2026-01-02"}
    answer = http.get("/v1/staffing", params=asked, headers=county)
    assert (answer.status_code, answer.json()["code"]) == (422, "staffed-backwards")


Spans = st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(1, 5))


@settings(max_examples=40, deadline=None)
@given(people=st.lists(st.lists(Spans, max_size=3), max_size=4), day=st.integers(0, 12))
def test_who_was_here_and_came_less_who_left_are_who_is_here(
    engines: dict[str, Engine], seal: Seal, people: list[list[tuple[int, int, int]]], day: int
) -> None:
    """For any lives of postings: standing on the first day + arrived since − left until = standing on the last."""
    with open_session(engines["attendance"]) as session:
        session.info["scope"] = Scope("nobody", on(0), (COUNTY,))
        teams = teams_in(session, [VILLAGE, "520621002001"])
        for cadre, spans in zip(cadres_in(session, seal, len(people)), people, strict=True):
            busy: set[int] = set()
            for where, begin, length in spans:
                days = set(range(begin, begin + length))
                if not busy & days:
                    busy |= days
                    post(session, cadre, teams[where], on(begin), on(begin + length))
        first = standing(session, told_of(session, COUNTY, on(0), on(0)))
        last = standing(session, told_of(session, COUNTY, on(0), on(day)))
        between = moved(session, told_of(session, COUNTY, on(1), on(day))) if day else {"arrived": 0, "left": 0}
        assert first["cadres"] + between["arrived"] - between["left"] == last["cadres"]
        session.rollback()


def on(number: int) -> date:
    return BEGIN + timedelta(days=number)
