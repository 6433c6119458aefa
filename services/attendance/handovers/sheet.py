"""The sheet of a hand-over: all that somebody leaves and who takes it, computed whenever it is read, and its hash."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import func, select, true
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.attendance.handovers.handovers import Thing, reachable_handover, told
from services.attendance.models.handovers import Handover, HandoverHousehold, HandoverSignature
from services.attendance.models.leave import Leave
from services.attendance.models.pairings import Pairing
from services.attendance.models.visits import RoundTask, VisitRound
from services.attendance.pairings.pairings import Kind
from services.attendance.policy import allow
from services.attendance.visits.sheet import NOT_TRIED, best_visit, its_round
from services.kit.store.db import UnboundSessionDep
from services.kit.store.sets import among

router = APIRouter(prefix="/v1/handovers/{handover_id}", tags=["handovers"])

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", title="交接单摘要（SHA-256）")]
Because = Literal["gone", "ill", "dead", "no_account"]


class HouseholdLine(BaseModel):
    """A pairing that holds on the day or begins after it."""

    pairing_id: UUID
    household_id: UUID
    kind: Kind
    village: str
    valid_from: date
    valid_until: date | None
    taker: Annotated[UUID | None, Field(title="接收人")]


class VisitsDue(BaseModel):
    """The open rounds in which nobody of a household has been reached."""

    household_id: UUID
    round_ids: Annotated[list[UUID], Field(title="尚待走访的摸排轮次")]


class LeaveLine(BaseModel):
    """A leave or absence on duty of who leaves that reaches the day. Never its kind."""

    leave_id: UUID
    state: str
    first_day: date
    last_day: date


class Sheet(BaseModel):
    """Its JSON, in this order and without spaces, in UTF-8, is what the hash is of."""

    id: UUID
    cadre_id: UUID
    day: date
    document_no: str
    takers: list[UUID]
    households: list[HouseholdLine]
    things: list[Thing]
    not_held: Annotated[list[UUID], Field(title="列入名单但并非由移交人结对的农户")]


class SignatureOut(BaseModel):
    """`capacity`: self, by the own account; office, who holds a signed paper. `current`: over the sheet as it is."""

    cadre_id: UUID
    party: Literal["giver", "taker"]
    capacity: Literal["self", "office"]
    because: Because | None
    paper_no: str | None
    hash: Hash
    current: bool
    signed_by: str
    signed_at: datetime


class HandoverSheetOut(BaseModel):
    """`visits_due` and `leaves` stand beside what is signed: they change from day to day, and move nothing."""

    sheet: Sheet
    hash: Hash
    without_owner: Annotated[int, Field(title="尚无接收人的项数")]
    signatures: list[SignatureOut]
    unsigned: Annotated[list[UUID], Field(title="尚未就当前内容签字的人")]
    visits_due: list[VisitsDue]
    leaves: list[LeaveLine]
    effected_by: str | None
    effected_at: datetime | None


@dataclass(frozen=True)
class Computed:
    sheet: Sheet
    text: str
    held: Sequence[Pairing]  # as they were read; none of what has taken effect

    @property
    def hash(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @property
    def without_owner(self) -> int:
        takers = [one.taker for one in self.sheet.households] + [one.taker for one in self.sheet.things]
        return takers.count(None)


@router.get("/sheet", dependencies=[allow("handover:read")])
def get_handover_sheet(handover_id: UUID, session: UnboundSessionDep) -> HandoverSheetOut:
    """Whole, to everybody who signs it, wherever the households lie; after it took effect as it was signed."""
    return shown(session, reachable_handover(session, handover_id))


def shown(session: Session, row: Handover) -> HandoverSheetOut:
    computed = compute(session, row)
    signed = signatures(session, row)
    told_of = [signature(row, one, computed.hash) for one in signed]
    current = {one.cadre_id for one in told_of if one.current}
    return HandoverSheetOut(
        sheet=computed.sheet, hash=computed.hash, without_owner=computed.without_owner, signatures=told_of,
        unsigned=[one for one in parties(row) if one not in current],
        visits_due=visits_due(session, {one.household_id for one in computed.sheet.households}),
        leaves=leaves_beyond(session, row.cadre_id, row.day), effected_by=row.effected_by,
        effected_at=row.effected_at,
    )  # fmt: skip


def parties(row: Handover) -> list[UUID]:
    return [row.cadre_id, *row.taker_ids]


def signatures(session: Session, row: Handover) -> Sequence[HandoverSignature]:
    """Of whoever is a party still: who was named a taker once and is none now, has signed nothing."""
    wanted = select(HandoverSignature).where(
        col(HandoverSignature.handover_id) == row.id, col(HandoverSignature.cadre_id).in_(parties(row))
    )
    return session.scalars(wanted.order_by(col(HandoverSignature.cadre_id))).all()


def signature(row: Handover, one: HandoverSignature, now: str) -> SignatureOut:
    party = "giver" if one.cadre_id == row.cadre_id else "taker"
    said = one.model_dump(exclude={"handover_id"}) | {"party": party, "current": one.hash == now}
    return SignatureOut.model_validate(said | {"capacity": "office" if one.because else "self"})


def compute(session: Session, row: Handover) -> Computed:
    """The same statements for any number of households."""
    if row.sheet is not None:
        return Computed(Sheet.model_validate_json(row.sheet), row.sheet, ())
    held = pairings_left(session, row.cadre_id, row.day)
    named = takers_of(session, row.id)
    sheet = Sheet(
        **row.model_dump(include={"id", "cadre_id", "day", "document_no"}),
        takers=row.taker_ids,
        households=[line(one, named.get(one.household_id, row.rest_to)) for one in held],
        things=told(session, [row])[0].things,
        not_held=sorted(named.keys() - {one.household_id for one in held}),
    )
    return Computed(sheet, sheet.model_dump_json(), held)


def pairings_left(session: Session, cadre: UUID, day: date) -> Sequence[Pairing]:
    """What holds on the day and what begins later: neither stays behind. Whether they are posted does not matter."""
    wanted = select(Pairing).where(col(Pairing.cadre_id) == cadre, col(Pairing.valid).op("&&")(Range(day, None)))
    return session.scalars(wanted.order_by(col(Pairing.household_id), col(Pairing.kind), col(Pairing.valid))).all()


def takers_of(session: Session, handover: UUID) -> Mapping[UUID, UUID]:
    named = select(HandoverHousehold).where(col(HandoverHousehold.handover_id) == handover)
    return {one.household_id: one.taker_id for one in session.scalars(named)}


def visits_due(session: Session, households: Collection[UUID]) -> list[VisitsDue]:
    best = best_visit()
    wanted = select(col(RoundTask.household_id), col(RoundTask.round_id)).select_from(RoundTask)
    wanted = wanted.join(VisitRound, its_round()).outerjoin(best, true())
    wanted = wanted.where(
        among(col(RoundTask.household_id), households),
        col(VisitRound.opened_at).is_not(None),
        col(VisitRound.closed_at).is_(None),
        func.coalesce(best.c.outcome, NOT_TRIED).in_((NOT_TRIED, "not_reached")),
    )
    rounds = defaultdict(list)
    for household, number in session.execute(wanted.order_by(col(RoundTask.round_id))):
        rounds[household].append(number)
    return [VisitsDue(household_id=home, round_ids=rounds[home]) for home in sorted(rounds)]


def leaves_beyond(session: Session, cadre: UUID, day: date) -> list[LeaveLine]:
    wanted = select(Leave).where(
        col(Leave.cadre_id) == cadre, col(Leave.last_day) >= day, col(Leave.state).in_(("requested", "approved"))
    )
    rows = session.scalars(wanted.order_by(col(Leave.first_day), col(Leave.id)))
    return [LeaveLine(leave_id=one.id, **one.model_dump(include={"state", "first_day", "last_day"})) for one in rows]


def line(one: Pairing, taker: UUID | None) -> HouseholdLine:
    said = one.model_dump(include={"household_id", "kind", "village"})
    days = {"valid_from": one.valid.lower, "valid_until": one.valid.upper}
    return HouseholdLine.model_validate(said | days | {"pairing_id": one.id, "taker": taker})
