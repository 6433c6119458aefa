"""One process in the supervisor's care, over all its lives."""

import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

from services.cli.children import spawn
from services.cli.logs import Listener, Log
from services.cli.processes import Process
from services.cli.readiness import is_ready

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """When a process that dies again and again is given up. Times in seconds."""

    deaths: int = 5
    early: float = 10.0
    first_pause: float = 0.5
    longest_pause: float = 30.0
    goodbye: float = 10.0  # from the polite signal to the last one

    def pause(self, early_deaths: int) -> float:
        return float(min(self.first_pause * 2 ** max(early_deaths - 1, 0), self.longest_pause))


class Watched:
    def __init__(self, process: Process, log: Log, patience: Patience) -> None:
        self.process, self.log, self.patience = process, log, patience
        self.child: subprocess.Popen[bytes] | None = None
        self.start_at = self.started_at = 0.0
        self.asked_to_stop_at: float | None = None
        self.early_deaths = 0
        self.has_answered = False  # in any of its lives
        self._answers = False
        self._follow_up: Future[None] | None = None

    def start(self, listener: Listener, now: float) -> None:
        self.log.begin()
        reading, writing = os.pipe()
        try:
            self.child = spawn(
                self.process.argv,
                env=self.process.env,
                output=writing,
                folder=self.process.folder,
                account=self.process.account,
                when_orphaned=self.process.when_orphaned,
            )
        finally:
            os.close(writing)
            listener.follow(reading, self.log)
        self.started_at = now

    def has_ended(self) -> bool:
        """Looks before it reaps: while the dead leader keeps its number, that number still means its own group,
        and what it left behind there can be ended with it."""
        if self.child is None or self.child.returncode is not None:
            return True
        if os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        return True

    def bury(self, now: float) -> float:
        """The pause before its next start; it grows as long as the process dies early."""
        self.child, self._answers = None, False
        early = now - self.started_at < self.patience.early
        self.early_deaths = self.early_deaths + 1 if early else 0
        return self.rest(now, self.patience.pause(self.early_deaths))

    def rest(self, now: float, pause: float) -> float:
        self.start_at = now + pause
        return pause

    def is_ready(self) -> bool:
        """It answers, and what had to be done once after its first answer is done; an error there comes out here."""
        if self.child is None:
            return False
        if not self._answers:
            self._answers = is_ready(self.process.ready_url)
            self.has_answered = self.has_answered or (self._answers and self.process.ready_url is not None)
        if self._answers and self._follow_up is None and self.process.once_ready:
            self._follow_up = beside(self.process.once_ready)
        return self._answers and (self._follow_up is None or is_done(self._follow_up))

    def ask_to_stop(self, now: float) -> None:
        """Asks once, insists when the time is over. Nothing may be reaped since `has_ended` said no."""
        if self.child is None:
            return
        if self.asked_to_stop_at is None:
            self.asked_to_stop_at = now
            os.kill(self.child.pid, self.process.stop_with)
        elif now - self.asked_to_stop_at > self.patience.goodbye:
            os.killpg(self.child.pid, signal.SIGKILL)


def beside(work: Callable[[], T]) -> "Future[T]":
    """Runs the work in a thread that spawns nothing, so that the loop goes on: it must read the pipes (PostgreSQL
    would wait for us while we wait for PostgreSQL) and hear a wish to stop."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def is_done(work: "Future[None]") -> bool:
    if work.done():
        work.result()
        return True
    return False
