"""台账: what was given, received, spent or counted is written down once, read back, and never changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.ledgers.contents import Division, EntryIn, EntryLine, EntryOut, EntryRecordedBefore
from services.households.ledgers.judging import kind_of, lines_of, refuse_whole
from services.households.ledgers.kinds import KindOut
from services.households.ledgers.points import refuse_overspent
from services.households.ledgers.terms import KindKey
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.policy import allow
from services.households.undertakings.money import refuse_undertaking
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import Placed, scope_of, scoped, within
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/ledger-entries", tags=["ledgers"], route_class=Repeatable)

HOUSEHOLD: Any = LedgerLine.household_id  # empty where a line is of no household: no set holds it
LINES = Placed(division=col(LedgerLine.division), subject=HOUSEHOLD)
REVERSAL = aliased(LedgerEntry)
SAID = (
    "kind", "division", "shape", "nature", "unit", "goods", "day", "until", "amount", "precision", "actor_kind",
    "actor_id", "actor_label", "fund_source", "document_no", "part_of", "part_certain", "reverses", "because",
    "undertaking_id",
)  # fmt: skip


@router.post("", status_code=201, dependencies=[allow("ledger:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_ledger_entry(
    body: EntryIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> EntryOut:
    """Of a place the caller holds, for households and persons the caller reaches. A mistake is reversed and recorded
    anew."""
    kind = kind_of(session, body, today)
    for one in sorted({body.id, *([body.part_of.entry_id] if body.part_of else ())}):
        take_turn(session, f"ledger-entry:{one}")  # nor is the whole reversed meanwhile
    tell(request, body.id, division=body.division, lines=len(body.lines))
    row, lines = row_of(body, kind, caller.subject, now), lines_of(session, body)
    held = session.get(LedgerEntry, body.id)
    if held is None:
        refuse_whole(session, body, kind)
        refuse_undertaking(session, row, lines)
        refuse_overspent(session, row, lines)
        write(session, row, lines)
        return EntryOut.whole(row, None, lines)
    if said_in(held, lines_held(session, held.id)) != said_in(row, lines):
        raise EntryRecordedBefore
    return read_whole(session, held.id)


@router.get("", dependencies=[allow("ledger:read")])
def list_ledger_entries(
    session: SessionDep,
    paging: PagingDep,
    division: Division,
    kind: KindKey | None = None,
    household_id: UUID | None = None,
    day_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    day_to: Annotated[WrittenDay | None, Query(title="截止日")] = None,
) -> Page[EntryLine]:
    """The newest first, reversals and what they reverse among them: those a line of which lies in the place."""
    line = select(LedgerLine).where(col(LedgerLine.entry_id) == col(LedgerEntry.id))
    line = line.where(col(LedgerLine.division).startswith(division), within(scope_of(session), LINES))
    if household_id:
        line = line.where(col(LedgerLine.household_id) == household_id)
    reversed_by = select(col(REVERSAL.id)).where(col(REVERSAL.reverses) == col(LedgerEntry.id)).scalar_subquery()
    wanted = select(LedgerEntry, reversed_by).where(exists(line.correlate(LedgerEntry)))
    if kind:
        wanted = wanted.where(col(LedgerEntry.kind) == kind)
    if day_from:
        wanted = wanted.where(col(LedgerEntry.day) >= day_from)
    if day_to:
        wanted = wanted.where(col(LedgerEntry.day) <= day_to)
    rows, following = paging.read(session, wanted, col(LedgerEntry.day), col(LedgerEntry.id), descending=True)
    return Page(rows=[EntryLine.of(row, undone) for row, undone in rows], next=following)


@router.get("/{entry_id}", dependencies=[allow("ledger:read")])
def get_ledger_entry(entry_id: UUID, session: SessionDep) -> EntryOut:
    """With those of its lines that are within reach."""
    return read_whole(session, entry_id)


def row_of(sent: EntryIn, kind: KindOut, who: str, now: datetime) -> LedgerEntry:
    said = sent.model_dump(exclude={"lines", "actor", "part_of"})
    if sent.actor:
        said |= {f"actor_{name}": value for name, value in sent.actor.model_dump().items()}
    if sent.part_of:
        said |= {"part_of": sent.part_of.entry_id, "part_certain": sent.part_of.certain}
    return LedgerEntry(**said, shape=kind.shape, nature=kind.nature, recorded_by=who, recorded_at=now)


def write(session: Session, row: LedgerEntry, lines: Sequence[LedgerLine]) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of an entry elsewhere
        raise EntryRecordedBefore from error
    session.add_all(lines)
    session.flush()


def lines_held(session: Session, entry_id: UUID) -> Sequence[LedgerLine]:
    wanted = select(LedgerLine).where(col(LedgerLine.entry_id) == entry_id).order_by(col(LedgerLine.number))
    return session.scalars(scoped(session, wanted, LINES)).all()


def said_in(row: LedgerEntry, lines: Sequence[LedgerLine]) -> tuple[object, ...]:
    """What the sender said of it: by whom and when it was written is the first one's."""
    return ({name: getattr(row, name) for name in SAID}, [line.model_dump() for line in lines])


def read_whole(session: Session, entry_id: UUID) -> EntryOut:
    """An entry no line of which is within reach is not there."""
    lines = lines_held(session, entry_id)
    if not lines:
        raise NotThere
    return EntryOut.whole(session.get_one(LedgerEntry, entry_id), reversal_of(session, entry_id), lines)


def reversal_of(session: Session, entry_id: UUID) -> UUID | None:
    return session.scalar(select(col(LedgerEntry.id)).where(col(LedgerEntry.reverses) == entry_id))
