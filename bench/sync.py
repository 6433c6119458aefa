"""Batches of 500 offline check-ins beside batched `unnest` inserts of the same rows. One JSON line.

Ours is the documented endpoint over HTTP, one phone after another: signed in, validated one by one, judged, settled,
told, audited, committed. The limit takes the same rows as arrays and inserts them into a table of the same columns and
indexes, a transaction for each batch of 500, from psycopg. Both over the same durable server, in turns.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import httpx

from bench.morning import STATION, Morning, load, morning

BATCH = 500
FLOORS = {"ratio": 0.8}
LIMIT = """
    INSERT INTO limit_check_in (id, cadre_id, recorded_by, at, received_at, day, latitude, longitude, accuracy, datum,
                                village, verdict)
    SELECT one.*, 'wgs84', '520621000001', 'inside' FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[],
        %s::timestamptz[], %s::date[], %s::float8[], %s::float8[], %s::float8[]) AS one
"""


def batch() -> list[dict[str, Any]]:
    """One phone's: three weeks offline, an hour apart."""
    now, (latitude, longitude) = datetime.now(UTC), STATION
    where = {"latitude": latitude, "longitude": longitude, "accuracy": 12}
    return [{"id": str(uuid4()), "at": (now - timedelta(hours=n)).isoformat(), **where} for n in range(BATCH)]


def ours(county: Morning, batches: int) -> float:
    """Rows a second, the making of bodies left out."""
    sent = [json.dumps({"check_ins": batch()}).encode() for _ in range(batches)]
    with httpx.Client(base_url=f"http://127.0.0.1:{county.port}", trust_env=False, timeout=60) as client:
        began = time.perf_counter()
        for token, body in zip(cycle(county.tokens), sent, strict=False):
            headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
            answer = client.post("/v1/check-in-batches", content=body, headers=headers)
            if answer.status_code != 200 or b'"refused"' in answer.content:
                raise SystemExit(f"a batch that does not count: {answer.text[:500]}")
        return batches * BATCH / (time.perf_counter() - began)


def limit(county: Morning, batches: int) -> float:
    sent = [columns(county.cadres[number], batch()) for number in range(batches)]
    began = time.perf_counter()
    for one in sent:
        county.plain.execute(LIMIT.encode(), one)
    return batches * BATCH / (time.perf_counter() - began)


def columns(cadre: UUID, rows: list[dict[str, Any]]) -> list[list[Any]]:
    now = datetime.now(UTC)
    moments = [datetime.fromisoformat(row["at"]) for row in rows]
    told = [(row["id"], cadre, "somebody", at, now, at.date()) for row, at in zip(rows, moments, strict=True)]
    where = [(row["latitude"], row["longitude"], row["accuracy"]) for row in rows]
    return [list(column) for column in zip(*((*a, *b) for a, b in zip(told, where, strict=True)), strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    began = load()
    found: dict[str, list[float]] = {"ours": [], "limit": []}
    with morning() as county:
        county.plain.execute("CREATE TABLE limit_check_in (LIKE check_in INCLUDING ALL)")
        for one in range(asked.turns + 1):
            for way, go in (("limit", limit), ("ours", ours)):
                county.clear()
                county.plain.execute("TRUNCATE limit_check_in")
                rate = go(county, asked.batches)
                if one:  # the first warms up
                    found[way].append(rate)
    rates = {f"{way}_rows_per_s": round(median(seen)) for way, seen in found.items()}
    ratio = round(rates["ours_rows_per_s"] / rates["limit_rows_per_s"], 3)
    told = {"bench": "sync", "ratio": ratio, **rates, "batch": BATCH, "turns": asked.turns, "floors": FLOORS}
    sys.stdout.write(json.dumps(told | {"load": [began, load()]}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
