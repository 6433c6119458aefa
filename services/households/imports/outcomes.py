"""What became of a file: for who sent it, row by row, also as a table that a clerk can mend from."""

import csv
import io
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import Select, select
from sqlmodel import Session, col

from services.households.models.imports import ImportBatch, ImportRow
from services.households.policy import allow
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.cells import ImportOut, Outcome, RowVerdict
from services.kit.web.errors import found
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/household-import-batches", tags=["imports"], dependencies=[allow("household:import")])

SHOWN = 1_000  # refused rows that stand in the answer itself
State = Literal["waiting", "under_way", "done", "refused", "undone"]
BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else


class BatchOut(ImportOut):
    """`problem` is the code of what made the file unfit as a whole; `mapping_of` the earlier file whose mapping, named
    for the same header, this one was taken by."""

    id: UUID
    kind: Literal["households", "members", "statements", "received", "measures", "cases"]
    state: State
    problem: Annotated[str | None, Field(title="整个文件不能导入的原因代码")]
    mapping_of: Annotated[UUID | None, Field(title="沿用了哪一次导入的列对应关系")]


class CsvResponse(Response):
    media_type = "text/csv"


@router.get("/{batch_id}")
def get_import_batch(batch_id: UUID, session: SessionDep) -> BatchOut:
    """The first thousand refused rows are in it; of somebody else's file the answer is 404."""
    return shown(session, own_batch(session, batch_id))


@router.get("/{batch_id}/rows")
def list_import_rows(
    batch_id: UUID, session: SessionDep, paging: PagingDep, outcome: Annotated[Outcome | None, Query()] = None
) -> Page[RowVerdict]:
    """In the order of the file."""
    wanted = rows_of(own_batch(session, batch_id), outcome)
    rows, following = paging.read(session, wanted, col(ImportRow.number))
    return Page(rows=[verdict_of(row) for (row,) in rows], next=following)


@router.get("/{batch_id}/refused-rows", response_class=CsvResponse)
def get_refused_rows(batch_id: UUID, session: SessionDep) -> CsvResponse:
    """CSV for a spreadsheet: a line for each fault, with the row's number in the file that was sent."""
    batch = own_batch(session, batch_id)
    sheet = io.StringIO()
    lines = csv.writer(sheet)
    lines.writerow(("行号", "列", "代码", "错误说明", "Reason"))
    for row in session.scalars(rows_of(batch, "refused").order_by(col(ImportRow.number))):
        lines.writerows((row.number, f["column"], f["code"], f["zh"], f["en"]) for f in row.faults)
    name = {"Content-Disposition": f'attachment; filename="refused-rows-{batch.id}.csv"'}
    return CsvResponse((BOM + sheet.getvalue()).encode(), headers=name)


def own_batch(session: Session, batch_id: UUID, *, lock: bool = False) -> ImportBatch:
    mine = select(ImportBatch).where(
        col(ImportBatch.id) == batch_id,
        col(ImportBatch.asked_by) == scope_of(session).holder,
        col(ImportBatch.kind).not_in(
            ("comparison", "member_comparison")
        ),  # of the register with another, which brings nothing in
    )
    return found(session.scalar(mine.with_for_update() if lock else mine))


def rows_of(batch: ImportBatch, outcome: str | None) -> Select[ImportRow]:
    wanted = select(ImportRow).where(col(ImportRow.batch_id) == batch.id)
    return wanted.where(col(ImportRow.outcome) == outcome) if outcome else wanted


def shown(session: Session, batch: ImportBatch) -> BatchOut:
    refused = session.scalars(rows_of(batch, "refused").order_by(col(ImportRow.number)).limit(SHOWN))
    return BatchOut(
        rows=batch.stored + batch.unchanged + batch.refused,
        refusals=[verdict_of(row) for row in refused],
        state=state_of(batch),
        **batch.model_dump(include={"id", "kind", "stored", "unchanged", "refused", "problem", "mapping_of"}),
    )


def verdict_of(row: ImportRow) -> RowVerdict:
    return RowVerdict.model_validate({"row": row.number, "outcome": row.outcome, "faults": row.faults})


def state_of(batch: ImportBatch) -> State:
    if batch.undone_at:
        return "undone"
    if batch.done_at:
        return "refused" if batch.problem else "done"
    return "under_way" if batch.reached > 1 else "waiting"
