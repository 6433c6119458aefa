"""Searches and lists of the register beside their bare SQL, and households brought in one by one. One JSON line.

Ours is the documented endpoint of the documented process, asked by twenty users, each with a token and a place of their
own. The limit asks the database the same over as many connections of the owner's: no token, no scope, no policy, no
audit. `idle` is the limit of machine and framework: the same users at an operation that does nothing (idle.py), behind
the same guards in a process of its own. All take turns in one run; the medians of the turns count. Without a pause each
user asks again at once; paced, a second lies between, as between two searches of a person who types.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from statistics import median, quantiles
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import psycopg
from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.idle import PATH
from bench.morning import load, process, published
from services.cli import postgres
from services.cli.migrate import migrate_all
from services.cli.processes import Ports, service_environment
from services.cli.secret_files import make_secrets
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE

FLOORS = {"search_over_bare_p99_ms": 40, "list_p50_ratio": 6, "households_per_s": 100}
USERS, FAMILY, VILLAGE = 20, 4, 80  # persons to a household, households to a village
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
FILL = """
    INSERT INTO household (id, number, village, group_name, head_name, created_at)
        SELECT gen_random_uuid(), 'R' || n, '520621' || lpad((n / {village} / 20 + 1)::text, 3, '0')
            || lpad((n / {village} % 20 + 1)::text, 3, '0'), '',
            substr('{surnames}', (random() * 39)::int + 1, 1) || chr(19968 + (random() * 3000)::int), now()
        FROM generate_series(1, {households}) n;
    INSERT INTO person (id, name, birth_date, sex)
        SELECT gen_random_uuid(), substr('{surnames}', (random() * 39)::int + 1, 1)
            || chr(19968 + (random() * 3000)::int) || chr(19968 + (random() * 3000)::int), '1970-01-01', '1'
        FROM generate_series(1, {households} * {family});
    WITH h AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM household),
         p AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM person)
    INSERT INTO membership (id, household_id, person_id, relation, valid)
        SELECT gen_random_uuid(), h.id, p.id, '99', '[2020-01-01,)' FROM p JOIN h ON h.n = p.n / {family};
    INSERT INTO access_grant (id, holder, role, place, kind, owner, source, version, revoked, valid)
        SELECT gen_random_uuid(), 'user' || n, 'county', CASE WHEN n % 2 = 0 THEN '520621' ELSE '520621001' END,
            'division', 'county', '示例', 1, false, '[2020-01-01,)' FROM generate_series(0, {users} - 1) n;
"""
LINES = """
    SELECT h.* FROM (SELECT DISTINCT {order} FROM member_name WHERE {column} ^@ %s AND village ^@ %s
    ORDER BY {order} LIMIT 51) AS named JOIN household h ON h.id = named.household_id
"""
BY = {"folded": "folded, household_id", "initials": "initials, folded, household_id"}
LIST = "SELECT * FROM household WHERE village = %s ORDER BY number LIMIT 51"


@dataclass
class County:
    port: int
    idle: int
    dsn: str
    tokens: Sequence[str]
    names: Sequence[str]
    initials: Sequence[str]
    villages: Sequence[str]


Asked = tuple[str, str, tuple[str, ...]]  # the path of ours; the statement of the limit, and what it is told


def searches(county: County, chance: random.Random) -> Iterator[Asked]:
    """Whole names, given names left out, initials: as people type. Half of the users see a township."""
    for place in cycle(("520621", "520621001")):
        by_letters = chance.random() < 0.4
        told = chance.choice(county.initials if by_letters else county.names)
        sought = told[: chance.choice((2, 3))] if by_letters or chance.random() < 0.8 else told[:1]
        column = "initials" if by_letters else "folded"
        yield f"/v1/household-search?q={quote(sought)}", LINES.format(column=column, order=BY[column]), (sought, place)


def lists(county: County, chance: random.Random) -> Iterator[Asked]:
    while True:
        village = chance.choice(county.villages)
        yield f"/v1/households?village={village}", LIST, (village,)


def together(work: Callable[[int], list[float]]) -> list[float]:
    """Seconds of each answer, of all users at once."""
    with ThreadPoolExecutor(USERS) as users:
        return [one for each in users.map(work, range(USERS)) for one in each]


def nothing(*_: object) -> Iterator[Asked]:
    while True:
        yield PATH, "", ()


def asked_of_us(
    county: County, kind: Callable[..., Iterator[Asked]], seconds: float, pause: float, port: int = 0
) -> list[float]:
    def work(user: int) -> list[float]:
        connection = HTTPConnection("127.0.0.1", port or county.port)
        headers = {"Authorization": f"Bearer {county.tokens[user]}"}

        def ask(asked: Asked) -> None:
            connection.request("GET", asked[0], headers=headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{answer.status} {said[:200]!r}")

        return timed(ask, kind(county, random.Random(user)), user, seconds, pause)

    return together(work)


def asked_of_sql(county: County, kind: Callable[..., Iterator[Asked]], seconds: float, pause: float) -> list[float]:
    def work(user: int) -> list[float]:
        with psycopg.connect(county.dsn, autocommit=True) as plain:
            return timed(
                lambda asked: plain.execute(asked[1].encode(), asked[2]).fetchall(),
                kind(county, random.Random(user)),
                user,
                seconds,
                pause,
            )

    return together(work)


def timed(
    ask: Callable[[Asked], object], wanted: Iterator[Asked], user: int, seconds: float, pause: float
) -> list[float]:
    """An odd user's place is the township: it begins one further, so that both ways ask for the same places."""
    if user % 2:
        next(wanted)
    time.sleep(pause * user / USERS)
    took, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        asked, _ = next(wanted), next(wanted)
        began = time.perf_counter()
        ask(asked)
        took.append(time.perf_counter() - began)
        time.sleep(pause)
    return took


def brought_in(county: County, seconds: float) -> float:
    """Households of three a second, by eight connections."""

    def work(user: int) -> int:
        connection = HTTPConnection("127.0.0.1", county.port)
        headers = {"Authorization": f"Bearer {county.tokens[2 * user]}", "Content-Type": "application/json"}
        made, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            connection.request("POST", "/v1/households", json.dumps(household()), headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 201:
                raise SystemExit(f"{answer.status} {said[:200]!r}")
            made += 1
        return made

    with ThreadPoolExecutor(8) as users:
        return sum(users.map(work, range(8))) / seconds


def household() -> dict[str, Any]:
    member = {"relation": "99", "birth_date": "1970-01-01", "sex": "1"}
    people = [member | {"id": str(uuid4()), "name": name} for name in ("示甲", "示乙", "示丙")]
    home = {"id": str(uuid4()), "number": str(uuid4()), "village": "520621001005", "head_name": "示甲"}
    return home | {"phone": "10000000001", "members": people}


@contextmanager
def county_of(persons: int) -> Iterator[County]:
    key = RSAKey.generate_key(2048, parameters={"kid": "bench", "use": "sig", "alg": "RS256"})
    with postgres.throwaway() as (cluster, port), published(key) as keys:
        postgres.create_databases(cluster, port, ["households"])
        migrate_all({"households": cluster.dsn(port, "households", "households")})
        make_secrets(cluster.state)
        ports = Ports(**{**Ports.free().by_name(), "postgres": port, "county": keys})
        env = service_environment("households", cluster, ports, postgres.api_role("households"))
        limits = {"SHOUWANG_READS_PER_MINUTE": "100000000"}
        with postgres.connect(cluster.dsn(port, "households")) as plain:
            plain.autocommit = True
            at_rest = {"SHOUWANG_PORT": str(ports.alerts), "SHOUWANG_SLOT": "idle"}
            with (
                process([sys.executable, "-m", "services.households.main"], env | limits, ports.households),
                process([sys.executable, "-m", "bench.idle"], env | limits | at_rest, ports.alerts),
            ):
                yield filled(plain, persons, ports, cluster.dsn(port, "households"), key)


def filled(plain: psycopg.Connection, persons: int, ports: Ports, dsn: str, key: RSAKey) -> County:
    fixed = {"households": persons // FAMILY, "family": FAMILY, "village": VILLAGE, "users": USERS}
    plain.execute(FILL.format(surnames=SURNAMES, **fixed).encode())
    plain.execute(b"VACUUM ANALYZE")

    def column(asked: str) -> list[str]:
        return [value for (value,) in plain.execute(asked.encode()).fetchall()]

    return County(
        ports.households,
        ports.alerts,
        dsn.replace("postgresql+psycopg://", "postgresql://"),
        [token_of(f"user{user}", key) for user in range(USERS)],
        column("SELECT folded FROM member_name ORDER BY random() LIMIT 2000"),
        column("SELECT initials FROM member_name ORDER BY random() LIMIT 2000"),
        column("SELECT DISTINCT village FROM household WHERE village ^@ '520621001'"),
    )


def token_of(subject: str, key: RSAKey) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + LIFETIME}
    header = {"alg": "RS256", "kid": "bench", "typ": TOKEN_TYPE}
    return str(jwt.encode(header, claims | {"roles": ["county"], "scope": ""}, key, algorithms=["RS256"]))


def in_ms(turns: Sequence[Sequence[float]], percent: int) -> float:
    return round(median(quantiles(one, n=100)[percent - 1] for one in turns) * 1000, 2)


def measured(
    county: County, kind: Callable[..., Iterator[Asked]], turns: int, seconds: float, pause: float = 0.0
) -> dict[str, float]:
    seen: dict[str, list[list[float]]] = {"ours": [], "idle": [], "bare": []}
    for one in range(turns + 1):
        said = (
            asked_of_us(county, kind, seconds, pause),
            asked_of_us(county, nothing, seconds, pause, county.idle),
            asked_of_sql(county, kind, seconds, pause),
        )
        if one:  # the first warms up
            for way, found in zip(seen, said, strict=True):
                seen[way].append(found)
    told = {f"{way}_p{p}_ms": in_ms(found, p) for way, found in seen.items() for p in (50, 99)}
    rates = {way: round(median(map(len, found)) / seconds) for way, found in seen.items()}
    return told | {"per_s": rates["ours"], "idle_per_s": rates["idle"]}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    asked = parser.parse_args()
    began = load()
    with county_of(asked.size) as county:
        search = measured(county, searches, asked.turns, asked.seconds)
        paced = measured(county, searches, asked.turns, 2 * asked.seconds, pause=1.0)
        listing = measured(county, lists, asked.turns, asked.seconds)
        made = median(brought_in(county, asked.seconds) for _ in range(asked.turns))
    told = {
        "bench": "search",
        "ratio": round(search["bare_p99_ms"] / search["ours_p99_ms"], 3),
        "search_over_bare_p99_ms": round(search["ours_p99_ms"] - search["bare_p99_ms"], 2),
        "paced_over_bare_p99_ms": round(paced["ours_p99_ms"] - paced["bare_p99_ms"], 2),
        "search_of_idle_p50": round(search["idle_p50_ms"] / search["ours_p50_ms"], 2),
        "list_of_idle_p50": round(listing["idle_p50_ms"] / listing["ours_p50_ms"], 2),
        "list_p50_ratio": round(listing["ours_p50_ms"] / listing["bare_p50_ms"], 2),
        "households_per_s": round(made),
        "search": search,
        "paced": paced,
        "list": listing,
        "persons": asked.size,
        "users": USERS,
        "floors": FLOORS,
        "load": [began, load()],
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
