"""What time it is. The clock of a sandbox is some days ahead of the world's."""

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

MARK = "shouwang.sandbox"  # of a database, from its making: the file of the days. No process makes one a sandbox
_days: Path | None = None


def follow(mark: str | None) -> None:
    global _days
    _days = Path(mark) if mark else None


def ahead() -> timedelta:
    return timedelta(days=int(_days.read_text())) if _days else timedelta(0)


def now(zone: tzinfo) -> datetime:
    return datetime.now(zone) + ahead()


def said() -> dict[str, str]:
    return {"Shouwang-Sandbox": now(UTC).isoformat(timespec="seconds")} if _days else {}
