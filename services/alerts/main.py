"""Alerts: the watch. What follows from facts, for every household each month, and who hears of it."""

from services.kit.settings import Settings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(Settings, "client_secret")

from datetime import datetime

from fastapi import FastAPI
from sqlalchemy import Engine

from services.alerts import alerts, counts, inbox
from services.alerts.clues import answering, answers, batches, clues, current, files, kinds, outcomes, queue
from services.alerts.clues import taking as clue_taking
from services.alerts.drafting import drafts, effect, overrides, preview, versions
from services.alerts.facts import coverage, history
from services.alerts.models import SEALED
from services.alerts.policy import RIGHTS, allow
from services.alerts.reporting import bulletins, reports, signing, workbooks
from services.alerts.rules import rules, vocabulary
from services.alerts.silence import answers as rule_answers
from services.alerts.sweep import overdue
from services.alerts.sweep import sweeps as sweep
from services.alerts.tasks import escalation, taking, tasks, yields
from services.alerts.telling import inbox as notices
from services.alerts.telling import log, own_texts, preferences, untold
from services.kit.post.feed import feed
from services.kit.post.hearing import EventType
from services.kit.post.outstanding import outstanding
from services.kit.post.receivers import Allowed
from services.kit.post.subscriptions import subscriptions
from services.kit.store.db import connect
from services.kit.store.key_check import read_seal
from services.kit.store.readings import together
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.logs import log_lines
from services.kit.web.operations import operations
from services.kit.web.trail import trail

PUBLISHED = {
    "alert.opened": EventType("一条规则开始成立", "alert:read"),
    "alert.closed": EventType("一条规则不再成立", "alert:read"),
    clues.ANSWERED: EventType("一条走访线索已答复（只含编号、类别和原因代码）", "clue:read"),
    clue_taking.RECEIVED: EventType("一批部门线索已读完（只含各行结果的计数）", "clue:send"),
    current.MATCHED: EventType("一条部门线索已匹配到户，或其等级有变化（只含编号、类别和等级）", "clue:read"),
    answering.ANSWERED: EventType("一条部门线索已答复（只含报送单位自己的记录编号和结果）", "clue:send"),
    "task.opened": EventType("一户有了入户任务（不含姓名）", "task:read"),
    taking.CHANGED: EventType("一个入户任务的事由、期限或办理情况有变化", "task:read"),
    "task.closed": EventType("一个入户任务已办结，或事由已全部消除", "task:read"),
    escalation.ESCALATED: EventType("一个入户任务超期，已报上一级", "task:read"),
    signing.SIGNED: EventType("一份周报或月报已签发（只含编号、期间和版本）", "report:read"),
    effect.CHANGED: EventType("一条规则有了新版本（只含代码、版本、方式和生效日）", "alert:read"),
    "sweep.certified": EventType("一个月的全量筛查已完成并出具证明", "alert:read"),
}

ROUTERS = [
    alerts.router,
    coverage.router,
    counts.router,
    clues.router,
    answers.router,
    queue.router,
    batches.router,
    outcomes.router,
    files.router,
    kinds.router,
    tasks.router,
    taking.router,
    yields.router,
    overdue.router,
    rules.router,
    vocabulary.router,
    drafts.router,
    preview.router,
    effect.router,
    versions.router,
    overrides.router,
    rule_answers.router,
    history.router,
    sweep.router,
    notices.router,
    log.router,
    own_texts.router,
    preferences.router,
    reports.router,
    signing.router,
    workbooks.router,
    bulletins.router,
    subscriptions("alerts", allow, RIGHTS, PUBLISHED),
    feed("alerts", allow, RIGHTS, PUBLISHED),
    outstanding("alerts", allow),
    trail("alerts", allow),
    operations("alerts", RIGHTS),
    inbox.router,
]


def create(settings: Settings, engine: Engine | None = None, keys: Keys | None = None) -> FastAPI:
    engine = engine or connect(settings.dsn, statement_seconds=settings.statement_seconds)
    rules.ship(engine, datetime.now(settings.timezone))
    kinds.ship(engine)
    return create_app(
        settings,
        ROUTERS,
        title="Shouwang alerts",
        hears=("worker", "scheduler"),
        readings=together(overdue.readings, untold.readings),
        engine=engine,
        keys=keys,
        state={
            "seal": read_seal(settings, engine, SEALED),
            "places": ("division", "county"),
            "allowed": Allowed.read(settings),
            "client_secret": settings.secret("client_secret"),
        },
    )


if __name__ == "__main__":
    log_lines(SETTINGS.service, "api")
    serve(create(SETTINGS), SETTINGS.port)
