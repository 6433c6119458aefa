"""The division tree as a county keeps it. Village codes are no longer published, so a county imports its own list."""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Literal

from fastapi import APIRouter, File, Query, Request, UploadFile
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlmodel import Session, col

from services.county.policy import allow
from services.county.reference import announce
from services.kit.store.db import Now, SessionDep
from services.kit.store.reference import next_version
from services.kit.store.tables import Division
from services.kit.web.audited import tell
from services.kit.web.cells import CellRefused, ImportOut, RowReader, RowVerdict, one_of, text_up_to
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.sheets import Row, read_sheet

router = APIRouter(tags=["divisions"], route_class=Repeatable)

LEVELS = {
    "province": 2,
    "city": 4,
    "county": 6,
    "township": 9,
    "village": 12,
}  # digits of a code (GB/T 2260, 10114)
HEADERS = ("code", "name", "level", "parent_code")

WRITE = text(
    """
    INSERT INTO division (code, name, level, parent_code, version)
    SELECT code, name, level, parent_code, :version
    FROM unnest(CAST(:code AS text[]), CAST(:name AS text[]), CAST(:level AS text[]), CAST(:parent_code AS text[]))
         AS sent (code, name, level, parent_code)
    ON CONFLICT (code) DO UPDATE SET name = excluded.name, level = excluded.level,
        parent_code = excluded.parent_code, version = excluded.version
    WHERE (division.name, division.level, division.parent_code)
          IS DISTINCT FROM (excluded.name, excluded.level, excluded.parent_code)
    RETURNING code
    """
)


Level = Literal["province", "city", "county", "township", "village"]
Parent = Annotated[str | None, Query(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$", title="上级区划")]


class DivisionOut(BaseModel):
    code: str
    name: str
    level: str
    parent_code: str | None


@router.post(
    "/v1/division-imports",
    status_code=201,
    dependencies=[allow("frame:write")],
    openapi_extra=repeatable(HEADER, KEPT_FOR),
)
def create_division_import(
    file: Annotated[UploadFile, File()], request: Request, session: SessionDep, now: Now
) -> ImportOut:
    """CSV or XLSX with code, name, level, parent_code. Sending the same file again changes nothing."""
    content = file.file.read()
    rows = list(read_sheet(content, HEADERS))
    tell(request, rows=len(rows), sha256=sha256(content).hexdigest())
    return import_divisions(session, rows, now)


@router.get("/v1/divisions", dependencies=[allow("frame:read")])
def list_divisions(
    session: SessionDep, paging: PagingDep, parent: Parent = None, level: Level | None = None
) -> Page[DivisionOut]:
    """By code. Other services follow `/v1/reference/divisions` instead."""
    wanted = select(Division)
    if parent:
        wanted = wanted.where(col(Division.code).startswith(parent, autoescape=True), col(Division.code) != parent)
    if level:
        wanted = wanted.where(col(Division.level) == level)
    rows, following = paging.read(session, wanted, col(Division.code))
    return Page(rows=[DivisionOut(**row.model_dump()) for (row,) in rows], next=following)


def import_divisions(session: Session, rows: Sequence[Row], now: datetime) -> ImportOut:
    read = [read_row(row) for row in rows]
    sound = [division for division, verdict in read if division and verdict.outcome == "stored"]
    version = next_version(session, "divisions")
    columns = {name: [getattr(division, name) for division in sound] for name in HEADERS}
    written = set(session.scalars(WRITE, columns | {"version": version}))
    for division, verdict in read:
        if division and verdict.outcome == "stored" and division.code not in written:
            verdict.outcome = "unchanged"
    announce(session, "divisions", version, now)
    return ImportOut.of([verdict for _, verdict in read])


def read_row(row: Row) -> tuple[DivisionOut | None, RowVerdict]:
    reader = RowReader(row)
    code = reader.read("code", digits)
    name = reader.read("name", text_up_to(100))
    level = reader.read("level", one_of({level: level for level in LEVELS}))
    parent = reader.read("parent_code", digits, needed=False)
    if code and level and len(code) != LEVELS[level]:
        digits_wanted = LEVELS[level]
        reader.refuse(
            "code",
            "wrong-length",
            f"这一级的代码应为 {digits_wanted} 位。",
            f"Here a code has {digits_wanted} digits.",
        )
    if code and parent and not code.startswith(parent):
        reader.refuse(
            "parent_code",
            "not-the-parent",
            "上级代码应是本级代码的前缀。",
            "A parent's code starts its child's.",
        )
    if code and name and level and not reader.faults:
        return DivisionOut(code=code, name=name, level=level, parent_code=parent), reader.verdict()
    return None, reader.verdict()


def digits(text: str) -> str:
    if not re.fullmatch(r"[0-9]{2,12}", text):
        raise CellRefused("not-a-code", "代码须为 2 至 12 位数字。", "A code has two to twelve digits.")
    return text
