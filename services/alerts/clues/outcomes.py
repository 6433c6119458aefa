"""What became of a department's clues, for itself alone and by its own ids: from a cursor that can be kept, and as a
table. The event clue.answered says the same. No right on households is asked for, and nothing of one is told."""

import csv
import io
from datetime import UTC, datetime, time
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy import Select, any_, select, text
from sqlmodel import Session, col

from services.alerts.clues.answers import Moment
from services.alerts.clues.senders import own_batch, sender_of
from services.alerts.models.clues import Clue, ClueAnswer, ClueBatch, ClueReading
from services.alerts.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.web.paging import PagingDep
from services.kit.web.written import WrittenDay

router = APIRouter(tags=["clues"], dependencies=[allow("clue:send")])

BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else
WORDS = {"confirmed": "属实", "dismissed": "不属实", "discarded": "未匹配", "expired": "逾期未匹配"}

# A transaction that began earlier may commit later: what is older than every open one is final.
FINAL = text("clue_answer.xid < pg_snapshot_xmin(pg_current_snapshot())")
BEFORE = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1")
LAST = UUID(int=(1 << 128) - 1)


class OutcomeOut(BaseModel):
    """`records`: the sender's own ids. A clue that was answered twice is in it twice; the later counts. Under ids that
    came after the answer it is in it once more, as it was answered."""

    clue: UUID
    records: list[str]
    kind: str
    outcome: Literal["confirmed", "dismissed", "discarded", "expired"]
    code: str | None
    answered_at: Moment


class Outcomes(BaseModel):
    """`next` is never empty: come again with it."""

    rows: list[OutcomeOut]
    next: str


class CsvResponse(Response):
    media_type = "text/csv"


@router.get("/v1/clue-outcomes")
def list_clue_outcomes(
    session: SessionDep,
    paging: PagingDep,
    now: Now,
    since: Annotated[WrittenDay | None, Query(title="从哪一天起答复的")] = None,
) -> Outcomes:
    """In the order in which they were decided."""
    sender = sender_of(session)
    wanted = answers_to(sender.department, sender.county).where(FINAL)
    if since:
        midnight = datetime.combine(since, time.min, now.tzinfo)
        wanted = wanted.where(col(ClueAnswer.answered_at) >= midnight)
    before = int(session.execute(BEFORE).scalar_one())  # asked first: whatever is final by it is in the page
    rows, more = paging.read(session, wanted, col(ClueAnswer.xid), col(ClueAnswer.id))
    return Outcomes(rows=[told(answer, kind) for answer, kind in rows], next=more or paging.closed((before, LAST)))


@router.get("/v1/clue-batches/{batch_id}/outcomes", response_class=CsvResponse)
def get_clue_batch_outcomes(batch_id: UUID, session: SessionDep) -> CsvResponse:
    """CSV for a spreadsheet: a line for each answer under an id of the batch, as event and feed tell it."""
    return sheet_of(session, own_batch(session, batch_id))


def sheet_of(session: Session, batch: ClueBatch) -> CsvResponse:
    told_in = (ClueReading, col(ClueReading.clue_id) == col(ClueAnswer.clue_id))
    under_it = col(ClueReading.record_id) == any_(col(ClueAnswer.records))
    answers = answers_to(batch.department, batch.county).join(*told_in)
    wanted = answers.where(col(ClueReading.batch_id) == batch.id, under_it)
    ordered = wanted.add_columns(col(ClueReading.record_id)).order_by(col(ClueReading.seq), col(ClueAnswer.xid))
    sheet = io.StringIO()
    lines = csv.writer(sheet)
    lines.writerow(("记录编号", "线索类别", "结果", "结果代码", "原因代码", "答复时间"))
    for answer, kind, record_id in session.execute(ordered):
        at = answer.answered_at.astimezone(UTC).isoformat()
        lines.writerow((record_id, kind, WORDS[answer.outcome], answer.outcome, answer.code or "", at))
    name = {"Content-Disposition": f'attachment; filename="clue-outcomes-{batch.id}.csv"'}
    return CsvResponse((BOM + sheet.getvalue()).encode(), headers=name)


def answers_to(department: str, county: str) -> Select[ClueAnswer, str]:
    mine = (col(ClueAnswer.department) == department, col(ClueAnswer.county) == county)
    return select(ClueAnswer, col(Clue.kind)).join(Clue, col(Clue.id) == col(ClueAnswer.clue_id)).where(*mine)


def told(answer: ClueAnswer, kind: str) -> OutcomeOut:
    said = answer.model_dump(include=set(OutcomeOut.model_fields))
    return OutcomeOut.model_validate(said | {"clue": answer.clue_id, "kind": kind})
