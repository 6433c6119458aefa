"""Operation × role × what the caller holds × where the thing lies × where its id stands: nothing foreign is shown, and
what is outside answers with the bytes of what never was.

`SHOUWANG_MATRIX=full` asks as every role that has the right with every holding; otherwise one role does, and the others
with a few, for two of the four villages; and each operation is asked in a sixth of the cells, in turn.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, true
from starlette.testclient import TestClient

from services.cli.secret_files import secret_folder
from services.kit.store import scope
from tests.callers import Sign, served
from tests.door.holdings import HOLDINGS, OWN, TOWNSHIP, VILLAGES, Holding, Probe, Thing, hold
from tests.door.probes import PROBES
from tests.door.world import FURNISH, everybodys_register, id_number_of
from tests.secrets_made_once import make_secrets
from tests.test_policy import OPERATIONS

FULL = os.environ.get("SHOUWANG_MATRIX") == "full"
WHOLE = "county"  # the role that holds each of these rights
FEW = ("its village", "another township", "what was taken back")
TURNS = 6
TWO = (OWN, TOWNSHIP)  # one of which each of the few reaches, or neither
PLACELESS = {  # operations of the three services that name nothing with a place
    "GET /v1/rules", "GET /v1/vocabulary", "GET /v1/sweeps", "GET /v1/sweeps/{sweep_id}", "POST /v1/sweeps/due",
    # Read above and below the place of a rule, and counted within the caller's own (tests/alerts/test_rule_drafts.py).
    "POST /v1/rule-drafts", "GET /v1/rule-drafts", "GET /v1/rule-drafts/{draft_id}",
    "GET /v1/rule-drafts/{draft_id}/preview", "PUT /v1/rule-drafts/{draft_id}/proposal",
    "PUT /v1/rule-drafts/{draft_id}/decision", "GET /v1/rules/{key}/versions", "GET /v1/rules/{key}/comparison",
    "GET /v1/rules/{key}/shadow-sweeps", "GET /v1/rule-overrides",
    "GET /v1/overdue-sweeps", "GET /v1/code-sets", "GET /v1/code-sets/{key}",
    "GET /v1/code-sets/{key}/own", "GET /v1/code-sets/{key}/own/{code}", "PUT /v1/code-sets/{key}/own/{code}",
    "GET /v1/issue-kinds",
    "GET /v1/ledger-kinds", "GET /v1/ledger-kinds/{key}", "PUT /v1/ledger-kinds/{key}",
    "GET /v1/checklists", "GET /v1/checklists/{key}", "PUT /v1/checklists/{key}",
    "GET /v1/case-profiles", "GET /v1/case-profiles/{key}", "PUT /v1/case-profiles/{key}",
    "GET /livez", "GET /readyz", "GET /metrics",
    # A catalogue, read by whoever reads households; written within one's places (tests/households/help).
    "GET /v1/policies", "GET /v1/policies/{key}", "PUT /v1/policies/{key}",
    # Of whoever sent the file and nobody else (tests/households/test_import_jobs.py, test_undo.py).
    "GET /v1/household-import-batches/{batch_id}", "GET /v1/household-import-batches/{batch_id}/rows",
    "GET /v1/household-import-batches/{batch_id}/refused-rows", "PUT /v1/household-import-batches/{batch_id}/undone",
    # Of whoever holds a receipt or a code (tests/households/declarations, tests/households/views).
    "POST /v1/self-declarations", "POST /v1/self-declaration-status", "POST /v1/household-views",
    "POST /v1/household-views/corrections",
    # Of whoever asked for the file (tests/households/exports).
    "GET /v1/exports/{export_id}", "GET /v1/exports/{export_id}/file",
    # Of whoever asked for the run (tests/households/sheets).
    "GET /v1/sheet-runs/{run_id}", "GET /v1/sheet-runs/{run_id}/file",
    # A catalogue; and of whoever sent the file alone (tests/households/quality/test_comparisons.py).
    "GET /v1/quality-checks", "POST /v1/comparison-imports", "GET /v1/comparison-imports/{comparison_id}",
    "GET /v1/comparison-imports/{comparison_id}/differences",
    "GET /v1/comparison-imports/{comparison_id}/corrections",
    "GET /v1/comparison-imports/{comparison_id}/member-differences",
    "GET /v1/comparison-imports/{comparison_id}/member-corrections",
    # A blank form, the same for everybody.
    "GET /v1/household-imports/{kind}/template",
    # Of the department that sent them and nobody else; of a county's whole; a catalogue (tests/alerts).
    "POST /v1/clue-imports", "GET /v1/clue-imports/{batch_id}", "GET /v1/clue-imports/{batch_id}/rows",
    "GET /v1/clue-imports/{batch_id}/outcomes", "PUT /v1/clue-imports/{batch_id}/cancellation", "GET /v1/clue-batches",
    "PUT /v1/clue-batches/{batch_id}", "GET /v1/clue-batches/{batch_id}", "GET /v1/clue-batches/{batch_id}/rows",
    "GET /v1/clue-batches/{batch_id}/outcomes", "PUT /v1/clue-batches/{batch_id}/cancellation",
    "GET /v1/clue-outcomes", "GET /v1/unmatched-clues", "PUT /v1/clues/{clue_id}/match",
    "GET /v1/clue-kinds", "PUT /v1/clue-kinds/{division}/{key}",
    # A list of a county, which whoever reads activities reads (tests/attendance/test_activities.py).
    "GET /v1/activity-terms", "GET /v1/activity-terms/{division}/{term}/{key}",
    "PUT /v1/activity-terms/{division}/{term}/{key}",
    # A list of a county, and the names of offices, which are no secret (tests/attendance/charges).
    "GET /v1/charge-kinds", "GET /v1/charge-kinds/{division}/{key}", "PUT /v1/charge-kinds/{division}/{key}",
    "GET /v1/units", "PUT /v1/units/{unit_id}",
    # For whoever holds the cadre's whole county; for the cadre alone (tests/attendance/personnel).
    "PUT /v1/personnel-records/{record_id}", "PUT /v1/personnel-records/{record_id}/replies/{reply_id}",
    # Of two villages, both of which the caller must hold (tests/households/changes/test_households.py).
    "POST /v1/village-mergers",
    # Of whom they were told, and still within that person's office (tests/alerts/telling/test_inbox.py).
    "GET /v1/notices", "PUT /v1/notices/read", "PUT /v1/notices/{notice_id}/read",
    "GET /v1/notice-preferences", "PUT /v1/notice-preferences",
    # Of a county's whole, for whoever holds it (tests/alerts/telling/test_log.py).
    "GET /v1/notice-log",
    # A county's words for its roles, in which no person stands (tests/alerts/telling/test_own_texts.py).
    "GET /v1/telling-texts", "PUT /v1/telling-texts/{division}/{kind}/{role}/{language}/{since}",
    # Of whose phone it is; of its items each is asked what it is asked alone (tests/attendance/sync).
    "GET /v1/sync/snapshot", "GET /v1/sync/changes", "POST /v1/sync/batches",
}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """A service, what its villages have, and a thing that is nowhere."""

    service: str
    client: TestClient
    engine: Engine
    sign: Sign
    things: Mapping[str, Thing]
    nowhere: Thing


@pytest.fixture
def door(
    engines: dict[str, Engine], api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, sign: Sign,
    tmp_path: Path, request: pytest.FixtureRequest,
) -> Iterator[Door]:  # fmt: skip
    service: str = request.param
    make_secrets(tmp_path)
    create = import_module(f"services.{service}.main").create
    things = {village: FURNISH[service](engines[service], village) for village in VILLAGES}
    nowhere = Thing(
        "520699001001",
        {name: str(uuid4()) for name in things[VILLAGES[0]].ids}
        | {"mobile": "10009999999", "id_number": id_number_of("999999999999")},
    )
    with served(create, service, api_engines[service], signing_key, secret_folder(tmp_path, service)) as client:
        client.app.state.register = everybodys_register()  # type: ignore[attr-defined]
        yield Door(service, client, engines[service], sign, things, nowhere)


each_door = pytest.mark.parametrize("door", PROBES, indirect=True)


def cells(service: str) -> Iterator[tuple[str, Holding]]:
    """Each role that has some right here, with each holding it is asked with."""
    rights = import_module(f"services.{service}.policy").RIGHTS
    asked = {probe.right for probe in PROBES[service]}
    for role in sorted({role for right in asked for role in rights[right]}):
        for holding in HOLDINGS:
            if FULL or role == WHOLE or holding.name in FEW:
                yield role, holding


def probes_for(service: str, role: str) -> Sequence[Probe]:
    rights = import_module(f"services.{service}.policy").RIGHTS
    return [probe for probe in PROBES[service] if role in rights[probe.right]]


def reached(probe: Probe, holding: Holding, village: str) -> bool:
    by_a_set = any(kind == "set" for kind, _, _ in holding.grants)
    return village in holding.reaches and (probe.by_sets or not by_a_set)


def look(probe: Probe, answer: Any, never: Any, holding: Holding, thing: Thing) -> str:
    """What is wrong with this cell; nothing when all is well."""
    if answer.status_code >= 500:
        return f"{answer.status_code}"
    if holding.none:
        return "" if answer.json().get("code") == "no-office" else f"held nothing, got {answer.status_code}"
    seen, expected = probe.seen(answer, thing), reached(probe, holding, thing.village)
    if seen != expected:
        return f"{'shown' if seen else 'hidden'} {answer.status_code} {answer.text[:120]}"
    told = (answer.status_code, said(answer)) != (never.status_code, said(never))
    if told and probe.same_bytes and not expected:
        return f"tells that it is there: {answer.status_code} {answer.text[:120]}"
    return ""


def said(answer: Any) -> bytes:
    """Without the id that each file gets anew, whatever is in it."""
    content: bytes = answer.content
    return re.sub(rb'"id":"[0-9a-f-]{36}"', b"", content) if b'"refusals"' in content else content


def in_turn(probes: Sequence[Probe], cell: int) -> Sequence[Probe]:
    """Any six cells that follow each other ask them all."""
    return probes if FULL else probes[cell % TURNS :: TURNS]


def walk(door: Door, probes_of: Callable[[str, str], Sequence[Probe]]) -> tuple[int, list[str]]:
    asked, wrong = 0, []
    first = door.things[VILLAGES[0]]
    for cell, (role, holding) in enumerate(cells(door.service)):
        headers = hold(door.engine, door.sign, role, holding, subject=UUID(first.ids["uuid"]))
        for probe in in_turn(probes_of(door.service, role), cell):
            never = probe.ask(door.client, headers, door.nowhere)
            for village in VILLAGES if FULL or role == WHOLE else TWO:
                asked += 1
                thing = door.things[village]
                fault = look(probe, probe.ask(door.client, headers, thing), never, holding, thing)
                if fault:
                    wrong.append(f"{role} with {holding.name}: {probe.operation} [{probe.id_stands_in}] {fault}")
    return asked, wrong


@each_door
def test_nobody_reaches_beyond_what_they_hold(door: Door, record_property: Callable[[str, object], None]) -> None:
    asked, wrong = walk(door, probes_for)
    record_property("cells", asked)  # told by `make prove-door`
    assert wrong == []
    assert asked > 300


@each_door
def test_without_the_first_barrier_the_second_shows_no_foreign_row(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queries' own filter is taken away; what the database then shows is still the caller's."""
    for module in (scope, import_module(f"services.{door.service}.reach")):
        if hasattr(module, "within"):
            monkeypatch.setattr(module, "within", lambda *_: true())
    foreign, asked = [], 0
    first = door.things[VILLAGES[0]]
    for cell, holding in enumerate(HOLDINGS):
        headers = hold(door.engine, door.sign, "county", holding, subject=UUID(first.ids["uuid"]))
        for probe in in_turn(PROBES[door.service], cell):
            for thing in beyond(door, holding) if not (probe.unbound or holding.none) else ():
                asked += 1
                if probe.seen(probe.ask(door.client, headers, thing), thing):
                    foreign.append(f"{holding.name}: {probe.operation} {thing.village}")
    assert foreign == []
    assert asked > 50


def beyond(door: Door, holding: Holding) -> list[Thing]:
    return [thing for thing in door.things.values() if thing.village not in holding.reaches]


def test_every_operation_with_a_place_is_in_the_matrix() -> None:
    """A new operation fails here until somebody has said where its ids stand."""
    for service, probes in PROBES.items():
        named = {shape_of(probe.operation) for probe in probes}
        missing = {
            operation
            for operation in OPERATIONS[service]
            if "{service}" not in operation and operation not in PLACELESS and shape_of(operation) not in named
        }
        assert missing == set(), service


def shape_of(operation: str) -> str:
    """Without the names of its parameters; a value written in for one counts as one."""
    method, _, path = operation.partition(" ")
    fixed = {
        "monitored",
        "formerly_poor",
        "statements-import",
        "household",
        "2026",
        "resident",
        "2026-09",
        "2026-10",
        "cash",
        "county",
    }
    steps = ["{}" if step.startswith("{") or step in fixed else step for step in path.split("/")]
    if "imports" in path:
        steps[-1] = "{}"
    return f"{method} {'/'.join(steps)}"
