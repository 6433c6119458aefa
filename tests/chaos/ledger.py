"""What clients meant to write and what was acknowledged, on disk before and after: the one witness of a loss."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

Kind = Literal["statement", "check_in"]


class Write(NamedTuple):
    kind: Kind
    id: str
    family: str = ""
    poor: bool = False


@dataclass
class Ledger:
    """A line is on disk before `sent` or `acked` returns."""

    path: Path
    _lock: Lock = field(default_factory=Lock)

    def sent(self, write: Write) -> None:
        self._note("sent", write)

    def acked(self, write: Write) -> None:
        self._note("acked", write)

    def _note(self, what: str, write: Write) -> None:
        with self._lock, self.path.open("a") as file:
            file.write(json.dumps([what, *write]) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self, what: str) -> list[Write]:
        lines = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [Write(*rest) for said, *rest in lines if said == what]
