"""Inspectors write down what they found while the processes that pass it on are killed: each finding that asks for
repair is one issue of the register, and the villages hear of it when they should."""

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from services.cli.demo import COUNTY, ident
from services.cli.office import Office, Refused
from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for

SEED = 20261124
FINDINGS, KILLS = 12, 5
OWNER = {"kind": "unit", "label": "示例镇政府"}


def test_each_finding_that_asks_for_repair_is_one_issue_through_kills(county: WatchedCounty) -> None:
    office, cadre = county.office("county"), county.office("cadre")
    open_one, hidden = drawn(office, "announced"), drawn(office, "unannounced")
    own = {row["village"] for row in population(office, open_one) if row["kept_out"]}
    assert len(own) == 1
    assert own.isdisjoint(open_one["villages"])
    rng = random.Random(SEED)
    asked: dict[str, list[str]] = {one["id"]: [] for one in (open_one, hidden)}
    for number in range(FINDINGS):
        for one in (open_one, hidden):
            at = str(uuid4())
            village = one["villages"][number % len(one["villages"])]
            until_acknowledged(cadre, f"/v1/inspections/{one['id']}/findings/{at}", repair(village))
            asked[one["id"]].append(at)
        if number < KILLS:
            kill(county, rng)
    wait_for(lambda: len(county.processes()) == PROCESSES, 90)
    wait_for(lambda: set(issues(office, open_one)) == set(asked[open_one["id"]]), 60)
    assert issues(office, hidden) == {}
    until_acknowledged(office, f"/v1/inspections/{hidden['id']}/closing", {})
    kill(county, rng)
    wait_for(lambda: set(issues(office, hidden)) == set(asked[hidden["id"]]), 90)
    told = {row["id"]: row["opened"] for row in findings(cadre, hidden)}
    assert {one["state"] for one in told.values()} == {"opened"}
    assert {at: one["number"] for at, one in told.items()} == issues(office, hidden)


def drawn(office: Office, kind: str) -> Any:
    """Over the county: every team's village but the inspector's own. Drawn again here from its seed and its list."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    said = {"kind": kind, "document_no": "示例督〔2026〕1号", "division": COUNTY, "first_day": today, "last_day": today}
    inspectors = [{"account": ident("cadre"), "name": "驻村演示员"}]
    path, body = f"/v1/inspections/{uuid4()}", said | {"inspectors": inspectors, "how_many": 3}
    office.put("attendance", path, body)
    one = office.put("attendance", f"{path}/draw", {})
    free = [row["village"] for row in population(office, one) if row["kept_out"] is None]
    keyed = sorted((hashlib.sha256(f"{one['seed']}:{code}".encode()).hexdigest(), code) for code in free)
    assert one["villages"] == [code for _, code in keyed[:3]]
    return one


def population(office: Office, one: Any) -> list[Any]:
    return list(office.get("attendance", f"/v1/inspections/{one['id']}/population", limit=200)["rows"])


def findings(office: Office, one: Any) -> list[Any]:
    return list(office.get("attendance", f"/v1/inspections/{one['id']}/findings", limit=200)["rows"])


def repair(village: str) -> dict[str, Any]:
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    said = {"village": village, "day": today, "verdict": "repair", "text": "示例问题"}
    return said | {"issue": {"kind": "environment", "owner": OWNER}}


def issues(office: Office, one: Any) -> dict[str, int]:
    """Those of that inspection, with their numbers: a second one of a finding would be another id."""
    reference = f"{COUNTY}/{one['year']}/{one['number']}"
    found = again(lambda: office.get("households", "/v1/issues", division=COUNTY, source="inspection", limit=200))
    return {row["id"]: row["number"] for row in found["rows"] if row["source_ref"] == reference}


def until_acknowledged(office: Office, path: str, body: dict[str, Any]) -> None:
    again(lambda: office.put("attendance", path, body))


def again(ask: Callable[[], Any]) -> Any:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with suppress(httpx.HTTPError):
            try:
                return ask()
            except Refused as refused:
                if refused.status < 500:
                    raise
        time.sleep(0.1)
    raise AssertionError("nobody answered")


def kill(county: WatchedCounty, rng: random.Random) -> None:
    """-9: one of those that pass a finding on."""
    ours = sorted(name for name in county.processes() if name.startswith(("attendance", "households")))
    with suppress(ProcessLookupError):
        os.kill(county.processes()[rng.choice(ours)]["pid"], signal.SIGKILL)
    time.sleep(rng.uniform(0.1, 0.8))
