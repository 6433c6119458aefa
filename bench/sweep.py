"""A county's sweep, measured in one run beside its limit (limit.py) and the loop one writes first (orm_loop.py).

All three judge the same households and must find the same alerts, or no figure is printed. Ours and the limit take
turns from the same clean state; their figures are medians. In the line that is printed

- `ratio` is the limit's time over ours: 1 would be a sweep as fast as the limit;
- `orm` is the loop's time over ours; the loop walks `orm_sample` households once, `orm_s` is its time scaled to all;
- `second_s` is our next sweep, when nothing has changed and nothing is written;
- `stage_s` lasts until the statement begins that writes findings, alerts and events; `write_s` is that and the commit.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, TypeVar

from sqlalchemy import Engine, event

from bench.ground import Found, Ground, prepared
from services.alerts.judging.judge import Tally

ORM_AT_LEAST, ORM_AT_MOST = 5_000, 100_000  # households the loop walks; between them a tenth: 100,000 take it 24 s
Result = TypeVar("Result")


class Disagreement(Exception):
    """Ways that should have found the same have not; their times compare nothing."""


class Stopwatch:
    """Seconds by name, turn by turn."""

    def __init__(self) -> None:
        self.turns: dict[str, list[float]] = defaultdict(list)
        self._name, self._start = "", 0.0

    def time(self, name: str, way: Callable[[], Result]) -> Result:
        self._name, self._start = name, time.perf_counter()
        result = way()
        self.lap(name)
        return result

    def lap(self, name: str) -> None:
        """Seconds since the start of what is being timed."""
        self.turns[name].append(time.perf_counter() - self._start)

    @contextmanager
    def notes_stages(self, engine: Engine) -> Iterator[None]:
        """A lap where the writing statement begins, seen from outside so that what is timed is the service's code."""

        def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
            if "INSERT INTO finding" in statement:
                self.lap(f"{self._name}: stage")

        event.listen(engine, "before_cursor_execute", before)
        yield
        event.remove(engine, "before_cursor_execute", before)

    def median(self, name: str) -> float:
        return median(self.turns[name])

    def last(self) -> str:
        return ", ".join(f"{name} {seconds[-1]:.3f} s" for name, seconds in self.turns.items())


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m bench.sweep", description="A county's sweep beside its limit.")
    asked.add_argument("--size", type=int, default=1_000_000, help="households")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--turns", type=int, default=5, help="of ours and of the limit")
    asked.add_argument("--orm-sample", type=int, help="households the loop walks")
    given = asked.parse_args()
    say(f"making and loading {given.size} households")
    with prepared(given.size, given.seed) as ground:
        sample = given.orm_sample or min(max(given.size // 10, ORM_AT_LEAST), ORM_AT_MOST)
        figures = measure(ground, given.size, given.turns, sample)
        version = ground.plain.info.parameter_status("server_version")
    sys.stdout.write(json.dumps(figures | {"seed": given.seed, "postgres": version}) + "\n")


def say(line: str) -> None:
    sys.stderr.write(line + "\n")


def measure(ground: Ground, size: int, turns: int, sample: int) -> dict[str, Any]:
    watch, found = Stopwatch(), set[Any]()
    with watch.notes_stages(ground.engine):
        for _ in range(turns):
            found = take_turn(ground, watch)
            say(watch.last())
    walked = walk(ground, watch, sample, found)
    say(f"the loop: {watch.last()}")
    return figures_of(watch, size, walked) | {"alerts": len(found)}


def take_turn(ground: Ground, watch: Stopwatch) -> Found:
    """Ours, ours again, the limit."""
    ground.clear()
    opened = watch.time("ours", ground.sweep).opened
    found = ground.found("alert")
    same("alerts counted and stored", opened, len(found))
    same("a second sweep and nothing", watch.time("second", ground.sweep), Tally())
    ground.clear()
    watch.time("limit", ground.write_limit)
    same("alerts of ours and of the limit", found, ground.found("limit_alert"))
    return found


def walk(ground: Ground, watch: Stopwatch, sample: int, found: Found) -> int:
    """How many households the loop walked; its alerts are held against ours for these."""
    ground.clear()
    walked, last = watch.time("orm", lambda: ground.walk(sample))
    same("alerts of ours and of the loop", {pair for pair in found if pair[1] <= last}, ground.found("alert"))
    return walked


def same(what: str, one: object, other: object) -> None:
    if one != other:
        raise Disagreement(what)


def figures_of(watch: Stopwatch, size: int, walked: int) -> dict[str, Any]:
    ours, limit, stage = watch.median("ours"), watch.median("limit"), watch.median("ours: stage")
    orm = watch.median("orm") * size / walked
    seconds = {
        "ours_s": ours,
        "limit_s": limit,
        "orm_s": orm,
        "second_s": watch.median("second"),
        "stage_s": stage,
        "write_s": ours - stage,
    }
    return {
        "bench": "sweep",
        "size": size,
        "ratio": round(limit / ours, 3),
        "orm": round(orm / ours, 1),
        **{name: round(value, 3) for name, value in seconds.items()},
        "orm_sample": walked,
        "households_per_s": round(size / ours),
        "turns": len(watch.turns["ours"]),
    }


if __name__ == "__main__":
    main()
