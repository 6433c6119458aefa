"""The rows of a phone's scopes: the team and its villages, the households one is paired with and what is due there,
one's own leaves. Each with the transactions that wrote it and the days on which it turns into something else."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from services.attendance.leave.chain import due_back
from services.attendance.leave.contents import line_of
from services.attendance.models.leave import Leave
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre, Posting, Station, Unit
from services.attendance.models.visits import RoundTask, Visit, VisitRound
from services.attendance.sync.cursors import Horizon, mark_of, marks_of
from services.attendance.sync.rows import (
    CadreRow,
    Kind,
    MemberRow,
    PairingRow,
    RoundTaskRow,
    Row,
    StationRow,
    TeamRow,
    VillageRow,
)
from services.attendance.sync.scopes import SELF, Held
from services.attendance.visits.month import EXPECTED, VisitListLine, days_of, month_of, told
from services.kit.store.sets import among
from services.kit.store.tables import Division, Standard

ANSWERED_FOR = timedelta(days=60)  # that long a leave that is over is still shown on the phone
FORGOTTEN = timedelta(days=400)  # older ones no phone can hold


@dataclass(frozen=True)
class Line:
    """`row` is empty where it is not to be held: not yet, or no longer. `turns`: the days from which that is another
    question."""

    scope: str
    kind: Kind
    id: str
    row: Row | None
    changed: int
    turns: tuple[date | None, ...] = ()


@dataclass(frozen=True)
class Reading:
    """Whose lines are read, of which scopes: those that hold today."""

    session: Session
    horizon: Horizon
    today: date
    cadre: UUID
    held: Sequence[Held]

    def of(self, kind: str) -> list[Held]:
        return [one for one in self.held if one.kind == kind]


def lines_of(reading: Reading) -> Iterator[Line]:
    for kind in (own, teams, members, villages, pairings, visit_lists, round_tasks, leaves):
        yield from kind(reading)


def own(reading: Reading) -> Iterator[Line]:
    wanted = select(Cadre, Unit, marks_of("cadre", "unit")).join(Unit, col(Unit.id) == col(Cadre.unit_id))
    for cadre, unit, marks in reading.session.execute(wanted.where(col(Cadre.id) == reading.cadre)):
        row = CadreRow(name=cadre.name, unit=unit.name)
        yield Line(SELF, "cadre", str(cadre.id), row, reading.horizon.latest(marks))


def teams(reading: Reading) -> Iterator[Line]:
    for held in reading.of("posting"):
        assert held.posting  # of its kind
        posting, team = held.posting
        row = TeamRow(team_id=team.id, name=team.name, village=team.village, role=posting.role, **days_told(posting))
        yield Line(str(held.id), "team", str(team.id), row, held.changed)


def members(reading: Reading) -> Iterator[Line]:
    """Who has left the team is dropped on the day; who comes is told when the day has come."""
    scopes = {held.posting[1].id: str(held.id) for held in reading.of("posting") if held.posting}
    wanted = select(Posting, Cadre, marks_of("posting", "cadre")).join(Cadre, col(Cadre.id) == col(Posting.cadre_id))
    for posting, cadre, marks in reading.session.execute(wanted.where(among(col(Posting.team_id), scopes))):
        row = MemberRow(cadre_id=cadre.id, name=cadre.name, role=posting.role, **days_told(posting))
        here = posting.valid.contains(reading.today)
        turns = (posting.valid.lower, posting.valid.upper)
        changed = reading.horizon.latest(marks)
        yield Line(scopes[posting.team_id], "member", str(posting.id), row if here else None, changed, turns)


def villages(reading: Reading) -> Iterator[Line]:
    """The station is told where one is posted; who is paired alone need not know it."""
    codes = {held.village for held in reading.held}
    named = select(col(Division.code), col(Division.name), marks_of("division"))
    names = {code: rest for code, *rest in reading.session.execute(named.where(among(col(Division.code), codes)))}
    placed = select(Station, marks_of("station")).where(among(col(Station.village), codes))
    stations = {station.village: (station, marks) for station, marks in reading.session.execute(placed)}
    for held in reading.held:
        name, by = names.get(held.village, (None, []))
        station, of = stations.get(held.village, (None, [])) if held.kind == "posting" else (None, [])
        said = StationRow.model_validate(station.model_dump(include=set(StationRow.model_fields))) if station else None
        changed = max(held.changed, reading.horizon.latest([*by, *of]))
        yield Line(str(held.id), "village", held.village, VillageRow(name=name, station=said), changed)


def pairings(reading: Reading) -> Iterator[Line]:
    for held in reading.of("pairing"):
        assert held.pairing  # of its kind
        one = held.pairing
        row = PairingRow(household_id=one.household_id, kind=one.kind, village=one.village, **days_told(one))
        yield Line(str(held.id), "pairing", str(one.id), row, held.changed)


def visit_lists(reading: Reading) -> Iterator[Line]:
    """Also after a visit that somebody else wrote down, and when another number is expected."""
    days, ids = days_of(None, reading.today), {held.id: held for held in reading.of("pairing")}
    wanted, _ = month_of(days)
    seen, expected = written_of_visits(reading, ids), written_of_expected(reading)
    for row in reading.session.execute(wanted.where(among(col(Pairing.id), ids))):
        pairing = row[0]
        changed = max(ids[pairing.id].changed, seen.get(pairing.id, 0), expected)
        line = VisitListLine.model_validate(told(row))
        yield Line(str(pairing.id), "visit_list", str(pairing.id), line, changed, (days.lower,))


def written_of_visits(reading: Reading, pairings: Collection[UUID]) -> Mapping[UUID, int]:
    same = and_(col(Visit.cadre_id) == col(Pairing.cadre_id), col(Visit.household_id) == col(Pairing.household_id))
    wanted = (
        select(col(Pairing.id), func.array_agg(mark_of("visit").distinct()))
        .join(Visit, same)
        .where(among(col(Pairing.id), pairings))
    )
    found = reading.session.execute(wanted.group_by(col(Pairing.id)))
    return {pairing: reading.horizon.latest(written) for pairing, written in found}


def written_of_expected(reading: Reading) -> int:
    wanted = select(mark_of("standard")).select_from(Standard).where(col(Standard.key) == EXPECTED.key)
    return reading.horizon.latest(reading.session.scalars(wanted))


def round_tasks(reading: Reading) -> Iterator[Line]:
    scopes: dict[UUID, list[str]] = {}
    for held in reading.of("pairing"):
        assert held.pairing  # of its kind
        scopes.setdefault(held.pairing.household_id, []).append(str(held.id))
    wanted = select(RoundTask, VisitRound, marks_of("round_task", "visit_round")).where(
        col(RoundTask.round_id) == col(VisitRound.id),
        among(col(RoundTask.household_id), scopes),
        col(VisitRound.last_day) > reading.today - FORGOTTEN,
    )
    for task, one, marks in reading.session.execute(wanted):
        said = one.model_dump(include={"name", "first_day", "last_day"})
        row = RoundTaskRow(round_id=one.id, household_id=task.household_id, **said)
        is_open = one.opened_at is not None and one.closed_at is None
        for scope in scopes[task.household_id]:
            yield Line(scope, "round_task", str(one.id), row if is_open else None, reading.horizon.latest(marks))


def leaves(reading: Reading) -> Iterator[Line]:
    """Those that wait or hold, and what became of the others for a while."""
    under_way = col(Leave.state).in_(("requested", "approved"))
    wanted = select(Leave, due_back(), marks_of("leave")).where(
        col(Leave.cadre_id) == reading.cadre, or_(under_way, col(Leave.last_day) > reading.today - FORGOTTEN)
    )
    for leave, due, marks in reading.session.execute(wanted):
        until = leave.last_day + ANSWERED_FOR
        shown = leave.state in ("requested", "approved") or reading.today < until
        row = line_of(leave, due, reading.today) if shown else None
        turns = (until, due + timedelta(days=1))
        yield Line(SELF, "leave", str(leave.id), row, reading.horizon.latest(marks), turns)


def days_told(of: Posting | Pairing) -> dict[str, Any]:
    return {"since": of.valid.lower, "until": of.valid.upper}
