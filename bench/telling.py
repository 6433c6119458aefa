"""A county's alerts told to its people in one digest each. One JSON line.

Ours is what the services run: the statement that makes the notices in the transaction that opened the alerts, the
gathering into digests, and the worker's delivery by a gateway for short messages (hooks.py, on this machine), each
message claimed, guarded, sent and noted. The limit, in the same run: an INSERT … SELECT of the same notices from a
table that holds them already, into one with the same keys. `ratio` is the limit's time over ours, all of it;
`tell_ratio` over the statement's alone.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import Engine

from bench.morning import load, process
from services.alerts.models.telling import Addressee
from services.alerts.telling.addresses import write_addresses
from services.alerts.telling.channels.sms import Sms
from services.alerts.telling.delivery import PostOffice, deliver_some
from services.alerts.telling.digests import gather
from services.alerts.telling.notices import tell_these
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.secret_files import add_key
from services.kit.post.outgoing import Lane
from services.kit.post.receivers import Allowed
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.suites import SUITES

ZONE = ZoneInfo("Asia/Shanghai")
GOAL = 60.0  # seconds
ROLES = ("captain", "cadre", "cadre", "assistant", "assistant")  # of a village
VILLAGE = "'520621' || lpad((1 + mod(n, {villages}))::text, 6, '0')"
FILL = """
    INSERT INTO rule (key, version, about, severity, since, condition, title_zh, title_en, explain_zh, explain_en,
                      created_at)
    SELECT 'rule-' || n, 1, 'household', 'medium', '2026-01-01', 'not safe_water', '示例规则' || n, 'rule ' || n,
           '', '', now()
    FROM generate_series(0, 14) AS n;
    INSERT INTO division (code, name, level, version)
    SELECT {village}, '示例村' || n, 'village', 1 FROM generate_series(0, {villages} - 1) AS n;
    INSERT INTO alert (id, county, about, rule_key, rule_version, subject, division, severity, opened_at, refreshed_at,
                       finding_id, evidence_digest)
    SELECT gen_random_uuid(), '520621', 'household', 'rule-' || n % 15, 1, gen_random_uuid(), {village}, 'medium',
           now(), now(), gen_random_uuid(), n
    FROM generate_series(1, {alerts}) AS n;
    ANALYZE
"""
GRANT = """
    INSERT INTO access_grant (id, holder, role, kind, place, owner, source, valid, version, revoked)
    SELECT gen_random_uuid(), holder, role, 'division', {village}, 'county', '示例', '[2020-01-01,)', 1, false
    FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS people (holder, role, n)
"""
BARE = """
    CREATE TABLE bare (LIKE notice INCLUDING ALL);
    CREATE TABLE known AS SELECT * FROM notice;
    CHECKPOINT
"""


@dataclass(frozen=True)
class County:
    plain: psycopg.Connection
    engine: Engine
    office: PostOffice
    people: int


@contextmanager
def county(alerts: int, people: int) -> Iterator[County]:
    with ExitStack() as held:
        cluster, port = held.enter_context(postgres.throwaway())
        folder = Path(held.enter_context(TemporaryDirectory(prefix="shouwang-telling-")))
        postgres.create_databases(cluster, port, ["alerts"])
        dsn = cluster.dsn(port, "alerts", "alerts")
        migrate_all({"alerts": dsn})
        gateway = postgres.free_port()
        held.enter_context(process([sys.executable, "-m", "bench.hooks", str(gateway)], os.environ, gateway))
        engine = connect(dsn)
        held.callback(engine.dispose)
        add_key(folder, SUITES["international"])
        lane = Lane(Allowed("", f"http://127.0.0.1:{gateway}"))
        held.callback(lane.close)
        sms = Sms(lane, f"http://127.0.0.1:{gateway}/sms", "SMS_1", "SMS_2")
        plain = held.enter_context(postgres.connect(cluster.dsn(port, "alerts")))
        plain.autocommit = True
        made = County(plain, engine, PostOffice(engine, Seal.read(folder), {"sms": sms}), people)
        fill(made, alerts)
        yield made


def fill(made: County, alerts: int) -> None:
    villages = made.people // len(ROLES)
    village = VILLAGE.format(villages=villages)
    names = [f"person-{n}" for n in range(made.people)]
    made.plain.execute(FILL.format(village=village, villages=villages, alerts=alerts).encode())
    roles = [ROLES[n // villages % len(ROLES)] for n in range(made.people)]
    made.plain.execute(GRANT.format(village=village).encode(), [names, roles])
    with open_session(made.engine) as session, session.begin():
        for name in names:
            person = Addressee(id=uuid4(), account=name, channels=["sms"], language="zh")
            write_addresses(made.office.seal, person, {"phone": "10000000001"})
            session.add(person)


def measure(alerts: int, people: int) -> dict[str, float]:
    now = datetime.now(ZONE)
    with county(alerts, people) as held:
        ids = held.plain.execute("SELECT array_agg(id)::text FROM alert").fetchone()
        began = time.perf_counter()
        with open_session(held.engine) as session, session.begin():
            notices = tell_these(session, "alert_opened", str(ids[0] if ids else ""), now)
        told = time.perf_counter()
        gathered = gather(held.engine, now)
        digests = time.perf_counter()
        while deliver_some(held.office, now, urgent=False):
            pass
        done = time.perf_counter()
        check(held, notices, gathered, people)
        bare = limit(held)
    found = {"tell_s": told - began, "gather_s": digests - told, "deliver_s": done - digests, "ours_s": done - began}
    ratios = {"ratio": bare / found["ours_s"], "tell_ratio": bare / found["tell_s"], "bare_s": bare}
    return {"notices": notices} | {name: round(figure, 3) for name, figure in (ratios | found).items()}


def check(held: County, notices: int, gathered: int, people: int) -> None:
    by = held.plain.execute(
        "SELECT count(*), count(DISTINCT recipient), min(told_by) FROM telling WHERE done_at > '-infinity'"
    )
    told = held.plain.execute(
        "SELECT count(*) FROM telling JOIN notice USING (recipient, urgent) WHERE xid >= after_xid AND xid < until_xid"
    )
    if (by.fetchone(), gathered, told.fetchone()) != ((people, people, "sms"), people, (notices,)):
        raise SystemExit("a run that does not count: somebody was untold, or told twice")


def limit(held: County) -> float:
    held.plain.execute(BARE.encode())
    began = time.perf_counter()
    held.plain.execute("INSERT INTO bare SELECT * FROM known")
    return time.perf_counter() - began


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--alerts", type=int, default=100_000)
    asked.add_argument("--people", type=int, default=2_000)
    told, began = asked.parse_args(), load()
    found = measure(told.alerts, told.people)
    said = {"bench": "telling", "alerts": told.alerts, "people": told.people, **found, "goal_s": GOAL}
    sys.stdout.write(json.dumps(said | {"load": [began, load()]}) + "\n")


if __name__ == "__main__":
    main()
