"""Which teams, cadres, pairings and check-ins a request may touch: every query of this service goes through here.

A cadre is where the latest posting is. Who answers for a unit reaches its cadres wherever they are, and everybody
reaches what was recorded of themselves.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, Text, any_, exists, false, func, literal, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.attendance.models.activities import Activity
from services.attendance.models.charges import Charge
from services.attendance.models.handovers import Handover
from services.attendance.models.inspections import Inspection, InspectionFinding
from services.attendance.models.leave import DayCorrection, Leave
from services.attendance.models.pairings import Pairing
from services.attendance.models.personnel import PersonnelRecord
from services.attendance.models.presence import CheckIn
from services.attendance.models.teams import Cadre, Posting, Station, Team
from services.attendance.models.visits import RoundTask, Visit, VisitRound
from services.kit.store.scope import Placed, Scope, scope_of, within
from services.kit.web.errors import found

TEAMS = Placed(division=col(Team.village))
PAIRINGS = Placed(division=col(Pairing.village))
STATIONS = Placed(division=col(Station.village))
CHECK_INS = Placed(division=CheckIn.__table__.c.village)  # type: ignore[attr-defined]  # may be empty
VISITS = Placed(division=col(Visit.village), subject=col(Visit.household_id))
TASKS = Placed(division=col(RoundTask.village), subject=col(RoundTask.household_id))
ROUNDS = Placed(division=col(VisitRound.division))
LEAVES = Placed(division=col(Leave.village))
CORRECTIONS = Placed(division=col(DayCorrection.village))
HANDOVERS = Placed(division=col(Handover.village))
ACTIVITIES = Placed(
    division=col(Activity.division),
    unit=Activity.__table__.c.unit_id,  # type: ignore[attr-defined]  # may be empty
)
CHARGES = Placed(
    division=col(Charge.division),
    unit=Charge.__table__.c.unit_id,  # type: ignore[attr-defined]  # may be empty
)
OF_ITS_LIAISON = Placed(unit=Charge.__table__.c.about_unit_id)  # type: ignore[attr-defined]
INSPECTIONS = Placed(division=col(Inspection.division))
PERSONNEL = Placed(division=col(PersonnelRecord.county))
FINDINGS = Placed(division=col(InspectionFinding.village))
OF_A_UNIT = Placed(unit=col(Cadre.unit_id))


def reachable_teams(scope: Scope) -> ColumnElement[bool]:
    of_the_unit = exists().where(
        col(Posting.team_id) == col(Team.id), col(Posting.cadre_id) == col(Cadre.id), within(scope, OF_A_UNIT)
    )
    return or_(within(scope, TEAMS), of_the_unit)


def reachable_postings(scope: Scope) -> ColumnElement[bool]:
    """By the team's village, also of those that have ended, and by unit. For queries that join team and cadre."""
    return or_(within(scope, TEAMS), within(scope, OF_A_UNIT))


def reachable_cadres(scope: Scope) -> ColumnElement[bool]:
    return or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder, posted_within(scope))


def posted_within(scope: Scope) -> ColumnElement[bool]:
    later = aliased(Posting)
    is_latest = ~exists().where(
        col(later.cadre_id) == col(Posting.cadre_id), col(later.valid).op(">")(col(Posting.valid))
    )
    posted = exists().where(col(Posting.cadre_id) == col(Cadre.id), col(Posting.team_id) == col(Team.id))
    return posted.where(within(scope, TEAMS), is_latest).correlate(Cadre)  # whatever posting is told beside them


def reachable_check_ins(scope: Scope) -> ColumnElement[bool]:
    """By the village of that day: where a cadre is posted now opens nothing of where they were before."""
    mine = exists().where(col(Cadre.id) == col(CheckIn.cadre_id))
    of_the_unit_or_own = mine.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder))
    nowhere = col(CheckIn.village).is_(None) & mine.where(posted_within(scope))
    return or_(within(scope, CHECK_INS), of_the_unit_or_own, nowhere)


def reachable_pairings(scope: Scope) -> ColumnElement[bool]:
    mine = exists().where(col(Cadre.id) == col(Pairing.cadre_id))
    return or_(within(scope, PAIRINGS), mine.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder)))


def reachable_team(session: Session, team_id: UUID) -> Team:
    wanted = select(Team).where(col(Team.id) == team_id, reachable_teams(scope_of(session)))
    return found(session.scalar(wanted))


def reachable_cadre(session: Session, cadre_id: UUID | None, *, lock: bool = True) -> Cadre:
    wanted = select(Cadre).where(col(Cadre.id) == cadre_id, reachable_cadres(scope_of(session)))
    return found(session.scalar(wanted.with_for_update() if lock else wanted))


def reachable_visits(scope: Scope) -> ColumnElement[bool]:
    """By the village of that day, by household where one is held as such, and one's own."""
    mine = exists().where(col(Cadre.id) == col(Visit.cadre_id))
    of_the_unit_or_own = mine.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder))
    return or_(within(scope, VISITS), of_the_unit_or_own)


def reachable_rounds(scope: Scope) -> ColumnElement[bool]:
    """Of one's places, and those that have a household there."""
    has_a_task = exists().where(col(RoundTask.round_id) == col(VisitRound.id), within(scope, TASKS))
    return or_(within(scope, ROUNDS), has_a_task)


def reachable_round(session: Session, round_id: UUID) -> VisitRound:
    wanted = select(VisitRound).where(col(VisitRound.id) == round_id, reachable_rounds(scope_of(session)))
    return found(session.scalar(wanted))


def reachable_leaves(scope: Scope) -> ColumnElement[bool]:
    """By the village of the first day, by unit, and one's own."""
    mine = exists().where(col(Cadre.id) == col(Leave.cadre_id))
    return or_(within(scope, LEAVES), mine.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder)))


def reachable_corrections(scope: Scope) -> ColumnElement[bool]:
    """By the village of that day, by unit, and one's own."""
    mine = exists().where(col(Cadre.id) == col(DayCorrection.cadre_id))
    of_the_unit_or_own = mine.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder))
    return or_(within(scope, CORRECTIONS), of_the_unit_or_own)


def reachable_handovers(scope: Scope) -> ColumnElement[bool]:
    """By the village, and by whoever hands over or takes: they sign what they have read whole."""
    part = or_(col(Cadre.id) == col(Handover.cadre_id), col(Cadre.id) == any_(col(Handover.taker_ids)))
    mine = exists().where(part, or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder))
    return or_(within(scope, HANDOVERS), mine)


def reachable_activities(scope: Scope) -> ColumnElement[bool]:
    """By the place, by the unit that held it, and whoever is named in it."""
    named = exists().where(col(Cadre.id) == any_(col(Activity.cadre_ids)))
    mine = named.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder))
    return or_(within(scope, ACTIVITIES), mine)


def reachable_charges(scope: Scope) -> ColumnElement[bool]:
    """By the place; those of the places above, for whoever works in a village knows who answers for it; by the unit
    that bears it or whose liaison it is; and whoever it names."""
    above = [literal(place).startswith(col(Charge.division)) for place in scope.divisions]
    named = exists().where(or_(col(Cadre.id) == col(Charge.cadre_id), col(Cadre.id) == col(Charge.about_cadre_id)))
    mine = named.where(or_(within(scope, OF_A_UNIT), col(Cadre.account) == scope.holder))
    return or_(within(scope, CHARGES), within(scope, OF_ITS_LIAISON), mine, *above)


def reachable_personnel(scope: Scope, *, of_others: bool) -> ColumnElement[bool]:
    """One's own; and `of_others` by the whole county: by nobody's village, township or unit."""
    mine = exists().where(col(Cadre.id) == col(PersonnelRecord.cadre_id), col(Cadre.account) == scope.holder)
    return or_(mine, within(scope, PERSONNEL) if of_others else false())


def reachable_inspections(scope: Scope, *, while_open: bool) -> ColumnElement[bool]:
    """One's own; once it is closed, by the villages that were drawn; and `while_open` by the place it is drawn over."""
    village = func.unnest(col(Inspection.villages), type_=Text).column_valued("village")
    drawn_here = exists(select(literal(1)).where(within(scope, Placed(division=village)))).correlate(Inspection)
    mine = literal(scope.holder) == any_(col(Inspection.inspectors))
    over_it = within(scope, INSPECTIONS)
    return or_(mine, col(Inspection.closed_at).is_not(None) & drawn_here, over_it if while_open else false())


def reachable_findings(scope: Scope, *, while_open: bool) -> ColumnElement[bool]:
    """Of an inspection that the caller reaches: of the caller's villages, and all of one's own or over the place. For
    queries that join the inspection."""
    mine = literal(scope.holder) == any_(col(Inspection.inspectors))
    return or_(within(scope, FINDINGS), mine, within(scope, INSPECTIONS) if while_open else false())
