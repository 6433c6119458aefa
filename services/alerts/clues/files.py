"""Lists of departments that have no system: a table the county's office uploads for them. Its rows are lines of a batch
from there on, taken in and judged as any other; the office reads the verdicts by the rows of its table."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.clues.batches import BatchOut, Outcome, RowOut, begin, cancelled, page_of_rows
from services.alerts.clues.contents import MOST_LINES
from services.alerts.clues.kinds import kinds_of
from services.alerts.clues.outcomes import CsvResponse, sheet_of
from services.alerts.models.clues import ClueBatch
from services.alerts.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sheets import Row, read_sheet

router = APIRouter(
    prefix="/v1/clue-imports", tags=["clues"], route_class=Repeatable, dependencies=[allow("clue:import")]
)

NUMBER = "证件号码"
FIELDS: Mapping[str, str] = {
    "记录编号": "record_id",
    "线索类别": "kind",
    NUMBER: "id_number",
    "姓名": "name",
    "数据日期": "data_on",
    "乡镇或村代码": "place",
    "金额": "amount",
    "金额单位": "unit",
    "金额口径": "semantics",
    "预警标准": "threshold_version",
    "反馈层级": "tier",
    "备注": "note",
}
HEADERS, OPTIONAL = tuple(FIELDS)[:5], tuple(FIELDS)[5:]
WORDS: Mapping[str, Mapping[str, str]] = {
    "金额口径": {"累计": "cumulative", "当期": "period", "单笔": "single"},
    "反馈层级": {"省": "province", "市": "city", "县": "county"},
}


@router.post("", status_code=202, openapi_extra=repeatable(HEADER, KEPT_FOR))
def create_clue_import(
    file: Annotated[UploadFile, File()],
    division: Annotated[str, Form(pattern=r"^[0-9]{6}$", title="县级区划代码")],
    department: Annotated[str, Form(pattern=r"^[a-z][a-z0-9-]{1,39}$", title="部门")],
    request: Request,
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    now: Now,
    replaces: Annotated[UUID | None, Query(title="替换哪一批")] = None,
) -> BatchOut:
    """XLSX or CSV (UTF-8, GB18030) with the Chinese headers of docs/clues.md, in the name of a department. `replaces`:
    a list of the same department that the caller has uploaded."""
    if not scope_of(session).covers(division):
        raise NotThere
    if replaces:
        own_import(session, replaces)
    names = {kind.zh: key for key, kind in kinds_of(session, division).items()}
    rows = read_sheet(file.file.read(), HEADERS, OPTIONAL, most=MOST_LINES)
    batch = ClueBatch(
        id=uuid4(),
        department=department,
        sender=caller.subject,
        county=division,
        replaces=replaces,
        content=b"",
        lines=0,
        received_at=now,
    )
    tell(request, batch.id, division=division)
    return begin(request, response, session, batch, b"\n".join(lines_from(rows, names)))


@router.get("/{batch_id}")
def get_clue_import(batch_id: UUID, session: SessionDep) -> BatchOut:
    """Of whoever uploaded it."""
    return BatchOut.of(own_import(session, batch_id))


@router.get("/{batch_id}/rows")
def list_clue_import_rows(
    batch_id: UUID, session: SessionDep, paging: PagingDep, outcome: Annotated[Outcome | None, Query()] = None
) -> Page[RowOut]:
    """`line` is the row as the spreadsheet shows it."""
    return page_of_rows(session, paging, own_import(session, batch_id), outcome)


@router.get("/{batch_id}/outcomes", response_class=CsvResponse)
def get_clue_import_outcomes(batch_id: UUID, session: SessionDep) -> CsvResponse:
    """To hand back to the department: CSV, by its own record ids."""
    return sheet_of(session, own_import(session, batch_id))


@router.put("/{batch_id}/cancellation", openapi_extra=repeatable("path"))
def put_clue_import_cancellation(batch_id: UUID, session: SessionDep, now: Now) -> BatchOut:
    """What the list told is withdrawn, but for what an office has answered. Cancelled again, nothing changes."""
    return cancelled(session, own_import(session, batch_id, lock=True), now)


def own_import(session: Session, batch_id: UUID, *, lock: bool = False) -> ClueBatch:
    mine = select(ClueBatch).where(col(ClueBatch.id) == batch_id, col(ClueBatch.sender) == scope_of(session).holder)
    return found(session.scalar(mine.with_for_update() if lock else mine))


def lines_from(rows: Iterable[Row], kinds: Mapping[str, str]) -> Iterator[bytes]:
    """Each at the number the spreadsheet shows: the header and blank rows are blank lines."""
    reached = 1
    yield b""
    for row in rows:
        yield from [b""] * (row.number - reached - 1)
        reached = row.number
        yield json.dumps(said_by(row, kinds), ensure_ascii=False).encode()


def said_by(row: Row, kinds: Mapping[str, str]) -> dict[str, str]:
    """A number that a spreadsheet has made a figure of has lost its last digits: it is left out, and so refused."""
    words = {**WORDS, "线索类别": kinds}
    told = {
        header: cell for header, cell in row.cells.items() if cell and (header != NUMBER or NUMBER not in row.numbers)
    }
    return {FIELDS[header]: words.get(header, {}).get(cell, cell) for header, cell in told.items()}
