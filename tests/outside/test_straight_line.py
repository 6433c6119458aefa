"""One county watched end to end, in real processes: what is told arrives, what is acknowledged stays, through kills."""

import os
import random
import signal
import time
from datetime import datetime
from threading import Event, Thread
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.cli.demo import COUNTY
from services.cli.office import Office, Refused
from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for

KILLS = 20
SEED = 20261121
POOR, RICH = 100_000, 100_000_000  # fen a year for a whole household: far below any line, and far above


def unmonitored(office: Office, number: int) -> list[str]:
    """Households with members that no tag keeps from being judged by income."""
    rows = office.get("households", "/v1/households", village=COUNTY, limit=200)["rows"]
    families = (office.get("households", f"/v1/households/{row['id']}") for row in rows)
    fit = (f["id"] for f in families if f["members"] and not f["facts"]["monitored"])
    return [next(fit) for _ in range(number)]


def statement(wage: int) -> dict[str, Any]:
    period = {"period_from": "2025-11-01", "period_to": "2026-10-31"}
    return {"id": str(uuid4()), **period, "lines": [{"kind": "wage", "amount": wage}]}


def open_income_alerts(office: Office, family: str) -> list[dict[str, Any]]:
    found = office.get("alerts", "/v1/alerts", division=COUNTY, subject=family, rule="income-below-line")
    return list(found["rows"])


def check_in() -> dict[str, Any]:
    return {"id": str(uuid4()), "at": datetime.now(ZoneInfo("Asia/Shanghai")).isoformat()}


def test_the_certificate_balances_and_the_whole_register_is_in_it(county: WatchedCounty) -> None:
    swept = county.sweep()
    assert swept
    certificate = swept["certificate"]
    assert (certificate["register"], certificate["balances"]) == (150, True)
    assert certificate["judged"] + certificate["not_judgeable"] == 150
    gaps = county.office("county").get("alerts", f"/v1/sweeps/{swept['id']}/gaps", limit=200)["rows"]
    assert len(gaps) == certificate["not_judgeable"]
    assert all(gap["missing"] for gap in gaps)


def test_a_check_in_reaches_another_system_signed(county: WatchedCounty) -> None:
    entry = check_in()
    answer = county.office("cadre").post("attendance", "/v1/check-ins", entry)
    assert answer["verdict"] == "uncertain"  # no position was sent, and none is required
    wait_for(lambda: county.heard_of("check_in.recorded", entry["id"]), 15)


def test_an_income_change_opens_an_alert_and_its_correction_closes_it_and_both_are_heard(county: WatchedCounty) -> None:
    office = county.office("county")
    family = unmonitored(office, 1)[0]
    office.post("households", f"/v1/households/{family}/statements", statement(RICH))
    wait_for(lambda: not open_income_alerts(office, family), 15)
    office.post("households", f"/v1/households/{family}/statements", statement(POOR))
    wait_for(lambda: len(open_income_alerts(office, family)) == 1, 15)
    alert = open_income_alerts(office, family)[0]
    assert "低于监测线" in alert["explanation"]
    office.post("households", f"/v1/households/{family}/statements", statement(RICH))
    wait_for(lambda: county.heard_of("alert.opened", alert["id"]), 15)
    wait_for(lambda: county.heard_of("alert.closed", alert["id"]), 15)
    assert open_income_alerts(office, family) == []


class Writer(Thread):
    """Writes until told to stop, repeating each write under its id until it is acknowledged; notes what was."""

    def __init__(self, office: Office, cadre: Office, families: list[str]) -> None:
        super().__init__()
        self.office, self.cadre, self.families = office, cadre, families
        self.stop = Event()
        self.statements: dict[str, list[tuple[str, int]]] = {family: [] for family in families}
        self.check_ins: list[str] = []

    def run(self) -> None:
        rng = random.Random(SEED)
        while not self.stop.is_set():
            family, wage = rng.choice(self.families), rng.choice([POOR, RICH])
            body = statement(wage)
            self.until_acknowledged(self.office, "households", f"/v1/households/{family}/statements", body)
            self.statements[family].append((body["id"], wage))
            entry = check_in()
            self.until_acknowledged(self.cadre, "attendance", "/v1/check-ins", entry)
            self.check_ins.append(entry["id"])

    def until_acknowledged(self, office: Office, service: str, path: str, body: dict[str, Any]) -> None:
        while True:
            try:
                office.post(service, path, body)
                return
            except httpx.HTTPError:
                time.sleep(0.1)
            except Refused as refused:
                if refused.status < 500:
                    raise
                time.sleep(0.1)


def kill_at_random(county: WatchedCounty, kills: int) -> None:
    """-9 at random moments: each process once, PostgreSQL among them, and the rest by chance."""
    rng = random.Random(SEED)
    names = sorted(county.processes())
    turns = names + rng.choices(names, k=kills - len(names))
    rng.shuffle(turns)
    for name in turns:
        time.sleep(rng.uniform(0.3, 2.5))
        wait_for(lambda name=name: name in county.processes(), 60)  # type: ignore[misc]
        os.kill(county.processes()[name]["pid"], signal.SIGKILL)


@pytest.mark.long  # `make chaos` does it with every kind of process and a model of what must be
def test_twenty_kills_lose_nothing_acknowledged_and_double_no_alert(county: WatchedCounty) -> None:
    office = county.office("county")
    families = unmonitored(office, 8)
    writer = Writer(office, county.office("cadre"), families)
    writer.start()
    kill_at_random(county, KILLS)
    writer.stop.set()
    writer.join(120)
    assert not writer.is_alive()
    wait_for(lambda: len(county.processes()) == PROCESSES, 60)
    expected = {f: bool(sent and sent[-1][1] == POOR) for f, sent in writer.statements.items() if sent}
    assert sum(map(len, writer.statements.values())) >= 5
    wait_for(lambda: all(bool(open_income_alerts(office, f)) == poor for f, poor in expected.items()), 60)
    nothing_lost(county, office, writer)
    nothing_doubled(county, office, families)


def nothing_lost(county: WatchedCounty, office: Office, writer: Writer) -> None:
    for family, sent in writer.statements.items():
        kept = {s["id"] for s in office.get("households", f"/v1/households/{family}/statements")}
        assert {statement_id for statement_id, _ in sent[-60:]} <= kept
    newest = county.office("cadre").get("attendance", "/v1/check-ins", limit=200)["rows"]
    kept = {c["id"] for c in newest}
    assert set(writer.check_ins[-200:]) <= kept
    for entry in writer.check_ins:
        wait_for(lambda entry=entry: county.heard_of("check_in.recorded", entry), 90)  # type: ignore[misc]


def nothing_doubled(county: WatchedCounty, office: Office, families: list[str]) -> None:
    """At most one open alert each; every opening and every closing was heard, once by its id."""
    for family in families:
        assert len(open_income_alerts(office, family)) <= 1
        closed = office.get("alerts", "/v1/alerts", division=COUNTY, subject=family, closed=True, limit=200)["rows"]
        for alert in closed:
            wait_for(lambda alert=alert: county.heard_of("alert.closed", alert["id"]), 90)  # type: ignore[misc]
    opened = [
        event["subject"] for event in {e["id"]: e for e in county.heard()}.values() if event["type"] == "alert.opened"
    ]
    assert len(opened) == len(set(opened))
