"""结对帮扶: who answers for which household, of each kind one at a time. Pairing is seeing: see grant_pairings.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from psycopg.errors import ExclusionViolation
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.grants.pairings import grant_pairings
from services.attendance.models.pairings import Pairing
from services.attendance.pairings.register import Register, RegisterAway
from services.attendance.policy import allow
from services.attendance.reach import reachable_cadre, reachable_pairings
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/pairings", tags=["pairings"])

Kind = Literal["assistant", "leader"]
KINDS = {"帮扶责任人": "assistant", "包户领导": "leader"}
TURN = "pairings"  # one writer at a time: who ends somebody's pairing must know of all


class PairingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cadre_id: Annotated[UUID, Field(title="帮扶人")]
    household_id: Annotated[UUID, Field(title="农户")]
    kind: Annotated[Kind, Field(title="类别")] = "assistant"
    valid_from: Annotated[WrittenDay, Field(title="起始日")]
    valid_until: Annotated[WrittenDay | None, Field(title="失效日")] = None  # the first day it no longer holds
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class PairingOut(PairingIn):
    id: UUID
    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="农户所在村代码")]  # when it was written

    @classmethod
    def of(cls, pairing: Pairing) -> Self:
        days = {"valid_from": pairing.valid.lower, "valid_until": pairing.valid.upper}
        return cls.model_validate(pairing.model_dump(exclude={"valid", "set_id", "household_version"}) | days)


@dataclass(frozen=True)
class Change:
    """A pairing as it shall be; the row we have of it; and the one it ends."""

    wanted: PairingOut
    held: Pairing | None = None
    ends: Pairing | None = None


class PairedAlready(DomainError):
    status = 409
    zh = "这户在这段时间已有同类的结对。"
    en = "The household is paired in that kind for some of those days."


class PairedForAnother(DomainError):
    status = 409
    zh = "这个编号已用于另一人、另一户或另一类的结对。"
    en = "That id stands for the pairing of another cadre, household or kind."


class EndsBeforeItBegins(DomainError):
    zh = "失效日必须晚于起始日。"
    en = "A pairing ends after the day it begins."


class NotToOneself(DomainError):
    status = 403
    zh = "不能给自己授权。"
    en = "Nobody pairs a household with themselves."


@router.put("/{pairing_id}", dependencies=[allow("pairing:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_pairing(
    pairing_id: UUID,
    body: PairingIn,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    edit: EditDep,
    now: Now,
) -> PairingOut:
    """Begins a pairing of a household that the caller sees in the register, or changes its days. If the household has
    somebody else of that kind, their pairing ends on the day this one begins: so a household is moved. Seen and no
    longer seen in every service within two seconds."""
    lie = villages_of(request, caller.token, [body.household_id])
    cadre = reachable_cadre(session, body.cadre_id)
    if cadre.account == caller.subject:
        raise NotToOneself
    if body.valid_until and body.valid_until <= body.valid_from:
        raise EndsBeforeItBegins
    one_at_a_time(session)
    held = session.get(Pairing, pairing_id)
    village = found(village_of(lie, body.household_id, days_of(body), held))
    if not scope_of(session).covers(village):
        raise NotThere
    wanted = PairingOut(id=pairing_id, village=village, **body.model_dump())
    edit.check(PairingOut.of(held) if held else None, wanted)
    pair(session, held, wanted, now)
    edit.told(wanted)
    return wanted


@router.get("", dependencies=[allow("pairing:read")])
def list_pairings(
    session: SessionDep,
    paging: PagingDep,
    cadre_id: UUID | None = None,
    household_id: UUID | None = None,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
    day: Annotated[WrittenDay | None, Query(title="当日有效")] = None,
) -> Page[PairingOut]:
    """Those that ended too, unless a day is named. One's own wherever they lie."""
    wanted = select(Pairing).where(reachable_pairings(scope_of(session)))
    wanted = wanted.where(col(Pairing.village).startswith(village_prefix))
    if cadre_id:
        wanted = wanted.where(col(Pairing.cadre_id) == cadre_id)
    if household_id:
        wanted = wanted.where(col(Pairing.household_id) == household_id)
    if day:
        wanted = wanted.where(col(Pairing.valid).contains(day))
    rows, following = paging.read(session, wanted, col(Pairing.id))
    return Page(rows=[PairingOut.of(pairing) for (pairing,) in rows], next=following)


@router.get("/{pairing_id}", dependencies=[allow("pairing:read")], responses=SEEN)
def get_pairing(pairing_id: UUID, session: SessionDep, edit: EditDep) -> PairingOut:
    wanted = select(Pairing).where(col(Pairing.id) == pairing_id, reachable_pairings(scope_of(session)))
    shown = PairingOut.of(found(session.scalar(wanted)))
    edit.told(shown)
    return shown


def villages_of(request: Request, token: str, households: Collection[UUID]) -> Mapping[UUID, str]:
    """By the register of this process; one that has none pairs nobody."""
    register: Register | None = request.app.state.register
    if register is None:
        raise RegisterAway
    return register.villages(token, households)


def village_of(lie: Mapping[UUID, str], household: UUID, days: Range[date], held: Pairing | None) -> str | None:
    """Where the register shows it. What is paired and shown no more is where it was, for days it is paired already:
    so that a pairing can be ended whatever became of the household."""
    if household in lie or held is None or held.household_id != household:
        return lie.get(household)
    return held.village if held.valid.contains(days) else None


def one_at_a_time(session: Session) -> None:
    take_turn(session, TURN)


def pair(session: Session, held: Pairing | None, wanted: PairingOut, now: datetime) -> None:
    """Refuses a second of the kind, also one that lies where the caller sees nothing."""
    fixed = (wanted.cadre_id, wanted.household_id, wanted.kind)
    if held and (held.cadre_id, held.household_id, held.kind) != fixed:
        raise PairedForAnother
    same = select(Pairing).where(
        col(Pairing.household_id) == wanted.household_id, col(Pairing.kind) == wanted.kind, col(Pairing.id) != wanted.id
    )
    try:
        write(session, [Change(wanted, held, make_room(list(session.scalars(same)), wanted))], now)
    except IntegrityError as error:
        raise PairedAlready if isinstance(error.orig, ExclusionViolation) else NotThere from error


def days_of(wanted: PairingIn) -> Range[date]:
    return Range(wanted.valid_from, wanted.valid_until)


def make_room(others: Sequence[Pairing], wanted: PairingOut) -> Pairing | None:
    """The open one that ends when this begins, if there is one."""
    days, ended = days_of(wanted), None
    for other in others:
        if other.valid.overlaps(days):
            if other.valid.upper is not None or not (other.valid.lower and other.valid.lower < wanted.valid_from):
                raise PairedAlready
            ended = other
    return ended


def write(session: Session, changes: Sequence[Change], now: datetime) -> None:
    """What ends comes before what begins, else both would hold at once for a moment."""
    ended = [change.ends for change in changes if change.ends]
    for change in changes:
        if change.ends:
            change.ends.valid = Range(change.ends.valid.lower, change.wanted.valid_from)
    session.flush()
    for change in changes:
        wanted, days = change.wanted, days_of(change.wanted)
        row = change.held or Pairing(valid=days, **wanted.model_dump(exclude={"valid_from", "valid_until"}))
        row.village, row.document_no, row.valid = wanted.village, wanted.document_no, days
        session.add(row)
    grant_pairings(session, {row.cadre_id for row in ended} | {change.wanted.cadre_id for change in changes}, now)
