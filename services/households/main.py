"""Households: the register. Who lives here, what they have, and the facts that rules may ask for."""

from services.kit.settings import Settings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(Settings, "client_secret")

from datetime import datetime

from fastapi import FastAPI
from sqlalchemy import Engine, make_url

from services.households import inbox
from services.households.cases import (
    cases,
    gates_met,
    notice,
    notices_over,
    openings,
    own_profiles,
    profiles,
    reading_gates,
    taking,
)
from services.households.cases import figures as case_figures
from services.households.cases.after_care import ENDED as AFTER_CARE_ENDED
from services.households.cases.clocks import RAN_OUT, RUNNING_OUT, STOPPED
from services.households.changes import changes, village_mergers
from services.households.changes.announce import CHANGED as HOUSEHOLD_CHANGED
from services.households.changes.announce import READ_CHANGES
from services.households.checklists import answers as checklist_answers
from services.households.checklists import definitions as checklist_definitions
from services.households.checklists import gaps as checklist_gaps
from services.households.checklists import results as checklist_results
from services.households.declarations import decisions, intake, purge, queue, status, visited
from services.households.declarations.hearing import Allowance
from services.households.exports import approving, asking
from services.households.facts import KIND
from services.households.help import (
    household_gaps,
    measure_lists,
    measures,
    overdue,
    plans,
    policies,
    policy_gaps,
    received,
    withdrawn,
)
from services.households.imports import files as imports
from services.households.imports import outcomes as import_batches
from services.households.imports import templates, undo
from services.households.income import draft, statements
from services.households.income import income as income_on_a_day
from services.households.issues import counts as issue_counts
from services.households.issues import issues
from services.households.issues import kinds as issue_kinds
from services.households.issues import openings as issue_openings
from services.households.issues import overdue as issues_overdue
from services.households.issues import steps as issue_steps
from services.households.ledgers import entries as ledger_entries
from services.households.ledgers import kinds as ledger_kinds
from services.households.ledgers import points as ledger_points
from services.households.ledgers import reversals as ledger_reversals
from services.households.ledgers import totals as ledger_totals
from services.households.models import SEALED
from services.households.models.facts import HouseholdFacts
from services.households.policy import RIGHTS, allow
from services.households.quality import (
    comparisons,
    deciding,
    doubles,
    findings,
    member_comparisons,
    paper,
    runs,
    stated,
    to_correct,
    words,
)
from services.households.register import (
    code_sets,
    conditions,
    creating,
    household_figures,
    household_sets,
    housing,
    id_number_views,
    insurances,
    living_places,
    matches,
    member_health,
    members,
    own_codes,
    phones,
    places,
    residence,
    safeguards,
    tags,
    water,
    work_figures,
    work_months,
)
from services.households.register import households as register
from services.households.register.arrivals import bring_in
from services.households.search import search
from services.households.settings import VoiceSettings
from services.households.sheets import asking as sheet_runs
from services.households.sheets import posting as sheet_postings
from services.households.sheets import sheets as issued_sheets
from services.households.sheets import signing as sheet_signatures
from services.households.undertakings import steps as undertaking_steps
from services.households.undertakings import totals as undertaking_totals
from services.households.undertakings import undertakings
from services.households.views import answers, codes, corrections, held
from services.households.villages import counts as village_counts
from services.households.villages import endings as village_endings
from services.households.villages import profile as village_profile
from services.households.villages import records as village_records
from services.kit.post.facts import CHANGED, IN_BULK, facts
from services.kit.post.feed import feed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import READ_GRANTS, grants
from services.kit.post.hearing import READ_FACTS, EventType
from services.kit.post.outstanding import outstanding
from services.kit.post.receivers import Allowed
from services.kit.post.subscriptions import subscriptions
from services.kit.store.db import connect
from services.kit.store.key_check import read_seal
from services.kit.store.lanes import Lanes
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.logs import log_lines
from services.kit.web.operations import operations
from services.kit.web.trail import trail

PUBLISHED = {
    CHANGED: EventType("一户的事实有变化（含数值）", READ_FACTS),
    IN_BULK: EventType("一个地方的事实成批变化", READ_FACTS),
    HOUSEHOLD_CHANGED: EventType("一户有变动（不含姓名）", READ_CHANGES),
    village_mergers.MERGED: EventType("村撤并，所辖农户随之转移", READ_CHANGES),
    GRANT_CHANGED: EventType("任职或授权有变化（不含内容）", READ_GRANTS),
    "case.opened": EventType("一户的监测案卷开立", "case:read"),
    "case.step_done": EventType("一个案卷的一步已办理", "case:read"),
    "case.refused": EventType("一个案卷的一步未予通过", "case:read"),
    "case.eliminated": EventType("一户的风险消除已审定", "case:read"),
    "case.ended": EventType("一个案卷因整户消亡、迁出、误识别或并入另一案卷而终结", "case:read"),
    "case.reopened": EventType("一个案卷因申诉或撤回消除而恢复", "case:read"),
    AFTER_CARE_ENDED: EventType("一户的巩固监测结束", "case:read"),
    RUNNING_OUT: EventType("一个案卷的一步临近期限", "case:read"),
    RAN_OUT: EventType("一个案卷的一步已超期", "case:read"),
    STOPPED: EventType("一个案卷提醒过期限的一步不再计时", "case:read"),
    notices_over.OVER: EventType("一个案卷的村内公示期满", "case:read"),
    notices_over.ANSWERED: EventType("一个案卷的村内公示已登记结果", "case:read"),
    gates_met.MET: EventType("一户的风险消除条件（可由台账判断的）已具备", "case:read"),
    gates_met.NO_LONGER: EventType("一户的风险消除条件不再全部具备，或已进入消除程序", "case:read"),
    overdue.OVERDUE: EventType("一项帮扶措施逾期未落实（不含内容）", "measure:hear"),
    overdue.OVER: EventType("一项帮扶措施不再逾期", "measure:hear"),
    issues.RAISED: EventType("提出一个问题（不含内容）", "issue:read"),
    issues.CLOSED: EventType("一个问题已办结销号（不含内容）", "issue:read"),
    issues.REOPENED: EventType("已销号的问题重新打开（不含内容）", "issue:read"),
    issues_overdue.OVERDUE: EventType("一个问题逾期未办结（不含内容）", "issue:hear"),
    issues_overdue.OVER: EventType("一个问题不再逾期", "issue:hear"),
    intake.RECEIVED: EventType("收到一份自主申报（不含内容）", "voice:hear"),
    intake.PLACED: EventType("一份自主申报已找到所属农户（不含内容）", READ_FACTS),
    purge.LAPSED: EventType("一份自主申报保存期满、无人办理，内容已删除", "voice:hear"),
    decisions.ACCEPTED: EventType("一份自主申报已受理（不含内容）", READ_FACTS),
    decisions.REFUSED: EventType("一份自主申报不予受理（不含理由）", "voice:hear"),
    corrections.FILED: EventType("收到一份更正申请或投诉（不含内容）", "voice:hear"),
    answers.ANSWERED: EventType("一份更正申请或投诉已答复（不含内容）", "voice:hear"),
}

ROUTERS = [
    register.glances,  # what is asked for most comes first: routers are looked through in turn
    search.glances,
    creating.router,
    register.router,
    places.router,
    id_number_views.router,
    imports.router,
    import_batches.router,
    templates.router,
    undo.router,
    statements.router,
    draft.router,
    income_on_a_day.router,
    safeguards.router,
    tags.router,
    household_figures.router,
    household_sets.router,
    code_sets.router,
    own_codes.router,
    members.router,
    member_health.router,
    residence.router,
    phones.router,
    insurances.router,
    work_months.router,
    work_figures.router,
    conditions.router,
    housing.router,
    water.router,
    living_places.router,
    cases.router,
    openings.router,
    case_figures.router,
    taking.router,
    reading_gates.router,
    notice.router,
    profiles.router,
    own_profiles.router,
    policies.router,
    policy_gaps.router,
    received.router,
    withdrawn.router,
    measures.router,
    measure_lists.router,
    plans.router,
    household_gaps.router,
    issue_kinds.router,
    issues.router,
    issue_steps.router,
    issue_counts.router,
    issue_openings.router,
    ledger_kinds.router,
    ledger_entries.router,
    ledger_reversals.router,
    ledger_totals.router,
    ledger_points.router,
    undertakings.router,
    undertaking_steps.router,
    undertaking_totals.router,
    checklist_definitions.router,
    checklist_answers.router,
    checklist_results.router,
    checklist_gaps.router,
    village_records.router,
    village_endings.router,
    village_counts.router,
    village_profile.router,
    intake.router,
    status.router,
    queue.router,
    decisions.router,
    visited.router,
    codes.router,
    held.router,
    corrections.router,
    answers.router,
    search.router,
    asking.router,
    approving.router,
    changes.router,
    village_mergers.router,
    findings.router,
    runs.router,
    words.router,
    doubles.router,
    deciding.router,
    comparisons.router,
    to_correct.router,
    member_comparisons.router,
    paper.router,
    stated.router,
    matches.router,
    facts("households", allow, {KIND: HouseholdFacts}),
    grants("households", allow),
    subscriptions("households", allow, RIGHTS, PUBLISHED),
    feed("households", allow, RIGHTS, PUBLISHED),
    outstanding("households", allow),
    trail("households", allow),
    operations("households", RIGHTS),
    sheet_runs.router,
    issued_sheets.router,
    sheet_signatures.router,
    sheet_postings.router,
    inbox.router,
]


def create(
    settings: Settings, engine: Engine | None = None, keys: Keys | None = None, voices: VoiceSettings | None = None
) -> FastAPI:
    engine = engine or connect(settings.dsn, statement_seconds=settings.statement_seconds)
    url = make_url(settings.work_dsn) if settings.database_url else engine.url
    arrivals = Lanes(url, settings.slot_of("api"), bring_in)
    profiles.ship(engine, datetime.now(settings.timezone))
    return create_app(
        settings,
        ROUTERS,
        title="Shouwang households",
        engine=engine,
        keys=keys,
        alongside=arrivals.open,
        state={
            "arrivals": arrivals,
            "seal": read_seal(settings, engine, SEALED),
            "places": ("division", "village"),
            "allowed": Allowed.read(settings),
            "voices": Allowance(voices or VoiceSettings()),
            "client_secret": settings.secret("client_secret"),
        },
    )


if __name__ == "__main__":
    log_lines(SETTINGS.service, "api")
    serve(create(SETTINGS), SETTINGS.port)
