"""部门线索批次: a department sends what it found, and reads what became of each line by its own ids.

A batch is accepted whole and taken in by the worker (taking.py). The id it is sent under is the sender's own: the same
lines under it again are the same batch, others are refused. What was wrong is replaced by another batch, or cancelled.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Body, Header, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.alerts.clues.contents import counted, digest, inflated, keep
from services.alerts.clues.purge import KEPT_DAYS
from services.alerts.clues.senders import Sender, own_batch, sender_of
from services.alerts.clues.taking import DATA_DAYS, TAKE
from services.alerts.clues.withdrawing import withdraw_batch
from services.alerts.models.clues import Clue, ClueBatch, ClueReading, ClueRow
from services.alerts.policy import allow
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.reference import standard
from services.kit.store.sets import among
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.operations import accepted
from services.kit.web.paging import Page, Paging, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/clue-batches", tags=["clues"], dependencies=[allow("clue:send")])

NDJSON = "application/x-ndjson"
Outcome = Literal["stored", "changed", "same", "refused"]
Person = Literal["waiting", "known", "unknown"]
Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]


class BatchOut(BaseModel):
    """`stored`: clues that are new; `changed`: readings of clues that are known; `same`: said before. `problem` is the
    code of what made it unfit as a whole."""

    id: UUID
    department: str
    state: Literal["waiting", "under_way", "done", "refused", "withdrawn"]
    replaces: UUID | None
    lines: int
    stored: int
    changed: int
    same: int
    refused: int
    problem: str | None
    received_at: Moment
    done_at: Moment | None

    @classmethod
    def of(cls, batch: ClueBatch) -> Self:
        return cls(state=state_of(batch), **batch.model_dump(include=set(cls.model_fields) - {"state"}))


class RowOut(BaseModel):
    """`record_id` is the sender's own; empty where the line had none that could be read. `person`: whether the register
    knows the person under that number and name, as it stands now; empty where the line was refused or withdrawn."""

    line: int
    record_id: str | None
    outcome: Outcome
    person: Annotated[Person | None, Field(title="是否在册")]
    code: Annotated[str | None, Field(title="不予接收的原因代码")]


class BatchSentBefore(DomainError):
    status = 409
    zh = "这个批次编号已用于另一批内容不同的线索。"
    en = "That id stands for another batch of clues."


class NotToBeReplaced(DomainError):
    zh = "要替换的批次不存在、尚未办完或已撤回。"
    en = "The batch that is to be replaced is not there, not yet done, or withdrawn already."


@router.put("/{batch_id}", status_code=202, openapi_extra=repeatable("path"))
def put_clue_batch(
    batch_id: UUID,
    content: Annotated[bytes, Body(media_type=NDJSON, min_length=1, title="线索（每行一条 JSON）")],
    request: Request,
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    now: Now,
    replaces: Annotated[UUID | None, Query(title="替换哪一批")] = None,
    content_encoding: Annotated[Literal["gzip", "identity"], Header(title="内容压缩方式")] = "identity",
) -> BatchOut:
    """Lines of JSON, 50,000 at most, gzip allowed (docs/clues.md). What they say is judged line by line by the worker:
    the address of the operation is in `Location`."""
    lines = inflated(content, gzip=content_encoding == "gzip")
    sender = sender_of(session)
    batch = ClueBatch(
        id=batch_id,
        department=sender.department,
        sender=caller.subject,
        county=sender.county,
        replaces=replaces,
        content=b"",
        lines=0,
        received_at=now,
    )
    return begin(request, response, session, batch, lines)


def begin(request: Request, response: Response, session: Session, batch: ClueBatch, lines: bytes) -> BatchOut:
    """Stored, and asked for: the same again is the same operation while it is open."""
    for key in (DATA_DAYS, KEPT_DAYS):
        standard(session, key, batch.county, batch.received_at.date())  # refuses while the county has not said
    stored = store(session, request.app.state.seal.pinned(), batch, lines)
    tell(request, lines=stored.lines)
    accepted(response, "alerts", enqueue(session, TAKE, str(stored.id), batch.received_at, asked_by=stored.sender))
    return BatchOut.of(stored)


def store(session: Session, seal: Seal, batch: ClueBatch, lines: bytes) -> ClueBatch:
    """The batch of that id with these lines, new or as it was sent before."""
    batch.lines, said = counted(lines), f"{batch.replaces} {digest(lines)}"
    held = session.get(ClueBatch, batch.id, with_for_update=True)
    if held:
        if held.department != batch.department or held.content not in seal.indexes(said):
            raise BatchSentBefore
        return held
    if batch.replaces:
        refuse_unless_done(session, batch)
    batch.content = seal.index(said)
    session.add(batch)
    try:
        session.flush()
    except IntegrityError as error:
        raise BatchSentBefore from error
    keep(session, seal, batch.id, lines)
    return batch


def refuse_unless_done(session: Session, batch: ClueBatch) -> None:
    mine = Sender(batch.department, batch.county).owns(ClueBatch)
    held = session.scalar(select(ClueBatch).where(col(ClueBatch.id) == batch.replaces, mine))
    if held is None or held.done_at is None or held.withdrawn_at is not None:
        raise NotToBeReplaced


@router.get("")
def list_clue_batches(session: SessionDep, paging: PagingDep) -> Page[BatchOut]:
    """Of the department, the latest first."""
    wanted = select(ClueBatch).where(sender_of(session).owns(ClueBatch))
    rows, following = paging.read(session, wanted, col(ClueBatch.received_at), col(ClueBatch.id), descending=True)
    return Page(rows=[BatchOut.of(batch) for (batch,) in rows], next=following)


@router.get("/{batch_id}")
def get_clue_batch(batch_id: UUID, session: SessionDep) -> BatchOut:
    return BatchOut.of(own_batch(session, batch_id))


@router.get("/{batch_id}/rows")
def list_clue_batch_rows(
    batch_id: UUID, session: SessionDep, paging: PagingDep, outcome: Annotated[Outcome | None, Query()] = None
) -> Page[RowOut]:
    """In the order of the lines."""
    return page_of_rows(session, paging, own_batch(session, batch_id), outcome)


def page_of_rows(session: Session, paging: Paging, batch: ClueBatch, outcome: Outcome | None) -> Page[RowOut]:
    wanted = select(ClueRow).where(col(ClueRow.batch_id) == batch.id)
    if outcome:
        wanted = wanted.where(col(ClueRow.outcome) == outcome)
    page, following = paging.read(session, wanted, col(ClueRow.number))
    rows = [row for (row,) in page]
    people = people_of(session, batch, rows)
    return Page(rows=[shown(row, people) for row in rows], next=following)


def shown(row: ClueRow, people: Mapping[str | None, Person]) -> RowOut:
    person = None if row.outcome == "refused" else people.get(row.record_id)
    told = row.model_dump(include={"record_id", "outcome", "code"})
    return RowOut.model_validate(told | {"line": row.number, "person": person})


def people_of(session: Session, batch: ClueBatch, rows: Sequence[ClueRow]) -> Mapping[str | None, Person]:
    """By the id of the line."""
    told = select(col(ClueReading.record_id), col(Clue.state), col(Clue.household)).join(
        Clue, col(Clue.id) == col(ClueReading.clue_id)
    )
    stands = told.where(col(ClueReading.batch_id) == batch.id, col(ClueReading.withdrawn_at).is_(None))
    mine = stands.where(among(col(ClueReading.record_id), [row.record_id for row in rows if row.record_id]))
    return {record: person_of(state, household) for record, state, household in session.execute(mine)}


def person_of(state: str, household: UUID | None) -> Person:
    if household:
        return "known"
    return "waiting" if state == "waiting" else "unknown"


@router.put("/{batch_id}/cancellation", openapi_extra=repeatable("path"))
def put_clue_batch_cancellation(batch_id: UUID, session: SessionDep, now: Now) -> BatchOut:
    """What it told is withdrawn, but for what an office has answered. Cancelled again, nothing changes."""
    return cancelled(session, own_batch(session, batch_id, lock=True), now)


def cancelled(session: Session, batch: ClueBatch, now: datetime) -> BatchOut:
    """Its row is locked."""
    if batch.withdrawn_at is None:
        withdraw_batch(session, batch, now)
    return BatchOut.of(batch)


def state_of(batch: ClueBatch) -> Literal["waiting", "under_way", "done", "refused", "withdrawn"]:
    if batch.withdrawn_at:
        return "withdrawn"
    if batch.done_at:
        return "refused" if batch.problem else "done"
    return "under_way" if batch.reached else "waiting"
