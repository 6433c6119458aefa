"""Deliveries to outside systems, with every guard. One JSON line.

Ours is the relay as the worker runs it: events owed by the fan-out to those who may hear them, claimed under a fencing
number, held against grants again, signed, posted over a connection of its own to an address that was checked in the
same breath, and settled in the database. Two limits in the same run send the same bodies to the same receiver
(hooks.py) one after another over a kept connection: a raw socket, and a bare loop of httpx.
"""

import argparse
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import psycopg
from sqlalchemy import Engine

from bench.morning import load, process
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.secret_files import add_key
from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Lane
from services.kit.post.posts import secret_place
from services.kit.post.receivers import Allowed
from services.kit.post.relay import Courier
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.suites import SUITES
from services.kit.store.tables import Subscription

ZONE = ZoneInfo("Asia/Shanghai")
OPENED, COUNTY = "alert.opened", "520621"
SECRET = "whsec_" + "c2hvdXdhbmc" * 4
FLOORS = {"ratio": 0.03}
GRANT = """
    INSERT INTO access_grant (id, holder, role, kind, place, owner, source, valid, version, revoked)
    VALUES (gen_random_uuid(), 'office', 'client', 'division', '520621', 'county', '示例', '[2020-01-01,)', 1, false)
"""
HAPPEN = """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT gen_random_uuid(), 'alert.opened', gen_random_uuid()::text, '520621100200', now(),
           jsonb_build_object('about', 'household', 'subject', gen_random_uuid(), 'rule', 'income-below-line',
                              'severity', 'high')
    FROM generate_series(1, %s)
"""


@dataclass
class Office:
    """Outside systems at one receiver, and the relay that owes them."""

    plain: psycopg.Connection
    engine: Engine
    courier: Courier
    port: int

    def clear(self) -> None:
        for statement in (b"TRUNCATE event, delivery CASCADE", b"VACUUM ANALYZE", b"CHECKPOINT"):
            self.plain.execute(statement)


@contextmanager
def office(systems: int) -> Iterator[Office]:
    with ExitStack() as held:
        cluster, port = held.enter_context(postgres.throwaway())
        folder = Path(held.enter_context(TemporaryDirectory(prefix="shouwang-hooks-")))
        postgres.create_databases(cluster, port, ["alerts"])
        dsn = cluster.dsn(port, "alerts", "alerts")
        migrate_all({"alerts": dsn})
        hooks = postgres.free_port()
        held.enter_context(process([sys.executable, "-m", "bench.hooks", str(hooks)], os.environ, hooks))
        engine = connect(dsn)
        held.callback(engine.dispose)
        add_key(folder, SUITES["international"])
        seal = Seal.read(folder)
        subscribe(engine, seal, hooks, systems)
        lane = Lane(Allowed("", f"127.0.0.1:{hooks}"))
        held.callback(lane.close)
        plain = held.enter_context(postgres.connect(cluster.dsn(port, "alerts")))
        plain.autocommit = True
        plain.execute(GRANT.encode())
        yield Office(plain, engine, Courier(engine, lane, seal, "alerts", own=False), hooks)


def subscribe(engine: Engine, seal: Seal, port: int, systems: int) -> None:
    with open_session(engine) as session, session.begin():
        for number in range(systems):
            key = uuid4()
            session.add(
                Subscription(
                    id=key,
                    subscriber="office",
                    url=f"http://127.0.0.1:{port}/{number}",
                    types=[OPENED],
                    division=COUNTY,
                    sealed_secret=seal.close(SECRET, secret_place(key)),
                    created_at=datetime.now(ZONE),
                )
            )


def ours(held: Office, events: int, systems: int) -> float:
    """Deliveries a second, from the commit of the events to the last one's settling."""
    held.plain.execute(HAPPEN.encode(), [events])
    began = time.perf_counter()
    while fan_out(held.engine, datetime.now(ZONE)):
        pass
    while held.courier.step(datetime.now(ZONE)):
        pass
    took = time.perf_counter() - began
    done = held.plain.execute("SELECT count(*) FILTER (WHERE attempts = 1 AND status = 204), count(*) FROM delivery")
    if (found := done.fetchone()) != (events * systems,) * 2:
        raise SystemExit(f"a turn that does not count: {found}")
    return events * systems / took


def body() -> bytes:
    """Of the size of ours."""
    data = {"about": "household", "subject": str(uuid4()), "rule": "income-below-line", "severity": "high"}
    told = {"specversion": "1.0", "id": str(uuid4()), "source": "/v1/services/alerts", "type": OPENED, "data": data}
    told |= {"subject": str(uuid4()), "time": datetime.now(ZONE).isoformat(), "division": "520621100200"}
    return json.dumps(told | {"datacontenttype": "application/json"}).encode()


def by_httpx(port: int, posts: int) -> float:
    sent = [body() for _ in range(posts)]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        began = time.perf_counter()
        for one in sent:
            client.post("/0", content=one, headers={"content-type": "application/cloudevents+json"})
        return posts / (time.perf_counter() - began)


def by_socket(port: int, posts: int) -> float:
    sent = [body() for _ in range(posts)]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        for one in sent:
            head = f"POST /0 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(one)}\r\n\r\n".encode()
            connection.sendall(head + one)
            connection.recv(1024)
        return posts / (time.perf_counter() - began)


def measure(events: int, systems: int, turns: int) -> dict[str, float]:
    found: dict[str, list[float]] = {"socket": [], "httpx": [], "ours": []}
    with office(systems) as held:
        ways: dict[str, Callable[[], float]] = {
            "socket": lambda: by_socket(held.port, events * systems),
            "httpx": lambda: by_httpx(held.port, events * systems),
            "ours": lambda: ours(held, events, systems),
        }
        for one in range(turns + 1):
            for name, go in ways.items():
                held.clear()
                rate = go()
                if one:  # the first warms up
                    found[name].append(rate)
    rates = {name: median(seen) for name, seen in found.items()}
    ratios = {"ratio": rates["ours"] / rates["socket"], "ratio_httpx": rates["ours"] / rates["httpx"]}
    return {name: round(ratio, 3) for name, ratio in ratios.items()} | {
        f"{name}_per_s": round(rate) for name, rate in rates.items()
    }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--events", type=int, default=250)
    asked.add_argument("--systems", type=int, default=8)
    asked.add_argument("--turns", type=int, default=3)
    told, began = asked.parse_args(), load()
    asked_for = {"bench": "webhook", "events": told.events, "systems": told.systems, "turns": told.turns}
    found = measure(told.events, told.systems, told.turns)
    sys.stdout.write(json.dumps(asked_for | found | {"floors": FLOORS, "load": [began, load()]}) + "\n")


if __name__ == "__main__":
    main()
