"""Keeps a list of processes running, in an order, until told to stop.

Everything happens in turns of one loop in the main thread, because the parent-death signal of a child follows the
thread that spawned it.
"""

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from services.cli.logs import Listener, Log
from services.cli.messages import RESTARTS, CannotRun, DiesAtOnce, DiskFull, Voice
from services.cli.processes import Process
from services.cli.readiness import ReadyFile, ReadyProcess
from services.cli.secret_files import private_folder
from services.cli.watched import Patience, Watched, beside

TURN = 0.05  # seconds without news from any child
UNTIL_SPACE = 5.0  # seconds between two starts of one that found the disk full


class Supervisor:
    """Use it as a context (leaving it stops everything) or call `run`."""

    def __init__(
        self,
        processes: Sequence[Process],
        state: Path,
        *,
        patience: Patience | None = None,
        voice: Voice | None = None,
    ) -> None:
        self.state, self.voice = state, voice or Voice()
        self.ready = False  # everything was ready at once, at least once
        self._ready_now: dict[str, ReadyProcess] = {}
        self._stop_asked = False
        self._listener = Listener()
        self._ready_file = ReadyFile(state, [process.name for process in processes])
        private_folder(state / "logs")
        self._watched = {
            process.name: Watched(process, Log(state / "logs", process.name), patience or Patience())
            for process in processes
        }

    def run(self, on_ready: Callable[[], int | None] | None = None) -> int:
        """Until SIGINT, SIGTERM, or `on_ready` (run beside the loop) returns an exit code: None means "go on"."""
        with signals_call(self.stop), self:
            self.turn_until(lambda: self.ready)
            if not (on_ready and self.ready):
                self.turn_until(lambda: False)
                return 0
            work = beside(on_ready)
            self.turn_until(lambda: work.done() and work.result() is not None)
            return (work.done() and work.result()) or 0

    def wait_until_ready(self, deadline_s: float) -> bool:
        return self.turn_until(lambda: self.ready, deadline_s)

    def turn_until(self, happened: Callable[[], bool], deadline_s: float = math.inf) -> bool:
        """False when the time was over, or somebody asked to stop, before it happened."""
        end = time.monotonic() + deadline_s
        while not happened():
            if self._stop_asked or time.monotonic() > end:
                return False
            self._turn()
        return True

    def stop(self) -> None:
        """Asks the loop to end at its next turn; may be called from a signal handler or another thread."""
        self._stop_asked = True

    def close(self) -> None:
        """Stops all, those first that nothing still running needs; so PostgreSQL comes last."""
        self._ready_file.remove()
        while running := [one for one in self._watched.values() if not one.has_ended()]:
            needed = {name for one in running for name in one.process.after}
            for one in running:
                if one.process.name not in needed:
                    one.ask_to_stop(time.monotonic())
            self._listener.listen(TURN)
        self._listener.close()
        for one in self._watched.values():
            one.log.close()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _turn(self) -> None:
        now = time.monotonic()
        ready: dict[str, ReadyProcess] = {}
        for name, one in self._watched.items():
            if one.child and one.has_ended():
                self._bury(one, one.child.returncode, now)
            if not one.child and now >= one.start_at and self._ready_now.keys() >= set(one.process.after):
                one.start(self._listener, now)
            if one.child and one.is_ready():
                ready[name] = ReadyProcess(pid=one.child.pid, url=one.process.url)
        self._ready_now = ready
        self.ready = self.ready or len(ready) == len(self._watched)
        if self.ready:
            self._ready_file.write(ready)
        self._listener.listen(TURN)

    def _bury(self, one: Watched, code: int, now: float) -> None:
        """What has run once and finds the disk full is started until there is space: giving up would take the rest
        along, and somebody would have to be there when space returns."""
        pause = one.bury(now)
        if one.early_deaths >= one.patience.deaths:
            for _ in range(10):  # its last words, however many pieces they come in
                self._listener.listen(0)
            reason = why(one)
            if not (self.ready and one.has_answered and isinstance(reason, DiskFull)):
                raise reason
            pause = one.rest(now, UNTIL_SPACE)
        self.voice.say(RESTARTS, process=one.process.name, code=code, pause=pause)


def why(one: Watched) -> CannotRun:
    if one.log.no_space:
        return DiskFull(folder=one.log.path.parent.parent)
    tail = "\n".join(one.log.last_lines)
    return DiesAtOnce(process=one.process.name, deaths=one.early_deaths, log=one.log.path, tail=tail)


@contextmanager
def signals_call(stop: Callable[[], None]) -> Iterator[None]:
    before = {sign: signal.signal(sign, lambda *_: stop()) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
