"""Attendance: the presence. Who is posted where, and what was seen of them there."""

from services.attendance.settings import AttendanceSettings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(AttendanceSettings, "client_secret")

from fastapi import FastAPI
from sqlalchemy import Engine, make_url

from services.attendance import inbox
from services.attendance.activities import activities, terms
from services.attendance.activities import figures as activity_figures
from services.attendance.activities.recording import RECORDED as ACTIVITY_RECORDED
from services.attendance.charges import charges, gaps, grid, kinds
from services.attendance.charges import counts as charge_counts
from services.attendance.facts import KIND
from services.attendance.handovers import effect, handovers, left, signing
from services.attendance.handovers import sheet as handover_sheets
from services.attendance.imports import files as imports
from services.attendance.inspections import drawing, ending, findings, inspections
from services.attendance.leave import decisions, reading, requests, returns
from services.attendance.models import SEALED
from services.attendance.models.facts import TeamFacts
from services.attendance.months import allowances, confirming, freezing, sheets, workbooks
from services.attendance.pairings import answering, pairings
from services.attendance.pairings.register import Register
from services.attendance.personnel import figures as personnel_figures
from services.attendance.personnel import records, steps
from services.attendance.policy import RIGHTS, allow
from services.attendance.presence import cadre_days, check_in_batches, check_ins, day_corrections, team_days
from services.attendance.presence.entries import RECORDED
from services.attendance.presence.recording import record
from services.attendance.sync import down, up
from services.attendance.teams import cadres, posting_ends, staffing, stations, teams, units, villages
from services.attendance.visits import batches, figures, month, rounds, sheet, visits
from services.attendance.visits.telling import RECORDED as VISIT_RECORDED
from services.kit.post.facts import CHANGED, IN_BULK, facts
from services.kit.post.feed import feed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import READ_GRANTS, grants
from services.kit.post.hearing import READ_FACTS, EventType
from services.kit.post.outstanding import outstanding
from services.kit.post.receivers import Allowed
from services.kit.post.subscriptions import subscriptions
from services.kit.settings import Settings
from services.kit.store.db import connect
from services.kit.store.key_check import read_seal
from services.kit.store.lanes import Lanes
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.logs import log_lines
from services.kit.web.operations import operations
from services.kit.web.trail import trail

PUBLISHED = {
    RECORDED: EventType("有一次到岗登记（不含位置）", "check-in:read"),
    VISIT_RECORDED: EventType("登记或更正了一次走访（只含编号和类别）", "visit:read"),
    ACTIVITY_RECORDED: EventType("登记、更正或撤回了一次活动（只含编号、类别和日期）", "activity:read"),
    charges.RECORDED: EventType("登记、更正或终止了一项责任（只含编号、类别和日期）", "charge:read"),
    records.RECORDED: EventType("一名干部的人事记录有变化（不含类别和内容）", "personnel:read-all"),
    inspections.ORDERED: EventType("县里安排了一次督查（只含编号和方式）", "inspection:write"),
    ending.CLOSED: EventType("一次督查已办结（只含编号、方式和村数）", "inspection:read"),
    "leave.requested": EventType("有一份请假或公务外出申请（不含类别和事由）", "leave:hear"),
    "leave.approved": EventType("一份请假或公务外出已获批准", "leave:hear"),
    "leave.refused": EventType("一份请假或公务外出未获批准", "leave:hear"),
    "leave.cancelled": EventType("一份请假或公务外出已撤销", "leave:hear"),
    "leave.passed_on": EventType("一份请假或公务外出已报上一级审批", "leave:hear"),
    "leave.returned": EventType("一名干部已销假", "leave:hear"),
    "leave.return_overdue": EventType("一名干部逾期未销假", "leave:hear"),
    effect.DONE: EventType("一次交接已生效（只含编号）", "handover:read"),
    CHANGED: EventType("一支工作队的事实有变化（含数值）", READ_FACTS),
    IN_BULK: EventType("一个地方的事实成批变化", READ_FACTS),
    GRANT_CHANGED: EventType("任职或授权有变化（不含内容）", READ_GRANTS),
}

ROUTERS = [
    check_ins.straight,  # first: what thousands ask for is found first
    check_in_batches.straight,
    check_ins.router,
    team_days.router,
    teams.router,
    cadres.router,
    posting_ends.router,
    staffing.router,
    stations.router,
    pairings.router,
    answering.router,
    left.router,
    handovers.router,
    handover_sheets.router,
    signing.router,
    effect.router,
    villages.router,
    imports.router,
    visits.router,
    batches.router,
    month.router,
    rounds.router,
    sheet.router,
    figures.router,
    activities.router,
    activity_figures.router,
    terms.router,
    charges.router,
    charge_counts.router,
    grid.router,
    gaps.router,
    kinds.router,
    units.router,
    records.router,
    steps.router,
    personnel_figures.router,
    inspections.router,
    drawing.router,
    findings.router,
    ending.router,
    requests.router,
    reading.router,
    decisions.router,
    returns.router,
    cadre_days.router,
    day_corrections.router,
    sheets.router,
    confirming.router,
    freezing.router,
    allowances.router,
    workbooks.router,
    down.router,
    up.router,
    facts("attendance", allow, {KIND: TeamFacts}),
    grants("attendance", allow),
    subscriptions("attendance", allow, RIGHTS, PUBLISHED),
    feed("attendance", allow, RIGHTS, PUBLISHED),
    outstanding("attendance", allow),
    trail("attendance", allow),
    operations("attendance", RIGHTS),
    inbox.router,
]


def create(
    settings: Settings, engine: Engine | None = None, keys: Keys | None = None, register: Register | None = None
) -> FastAPI:
    engine = engine or connect(settings.dsn, statement_seconds=settings.statement_seconds)
    lanes = Lanes(make_url(settings.work_dsn) if settings.database_url else engine.url, settings.slot_of("api"), record)
    return create_app(
        settings,
        ROUTERS,
        title="Shouwang attendance",
        engine=engine,
        keys=keys,
        alongside=lanes.open,
        state={
            "seal": read_seal(settings, engine, SEALED),
            "lanes": lanes,
            "register": register,
            "places": ("division", "village"),
            "allowed": Allowed.read(settings),
            "client_secret": settings.secret("client_secret"),
        },
    )


if __name__ == "__main__":
    log_lines(SETTINGS.service, "api")
    serve(create(SETTINGS, register=Register.at(SETTINGS.households_url)), SETTINGS.port)
