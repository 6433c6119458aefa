"""Every operation of every service is listed here with the right it asks for, and asked as every role and as nobody.

An operation that is not listed fails; so does one that lets in whom its right does not name.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.cli.secret_files import secret_folder
from services.county.accounts import Role
from services.kit.web.repeat import BY, HEADER, KEPT, Repeatable
from tests.callers import Sign, served
from tests.secrets_made_once import make_secrets

ROLES: tuple[str, ...] = get_args(Role)
PUBLIC = "nobody needs to sign in"  # a password, a one-time token or a signature is checked inside
SIGNED_IN = "whoever is signed in"

# What a write may be repeated by. The last holds for sign-ins and tokens: each is a new one, and none is kept.
REPEATABLE_BY = {
    "body.id",
    "body.check_ins.id",
    "body.visits.id",
    "body.items.id",
    "body.openings.id",
    "body.token",
    "body.refresh_token",
    "event.id",
    "period",
    "path",
    HEADER,
    "nothing is stored",
}

FACTS, SUBSCRIPTIONS, AUDIT = "facts:read", "subscription:write", "audit:read"
PLUMBING = {
    "GET /livez": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /v1/services/{service}/operations/{operation_id}": SIGNED_IN,  # and then who asked, or an office
    "GET /v1/services/{service}/operations/{operation_id}/stream": SIGNED_IN,
    "GET /v1/services/{service}/subscriptions": SUBSCRIPTIONS,
    "PUT /v1/services/{service}/subscriptions/{subscription_id}": SUBSCRIPTIONS,
    "DELETE /v1/services/{service}/subscriptions/{subscription_id}": SUBSCRIPTIONS,
    "GET /v1/services/{service}/subscriptions/{subscription_id}/deliveries": SUBSCRIPTIONS,
    "GET /v1/services/{service}/outstanding": "operation:read",
    "GET /v1/services/{service}/audit": AUDIT,
    "GET /v1/services/{service}/audit/heads": AUDIT,
    "POST /v1/services/{service}/subscriptions/{subscription_id}/ping": SUBSCRIPTIONS,
    "POST /v1/services/{service}/subscriptions/{subscription_id}/replay": SUBSCRIPTIONS,
    "POST /v1/services/{service}/subscriptions/{subscription_id}/redelivery": SUBSCRIPTIONS,
    "POST /v1/services/{service}/subscriptions/{subscription_id}/secret": SUBSCRIPTIONS,
    "GET /v1/services/{service}/feed": SUBSCRIPTIONS,
}
LISTENING = {"POST /v1/services/{service}/inbox/{owner}": PUBLIC}
GRANTING = {"GET /v1/services/{service}/grants": "grant:read"}
OWNING = {
    "GET /v1/services/{service}/facts/{kind}": FACTS,
    "GET /v1/services/{service}/facts/{kind}/digest": FACTS,
}
OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "county": PLUMBING
    | GRANTING
    | {
        "PUT /v1/offices/{office_id}": "office:write",
        "GET /v1/offices": "office:read",
        "POST /v1/first-administrator": PUBLIC,
        "POST /v1/sign-in": PUBLIC,
        "POST /v1/refreshes": PUBLIC,
        "POST /v1/sign-outs": PUBLIC,
        "POST /v1/sign-ins/oidc": PUBLIC,
        "POST /v1/sign-ins/{provider}": PUBLIC,
        "POST /v1/tokens": PUBLIC,
        "GET /v1/keys": PUBLIC,
        "GET /v1/accounts/me": SIGNED_IN,
        "PUT /v1/accounts/me/password": SIGNED_IN,
        "PUT /v1/accounts/me/second-factor": SIGNED_IN,
        "POST /v1/accounts/me/second-factor/confirmation": SIGNED_IN,
        "POST /v1/accounts/me/second-factor/removal": SIGNED_IN,
        "DELETE /v1/second-factors/{account_id}": "second-factor:remove",
        "POST /v1/accounts": "account:write",
        "PUT /v1/accounts/{account_id}/disabled": "account:write",
        "PUT /v1/accounts/{account_id}/password": "account:write",
        "PUT /v1/accounts/{account_id}/sign-on/{provider}": "account:write",
        "PUT /v1/client-systems/{name}/disabled": "client:write",
        "PUT /v1/client-systems/{name}": "client:write",
        "POST /v1/division-imports": "frame:write",
        "PUT /v1/days/{day}": "frame:write",
        "POST /v1/standards": "frame:write",
        "PUT /v1/standards/{standard_id}/valid-until": "frame:write",
        "GET /v1/standards/{standard_id}/valid-until": "frame:read",
        "GET /v1/divisions": "frame:read",
        "GET /v1/days": "frame:read",
        "GET /v1/standards": "frame:read",
        "GET /v1/reference/{kind}": "frame:read",
    },
    "households": PLUMBING
    | LISTENING
    | OWNING
    | GRANTING
    | {
        "POST /v1/services/{service}/matches": "household:match",
        "PUT /v1/household-sets/{set_id}": "household-set:write",
        "GET /v1/household-sets": "household:read",
        "GET /v1/household-sets/{set_id}": "household:read",
        "GET /v1/households": "household:read",
        "GET /v1/households/{household_id}": "household:read",
        "GET /v1/household-figures": "household:read",
        "GET /v1/household-places": "household:read",
        "GET /v1/households/{household_id}/statements": "household:read",
        "GET /v1/households/{household_id}/safeguards": "household:read",
        "GET /v1/households/{household_id}/tags": "household:read",
        "GET /v1/households/{household_id}/tags/{key}": "household:read",
        "POST /v1/households/{household_id}/statements": "household:write",
        "POST /v1/households/{household_id}/members/{person_id}/id-number-views": "id-number:read",
        "PUT /v1/households/{household_id}/safeguards": "household:write",
        "PUT /v1/households/{household_id}/tags/{key}": "household:write",
        "GET /v1/households/{household_id}/conditions": "household:read",
        "PUT /v1/households/{household_id}/conditions": "household:write",
        "GET /v1/households/{household_id}/housing": "household:read",
        "PUT /v1/households/{household_id}/housing": "household:write",
        "GET /v1/households/{household_id}/water": "household:read",
        "PUT /v1/households/{household_id}/water": "household:write",
        "GET /v1/households/{household_id}/places": "household:read",
        "PUT /v1/households/{household_id}/places": "household:write",
        "GET /v1/households/{household_id}/members/{person_id}": "household:read",
        "PUT /v1/households/{household_id}/members/{person_id}": "household:write",
        "GET /v1/households/{household_id}/members/{person_id}/residence": "household:read",
        "PUT /v1/households/{household_id}/members/{person_id}/residence": "household:write",
        "GET /v1/households/{household_id}/members/{person_id}/health": "health:read",
        "PUT /v1/households/{household_id}/members/{person_id}/health": "health:write",
        "GET /v1/households/{household_id}/members/{person_id}/phones": "household:read",
        "GET /v1/households/{household_id}/members/{person_id}/phones/{phone_id}": "household:read",
        "PUT /v1/households/{household_id}/members/{person_id}/phones/{phone_id}": "household:write",
        "GET /v1/households/{household_id}/members/{person_id}/insurances": "household:read",
        "GET /v1/households/{household_id}/members/{person_id}/insurances/{year}/{kind}": "household:read",
        "PUT /v1/households/{household_id}/members/{person_id}/insurances/{year}/{kind}": "household:write",
        "GET /v1/households/{household_id}/members/{person_id}/work-months": "household:read",
        "GET /v1/households/{household_id}/members/{person_id}/work-months/{month}": "household:read",
        "PUT /v1/households/{household_id}/members/{person_id}/work-months/{month}": "household:write",
        "PUT /v1/households/{household_id}/work-months/{month}/as-before": "household:write",
        "GET /v1/code-sets": "household:read",
        "GET /v1/code-sets/{key}": "household:read",
        "GET /v1/code-sets/{key}/own": "household:read",
        "GET /v1/code-sets/{key}/own/{code}": "household:read",
        "PUT /v1/code-sets/{key}/own/{code}": "code:write",
        "POST /v1/household-imports/{kind}": "household:import",
        "GET /v1/household-import-batches/{batch_id}": "household:import",
        "GET /v1/household-import-batches/{batch_id}/rows": "household:import",
        "GET /v1/household-import-batches/{batch_id}/refused-rows": "household:import",
        "PUT /v1/household-import-batches/{batch_id}/undone": "household:import",
        "POST /v1/cases": "case:write",
        "GET /v1/cases": "case:read",
        "GET /v1/cases/{case_id}": "case:read",
        "POST /v1/cases/{case_id}/steps": "case:write",
        "GET /v1/cases/{case_id}/gates": "case:read",
        "GET /v1/cases/{case_id}/notice": "case:read",
        "GET /v1/case-profiles": "case:read",
        "GET /v1/case-profiles/{key}": "case:read",
        "PUT /v1/case-profiles/{key}": "case-profile:write",
        "PUT /v1/policies/{key}": "policy:write",
        "GET /v1/policies": "household:read",
        "GET /v1/policies/{key}": "household:read",
        "GET /v1/policies/{key}/gaps": "household:read",
        "GET /v1/households/{household_id}/income": "household:read",
        "GET /v1/households/{household_id}/statements/draft": "household:read",
        "GET /v1/households/{household_id}/received": "household:read",
        "POST /v1/households/{household_id}/received": "household:write",
        "PUT /v1/households/{household_id}/received/{received_id}/withdrawn": "household:write",
        "GET /v1/measures": "household:read",
        "GET /v1/households/{household_id}/measures": "household:read",
        "PUT /v1/households/{household_id}/measures/{measure_id}": "household:write",
        "GET /v1/households/{household_id}/measures/{measure_id}": "household:read",
        "GET /v1/households/{household_id}/measures/{measure_id}/steps": "household:read",
        "PUT /v1/households/{household_id}/plan": "household:write",
        "GET /v1/households/{household_id}/plan": "household:read",
        "GET /v1/households/{household_id}/plan/versions": "household:read",
        "GET /v1/households/{household_id}/gaps": "household:read",
        "POST /v1/self-declarations": PUBLIC,
        "POST /v1/self-declaration-status": PUBLIC,
        "GET /v1/issue-kinds": "issue:read",
        "GET /v1/issues": "issue:read",
        "GET /v1/issues/{issue_id}": "issue:read",
        "PUT /v1/issues/{issue_id}": "issue:write",
        "PUT /v1/issues/{issue_id}/steps/{step_id}": "issue:write",
        "GET /v1/issue-counts": "issue:read",
        "GET /v1/work-figures": "household:read",
        "POST /v1/undertakings": "ledger:write",
        "GET /v1/undertakings": "ledger:read",
        "GET /v1/undertakings/{undertaking_id}": "ledger:read",
        "POST /v1/undertakings/{undertaking_id}/steps": "ledger:write",
        "GET /v1/undertaking-totals": "ledger:read",
        "GET /v1/checklists": "checklist:read",
        "GET /v1/checklists/{key}": "checklist:read",
        "PUT /v1/checklists/{key}": "code:write",
        "POST /v1/checklist-answers": "checklist:write",
        "GET /v1/checklist-answers": "checklist:read",
        "GET /v1/checklist-answers/{answer_id}": "checklist:read",
        "GET /v1/checklist-results": "checklist:read",
        "GET /v1/checklist-gaps": "checklist:read",
        "POST /v1/village-records": "village:write",
        "GET /v1/village-records": "village:read",
        "GET /v1/village-records/{record_id}": "village:read",
        "POST /v1/village-records/{record_id}/ending": "village:write",
        "GET /v1/village-record-counts": "village:read",
        "GET /v1/village-profiles/{village}": "village:read",
        "GET /v1/ledger-kinds": "ledger:read",
        "GET /v1/ledger-kinds/{key}": "ledger:read",
        "PUT /v1/ledger-kinds/{key}": "code:write",
        "POST /v1/ledger-entries": "ledger:write",
        "GET /v1/ledger-entries": "ledger:read",
        "GET /v1/ledger-entries/{entry_id}": "ledger:read",
        "POST /v1/ledger-entries/{entry_id}/reversal": "ledger:write",
        "GET /v1/ledger-totals": "ledger:read",
        "GET /v1/point-balances": "ledger:read",
        "GET /v1/self-declarations": "voice:read",
        "GET /v1/self-declarations/{declaration_id}": "voice:read",
        "PUT /v1/self-declarations/{declaration_id}/decision": "voice:answer",
        "POST /v1/households/{household_id}/view-codes": "view-code:write",
        "POST /v1/household-views": PUBLIC,
        "POST /v1/household-views/corrections": PUBLIC,
        "GET /v1/corrections": "voice:read",
        "GET /v1/corrections/{correction_id}": "voice:read",
        "PUT /v1/corrections/{correction_id}/answer": "voice:answer",
        "GET /v1/household-search": "name:read",
        "POST /v1/household-search/id-number": "name:read",
        "POST /v1/households": "household:write",
        "POST /v1/exports": "household:export",
        "POST /v1/sheet-runs": "sheet:issue",
        "GET /v1/sheet-runs/{run_id}": "sheet:issue",
        "GET /v1/sheet-runs/{run_id}/file": "sheet:issue",
        "GET /v1/sheets": "sheet:read",
        "GET /v1/sheets/{sheet_id}": "sheet:read",
        "GET /v1/sheets/{sheet_id}/file": "sheet:issue",
        "PUT /v1/sheets/{sheet_id}/signatures/{signature_id}": "sheet:issue",
        "PUT /v1/sheets/{sheet_id}/postings/{posting_id}": "sheet:issue",
        "GET /v1/exports": "export:approve",
        "PUT /v1/exports/{export_id}/approval": "export:approve",
        "GET /v1/exports/{export_id}": "household:export",
        "GET /v1/exports/{export_id}/file": "household:export",
        "POST /v1/household-changes": "household:change",
        "GET /v1/households/{household_id}/changes": "household-change:read",
        "POST /v1/village-mergers": "village:merge",
        "GET /v1/quality-checks": "quality:read",
        "POST /v1/quality-runs": "quality:run",
        "GET /v1/quality-runs/{run_id}": "quality:run",
        "GET /v1/quality-findings": "quality:read",
        "GET /v1/quality-counts": "quality:read",
        "GET /v1/households/{household_id}/quality": "quality:read",
        "POST /v1/households/{household_id}/quality-words": "quality:answer",
        "GET /v1/duplicate-persons": "duplicate:decide",
        "GET /v1/claimed-persons": "duplicate:decide",
        "POST /v1/duplicate-decisions": "duplicate:decide",
        "POST /v1/comparison-imports": "household:import",
        "GET /v1/comparison-imports/{comparison_id}": "household:import",
        "GET /v1/comparison-imports/{comparison_id}/differences": "household:import",
        "GET /v1/household-imports/{kind}/template": "household:import",
        "GET /v1/comparison-imports/{comparison_id}/corrections": "household:import",
        "GET /v1/comparison-imports/{comparison_id}/member-differences": "household:import",
        "GET /v1/comparison-imports/{comparison_id}/member-corrections": "household:import",
        "POST /v1/households/{household_id}/paper-checks": "quality:answer",
        "GET /v1/households/{household_id}/paper-checks": "quality:read",
        "GET /v1/unchecked-cards": "quality:read",
        "POST /v1/households/{household_id}/stated-figures": "household:write",
        "GET /v1/stated-figures": "quality:read",
        "POST /v1/services/{service}/case-openings": "case:open",
        "POST /v1/services/{service}/declaration-outcomes": "case:open",
        "POST /v1/services/{service}/issue-openings": "issue:open",
        "GET /v1/services/{service}/case-figures": "case:count",
    },
    "attendance": PLUMBING
    | LISTENING
    | OWNING
    | GRANTING
    | {
        "GET /v1/services/{service}/visit-figures": "visit:count",
        "GET /v1/services/{service}/answering-cadres": "card:fill",
        "POST /v1/check-ins": "check-in:write",
        "POST /v1/check-in-batches": "check-in:write",
        "GET /v1/check-ins": "check-in:read",
        "GET /v1/team-days": "team:read",
        "GET /v1/teams": "team:read",
        "GET /v1/teams/{team_id}": "team:read",
        "GET /v1/cadres": "team:read",
        "GET /v1/postings": "posting:read",
        "GET /v1/postings/{posting_id}": "posting:read",
        "PUT /v1/postings/{posting_id}": "posting:write",
        "GET /v1/staffing": "team:read",
        "GET /v1/stations": "team:read",
        "GET /v1/villages": "team:read",
        "GET /v1/cadres/{cadre_id}/account": "cadre:link",
        "GET /v1/stations/{village}/boundary": "team:read",
        "PUT /v1/cadres/{cadre_id}/account": "cadre:link",
        "PUT /v1/stations/{village}/boundary": "station:write",
        "POST /v1/team-imports/{kind}": "team:import",
        "POST /v1/pairing-imports": "pairing:write",
        "PUT /v1/pairings/{pairing_id}": "pairing:write",
        "GET /v1/pairings": "pairing:read",
        "GET /v1/left-pairings": "pairing:read",
        "GET /v1/pairings/{pairing_id}": "pairing:read",
        "PUT /v1/charges/{charge_id}": "charge:write",
        "GET /v1/charges": "charge:read",
        "GET /v1/charges/{charge_id}": "charge:read",
        "GET /v1/charge-counts": "charge:read",
        "GET /v1/charge-grid": "charge:read",
        "GET /v1/charge-gaps": "charge:read",
        "GET /v1/charge-kinds": "charge:read",
        "GET /v1/charge-kinds/{division}/{key}": "charge:read",
        "PUT /v1/charge-kinds/{division}/{key}": "charge-kind:write",
        "GET /v1/units": "team:read",
        "PUT /v1/units/{unit_id}": "unit:write",
        "PUT /v1/personnel-records/{record_id}": "personnel:write",
        "GET /v1/personnel-records": "personnel:read",
        "GET /v1/personnel-records/{record_id}": "personnel:read",
        "PUT /v1/personnel-records/{record_id}/replies/{reply_id}": "personnel:reply",
        "PUT /v1/personnel-records/{record_id}/issuing": "personnel:write",
        "PUT /v1/personnel-records/{record_id}/withdrawal": "personnel:write",
        "GET /v1/personnel-figures": "personnel:read-all",
        "PUT /v1/inspections/{inspection_id}": "inspection:write",
        "GET /v1/inspections": "inspection:read",
        "GET /v1/inspections/{inspection_id}": "inspection:read",
        "PUT /v1/inspections/{inspection_id}/draw": "inspection:write",
        "GET /v1/inspections/{inspection_id}/population": "inspection:read",
        "PUT /v1/inspections/{inspection_id}/findings/{finding_id}": "inspection:record",
        "GET /v1/inspections/{inspection_id}/findings": "inspection:read",
        "PUT /v1/inspections/{inspection_id}/closing": "inspection:write",
        "PUT /v1/inspections/{inspection_id}/withdrawal": "inspection:write",
        "PUT /v1/activities/{activity_id}": "activity:write",
        "PUT /v1/activities/{activity_id}/withdrawal": "activity:write",
        "GET /v1/activities": "activity:read",
        "GET /v1/activities/{activity_id}": "activity:read",
        "GET /v1/activity-figures": "activity:read",
        "GET /v1/activity-terms": "activity-term:read",
        "GET /v1/activity-terms/{division}/{term}/{key}": "activity-term:read",
        "PUT /v1/activity-terms/{division}/{term}/{key}": "activity-term:write",
        "PUT /v1/handovers/{handover_id}": "handover:write",
        "GET /v1/handovers": "handover:read",
        "GET /v1/handovers/{handover_id}": "handover:read",
        "GET /v1/handovers/{handover_id}/sheet": "handover:read",
        "PUT /v1/handovers/{handover_id}/signatures/{cadre_id}": "handover:sign",
        "PUT /v1/handovers/{handover_id}/paper-signatures/{cadre_id}": "handover:write",
        "PUT /v1/handovers/{handover_id}/effect": "handover:write",
        "GET /v1/sync/snapshot": "sync:read",
        "GET /v1/sync/changes": "sync:read",
        "POST /v1/sync/batches": "sync:write",
        "POST /v1/visits": "visit:write",
        "POST /v1/visit-batches": "visit:write",
        "GET /v1/visits": "visit:read",
        "GET /v1/visits/{visit_id}": "visit:read",
        "GET /v1/visit-lists": "visit:read",
        "POST /v1/visit-rounds": "round:write",
        "GET /v1/visit-rounds": "round:read",
        "GET /v1/visit-rounds/{round_id}": "round:read",
        "PUT /v1/visit-rounds/{round_id}/closing": "round:write",
        "GET /v1/visit-rounds/{round_id}/sheet": "round:read",
        "GET /v1/visit-rounds/{round_id}/tasks": "round:read",
        "POST /v1/leaves": "leave:write",
        "GET /v1/leaves": "leave:read",
        "GET /v1/leaves/{leave_id}": "leave:read",
        "PUT /v1/leaves/{leave_id}/decisions/{level}": "leave:decide",
        "PUT /v1/leaves/{leave_id}/cancellation": "leave:write",
        "POST /v1/leaves/{leave_id}/returns": "leave:write",
        "GET /v1/cadre-days": "month:read",
        "POST /v1/day-corrections": "day-correction:write",
        "GET /v1/day-corrections": "month:read",
        "PUT /v1/day-corrections/{correction_id}/decision": "day-correction:decide",
        "GET /v1/month-sheets/{month}": "month:read",
        "GET /v1/month-sheets/{month}/teams/{team_id}": "month:read",
        "PUT /v1/month-sheets/{month}/teams/{team_id}/confirmation": "month:confirm",
        "PUT /v1/month-sheets/{month}/divisions/{division}/freezing": "month:freeze",
        "GET /v1/month-sheets/{month}/teams/{team_id}/workbook": "month:read",
        "GET /v1/allowances/{month}/workbook": "month:read",
        "GET /v1/allowances/{month}": "month:read",
        "GET /v1/allowances/{month}/lines": "month:read",
    },
    "alerts": PLUMBING
    | LISTENING
    | {
        "GET /v1/alerts": "alert:read",
        "GET /v1/alerts/{alert_id}": "alert:read",
        "GET /v1/alert-counts": "alert:read",
        "GET /v1/fact-coverage": "alert:read",
        "GET /v1/visit-clues": "clue:read",
        "PUT /v1/visit-clues/{clue_id}/answer": "clue:answer",
        "GET /v1/clues": "clue:read",
        "GET /v1/clues/{clue_id}": "clue:read",
        "PUT /v1/clues/{clue_id}/answer": "clue:answer",
        "GET /v1/unmatched-clues": "clue:match",
        "PUT /v1/clues/{clue_id}/match": "clue:match",
        "PUT /v1/clue-batches/{batch_id}": "clue:send",
        "GET /v1/clue-batches/{batch_id}": "clue:send",
        "GET /v1/clue-batches/{batch_id}/rows": "clue:send",
        "GET /v1/clue-batches/{batch_id}/outcomes": "clue:send",
        "PUT /v1/clue-batches/{batch_id}/cancellation": "clue:send",
        "GET /v1/clue-batches": "clue:send",
        "POST /v1/clue-imports": "clue:import",
        "GET /v1/clue-imports/{batch_id}": "clue:import",
        "GET /v1/clue-imports/{batch_id}/rows": "clue:import",
        "GET /v1/clue-imports/{batch_id}/outcomes": "clue:import",
        "PUT /v1/clue-imports/{batch_id}/cancellation": "clue:import",
        "GET /v1/clue-outcomes": "clue:send",
        "GET /v1/clue-kinds": "clue-kind:read",
        "PUT /v1/clue-kinds/{division}/{key}": "clue-kind:write",
        "GET /v1/tasks": "task:read",
        "GET /v1/tasks/{task_id}": "task:read",
        "POST /v1/tasks/{task_id}/steps": "task:write",
        "GET /v1/task-yield": "task-yield:read",
        "GET /v1/rules": "alert:read",
        "GET /v1/vocabulary": "alert:read",
        "POST /v1/rule-drafts": "rule:write",
        "GET /v1/rule-drafts": "rule:read",
        "GET /v1/rule-drafts/{draft_id}": "rule:read",
        "GET /v1/rule-drafts/{draft_id}/preview": "rule:read",
        "PUT /v1/rule-drafts/{draft_id}/proposal": "rule:write",
        "PUT /v1/rule-drafts/{draft_id}/decision": "rule:approve",
        "GET /v1/rule-answers/{about}/{subject}": "alert:read",
        "GET /v1/rule-overrides": "rule:read",
        "GET /v1/rules/{key}/versions": "rule:read",
        "GET /v1/rules/{key}/comparison": "rule:read",
        "GET /v1/rules/{key}/shadow-sweeps": "rule:read",
        "GET /v1/facts/{about}/{subject}": "alert:read",
        "GET /v1/sweeps": "sweep:read",
        "GET /v1/overdue-sweeps": "sweep:read",
        "GET /v1/sweeps/{sweep_id}": "sweep:read",
        "GET /v1/sweeps/{sweep_id}/gaps": "sweep:read",
        "POST /v1/sweeps/due": "sweep:start",
        "GET /v1/notices": "notice:read",
        "GET /v1/notice-log": "notice-log:read",
        "GET /v1/telling-texts": "notice:read",
        "PUT /v1/telling-texts/{division}/{kind}/{role}/{language}/{since}": "telling-text:write",
        "PUT /v1/notices/read": "notice:read",
        "PUT /v1/notices/{notice_id}/read": "notice:read",
        "GET /v1/notice-preferences": "notice:read",
        "PUT /v1/notice-preferences": "notice:read",
        "POST /v1/reports": "report:write",
        "GET /v1/reports": "report:read",
        "GET /v1/reports/{report_id}": "report:read",
        "GET /v1/reports/{report_id}/workbook": "report:read",
        "GET /v1/reports/{report_id}/bulletin": "report:read",
        "PUT /v1/reports/{report_id}/signature": "report:sign",
    },
}


@pytest.fixture
def open_service(
    api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[str, TestClient]]:
    service: str = request.param
    make_secrets(tmp_path)
    create = import_module(f"services.{service}.main").create
    secrets = secret_folder(tmp_path, service)
    with served(create, service, api_engines[service], signing_key, secrets) as client:
        yield service, client


def operations_of(app: FastAPI, service: str) -> set[str]:
    """As the paths of this table are written: the service's own name is {service} in the plumbing."""
    plumbing, written = f"/v1/services/{service}/", "/v1/services/{service}/"
    return {
        f"{method.upper()} {path.replace(plumbing, written)}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }


def ask(client: TestClient, service: str, operation: str, headers: dict[str, str]) -> Any:
    method, _, path = operation.partition(" ")
    filled = re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", path.replace("{service}", service))
    return client.request(method, filled, headers=headers, json={} if method != "GET" else None)


def passed(answer: Any) -> bool:
    """The door of the right. That an office is wanting is said behind it (test_matrix.py)."""
    return answer.status_code not in (401, 403) or answer.json()["code"] == "no-office"


each_service = pytest.mark.parametrize("open_service", OPERATIONS, indirect=True)


@each_service
def test_every_operation_is_listed_with_its_right(open_service: tuple[str, TestClient]) -> None:
    service, client = open_service
    assert isinstance(client.app, FastAPI)
    assert operations_of(client.app, service) == OPERATIONS[service].keys()


@each_service
def test_only_the_public_ones_answer_somebody_who_is_not_signed_in(open_service: tuple[str, TestClient]) -> None:
    service, client = open_service
    for operation, right in OPERATIONS[service].items():
        if right != PUBLIC:
            assert ask(client, service, operation, {}).status_code == 401, operation


@each_service
def test_each_role_is_let_in_where_its_right_is_named_and_nowhere_else(
    open_service: tuple[str, TestClient], sign: Sign
) -> None:
    service, client = open_service
    rights = import_module(f"services.{service}.policy").RIGHTS
    for role in ROLES:
        headers = sign("00000000-0000-4000-8000-000000000000", role)
        for operation, right in OPERATIONS[service].items():
            if right not in (PUBLIC, SIGNED_IN):
                refused = ask(client, service, operation, headers).json() if role not in rights[right] else None
                let_in = refused is None and passed(ask(client, service, operation, headers))
                assert let_in or (refused or {}).get("code") == "not-allowed", (role, operation)


@each_service
def test_a_client_system_is_let_in_by_its_scope_alone(open_service: tuple[str, TestClient], sign: Sign) -> None:
    service, client = open_service
    asked = {operation: right for operation, right in OPERATIONS[service].items() if ":" in right}
    for operation, right in asked.items():
        others = " ".join(sorted({*asked.values()} - {right}))
        assert passed(ask(client, service, operation, sign("bureau", scopes=right))), operation
        assert not passed(ask(client, service, operation, sign("bureau", scopes=others))), operation


@each_service
def test_nothing_is_answered_by_a_server_error(open_service: tuple[str, TestClient], sign: Sign) -> None:
    service, client = open_service
    everything = " ".join(sorted({right for right in OPERATIONS[service].values() if ":" in right}))
    headers = sign("00000000-0000-4000-8000-000000000000", scopes=everything)
    for operation in OPERATIONS[service]:
        assert ask(client, service, operation, headers).status_code < 500, operation


@each_service
def test_every_write_says_what_it_is_repeatable_by(open_service: tuple[str, TestClient]) -> None:
    _, client = open_service
    assert isinstance(client.app, FastAPI)
    silent = [
        f"{method.upper()} {path}"
        for path, operations in client.app.openapi()["paths"].items()
        for method, operation in operations.items()
        if method != "get" and operation.get(BY) not in REPEATABLE_BY
    ]
    assert silent == []


# test_creating.py sends it again, at once and later.
KEPT_BY_ITS_LANE = {"households": ["/v1/households"]}


@each_service
def test_an_answer_that_is_said_to_be_kept_is_kept(open_service: tuple[str, TestClient]) -> None:
    """By the class of its route: the words alone keep nothing."""
    service, client = open_service
    assert isinstance(client.app, FastAPI)
    included: list[Any] = [r.original_router for r in client.app.router.routes if hasattr(r, "original_router")]
    routes = [route for router in included for route in router.routes]
    assert len(routes) >= len(OPERATIONS[service])
    said = [route for route in routes if KEPT in (route.openapi_extra or {})]
    others = [route.path for route in said if not isinstance(route, Repeatable)]
    assert others == KEPT_BY_ITS_LANE.get(service, [])
