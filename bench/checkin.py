"""Check-ins by group commit beside what the framework's echo of the same JSON reaches. One JSON line.

Ours is the documented endpoint of the documented process: a different token per cadre, rights, verdict, day, facts,
event and chained audit, durably committed before each answer. The limit reads the same bytes and says them again. Both
meet the same phones (phones.py), in turns within one run; the medians count.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.morning import Morning, check_in, load, morning, process, request, turn
from services.cli.postgres import free_port

PATH = "/v1/check-ins"
FLOORS = {"ratio": 0.35, "p99_ratio": 6}  # of the second, the most
Turn = dict[str, float]


def requests(county: Morning) -> Iterator[bytes]:
    return (request(PATH, token, check_in()) for token in cycle(county.tokens))


def measured(turns: list[Turn]) -> dict[str, float]:
    return {name: round(median(one[name] for one in turns), 2) for name in ("per_s", "p50_ms", "p99_ms")}


def measure(county: Morning, connections: int, seconds: float, turns: int, folder: Path) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = {"echo": [], "ours": []}
    echo = free_port()
    with process([sys.executable, "-m", "bench.echo", str(echo)], os.environ, echo):
        most = int(seconds * 40_000)  # more than any answers
        ways: dict[str, Callable[[], Turn]] = {
            "echo": lambda: turn(echo, list(islice(requests(county), most)), connections, seconds, folder),
            "ours": lambda: turn(county.port, list(islice(requests(county), most)), connections, seconds, folder),
        }
        for one in range(turns + 1):
            for way, go in ways.items():
                county.clear()
                said = go()
                if one:  # the first warms up
                    found[way].append(said)
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    began = load()
    with morning() as county, TemporaryDirectory(prefix="shouwang-") as folder:
        found = measure(county, asked.connections, asked.seconds, asked.turns, Path(folder))
        stored = county.plain.execute("SELECT count(*), count(DISTINCT cadre_id) FROM check_in").fetchone()
        lines = county.plain.execute("SELECT count(*) FROM audit WHERE action = 'POST /v1/check-ins'").fetchone()
    ours, echo = measured(found["ours"]), measured(found["echo"])
    told = {
        "bench": "checkin",
        "ratio": round(ours["per_s"] / echo["per_s"], 3),
        "p99_ratio": round(ours["p99_ms"] / echo["p99_ms"], 2),
        "ours": ours,
        "echo": echo,
        "connections": asked.connections,
        "turns": asked.turns,
        "stored_last": stored and stored[0],
        "cadres_last": stored and stored[1],
        "audited": lines and lines[0],
        "floors": FLOORS,
        "load": [began, load()],
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
