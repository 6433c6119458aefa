"""A county under writers while something is taken from it and given back; then the books are compared."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.cli.secret_files import SERVICES
from tests.chaos.__main__ import PATIENCE, Before, Chaos, compare, prepared
from tests.chaos.ledger import Ledger
from tests.faults.answers import Answers, listen
from tests.outside.watched_county import WatchedCounty, wait_for
from tests.plain_http import plain

NEVER = 60.0  # seconds; what has not recovered until then is not waited for


@dataclass
class Storm:
    county: WatchedCounty
    chaos: Chaos
    before: Before
    answers: Answers = field(default_factory=Answers)
    windows: list[tuple[float, float]] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def trouble(self, kind: str, mend: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Recovery is timed from the end of the block, and of `mend`, until every API is ready to serve. Errors heard
        later than that are errors of ours."""
        self.chaos.go(on=True)
        began = time.monotonic()
        try:
            yield
        finally:
            mend()
        mended = time.monotonic()
        wait_for(self.healthy, NEVER)
        self.windows.append((began, time.monotonic()))
        self.recoveries.setdefault(kind, []).append(time.monotonic() - mended)

    def healthy(self) -> bool:
        """By their own addresses, twice in a row for each: a server that is going down may still answer once. One that
        is being started again is not listed yet."""
        running = self.county.processes()
        return all(
            name in running and ready(self.county.url(name)) and ready(self.county.url(name)) for name in SERVICES
        )

    def settled(self) -> None:
        """The writers have finished what they began, and nothing is owed to anybody."""
        self.chaos.go(on=False)
        wait_for(lambda: all(one.resting.is_set() for one in self.chaos.writers) and self.chaos.quiet(), PATIENCE)
        for writer in self.chaos.writers:
            if writer.failure:
                raise writer.failure

    def figures(self) -> dict[str, Any]:
        self.settled()
        self.chaos.stop()
        outside = self.answers.outside(self.windows)
        return {
            **compare(self.chaos, Ledger(self.county.state / "ledger.jsonl"), self.before),
            "refused": len(self.answers.said),
            "not_503": sum(not one.polite for one in self.answers.said),
            "outside_window": len(outside),
            "recovery_max_s": {kind: round(max(times), 1) for kind, times in self.recoveries.items()},
            "examples": [
                f"{one.status} {one.media_type} {one.address}" for one in [*self.answers.rude(), *outside][:5]
            ],
        }


def ready(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return plain.get(f"{url}/readyz", timeout=2).status_code == 200
    return False


@contextmanager
def storm_over(county: WatchedCounty, seed: int) -> Iterator[Storm]:
    """Writers with families of their own, and one who checks in; each repeats a write until it is acknowledged."""
    (county.state / "ledger.jsonl").unlink(missing_ok=True)
    chaos, open_before = prepared(county, seed)
    wait_for(chaos.quiet, PATIENCE)
    look = chaos.databases
    ids = {"statement": look.ids("households", "statement"), "check_in": look.ids("attendance", "check_in")}
    storm = Storm(county, chaos, Before(ids, open_before, look.income_openings()))
    for writer in chaos.writers:
        listen(writer.office, storm.answers)
        writer.start()
    try:
        yield storm
    finally:
        chaos.stop()
        for writer in chaos.writers:
            writer.office.close()


def passed(figures: dict[str, Any], longest: float, kinds: Sequence[str] = ()) -> bool:
    zeros = ("lost", "invented", "duplicate_alerts", "not_503", "outside_window")
    timed: dict[str, float] = figures["recovery_max_s"]
    return not any(figures[name] for name in zeros) and all(timed[kind] <= longest for kind in kinds or timed)
