"""A report as a workbook: a sheet for each of its tables, numbers as numbers, and on each page whose copy it is."""

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from services.alerts.policy import allow
from services.alerts.reporting.contents import (
    Figures,
    OfADepartment,
    OfAlerts,
    OfARound,
    OfAStep,
    OfCases,
    OfTasks,
    OfVisiting,
)
from services.alerts.reporting.reports import ReportOut, reachable_report, shown
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.web.auth import CallerDep

router = APIRouter(prefix="/v1/reports", tags=["reports"])

Cell: TypeAlias = str | int | float | None
Sheet: TypeAlias = tuple[str, Sequence[str], Iterable[Sequence[Cell]]]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NEVER = datetime(2000, 1, 1, tzinfo=UTC)  # of a file whose bytes say nothing of when it was asked for
UNKNOWN = "无法得知"
STATES = {"open": "进行中", "closed": "已办结"}
SPANS = {"week": "周报", "month": "月报"}


class ReportWorkbook(Response):
    media_type = XLSX


@router.get("/{report_id}/workbook", dependencies=[allow("report:read")], response_class=ReportWorkbook)
def get_report_workbook(report_id: UUID, session: UnboundSessionDep, caller: CallerDep, now: Now) -> ReportWorkbook:
    """A signed one has the same bytes each time for whoever asks."""
    report = shown(session, reachable_report(session, report_id), now)
    name = f"report-{report.span}-{report.first}-{report.division}-{report.version}"
    file = workbook(sheets_of(report.figures), mark_of(report, caller.subject, now))
    return ReportWorkbook(file, headers={"Content-Disposition": f'attachment; filename="{name}.xlsx"'})


def mark_of(report: ReportOut, account: str, now: datetime) -> str:
    held = f"简报编号 {report.id} · 第 {report.version} 版 · 导出账号 {account}"
    if report.signed_at:
        return f"{held} · {report.signed_at.astimezone(now.tzinfo):%Y-%m-%d %H:%M} 由 {report.signed_by} 签发"
    return f"{held} · {now:%Y-%m-%d %H:%M} · 草稿，未签发"


def titles(model: type[BaseModel]) -> list[str]:
    """Of its numbers, as the schema calls them."""
    return [told.title for told in model.model_fields.values() if told.title]


def numbers(told: BaseModel | None, model: type[BaseModel]) -> list[Cell]:
    names = [name for name, field in model.model_fields.items() if field.title]
    return [getattr(told, name) if told else None for name in names]


def sheets_of(told: Figures) -> Iterable[Sheet]:
    rows: list[tuple[str, Cell]] = [
        ("地区代码", told.division), ("地区", told.name), ("类别", SPANS[told.span]),
        ("起", told.first.isoformat()), ("止", told.last.isoformat()), ("数据截至", f"{told.until:%Y-%m-%d %H:%M}"),
    ]  # fmt: skip
    for part in (told.alerts, told.tasks, told.visits, told.visit_clues, told.coverage):
        rows += zip(titles(type(part)), numbers(part, type(part)), strict=True)
    for held, model in ((told.cases, OfCases), (told.visiting, OfVisiting)):
        rows += zip(titles(model), numbers(held, model), strict=True)
    yield "总览", ("项目", "数字"), [(name, listed(value)) for name, value in rows]
    yield (
        "全量筛查", ("月份", "登记户数", "已判定户数", "未能判定户数"),
        [(f"{one.period:%Y-%m}", one.registered, one.judged, one.not_judged) for one in told.sweeps],
    )  # fmt: skip
    yield "预警", ("规则", *titles(OfAlerts)), [(one.zh, *numbers(one, OfAlerts)) for one in told.rules]
    yield (
        "部门线索", ("部门", *titles(OfADepartment)),
        [(one.department, *numbers(one, OfADepartment)) for one in told.departments],
    )  # fmt: skip
    yield "案卷环节", ("环节", "案卷数", "超期数"), [of_step(one) for one in told.steps]
    yield (
        "摸排轮次", ("名称", "起", "止", "状态", *titles(OfARound)),
        [(one.name, f"{one.first_day}", f"{one.last_day}", STATES[one.state], *numbers(one, OfARound))
         for one in told.rounds],
    )  # fmt: skip
    yield (
        "各地", ("代码", "名称", "已有信息户数", "未能判定户数", *titles(OfAlerts), *titles(OfTasks), *titles(OfCases),
               *titles(OfVisiting)),
        [
            (one.division, one.name or "", one.households, one.not_judged, *numbers(one.alerts, OfAlerts),
             *numbers(one.tasks, OfTasks), *numbers(one.cases, OfCases), *numbers(one.visiting, OfVisiting))
            for one in told.places
        ],
    )  # fmt: skip


def of_step(one: OfAStep) -> Sequence[Cell]:
    return one.zh, one.open, one.overdue


def listed(value: Cell | list[str]) -> Cell:
    return "、".join(value) or "无" if isinstance(value, list) else value


def workbook(sheets: Iterable[Sheet], mark: str) -> bytes:
    """Whatever is not a number is written as text, so that no formula wakes; what is not known says so."""
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True}) as book:
        book.set_properties({"created": NEVER})
        for name, headers, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.set_column(0, len(headers) - 1, 16)
            sheet.set_footer(f"&C{mark.replace('&', '&&')}")
            number = 0
            for number, row in enumerate((headers, *rows)):
                for column, cell in enumerate(row):
                    if isinstance(cell, int | float):
                        sheet.write_number(number, column, cell)
                    else:
                        sheet.write_string(number, column, UNKNOWN if cell is None else cell)
            sheet.write_string(number + 1, 0, mark)
    return file.getvalue()
