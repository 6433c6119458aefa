"""Reads and writes that go on while a database is migrated, and what became of them."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx
import psycopg

from services.cli.postgres import connect
from tests.plain_http import plain

QUERY = {"village": "520621001001", "village_prefix": "520621001", "division": "520621001", "month": "2026-10"}
LONGEST_WAIT = (
    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0) FROM pg_locks"
    " WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE usename = ANY (%s) AND datname = %s)"
)
# Every table that the role may write, and a column of its key; where the database gives the key, any other.
WRITABLE = """
    SELECT c.relname, coalesce(min(a.attname) FILTER (WHERE a.attnum = ANY (i.indkey)), min(a.attname))
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity = '' AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND has_table_privilege(c.oid, 'UPDATE') GROUP BY c.relname ORDER BY c.relname
"""


Read: TypeAlias = tuple[str, Mapping[str, str]]  # a path, and the headers it is asked with


@dataclass
class Seen:
    """`longest_wait_s` is for a lock, as the server tells it; `slowest_write_s` is all that a write took."""

    asked: int = 0
    written: int = 0
    failed: list[str] = field(default_factory=list)
    longest_wait_s: float = 0
    slowest_write_s: float = 0

    def writes(self, write: Callable[[], str | None]) -> None:
        began = time.monotonic()
        failure = write()
        self.slowest_write_s = max(self.slowest_write_s, time.monotonic() - began)
        self.written += 1
        self.failed += [failure] if failure else []


@dataclass
class Load:
    """What is asked of each of `bases`, to which more may be added meanwhile: the paths, and subscriptions to keep."""

    bases: list[str]
    reads: list[Read]
    subscriptions: str
    body: dict[str, Any]
    subscriber: Mapping[str, str]
    seen: Seen = field(default_factory=Seen)

    def requests(self, lane: int, over: threading.Event) -> None:
        """Each lane keeps subscriptions of its own, known ones and new ones."""
        with httpx.Client(timeout=30, trust_env=False) as client:
            for nth in count():
                if over.is_set():
                    return
                base = self.bases[nth // 3 % len(self.bases)]
                if nth % 3:
                    path, headers = self.reads[(nth - nth // 3) % len(self.reads)]
                    self.seen.asked += 1
                    self.seen.failed += filter(None, [failure_of(client, "GET", base + path, headers)])
                else:
                    known_or_new = UUID(int=lane * 1000 + nth % 50) if nth % 2 else uuid4()
                    self.seen.writes(partial(self.subscribe, client, base, known_or_new))

    def subscribe(self, client: httpx.Client, base: str, subscription: UUID) -> str | None:
        url = f"{base}{self.subscriptions}/{subscription}"
        return failure_of(client, "PUT", url, self.subscriber, self.body)

    def statements(self, dsn: str, over: threading.Event) -> None:
        """A row of one table after the other is written as it is, by the role of the workers."""
        with connect(dsn) as connection:
            tables = connection.execute(WRITABLE).fetchall()
            for nth in count():
                if over.is_set():
                    return
                table, key = tables[nth % len(tables)]
                self.seen.writes(partial(refusal_of, connection, table, key))

    def watch(self, dsn: str, roles: list[str], over: threading.Event) -> None:
        with connect(dsn) as connection:
            while not over.wait(0.02):
                row = connection.execute(LONGEST_WAIT, [roles, connection.info.dbname]).fetchone()
                self.seen.longest_wait_s = max(self.seen.longest_wait_s, float(row[0]) if row else 0)

    @contextmanager
    def under_way(self, work_dsn: str, watch_dsn: str, roles: list[str]) -> Iterator[Seen]:
        over, wrong = threading.Event(), self.seen.failed

        def kept(work: Callable[..., None], *given: Any) -> Callable[[], None]:
            def run() -> None:
                try:
                    work(*given, over)
                except (httpx.HTTPError, psycopg.Error) as error:
                    wrong.append(repr(error))

            return run

        asking = [kept(self.requests, lane) for lane in (1, 2)]
        works = [*asking, kept(self.statements, work_dsn), kept(self.watch, watch_dsn, roles)]
        threads = [threading.Thread(target=work) for work in works]
        with ExitStack() as ends:
            for thread in threads:
                thread.start()
                ends.callback(thread.join)
            ends.callback(over.set)
            yield self.seen


def failure_of(
    client: httpx.Client, method: str, url: str, headers: Mapping[str, str], body: dict[str, Any] | None = None
) -> str | None:
    answer = client.request(method, url, json=body, headers=headers)
    return None if answer.is_success else f"{method} {url}: {answer.status_code} {answer.text[:200]}"


def refusal_of(connection: "psycopg.Connection[Any]", table: str, key: str) -> str | None:
    """A row that means nothing may not stand its table's checks: it was kept waiting no longer for that."""
    row = f'(SELECT ctid FROM "{table}" LIMIT 1)'  # noqa: S608  # names from the catalogue
    try:
        connection.execute(f'UPDATE "{table}" SET "{key}" = "{key}" WHERE ctid = {row}')  # noqa: S608
    except psycopg.errors.CheckViolation:
        return None
    except psycopg.Error as error:
        return f"{table}: {error}"
    return None


def readable(base: str, callers: Sequence[Mapping[str, str]]) -> list[Read]:
    """The lists that answer, with what they have to be asked with, and by whom."""
    document = plain.get(f"{base}/openapi.json").raise_for_status().json()
    found = []
    for path, operations in document["paths"].items():
        if "get" in operations and "{" not in path and path.startswith("/v1/"):
            asked = [one["name"] for one in operations["get"].get("parameters", ()) if one.get("required")]
            whole = path + ("?" + urlencode({name: QUERY.get(name, "") for name in asked}) if asked else "")
            for headers in callers:
                if plain.get(base + whole, headers=headers).is_success:
                    found.append((whole, headers))
                    break
    return found
