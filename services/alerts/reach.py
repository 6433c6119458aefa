"""Which alerts and sweeps a request may touch: every query of this service goes through here."""

from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, false, literal, or_, select
from sqlmodel import Session, col

from services.alerts.models.clues import Clue
from services.alerts.models.facts import HouseholdFacts
from services.alerts.models.reports import Report
from services.alerts.models.rules import RuleDraft, ShadowFinding
from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.models.tasks import Task
from services.alerts.models.visits import VisitClue
from services.alerts.models.watch import Alert, Rule
from services.kit.store.scope import Placed, Scope, scope_of
from services.kit.web.errors import found

ALERTS = Placed(division=col(Alert.division), subject=col(Alert.subject))
TASKS = Placed(division=col(Task.division), subject=col(Task.subject))
CLUES = Placed(division=col(VisitClue.division), subject=col(VisitClue.subject))
DEPARTMENT_CLUES = Placed(division=col(Clue.division), subject=col(Clue.household))  # type: ignore[arg-type]  # what has none is in no set
FACTS = Placed(division=col(HouseholdFacts.division), subject=col(HouseholdFacts.subject))
REPORTS = Placed(division=col(Report.division))
SHADOWS = Placed(division=col(ShadowFinding.division), subject=col(ShadowFinding.subject))
GAPS = Placed(division=col(SweepGap.division), subject=col(SweepGap.subject))


def reachable_sweeps(scope: Scope) -> ColumnElement[bool]:
    """A sweep is a county's figures: read by whom it covers, above or below, and where figures may be read."""
    return or_(false(), *(col(Sweep.county).startswith(county) for county in counties_of(scope)))


def counties_of(scope: Scope) -> list[str]:
    return [place[:6] for place in (*scope.divisions, *scope.figures)]


def covers_figures(scope: Scope, county: str) -> bool:
    """The same, of a county that no row tells of."""
    return any(county.startswith(place) for place in counties_of(scope))


def reachable_drafts(scope: Scope) -> ColumnElement[bool]:
    """A rule's draft is no personal record: read where it would judge, and by whom its place belongs to."""
    return above_at_or_below(scope, col(RuleDraft.division))


def reachable_rules(scope: Scope) -> ColumnElement[bool]:
    """Its versions alike; the product's are of every place."""
    return or_(col(Rule.division) == "", above_at_or_below(scope, col(Rule.division)))


def above_at_or_below(scope: Scope, place: SQLColumnExpression[str]) -> ColumnElement[bool]:
    ways = ((place.startswith(held), literal(held).startswith(place)) for held in scope.divisions)
    return or_(false(), *(way for both in ways for way in both))


def reachable_sweep(session: Session, sweep_id: UUID) -> Sweep:
    wanted = select(Sweep).where(col(Sweep.id) == sweep_id, reachable_sweeps(scope_of(session)))
    return found(session.scalar(wanted))
