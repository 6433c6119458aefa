"""Who reaches which rows: by place, by unit, by household, by being named. One statement's condition at a time, as the
service's own role, so that the first barrier stands alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from services.attendance import reach
from services.attendance.models.activities import Activity
from services.attendance.models.handovers import Handover
from services.attendance.models.leave import DayCorrection, Leave
from services.attendance.models.pairings import Pairing
from services.attendance.models.presence import CheckIn
from services.attendance.models.teams import Cadre, Posting, Team, Unit
from services.attendance.models.visits import RoundTask, Visit, VisitRound
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.grants import SetMember
from services.kit.store.scope import Asked, Binding, NoOffice, Scope
from services.kit.web.errors import NotThere
from tests.attendance.conftest import ARRIVED, VILLAGE, cadre_in
from tests.callers import grant
from tests.clock import NOW, TODAY

NOW_IN, FAR, ELSEWHERE = "520621001006", "520621002001", "520622001001"
SET, HOME, OTHER_HOME = UUID(int=7), UUID(int=1), UUID(int=2)
OPEN: Any = Range(ARRIVED, None)
CLOSED: Any = Range(ARRIVED, TODAY)

LISTS: dict[str, tuple[Any, Callable[[Scope], Any]]] = {
    "teams": (select(col(Team.id)), reach.reachable_teams),
    "postings": (
        select(col(Posting.id)).join(Team, col(Team.id) == col(Posting.team_id)).join(Cadre), reach.reachable_postings
    ),
    "cadres": (select(col(Cadre.id)), reach.reachable_cadres),
    "check-ins": (select(col(CheckIn.id)), reach.reachable_check_ins),
    "pairings": (select(col(Pairing.id)), reach.reachable_pairings),
    "visits": (select(col(Visit.id)), reach.reachable_visits),
    "rounds": (select(col(VisitRound.id)), reach.reachable_rounds),
    "leaves": (select(col(Leave.id)), reach.reachable_leaves),
    "corrections": (select(col(DayCorrection.id)), reach.reachable_corrections),
    "hand-overs": (select(col(Handover.id)), reach.reachable_handovers),
    "activities": (select(col(Activity.activity_id)), reach.reachable_activities),
}  # fmt: skip


@dataclass
class Person:
    cadre: UUID
    unit: UUID
    account: str


@dataclass
class World:
    """Everything was recorded in VILLAGE. The first is posted to NOW_IN by now, the second still there; the third has
    neither post nor part, and checked in nowhere, as the first did. FAR has a team without anybody; one round has no
    household yet. Of `names`, an id says which row it is."""

    first: Person
    second: Person
    third: Person
    team: UUID
    names: dict[UUID, str]


def person(session: Session, seal: Seal, team: Team, number: int) -> Person:
    account = f"account-{number}"
    cadre = session.get_one(Cadre, cadre_in(session, seal, team, f"1000100000{number}", account))
    return Person(cadre.id, cadre.unit_id, account)


@pytest.fixture
def world(attendance: Session, seal: Seal) -> World:
    there, beside, far = (Team(name=f"示例{place}", village=place) for place in (VILLAGE, NOW_IN, FAR))
    attendance.add_all([there, beside, far])
    attendance.flush()
    first, second, third = (person(attendance, seal, there, number) for number in (1, 2, 3))
    posts = {one.cadre_id: one for one in attendance.scalars(select(Posting))}
    posts[first.cadre].valid = CLOSED
    attendance.delete(posts[third.cadre])
    after = Posting(cadre_id=first.cadre, team_id=beside.id, role="member", valid=Range(TODAY, None))
    attendance.add(after)
    attendance.flush()
    names = {there.id: "there", beside.id: "beside", far.id: "far", after.id: "after", third.cadre: "third"}
    for name, one, home in (("first", first, HOME), ("second", second, OTHER_HOME)):
        rows = [posts[one.cadre].id, *recorded_of(attendance, one, there, home)]
        names |= dict.fromkeys([one.cadre, *rows], name)
    for one, name in ((first, "nowhere"), (third, "third")):
        names[nowhere := uuid4()] = name
        attendance.add(CheckIn(id=nowhere, cadre_id=one.cadre, recorded_by="示例", at=NOW, received_at=NOW, day=TODAY,
                               datum="wgs84", village=None, verdict="uncertain"))  # fmt: skip
    planned = the_round()
    names[planned.id] = "planned"
    attendance.add(planned)
    attendance.add(SetMember(set_id=SET, subject=HOME, owner="attendance", valid=OPEN, version=1))
    attendance.commit()
    return World(first, second, third, there.id, names)


def recorded_of(session: Session, one: Person, team: Team, home: UUID) -> list[UUID]:
    """One row of each table: of this cadre, this household, in VILLAGE."""
    number: dict[str, Any] = {"cadre_id": one.cadre, "village": VILLAGE}
    ids = [uuid4() for _ in range(7)]
    check_in, pairing, visit, leave, correction, handover, activity = ids
    session.add(CheckIn(id=check_in, recorded_by="示例", at=NOW, received_at=NOW, day=TODAY, datum="wgs84",
                        verdict="uncertain", **number))  # fmt: skip
    session.add(Pairing(id=pairing, household_id=home, kind="leader", valid=OPEN, document_no="示例", **number))
    session.add(Visit(id=visit, first_id=visit, version=1, recorded_by="示例", household_id=home, at=NOW,
                      received_at=NOW, day=TODAY, contact="home", met=[], undone=[], findings=[],
                      **number))  # fmt: skip
    tour = the_round()
    session.add(tour)
    session.flush()
    session.add(RoundTask(round_id=tour.id, household_id=home, village=VILLAGE))
    session.add(Leave(id=leave, team_id=team.id, kind="sick", official=False, first_day=TODAY, last_day=TODAY,
                      covers=Range(TODAY, TODAY + timedelta(days=1)), days=1, working_only=False, chain=["county"],
                      document_no="示例", state="requested", requested_by="示例", requested_at=NOW, changed_at=NOW,
                      **number))  # fmt: skip
    session.add(DayCorrection(id=correction, day=TODAY, status="present", because="mistake", evidence="paper",
                              recorded_by="示例", recorded_at=NOW, state="waiting", **number))  # fmt: skip
    session.add(Handover(id=handover, day=TODAY, document_no="示例", taker_ids=[], **number))
    session.add(Activity(activity_id=activity, version=1, division=VILLAGE, kind="meeting", mode="on_site", day=TODAY,
                         last_day=TODAY, cadre_ids=[one.cadre], capacities=["organiser"], labels=[], asks=False,
                         recorded_by="示例", recorded_at=NOW))  # fmt: skip
    session.flush()
    return [*ids, tour.id]


def the_round() -> VisitRound:
    when: dict[str, Any] = {"first_day": TODAY, "last_day": TODAY, "created_at": NOW}
    return VisitRound(id=uuid4(), name="示例", division=VILLAGE, document_no="示例", created_by="示例", **when)


def reached(session: Session, world: World, scope: Scope, name: str) -> set[str]:
    wanted, reachable = LISTS[name]
    return {world.names[row] for row in session.scalars(wanted.where(reachable(scope)))}


PERSONAL = ("check-ins", "pairings", "visits", "leaves", "corrections", "hand-overs", "activities")
EVERYTHING = {name: {"first", "second"} for name in PERSONAL}


def test_an_office_reaches_what_was_recorded_in_its_village_and_who_is_posted_there_now(
    attendance: Session, world: World
) -> None:
    told = {name: reached(attendance, world, Scope("x", TODAY, divisions=(VILLAGE,)), name) for name in LISTS}
    postings = {"first", "second"}  # also those that have ended
    assert told == EVERYTHING | {
        "teams": {"there"},
        "postings": postings,
        "cadres": {"second"},
        "rounds": postings | {"planned"},
    }


def test_an_office_where_somebody_went_reaches_nothing_of_before(attendance: Session, world: World) -> None:
    told = {name: reached(attendance, world, Scope("x", TODAY, divisions=(NOW_IN,)), name) for name in LISTS}
    nothing: dict[str, set[str]] = {name: set() for name in LISTS}
    now = {"teams": {"beside"}, "postings": {"after"}, "cadres": {"first"}, "check-ins": {"nowhere"}}
    assert told == nothing | now


def test_whichever_posting_is_told_beside_them_cadres_are_where_their_latest_is(
    attendance: Session, world: World
) -> None:
    beside = select(col(Cadre.id)).join(Posting, col(Posting.cadre_id) == col(Cadre.id))
    for place, there in ((VILLAGE, "second"), (NOW_IN, "first")):
        cadres = beside.where(reach.reachable_cadres(Scope("x", TODAY, divisions=(place,))))
        assert {world.names[one] for one in attendance.scalars(cadres)} == {there}


def test_who_answers_for_a_unit_reaches_its_cadres_wherever_they_are(attendance: Session, world: World) -> None:
    scope = Scope("x", TODAY, units=(world.first.unit,))
    told = {name: reached(attendance, world, scope, name) for name in LISTS}
    own = {name: {"first"} for name in (*PERSONAL, "cadres")}
    more = {"teams": {"there", "beside"}, "postings": {"first", "after"}, "rounds": set[str]()}
    assert told == own | more | {"check-ins": {"first", "nowhere"}}


def test_everybody_reaches_what_was_recorded_of_themselves(attendance: Session, world: World) -> None:
    told = {name: reached(attendance, world, Scope(world.first.account, TODAY), name) for name in LISTS}
    nothing = {name: set[str]() for name in ("teams", "postings", "rounds")}
    own = {name: {"first"} for name in (*PERSONAL, "cadres")}
    assert told == own | nothing | {"check-ins": {"first", "nowhere"}}


def test_who_holds_a_household_reaches_its_visits_and_its_rounds(attendance: Session, world: World) -> None:
    told = {name: reached(attendance, world, Scope("x", TODAY, sets=(SET,)), name) for name in LISTS}
    assert told == {name: set() for name in LISTS} | {"visits": {"first"}, "rounds": {"first"}}


def test_who_holds_a_place_elsewhere_reaches_nothing(attendance: Session, world: World) -> None:
    scope = Scope("x", TODAY, divisions=(ELSEWHERE,), units=(UUID(int=9),), sets=(UUID(int=9),))
    assert {name: reached(attendance, world, scope, name) for name in LISTS} == {name: set() for name in LISTS}


def test_who_takes_over_reaches_the_hand_over_and_so_does_their_unit(attendance: Session, world: World) -> None:
    row = attendance.scalars(select(Handover).where(col(Handover.cadre_id) == world.first.cadre)).one()
    row.taker_ids = [world.third.cadre]
    attendance.flush()
    own, unit = Scope(world.third.account, TODAY), Scope("x", TODAY, units=(world.third.unit,))
    assert reached(attendance, world, own, "hand-overs") == reached(attendance, world, unit, "hand-overs") == {"first"}
    assert reached(attendance, world, Scope(world.second.account, TODAY), "hand-overs") == {"second"}


def test_a_unit_reaches_the_activities_it_held_and_everybody_those_they_are_named_in(
    attendance: Session, world: World
) -> None:
    held = attendance.scalars(select(Activity).where(col(Activity.cadre_ids) == [world.second.cadre])).one()
    unit = Unit(name="示例主办单位")
    attendance.add(unit)
    attendance.flush()
    held.unit_id, held.cadre_ids, held.capacities = unit.id, [world.second.cadre, world.third.cadre], ["organiser"] * 2
    attendance.flush()
    for scope in (Scope("x", TODAY, units=(unit.id,)), Scope(world.third.account, TODAY)):
        assert reached(attendance, world, scope, "activities") == {"second"}


@pytest.fixture
def asking(engines: dict[str, Engine], world: World) -> Any:
    """A session bound to an office of VILLAGE."""
    grant(engines["attendance"], "x", "township", VILLAGE)
    with open_session(engines["attendance"]) as session:
        session.info["binding"] = Binding(lambda: Asked("x", frozenset({"township"})), TODAY)
        yield session


def test_one_row_is_found_within_reach_alone(asking: Session, world: World) -> None:
    assert reach.reachable_team(asking, world.team).id == world.team
    assert reach.reachable_cadre(asking, world.second.cadre).id == world.second.cadre
    rounds = list(asking.scalars(select(VisitRound)))
    assert [reach.reachable_round(asking, row.id).id for row in rounds] == [row.id for row in rounds]
    beside = asking.scalars(select(col(Team.id)).where(col(Team.village) == NOW_IN)).one()
    for missing in (
        lambda: reach.reachable_team(asking, beside),
        lambda: reach.reachable_cadre(asking, world.first.cadre),
        lambda: reach.reachable_cadre(asking, None),
        lambda: reach.reachable_round(asking, UUID(int=9)),
    ):
        with pytest.raises(NotThere):
            missing()


def test_a_round_elsewhere_is_not_found(engines: dict[str, Engine], world: World) -> None:
    grant(engines["attendance"], "x", "township", ELSEWHERE)
    with open_session(engines["attendance"]) as session:
        session.info["binding"] = Binding(lambda: Asked("x", frozenset({"township"})), TODAY)
        for row in session.scalars(select(VisitRound)):
            with pytest.raises(NotThere):
                reach.reachable_round(session, row.id)


def test_who_holds_nothing_is_told_so(engines: dict[str, Engine], world: World) -> None:
    with open_session(engines["attendance"]) as session:
        session.info["binding"] = Binding(lambda: Asked("nobody", frozenset({"township"})), TODAY)
        with pytest.raises(NoOffice):
            reach.reachable_team(session, world.team)


@pytest.mark.parametrize("lock", [True, False])
def test_a_cadre_is_locked_for_who_writes_and_for_no_reader(
    asking: Session, attendance: Session, world: World, lock: bool
) -> None:
    reach.reachable_cadre(asking, world.second.cadre, lock=lock)
    again = select(Cadre).where(col(Cadre.id) == world.second.cadre).with_for_update(nowait=True)
    if lock:
        with pytest.raises(OperationalError):
            attendance.scalar(again)
        attendance.rollback()
    else:
        assert attendance.scalar(again)


def test_a_cadre_is_locked_unless_it_is_said_otherwise(asking: Session, attendance: Session, world: World) -> None:
    reach.reachable_cadre(asking, world.second.cadre)
    with pytest.raises(OperationalError):
        attendance.scalar(select(Cadre).where(col(Cadre.id) == world.second.cadre).with_for_update(nowait=True))
    attendance.rollback()
