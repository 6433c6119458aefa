"""What the children say: read as it comes, written to state/logs/<name>.log with the time and the name."""

import errno
import os
import selectors
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from services.cli.logs_as_read import as_read

TOO_LONG = 64 * 1024  # a line without end is written in pieces
NO_SPACE = os.strerror(errno.ENOSPC)
LARGEST = 10_000_000  # bytes; then the file becomes .1, and the .1 before it is gone


class Log:
    """The file of one process, over all its lives, and its last lines for the one who asks why it died."""

    def __init__(self, folder: Path, name: str, largest: int = LARGEST) -> None:
        self.path, self.name, self.largest = folder / f"{name}.log", name, largest
        self.last_lines: deque[str] = deque(maxlen=12)
        self.no_space = False  # said in this life, however much was said since
        self._file = self.path.open("ab", buffering=0)

    def write(self, line: bytes) -> None:
        """A full disk costs lines of the log, never the processes that are being watched."""
        said = as_read(line.decode(errors="replace").rstrip())
        self.last_lines.append(said)
        self.no_space = self.no_space or NO_SPACE in said
        moment = datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")
        try:
            self._file.write(f"{moment} {self.name} | ".encode() + said.encode(errors="replace") + b"\n")
            if self._file.tell() > self.largest:
                self._rotate()
        except OSError:
            return

    def begin(self) -> None:
        """Another life of the process."""
        self.no_space = False

    def _rotate(self) -> None:
        self.path.replace(self.path.with_suffix(".log.1"))
        full, self._file = self._file, self.path.open("ab", buffering=0)
        full.close()

    def close(self) -> None:
        self._file.close()


class Pipe:
    """The output of one life of a process, cut into lines."""

    def __init__(self, end: int, log: Log) -> None:
        self.end, self.log = end, log
        self._begun = b""

    def read(self) -> bool:
        """Writes down what has come. False at the end of the pipe, when every writer has gone."""
        heard = os.read(self.end, TOO_LONG)
        *lines, self._begun = (self._begun + heard).split(b"\n")
        if self._begun and (not heard or len(self._begun) > TOO_LONG):
            lines.append(self._begun)
            self._begun = b""
        for line in lines:
            self.log.write(line)
        return bool(heard)


class Listener:
    """Reads all pipes in one place. A pipe that nobody reads would stop its writer as soon as it is full."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def follow(self, end: int, log: Log) -> None:
        self._selector.register(end, selectors.EVENT_READ, Pipe(end, log))

    def listen(self, seconds: float) -> bool:
        """Waits this long for the next words; false when none came."""
        heard = self._selector.select(seconds)
        for key, _ in heard:
            pipe: Pipe = key.data
            if not pipe.read():
                self._selector.unregister(pipe.end)
                os.close(pipe.end)
        return bool(heard)

    def close(self) -> None:
        """Hears out what is left first."""
        while self.listen(0):
            pass
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        self._selector.close()
