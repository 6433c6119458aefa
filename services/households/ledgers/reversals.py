"""冲销: an entry that was a mistake stays, and another one takes its amounts back, line by line, from a day on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.households.ledgers.contents import EntryOut, EntryRecordedBefore
from services.households.ledgers.entries import lines_held, read_whole, reversal_of, said_in, write
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.policy import allow
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/ledger-entries", tags=["ledgers"], route_class=Repeatable)


class ReversalIn(BaseModel):
    """`id` is the reversal's own. `day`: from when on it counts no longer; that of the entry, for what never was so."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    day: Annotated[WrittenDay, Field(title="冲销日")]
    because: Annotated[str, Field(min_length=4, max_length=200, title="冲销原因")]
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="文号")] = None


class ReversedBefore(DomainError):
    status = 409
    zh = "这一笔已经冲销，或者它本身就是冲销；请另行登记。"
    en = "That entry is reversed already, or is a reversal itself. Record it anew."


class ReversalDayWrong(DomainError):
    zh = "冲销日不能早于这一笔的日期，也不能晚于今天。"
    en = "An entry is reversed neither before its own day nor after today."


@router.post(
    "/{entry_id}/reversal",
    status_code=201,
    dependencies=[allow("ledger:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_ledger_reversal(
    entry_id: UUID,
    body: ReversalIn,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> EntryOut:
    """The whole of an entry. What was partly right is reversed and recorded anew."""
    scope = scope_of(session)
    take_turn(session, f"ledger-entry:{entry_id}")
    entry = session.get(LedgerEntry, entry_id)
    if entry is None or not scope.covers(entry.division):
        raise NotThere
    tell(request, body.id, division=entry.division)
    row, lines = reversing(session, entry, body)
    row.recorded_by, row.recorded_at = caller.subject, now
    held = session.get(LedgerEntry, body.id)
    if held is None:
        if entry.reverses or reversal_of(session, entry.id):
            raise ReversedBefore
        if not entry.day <= body.day <= today:
            raise ReversalDayWrong
        write(session, row, lines)
        return EntryOut.whole(row, None, lines)
    if said_in(held, lines_held(session, held.id)) != said_in(row, lines):
        raise EntryRecordedBefore
    return read_whole(session, held.id)


def reversing(session: Session, entry: LedgerEntry, body: ReversalIn) -> tuple[LedgerEntry, list[LedgerLine]]:
    """What the entry says, with its amounts taken back."""
    said = body.model_dump() | {"amount": -entry.amount, "reverses": entry.id, "until": None}
    row = LedgerEntry(**entry.model_dump() | said)
    lines = lines_held(session, entry.id)
    return row, [LedgerLine(**line.model_dump() | {"entry_id": row.id, "amount": -line.amount}) for line in lines]
