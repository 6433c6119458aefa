"""The draw: each village has its turn by the hash of the seed and its code, those kept out are passed over, and the
first so many are drawn (docs/inspections.md). Whoever has the seed and the list draws the same again."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlmodel import Session, col

from services.attendance.inspections.contents import InspectionClosed, InspectionOut, KeptOut
from services.attendance.inspections.inspections import InspectionDaysWrong, governed, readable
from services.attendance.models.inspections import Inspection, InspectionVillage
from services.attendance.policy import allow
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.reference import StandardKey, StandardMissing, standard
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/inspections/{inspection_id}", tags=["inspections"])

OWN_TOWNSHIP = StandardKey(
    "inspection_avoids_own_township",
    "number",
    "1 为回避",
    "督查人员回避本乡镇",
    "Inspectors keep out of their own township",
)
TOWNSHIP = 9  # digits


class TooFewToDraw(DomainError):
    """`detail`: how many there are."""

    status = 409
    zh = "回避之后可抽取的村少于应抽村数。"
    en = "Fewer villages are left to draw from than are to be drawn."


class InspectorUnknown(DomainError):
    """`detail`: which of them in the order's list, from 1."""

    status = 409
    zh = "查不到该督查人员的任职，无法判断应回避的村。"
    en = "Nothing is known of where that inspector serves, so no village can be kept out."


class Turn(NamedTuple):
    village: str
    kept_out: KeptOut | None


class VillageTurn(BaseModel):
    """`drawn` follows from `turn`: the first so many that nothing keeps out."""

    turn: int
    village: str
    kept_out: KeptOut | None
    drawn: bool


def in_turn(seed: str, villages: Iterable[str]) -> list[str]:
    """By sha256 of "seed:code", as hexadecimal."""
    return sorted(villages, key=lambda village: hashlib.sha256(f"{seed}:{village}".encode()).hexdigest())


def turns(seed: str, villages: Iterable[str], own: Collection[str], *, townships: bool) -> list[Turn]:
    """`own`: codes of villages and townships. A township keeps out its villages only where the county says so."""
    return [Turn(village, kept_out(village, own, townships=townships)) for village in in_turn(seed, villages)]


def kept_out(village: str, own: Collection[str], *, townships: bool) -> KeptOut | None:
    if village in own:
        return "own_village"
    if townships and village[:TOWNSHIP] in {place[:TOWNSHIP] for place in own}:
        return "own_township"
    return None


def drawn(told: Sequence[Turn], how_many: int) -> list[str]:
    free = [one.village for one in told if one.kept_out is None]
    if len(free) < how_many:
        raise TooFewToDraw(str(len(free)))
    return free[:how_many]


@router.put("/draw", dependencies=[allow("inspection:write")], openapi_extra=repeatable("path"))
def put_inspection_draw(inspection_id: UUID, session: UnboundSessionDep, caller: CallerDep, now: Now) -> InspectionOut:
    """Once, with a seed of the service's own making: nobody chooses it, and nobody draws again until it suits. Among
    the villages as they are now, which are kept with it."""
    one = governed(session, inspection_id)
    if one.withdrawn_at:
        raise InspectionClosed
    if one.drawn_at is None:
        if one.last_day < now.date():
            raise InspectionDaysWrong
        seed = secrets.token_hex(16)
        own = own_places(session, one.inspectors, min(one.first_day, now.date()), one.last_day)
        refuse_unknown(session, one.inspectors)
        keep = keeps_townships_out(session, one.division, now.date())
        told = turns(seed, population(session, one), own, townships=keep)
        one.villages, one.seed = drawn(told, one.how_many), seed
        one.drawn_by, one.drawn_at = caller.subject, now
        session.flush()
        freeze(session, one.id, told)
    return InspectionOut.of(one)


@router.get("/population", dependencies=[allow("inspection:read")])
def list_inspection_population(
    inspection_id: UUID, session: SessionDep, caller: CallerDep, paging: PagingDep
) -> Page[VillageTurn]:
    """What it was drawn from, in turn: frozen with the draw, empty before."""
    one = readable(session, inspection_id, caller)
    wanted = select(InspectionVillage).where(col(InspectionVillage.inspection_id) == one.id)
    rows, following = paging.read(session, wanted, col(InspectionVillage.turn))
    chosen = set(one.villages)
    return Page(rows=[VillageTurn(**row.model_dump(), drawn=row.village in chosen) for (row,) in rows], next=following)


POPULATION = {
    "villages": text("SELECT code FROM division WHERE length(code) = 12 AND code ^@ CAST(:division AS text)"),
    "team_villages": text(
        "SELECT DISTINCT t.village FROM team t JOIN posting p ON p.team_id = t.id"
        " WHERE t.village ^@ CAST(:division AS text) AND p.valid && daterange(:first, :last, '[]')"
    ),
}


def population(session: Session, one: Inspection) -> list[str]:
    """With a team: one that has somebody posted on a day of the inspection."""
    days = {"first": one.first_day, "last": one.last_day} if one.among == "team_villages" else {}
    return list(session.scalars(POPULATION[one.among], days | {"division": one.division}))


# Where they are posted, where they have households, and what they hold an office of.
OWN = text(
    """
    SELECT t.village FROM cadre c JOIN posting p ON p.cadre_id = c.id JOIN team t ON t.id = p.team_id
    WHERE c.account = ANY (CAST(:accounts AS text[])) AND p.valid && daterange(:first, :last, '[]')
    UNION
    SELECT p.village FROM cadre c JOIN pairing p ON p.cadre_id = c.id
    WHERE c.account = ANY (CAST(:accounts AS text[])) AND p.valid && daterange(:first, :last, '[]')
    UNION
    SELECT place FROM access_grant
    WHERE holder = ANY (CAST(:accounts AS text[])) AND kind = 'division' AND length(place) >= :township
      AND NOT revoked AND valid && daterange(:first, :last, '[]')
    """
)
KNOWN = text(
    """
    SELECT account FROM unnest(CAST(:accounts AS text[])) AS account
    WHERE EXISTS (SELECT FROM cadre c WHERE c.account = account.account)
       OR EXISTS (SELECT FROM access_grant g WHERE g.holder = account.account AND NOT g.revoked)
    """
)


def own_places(session: Session, accounts: Sequence[str], first: date, last: date) -> set[str]:
    told = {"accounts": list(accounts), "first": first, "last": last, "township": TOWNSHIP}
    return set(session.scalars(OWN, told))


def refuse_unknown(session: Session, accounts: Sequence[str]) -> None:
    known = set(session.scalars(KNOWN, {"accounts": list(accounts)}))
    for at, account in enumerate(accounts, 1):
        if account not in known:
            raise InspectorUnknown(str(at))


def keeps_townships_out(session: Session, division: str, day: date) -> bool:
    """Off where no document has said so."""
    try:
        return standard(session, OWN_TOWNSHIP, division, day) == 1
    except StandardMissing:
        return False


def freeze(session: Session, inspection_id: UUID, told: Sequence[Turn]) -> None:
    session.add_all(
        InspectionVillage(inspection_id=inspection_id, village=one.village, turn=turn, kept_out=one.kept_out)
        for turn, one in enumerate(told, 1)
    )
    session.flush()
