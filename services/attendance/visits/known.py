"""What is looked up before visits are judged: whose they are, where the households lie, what was stored before. A few
statements for any number of visits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre
from services.attendance.models.visits import Visit
from services.attendance.pairings.pairings import villages_of
from services.attendance.pairings.register import RegisterAway
from services.attendance.reach import reachable_cadres, reachable_pairings, reachable_visits
from services.attendance.visits.contents import VisitIn
from services.kit.store.scope import Scope, members_of, scope_of
from services.kit.store.sets import among
from services.kit.web.auth import Caller
from services.kit.web.errors import NotThere


@dataclass(frozen=True)
class Places:
    """Of households: the village in the register as the caller sees it, none while the register is away; and the
    pairings within reach."""

    scope: Scope
    register: Mapping[UUID, str] | None
    in_sets: Collection[UUID]
    pairings: Sequence[tuple[Pairing, bool]]  # whether it is the caller's own

    def village_of(self, household: UUID, day: date) -> str:
        """Where the caller holds an office today or is paired, or was on that day: what a leaver's phone still sends of
        days before is taken in. Refuses all others alike."""
        lies = (self.register or {}).get(household)
        if lies and (self.scope.covers(lies) or household in self.in_sets):
            return lies
        for pairing, own in self.pairings:
            held_then = pairing.household_id == household and pairing.valid.contains(day)
            if held_then and (own or self.scope.covers(pairing.village)):
                return lies or pairing.village
        raise RegisterAway if self.register is None else NotThere


@dataclass(frozen=True)
class Known:
    own: UUID | None
    cadres: Collection[UUID]  # within reach, and the caller's own
    places: Places
    stored: dict[UUID, Visit]
    corrected: set[UUID]


def ask_register(request: Request, caller: Caller, sent: Collection[VisitIn]) -> Mapping[UUID, str] | None:
    """Before the first statement: no connection waits for its answer. None while it is away: a phone's visits of the
    households it is paired with are stored all the same."""
    try:
        return villages_of(request, caller.token, {one.household_id for one in sent})
    except RegisterAway:
        return None


def look(session: Session, sent: Collection[VisitIn], register: Mapping[UUID, str] | None) -> Known:
    """Locks the cadres in order before anything of them is read: repeats wait for each other here."""
    scope = scope_of(session)
    named = {one.cadre_id for one in sent if one.cadre_id}
    within_reach = or_(reachable_cadres(scope), col(Cadre.account) == scope.holder)
    meant: ColumnElement[bool] = or_(among(col(Cadre.id), named), col(Cadre.account) == scope.holder)
    cadres = session.scalars(
        select(Cadre).where(within_reach, meant).order_by(col(Cadre.id)).with_for_update(key_share=True)
    ).all()
    own = next((cadre.id for cadre in cadres if cadre.account == scope.holder), None)
    ids = {one.id for one in sent} | {one.corrects for one in sent if one.corrects}
    stored = session.scalars(select(Visit).where(among(col(Visit.id), ids), reachable_visits(scope)))
    corrected = session.scalars(select(col(Visit.corrects)).where(among(col(Visit.corrects), ids)))
    return Known(
        own,
        {cadre.id for cadre in cadres},
        places(session, {one.household_id for one in sent}, register, own),
        {visit.id: visit for visit in stored},
        {visit for visit in corrected if visit},
    )


def places(
    session: Session, households: Collection[UUID], register: Mapping[UUID, str] | None, own: UUID | None
) -> Places:
    scope = scope_of(session)
    of_these = among(col(Pairing.household_id), households)
    pairings = session.scalars(select(Pairing).where(of_these, reachable_pairings(scope)))
    return Places(
        scope,
        register,
        set(session.scalars(members_of(scope))) & set(households) if scope.sets else set(),
        [(pairing, pairing.cadre_id == own) for pairing in pairings],
    )
