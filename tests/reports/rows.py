"""The 200 rows and where each of them stands."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
State = Literal["covered", "partly", "missing"]


@dataclass(frozen=True)
class Row:
    """`read_by`: tests that record it and read it back, from the folder of the tests. `lacks`: what is not there."""

    id: str
    phrase: str
    read_by: tuple[str, ...] = ()
    lacks: str = ""

    @cached_property
    def state(self) -> State:
        if not self.read_by:
            return "missing"
        return "partly" if self.lacks else "covered"


def rows() -> list[Row]:
    read: Mapping[str, Mapping[str, object]] = tomllib.loads((HERE / "rows.toml").read_text())
    return [Row(name, **{key: tuple(told) if isinstance(told, list) else told for key, told in said.items()})  # type: ignore[arg-type]  # as the file is held to be
            for name, said in read.items()]  # fmt: skip


def counted(every: list[Row]) -> dict[str, int]:
    states = Counter(row.state for row in every)
    return {"rows": len(every)} | {state: states[state] for state in ("covered", "partly", "missing")}
