"""What a county's standards say of check-ins: whether they are switched on, and when a day begins."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.attendance.presence.days import DAY_STARTS_AT
from services.kit.store.lanes import Ask
from services.kit.store.reference import StandardKey, StandardMissing
from services.kit.web.errors import DomainError

SELF_CHECK_IN = StandardKey("self_check_in", "number", "1 为开通", "自行到岗登记", "Cadres may check in by themselves")

ASKED = Ask(
    """
    SELECT key, division, lower(valid) AS since, upper(valid) AS until, value FROM standard
    WHERE key = ANY (%(keys)s) AND population_class = '' AND NOT isempty(valid)
    """,
    {"keys": [SELF_CHECK_IN.key, DAY_STARTS_AT.key]},
)


class NotSwitchedOn(DomainError):
    status = 409
    zh = "本地没有开通自行到岗登记。"
    en = "Checking in by oneself is not switched on here."


class Held(NamedTuple):
    division: str
    since: date
    until: date
    value: Decimal


class Switches:
    """The rows of one reading. The nearest place counts, which is the one of the longest code."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._held: dict[str, list[Held]] = {SELF_CHECK_IN.key: [], DAY_STARTS_AT.key: []}
        self._told: dict[tuple[str, str, date, date], Decimal] = {}
        for row in sorted(rows, key=lambda row: -len(row["division"])):
            held = Held(row["division"], row["since"] or date.min, row["until"] or date.max, row["value"])
            self._held[row["key"]].append(held)

    def day_starts_at(self, village: str, then: date, today: date) -> Decimal:
        return self._then_or_now(DAY_STARTS_AT, village, then, today)

    def refuse_unless_on(self, village: str, then: date, today: date) -> None:
        """Ships off (国办函〔2026〕12号). A township below a county that allows it may set 0 and be off again."""
        try:
            allowed = self._then_or_now(SELF_CHECK_IN, village, then, today) == 1
        except StandardMissing as missing:
            raise NotSwitchedOn(missing.detail) from missing
        if not allowed:
            raise NotSwitchedOn(f"{SELF_CHECK_IN.key} · {village} · {then.isoformat()}")

    def _then_or_now(self, key: StandardKey, village: str, then: date, today: date) -> Decimal:
        """As it held then, else as it holds now: a device's clock may stand anywhere, and is no ground to refuse."""
        asked = (key.key, village, then, today)
        if asked not in self._told:
            self._told[asked] = self._look(key.key, village, then, today)
        return self._told[asked]

    def _look(self, key: str, village: str, then: date, today: date) -> Decimal:
        for day in (then, today):
            for held in self._held[key]:
                if held.since <= day < held.until and village.startswith(held.division):
                    return held.value
        raise StandardMissing(f"{key} · {village} · {today.isoformat()}")
