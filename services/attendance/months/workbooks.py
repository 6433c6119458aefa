"""The sheet of a team and the statement of allowances as workbooks: to print, to sign, to hand on."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlmodel import col
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from services.attendance.models.months import AllowanceLine
from services.attendance.months.allowances import KEYS, seen_by
from services.attendance.months.sheets import MonthPath, its_sheet, month_of
from services.attendance.policy import allow
from services.attendance.presence.day_rule import STATUSES
from services.kit.store.db import SessionDep, Today, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError

router = APIRouter(tags=["months"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 20_000  # rows
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # of a file whose bytes say nothing of when it was asked for
LABELS = ("在岗", "公务外出", "请假", "休息", "待核实", "无依据")
SHEET = ("姓名", "派出单位", "所属月份", *LABELS)
STATEMENT = ("姓名", "派出单位", "村代码", "所属月份", "标准（元/日）", "文号", "天数", "金额（元）")
STATES = {"open": "未确认", "confirmed": "已确认，未定稿", "changed": "确认后有变化，未定稿", "frozen": "已定稿"}


class WorkbookFile(Response):
    media_type = XLSX


class MoreRowsThanAFileHolds(DomainError):
    status = 409
    zh = "行数过多，请按乡镇或村分别导出。"
    en = "There are too many rows. Ask for one township or village at a time."


@router.get(
    "/v1/month-sheets/{month}/teams/{team_id}/workbook",
    dependencies=[allow("month:read")],
    response_class=WorkbookFile,
)
def get_month_workbook(
    month: MonthPath, team_id: UUID, session: UnboundSessionDep, caller: CallerDep, today: Today
) -> WorkbookFile:
    """As the sheet is read. A frozen one has the same bytes each time."""
    sheet = its_sheet(session, caller, team_id, month_of(month), today)
    rows: list[Sequence[str]] = [
        (one.name, one.unit, f"{one.of_month:%Y-%m}", *(str(getattr(one, status)) for status in STATUSES))
        for one in (*sheet.lines, *sheet.differences)
    ]
    rows.append(("", "", f"{month} {STATES[sheet.state]}"))
    return WorkbookFile(workbook(SHEET, rows), headers=named(f"month-{month}"))


@router.get("/v1/allowances/{month}/workbook", dependencies=[allow("month:read")], response_class=WorkbookFile)
def get_allowance_workbook(
    month: MonthPath,
    session: SessionDep,
    caller: CallerDep,
    village_prefix: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", title="村代码前缀")] = "",
) -> WorkbookFile:
    """Of what the caller may read; the sum stands last."""
    here = (col(AllowanceLine.month) == month_of(month), col(AllowanceLine.village).startswith(village_prefix))
    wanted = select(AllowanceLine).where(*here, seen_by(caller, scope_of(session)))
    lines = session.scalars(wanted.order_by(*(getattr(AllowanceLine, name) for name in KEYS)).limit(MOST + 1)).all()
    if len(lines) > MOST:
        raise MoreRowsThanAFileHolds
    rows: list[Sequence[str]] = [
        (one.name, one.unit, one.village, f"{one.of_month:%Y-%m}", yuan(one.rate), one.document_no, str(one.days),
         yuan(one.amount))
        for one in lines
    ]  # fmt: skip
    rows.append(
        ("合计", "", "", "", "", "", str(sum(one.days for one in lines)), yuan(sum(one.amount for one in lines)))
    )
    return WorkbookFile(workbook(STATEMENT, rows), headers=named(f"allowances-{month}"))


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}


def workbook(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Every cell is text: a name that looks like a formula stays asleep."""
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True}) as book:
        book.set_properties({"created": NEVER})
        sheet = book.add_worksheet()
        sheet.set_column(0, len(headers) - 1, 14, book.add_format({"num_format": "@"}))
        for number, row in enumerate((headers, *rows)):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
    return file.getvalue()
