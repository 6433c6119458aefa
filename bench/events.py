"""Facts told by one service, learned and judged by another. One JSON line.

Ours is the whole way: events in households' database, owed by the fan-out, claimed, signed and posted by the relay;
verified, noted, learned, remembered and judged by alerts' API, a process of its own; committed, answered, settled.
Two limits in the same run: a bare COPY of the rows that alerts holds in the end, and eight connections that each update
a row of facts and write an event, a transaction for each. Then the way from commit to commit when events come evenly.
"""

import argparse
import csv
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from random import Random
from statistics import median
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Engine

from bench.bare import columns_of, copied
from bench.county import STANDARDS, facts_of, village_of
from bench.ground import calendar, standard
from bench.morning import load, process
from services.alerts.rules.rules import ship
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.processes import Ports, service_environment
from services.cli.secret_files import make_secrets, secret_folder
from services.kit.post.facts import CHANGED
from services.kit.post.fan_out import fan_out
from services.kit.post.inbox import inbox_secret
from services.kit.post.outgoing import Lane
from services.kit.post.posts import secret_place
from services.kit.post.receivers import Allowed
from services.kit.post.relay import Courier
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.tables import Subscription
from services.kit.store.work import Loop, turn

ZONE = ZoneInfo("Asia/Shanghai")
LEFT = ("receipt", "household_facts", "fact_history", "finding", "alert", "event")  # what alerts holds in the end
SINGLES = 8  # connections of the limit that commits each event by itself
TELL = "INSERT INTO event (id, type, subject, division, occurred_at, data) VALUES (%s, %s, %s, %s, now(), %s)"
OWED = "SELECT EXISTS (SELECT FROM event WHERE NOT fanned_out) OR EXISTS (SELECT FROM delivery WHERE done_at IS NULL)"
SINGLE = "UPDATE bare_household_facts SET version = version + 1, net_income = %s WHERE subject = %s"
FLOORS = {"ratio": 0.15, "per_s": 2_000, "p50_ms": 80, "p99_ms": 300}

Told = tuple[UUID, str, str, str, str]  # id, type, subject, division, data


@dataclass
class Way:
    """Both databases with all rights, the engine of the relay, and how to connect to alerts' with all rights too."""

    households: psycopg.Connection
    alerts: psycopg.Connection
    engine: Engine
    alerts_dsn: str


def tell(random: Random, number: int) -> Told:
    facts = json.dumps({"kind": "household", "version": 1, "facts": facts_of(random)})
    return uuid4(), CHANGED, str(uuid4()), village_of(number), facts


@contextmanager
def way() -> Iterator[Way]:
    with ExitStack() as held:
        cluster, port = held.enter_context(postgres.throwaway())
        postgres.create_databases(cluster, port, ["households", "alerts"])
        dsns = {name: cluster.dsn(port, name, name) for name in ("households", "alerts")}
        migrate_all(dsns)
        make_secrets(cluster.state)
        fill_alerts(dsns["alerts"])
        ports = Ports(**{**Ports.free().by_name(), "postgres": port})
        env = service_environment("alerts", cluster, ports, postgres.api_role("alerts"))
        held.enter_context(process([sys.executable, "-m", "services.alerts.main"], env, ports.alerts))
        engine = connect(dsns["households"])
        held.callback(engine.dispose)
        secret = (secret_folder(cluster.state, "alerts") / "client_secret").read_text().strip()
        seal = Seal.read(secret_folder(cluster.state, "households"))
        subscribe(engine, seal, ports.url("alerts"), inbox_secret(secret, "households"))
        held.enter_context(relaying(engine, seal, ports.url("alerts")))
        plain = [held.enter_context(postgres.connect(cluster.dsn(port, name))) for name in dsns]
        for one in plain:
            one.autocommit = True
        yield Way(plain[0], plain[1], engine, cluster.dsn(port, "alerts"))


def fill_alerts(dsn: str) -> None:
    engine, now = connect(dsn), datetime.now(ZONE)
    ship(engine, now)
    with open_session(engine) as session, session.begin():
        session.add_all(standard(key, value) for key, value in STANDARDS.items())
        session.add_all(calendar(now.year))
    engine.dispose()


def subscribe(engine: Engine, seal: Seal, alerts: str, secret: str) -> None:
    """As alerts' worker does it."""
    key = uuid4()
    with open_session(engine) as session, session.begin():
        session.add(
            Subscription(
                id=key,
                subscriber="alerts",
                url=f"{alerts}/v1/services/alerts/inbox/households",
                types=[CHANGED],
                batch=True,
                own=True,
                sealed_secret=seal.close(secret, secret_place(key)),
                created_at=datetime.now(ZONE),
            )
        )


@contextmanager
def relaying(engine: Engine, seal: Seal, alerts: str) -> Iterator[None]:
    """The two loops of a worker that bring events to our own services."""
    stop, lane = threading.Event(), Lane(Allowed(alerts, ""))
    courier = Courier(engine, lane, seal, "households", own=True)
    loops = [Loop("fan out", lambda now: fan_out(engine, now), idle=0.05), Loop("our own", courier.step, idle=0.05)]
    threads = [threading.Thread(target=turn, args=(loop, stop, ZONE)) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        lane.close()


def saturated(held: Way, events: list[Told]) -> float:
    """Seconds until none of them is owed, all written at once."""
    file = StringIO()
    csv.writer(file).writerows((*one, datetime.now(ZONE).isoformat()) for one in events)
    began = time.perf_counter()
    into = b"COPY event (id, type, subject, division, data, occurred_at) FROM STDIN (FORMAT csv)"
    with held.households.cursor().copy(into) as copy:
        copy.write(file.getvalue())
    while held.households.execute(OWED.encode()).fetchone() != (False,):
        time.sleep(0.05)
    return time.perf_counter() - began


def singly(held: Way, events: list[Told]) -> float:
    """Transactions a second, each an update and an event row."""

    def write(mine: list[Told]) -> None:
        with psycopg.connect(held.alerts_dsn.replace("+psycopg", ""), autocommit=True) as connection:
            for one in mine:
                with connection.pipeline(), connection.transaction():
                    connection.execute(SINGLE.encode(), [1, one[2]])
                    connection.execute(TELL.replace("event", "bare_event", 1).encode(), [uuid4(), *one[1:]])

    threads = [threading.Thread(target=write, args=(events[n::SINGLES],)) for n in range(SINGLES)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(events) / (time.perf_counter() - began)


def evenly(held: Way, rate: int, seconds: float) -> list[float]:
    """Milliseconds from the commit of each event to that of its judgement, looked for every few milliseconds."""
    random, seen, waiting = Random(2), [], dict[UUID, float]()
    began = time.perf_counter()
    sent, most = 0, int(rate * seconds)
    while sent < most or waiting:
        while sent < most and sent <= (time.perf_counter() - began) * rate:
            one = tell(random, sent)
            held.households.execute(TELL.encode(), one)
            waiting[one[0]] = time.perf_counter()
            sent += 1
        arrived = b"SELECT event_id FROM receipt WHERE event_id = ANY (%s)"
        for (key,) in held.alerts.execute(arrived, [list(waiting)]).fetchall():
            seen.append(1000 * (time.perf_counter() - waiting.pop(key)))
        time.sleep(0.003)
    return sorted(seen)


def measure(size: int, turns: int, rate: int) -> dict[str, Any]:
    random, took = Random(1), list[float]()
    with way() as held:
        saturated(held, [tell(random, n) for n in range(1_000)])  # warms up
        for _ in range(turns):
            events = [tell(random, n) for n in range(size)]
            held.alerts.execute(f"TRUNCATE {', '.join(LEFT)} CASCADE".encode())
            took.append(saturated(held, events))
        found = held.alerts.execute("SELECT (SELECT count(*) FROM receipt), (SELECT count(*) FROM alert)").fetchone()
        if found is None or found[0] != size or not found[1]:
            raise SystemExit(f"not all were judged: {found}")
        copy = copied(held.alerts, [(table, columns_of(held.alerts, table)) for table in LEFT])
        singles = singly(held, events)
        latencies = evenly(held, rate, 10)
    per_s = size / median(took)
    return {
        "ratio": round(per_s / singles, 3),
        "ratio_copy": round(copy / median(took), 3),
        "per_s": round(per_s),
        "singles_per_s": round(singles),
        "copy_per_s": round(size / copy),
        "p50_ms": round(latencies[len(latencies) // 2], 1),
        "p99_ms": round(latencies[len(latencies) * 99 // 100], 1),
        "rate": rate,
        "alerts": found[1],
        "floors": FLOORS,
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--size", type=int, default=20_000)
    asked.add_argument("--turns", type=int, default=3)
    asked.add_argument("--rate", type=int, default=100)
    told, began = asked.parse_args(), load()
    said = {"bench": "event", "size": told.size} | measure(told.size, told.turns, told.rate)
    sys.stdout.write(json.dumps(said | {"load": [began, load()]}) + "\n")


if __name__ == "__main__":
    main()
