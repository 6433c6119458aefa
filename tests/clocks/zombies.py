"""A worker that is stopped in the middle of a sweep, slept through its lease, and wakes when another has taken over."""

import os
import signal
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.alerts.sweep.steps import HOLD
from tests.clocks.watch import PATIENCE, Watch

FENCED = "ClaimLost"
FAILED = "sweep: step failed"
ALL = "SELECT sweep.ctid, sweep.xmin, period, state, attempts FROM sweep ORDER BY period"
STUCK = "SELECT count(*) FROM {table} WHERE done_at IS NULL AND dead_at IS NULL AND attempts > 0 AND due_at < '{now}'"


@dataclass(frozen=True)
class Wakened:
    """`took_over` is seconds from the stop until the other's claim; `written` what changed after the zombie woke."""

    took_over: float
    stuck: int
    written: int
    fenced: bool


def stopped_while_it_reconciles(watch: Watch, period: date, jump: timedelta | None) -> Wakened:
    """The owner keeps the first worker waiting; `jump` puts the clock past the lease, else the lease is waited for."""
    hold, asked = watch.folder / "hold", watch.folder / "asked"
    hold.touch()
    asked.unlink(missing_ok=True)
    zombie = watch.start("worker")
    log = watch.folder / f"alerts-worker-{len(watch.running) - 1}.log"
    watch.until(asked.exists)
    return wakened(watch, period, jump, zombie, log, release=hold.unlink)


def wakened(watch: Watch, period: date, jump: timedelta | None, zombie: Any, log: Any, release: Any) -> Wakened:
    os.kill(zombie.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    before = attempts(watch, period)
    release()
    if jump:
        watch.put_clock(watch.now() + jump)
    other = watch.start("worker")
    watch.until(lambda: attempts(watch, period) > before, PATIENCE + 60)
    took_over = time.monotonic() - stopped
    watch.until(lambda: period in watch.certified(), PATIENCE + 60)
    done = watch.rows(ALL)
    os.kill(zombie.pid, signal.SIGCONT)
    watch.until(lambda: FAILED in log.read_text())
    changed = sum(was != now for was, now in zip(done, watch.rows(ALL), strict=True))
    told = watch.rows("SELECT data ->> 'period' FROM event WHERE type = 'sweep.certified'")
    tables = ("sweep", "job", "delivery")
    stuck = sum(watch.rows(STUCK.format(table=table, now=watch.now() - HOLD))[0][0] for table in tables)
    fenced = FENCED in log.read_text()
    watch.stop(zombie, other)
    return Wakened(round(took_over, 1), stuck, changed + len(told) - len(set(told)), fenced)


def attempts(watch: Watch, period: date) -> int:
    return int(watch.rows(f"SELECT attempts FROM sweep WHERE period = '{period}'")[0][0])  # noqa: S608  # a date
