"""Is the audit whole? Asked of the database in one statement over all chains, or of an export without any database.

Whoever may change the tables as superuser can hide nothing in the middle of a chain; the end of one is held by the
signed heads, up to the hour they were signed. A chain whose beginning was purged begins behind its signed end.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, text

from services.kit.store.heads import End, Ends, encode

GENESIS = bytes(32)
FIELDS = (
    "slot", "seq", "at", "actor", "rights", "action", "objects", "division", "status", "code", "request_id", "source",
    "detail",
)  # fmt: skip

# A JSON array of texts without spaces: no two lines have the same. The same words stand in audit_append (kit003),
# which is not asked here: who may change the table may change the function.
CANONICAL = """
    array_to_json(ARRAY[slot, seq::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor,
        rights, action, array_to_json(objects)::text, division, status::text, code, request_id, source, detail])::text
"""
BROKEN = text(
    rf"""
    WITH linked AS (
        SELECT slot, seq, lag(seq, 1, coalesce(ended, 0)) OVER chain AS before, hash IS DISTINCT FROM sha256(
            lag(hash, 1, coalesce(link, '\x{GENESIS.hex()}'::bytea)) OVER chain || convert_to({CANONICAL}, 'UTF8')
            ) AS altered
        FROM audit LEFT JOIN (
            SELECT key, CAST(value ->> 0 AS bigint) AS ended, decode(value ->> 1, 'hex') AS link
            FROM jsonb_each(CAST(:purged AS jsonb))
        ) AS purged ON key = slot WINDOW chain AS (PARTITION BY slot ORDER BY seq)
    )
    SELECT DISTINCT ON (slot) slot, CASE WHEN seq = before + 1 THEN seq ELSE least(seq, before + 1) END,
           CASE WHEN seq > before + 1 THEN 'missing' WHEN seq <= before THEN 'inserted' ELSE 'altered' END
    FROM linked WHERE altered OR seq <> before + 1 ORDER BY slot, seq
    """  # noqa: S608  # our own words
)
ENDS = text(
    """
    SELECT coalesce(head.slot, last.slot), head.seq, encode(head.hash, 'hex'), last.seq, encode(last.hash, 'hex')
    FROM audit_head AS head FULL JOIN (
        SELECT DISTINCT ON (slot) slot, seq, hash FROM audit ORDER BY slot, seq DESC
    ) AS last USING (slot)
    """
)
AT = text("SELECT encode(hash, 'hex') FROM audit WHERE slot = :slot AND seq = :seq")
ALL = text(
    f"SELECT {CANONICAL}, encode(hash, 'hex') FROM audit ORDER BY slot, seq"  # noqa: S608  # our own words
)

NOWHERE: Ends = {}
Row = tuple[Sequence[str], str]  # the fields as texts, and the hash


@dataclass(frozen=True, order=True)
class Flaw:
    """The first line of a slot that is not as it was written. `why`: altered, missing, inserted, head, rewritten."""

    slot: str
    seq: int
    why: str


def firsts(flaws: Iterable[Flaw]) -> list[Flaw]:
    """One of each slot: behind its first flaw a chain proves nothing."""
    first: dict[str, Flaw] = {}
    for flaw in sorted(flaws):
        first.setdefault(flaw.slot, flaw)
    return list(first.values())


def check_database(connection: Connection, signed: Sequence[Ends], purged: Ends = NOWHERE) -> list[Flaw]:
    """The connection reads one snapshot (REPEATABLE READ), or lines written meanwhile would look like flaws."""
    flaws = [Flaw(*row) for row in connection.execute(BROKEN, {"purged": json.dumps(purged)})]
    ends = {
        row[0]: (end_of(row[1], row[2]), end_of(row[3], row[4]) or purged.get(row[0]))
        for row in connection.execute(ENDS)
    }
    flaws += [flaw for slot, (head, last) in ends.items() if (flaw := end_flaw(slot, head, last))]
    for heads in signed:
        for slot, (seq, digest) in heads.items():
            begin = purged.get(slot, (0, ""))
            if seq > begin[0] and (found := connection.scalar(AT, {"slot": slot, "seq": seq})) != digest:
                last = ends.get(slot, (None, None))[1] or begin
                flaws.append(Flaw(slot, seq, "rewritten") if found else Flaw(slot, min(last[0] + 1, seq), "missing"))
    return firsts(flaws)


def end_of(seq: int | None, digest: str | None) -> End | None:
    return (seq, digest) if seq is not None and digest is not None else None


def end_flaw(slot: str, head: End | None, last: End | None) -> Flaw | None:
    """The head says how long the chain is. A line behind it was never written by us."""
    said, found = head or (0, ""), last or (0, "")
    if said[0] > found[0]:
        return Flaw(slot, found[0] + 1, "missing")
    if said[0] < found[0]:
        return Flaw(slot, said[0] + 1, "inserted")
    return Flaw(slot, said[0], "head") if said[1] != found[1] and said[0] else None


def check_lines(
    rows: Iterable[Row], heads: Ends, signed: Sequence[Ends], purged: Ends = NOWHERE
) -> tuple[int, list[Flaw]]:
    """The same of an export: rows of one slot stand together, by number. Also says how many there were."""
    last: dict[str, End] = dict(purged)
    told = ((slot, seq, digest) for ends in signed for slot, (seq, digest) in ends.items())
    wanted = {(slot, seq): digest for slot, seq, digest in told if seq > last.get(slot, (0, ""))[0]}
    flaws: list[Flaw] = []
    count = 0
    for row, digest in rows:
        count += 1
        slot, seq = row[0], int(row[1])
        before, link = last.get(slot, (0, GENESIS.hex()))
        if seq != before + 1:
            flaws.append(Flaw(slot, min(seq, before + 1), "missing" if seq > before + 1 else "inserted"))
        elif hash_of(link, row) != digest:
            flaws.append(Flaw(slot, seq, "altered"))
        elif wanted.pop((slot, seq), digest) != digest:
            flaws.append(Flaw(slot, seq, "rewritten"))
        last[slot] = (seq, digest)
    ended = {slot for slot in {*heads, *last} if slot in heads or last[slot] != purged.get(slot)}
    flaws += [f for slot in ended if (f := end_flaw(slot, heads.get(slot), last.get(slot)))]
    flaws += [Flaw(slot, min(seq, last.get(slot, (0, ""))[0] + 1), "missing") for slot, seq in wanted]
    return count, firsts(flaws)


def hash_of(link: str, row: Sequence[str]) -> str:
    return sha256(bytes.fromhex(link) + encode(row).encode()).hexdigest()


def export(connection: Connection) -> Iterator[dict[str, Any]]:
    """What stands in the file, line by line: the names of the fields, each row with its hash, heads, signed heads."""
    yield {"fields": FIELDS}
    rows = connection.execution_options(stream_results=True, yield_per=5000).execute(ALL)
    for canonical, digest in rows:
        yield {"row": json.loads(canonical), "hash": digest}
    for slot, seq, digest in connection.execute(text("SELECT slot, seq, encode(hash, 'hex') FROM audit_head")):
        yield {"head": [slot, seq, digest]}
    for row in connection.execute(text("SELECT statement, encode(signature, 'hex') FROM audit_signed ORDER BY hour")):
        yield {"statement": row[0], "signature": row[1]}
