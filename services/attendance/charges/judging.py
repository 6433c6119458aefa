"""What a charge must be to be written down: where it is, who bears it, and what its kind asks."""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.attendance.charges.contents import (
    ByCadre,
    ByPerson,
    CannotTakeOverThat,
    ChargeDaysWrong,
    ChargeIn,
    ChargeSaidWrongly,
)
from services.attendance.charges.kinds import RULES, KindRule, Level, refuse_unlisted
from services.attendance.models.charges import Charge
from services.attendance.models.teams import Cadre, Team, Unit
from services.attendance.reach import TEAMS, reachable_cadres
from services.kit.store.scope import Scope, within
from services.kit.web.errors import NotThere, found

MOST_AHEAD = timedelta(days=366)
LEVELS: dict[int, Level] = {6: "county", 9: "township", 12: "village"}


class Names(NamedTuple):
    bearer: str
    about: str | None


def division_of(session: Session, scope: Scope, sent: ChargeIn) -> str:
    """Where it belongs. Nobody writes where they hold no office."""
    if (sent.team_id is None) == (sent.division is None):
        raise ChargeSaidWrongly("division, team_id")
    if sent.division is None:
        wanted = select(col(Team.village)).where(col(Team.id) == sent.team_id, within(scope, TEAMS))
        return found(session.scalar(wanted))
    if not scope.covers(sent.division):
        raise NotThere
    return sent.division


def refuse_contents(session: Session, sent: ChargeIn, division: str, today: date, held: Charge | None) -> None:
    """A kind that has ended since stays said."""
    if held is None or held.kind != sent.kind:
        refuse_unlisted(session, division, sent.since, sent.kind)
    refuse_kind(sent, division)
    refuse_days(sent, today)
    if held and held.replaces != sent.replaces:
        raise CannotTakeOverThat


def refuse_kind(sent: ChargeIn, division: str) -> None:
    rule = RULES.get(sent.kind, KindRule())
    level = "team" if sent.team_id else LEVELS[len(division)]
    said = {"body": sent.body, "cadre": sent.about_cadre_id, "unit": sent.about_unit_id}
    given = {name for name, value in said.items() if value is not None}
    if sent.bearer.kind not in rule.bearers:
        raise ChargeSaidWrongly("bearer")
    if level not in rule.places:
        raise ChargeSaidWrongly("division" if sent.division else "team_id")
    wrong = (set(rule.needs) - given) | (given - set(rule.needs) - set(rule.may))
    if wrong or {"cadre", "unit"} <= given:
        raise ChargeSaidWrongly(", ".join(sorted(wrong or given)))
    if (sent.body is None) != (sent.function is None) or (sent.body and not sent.document_no):
        raise ChargeSaidWrongly("body, function, document_no")


def refuse_days(sent: ChargeIn, today: date) -> None:
    ends = sent.until is not None
    if ends != (sent.outcome is not None) or (sent.because and not ends) or sent.since > today + MOST_AHEAD:
        raise ChargeDaysWrong
    if sent.until and (sent.until != sent.since if sent.outcome == "mistake" else sent.until <= sent.since):
        raise ChargeDaysWrong


def names_of(session: Session, scope: Scope, sent: ChargeIn, held: Charge | None) -> Names:
    """As they are called now; who was named before stays named as they were."""
    about_id = sent.about_cadre_id or sent.about_unit_id
    about = None
    if held and about_id and about_id in (held.about_cadre_id, held.about_unit_id):
        about = held.about_name
    elif sent.about_cadre_id:
        about = cadre_named(session, scope, sent.about_cadre_id)
    elif sent.about_unit_id:
        about = unit_named(session, sent.about_unit_id)
    return Names(bearer_named(session, scope, sent, held), about)


def bearer_named(session: Session, scope: Scope, sent: ChargeIn, held: Charge | None) -> str:
    bearer = sent.bearer
    if isinstance(bearer, ByPerson):
        return bearer.name
    if held and bearer.id in (held.cadre_id, held.unit_id):
        return held.name
    return cadre_named(session, scope, bearer.id) if isinstance(bearer, ByCadre) else unit_named(session, bearer.id)


def cadre_named(session: Session, scope: Scope, cadre_id: UUID) -> str:
    """Nobody names whom they do not reach."""
    return found(session.scalar(select(col(Cadre.name)).where(col(Cadre.id) == cadre_id, reachable_cadres(scope))))


def unit_named(session: Session, unit_id: UUID) -> str:
    return found(session.get(Unit, unit_id)).name
