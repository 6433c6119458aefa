"""A service's JSON line as a person reads it at a terminal or in a file. Whatever is no such line stays as it is."""

import json
from collections.abc import Mapping
from typing import Any

TOLD_APART = ("at", "level", "logger", "message", "service", "process")  # the launcher writes the time and the name


def as_read(line: str) -> str:
    """`INFO services.kit.web.metrics request  method=GET route=/v1/… status=200 ms=3.1`; an error keeps its lines."""
    try:
        told = json.loads(line) if line.startswith('{"at"') else None
    except ValueError:
        return line
    if not isinstance(told, dict) or not {"level", "logger", "message"} <= told.keys():
        return line
    rest = " ".join(f"{name}={value}" for name, value in told.items() if name not in TOLD_APART)
    return f"{str(told['level']).upper()} {told['logger']} {plain(told)}" + (f"  {rest}" if rest else "")


def plain(told: Mapping[str, Any]) -> str:
    """Its lines, and nothing else that a terminal would act upon."""
    lines = str(told["message"]).split("\n")
    return "\n    ".join("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line) for line in lines)
