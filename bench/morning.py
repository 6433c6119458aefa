"""A county's attendance at eight in the morning: a durable PostgreSQL, its API as a process, a token per cadre."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.processes import Ports, service_environment
from services.cli.secret_files import make_secrets
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE

CADRES, TEAM = 1_000, 4  # cadres, and so many of them in a team
COUNTY = "520621"
STATION = (27.70, 108.84)

FILL = """
    INSERT INTO unit (id, name) VALUES (gen_random_uuid(), '示例单位');
    INSERT INTO team (id, name, village)
        SELECT gen_random_uuid(), '示例队' || n, '520621' || lpad(n::text, 6, '0') FROM generate_series(1, {teams}) n;
    INSERT INTO station (village, name, latitude, longitude, sent_latitude, sent_longitude, datum, radius)
        SELECT village, '示例站', 27.70, 108.84, 27.70, 108.84, 'wgs84', 500 FROM team;
    INSERT INTO cadre (id, name, sealed_mobile, mobile_index, unit_id, account)
        SELECT gen_random_uuid(), '示甲子', '', sha256(n::text::bytea), (SELECT id FROM unit), gen_random_uuid()
        FROM generate_series(1, {cadres}) n;
    WITH c AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM cadre),
         t AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM team)
    INSERT INTO posting (id, cadre_id, team_id, role, valid)
        SELECT gen_random_uuid(), c.id, t.id, 'member', '[2020-01-01,)' FROM c JOIN t ON t.n = c.n / {size};
    INSERT INTO team_facts (subject, division, version, members, leaders, member_away_since, longest_posted_since)
        SELECT id, village, 1, {size}, 0, '2020-01-01', '2020-01-01' FROM team;
    INSERT INTO standard (id, key, division, population_class, valid, value, unit, document_no, source, version)
        SELECT gen_random_uuid(), key, '520621', '', '[2020-01-01,)', value, '1', '示例', '', 1
        FROM (VALUES ('self_check_in', 1), ('day_starts_at', 5)) AS said (key, value);
"""


@dataclass
class Morning:
    """`tokens`: one for each cadre. `plain` may do anything to the database."""

    port: int
    tokens: Sequence[str]
    cadres: Sequence[UUID]
    plain: psycopg.Connection
    dsn: str

    def clear(self) -> None:
        """No check-ins of earlier turns, nothing left to vacuum or write back."""
        tables = "check_in, day_status, event, delivery"
        unseen = "UPDATE team_facts SET last_present_on = NULL, member_away_since = '2020-01-01'"
        for statement in (f"TRUNCATE {tables}", unseen, "VACUUM ANALYZE"):
            self.plain.execute(statement.encode())
        self.plain.execute("CHECKPOINT")


@contextmanager
def morning(module: str = "services.attendance.main") -> Iterator[Morning]:
    key = RSAKey.generate_key(2048, parameters={"kid": "bench", "use": "sig", "alg": "RS256"})
    with postgres.throwaway() as (cluster, port), published(key) as keys:
        postgres.create_databases(cluster, port, ["attendance"])
        owner = cluster.dsn(port, "attendance", "attendance")
        migrate_all({"attendance": owner})
        make_secrets(cluster.state)
        ports = Ports(**{**Ports.free().by_name(), "postgres": port, "county": keys})
        env = service_environment("attendance", cluster, ports, postgres.api_role("attendance"))
        with postgres.connect(cluster.dsn(port, "attendance")) as plain:
            plain.autocommit = True
            with process([sys.executable, "-m", module], env, ports.attendance):
                # Filled now: at its start it would not know the key these mobiles were never sealed with.
                plain.execute(FILL.format(cadres=CADRES, teams=CADRES // TEAM, size=TEAM).encode())
                rows = plain.execute("SELECT account, id FROM cadre").fetchall()
                tokens = [token_of(account, key) for account, _ in rows]
                yield Morning(ports.attendance, tokens, [cadre for _, cadre in rows], plain, owner)


@contextmanager
def process(argv: Sequence[str], env: Mapping[str, str], port: int) -> Iterator[None]:
    env = {**env, "SHOUWANG_WRITES_PER_MINUTE": "100000000"}
    with subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as started:
        try:
            while not answers(port):
                if started.poll() is not None:
                    raise SystemExit(f"{argv} ended with {started.returncode}")
                time.sleep(0.1)
            yield
        finally:
            started.terminate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False).status_code < 500
    except httpx.HTTPError:
        return False


@contextmanager
def published(key: RSAKey) -> Iterator[int]:
    """The county's keys, at the port answered."""
    told = dumps(KeySet([key]).as_dict(private=False)).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def token_of(account: str, key: RSAKey) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": account, "iat": now, "exp": now + LIFETIME}
    header = {"alg": "RS256", "kid": "bench", "typ": TOKEN_TYPE}
    return str(jwt.encode(header, claims | {"roles": ["cadre"], "scope": ""}, key, algorithms=["RS256"]))


def check_in() -> dict[str, object]:
    latitude, longitude = STATION
    at = datetime.now(UTC).isoformat()
    return {"id": str(uuid4()), "at": at, "latitude": latitude, "longitude": longitude, "accuracy": 12}


def request(path: str, token: str, body: object) -> bytes:
    said = dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(said)}\r\n\r\n".encode() + said


def turn(port: int, requests: Sequence[bytes], connections: int, seconds: float, folder: Path) -> dict[str, float]:
    """One turn of the phones. Refuses to count one that was not answered well throughout."""
    file = folder / "requests"
    file.write_bytes(b"\0".join(requests))
    told = {"port": port, "requests": str(file), "connections": connections, "seconds": seconds}
    said = subprocess.run(
        [sys.executable, "-m", "bench.phones"], input=dumps(told) + "\n", capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, float] = httpx.Response(200, text=said).json()
    if found["wrong"] or found["ran_out"]:
        raise SystemExit(f"a turn that does not count: {found}")
    return found


def load() -> float:
    return round(os.getloadavg()[0], 1)
