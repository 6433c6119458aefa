"""Is it ready? Asked of one process, and written down for all of them in state/ready.json."""

import http.client
import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from services.cli.postgres import answers


class ReadyProcess(TypedDict):
    pid: int
    url: str | None


class Ready(TypedDict):
    """`processes` are those that are ready at this moment: one that is being restarted is missing meanwhile, and named
    among the `expected` only."""

    launcher: int
    expected: list[str]
    processes: dict[str, ReadyProcess]


def is_ready(url: str | None) -> bool:
    if url is None:
        return True
    return answers(url) if url.startswith("postgresql") else says_ok(url)


def says_ok(url: str) -> bool:
    """No client library: the launcher polls from its first moment and should not import for half a second."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=1)
    try:
        connection.request("GET", address.path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class ReadyFile:
    """Replaced as a whole, so that a reader never sees half of it. Absent until everything was ready once."""

    def __init__(self, state: Path, expected: Iterable[str]) -> None:
        self.path = ready_path(state)
        self._expected = list(expected)
        self._written: Mapping[str, ReadyProcess] | None = None
        self.remove()

    def write(self, processes: dict[str, ReadyProcess]) -> None:
        """A full disk only makes the file late: the next turn tries again."""
        if processes == self._written:
            return
        unfinished = self.path.with_suffix(".unfinished")
        with suppress(OSError):
            ready = Ready(launcher=os.getpid(), expected=self._expected, processes=processes)
            unfinished.write_text(json.dumps(ready, indent=1))
            unfinished.replace(self.path)
            self._written = processes

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def read_ready(state: Path) -> Ready | None:
    """None until everything was ready once, and again after the stop; also when the launcher was killed and could
    not take its file away."""
    try:
        content: Ready = json.loads(ready_path(state).read_text())
    except FileNotFoundError:
        return None
    return content if is_alive(content["launcher"]) else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, under another account
        return True
    return True


def ready_path(state: Path) -> Path:
    return state / "ready.json"
