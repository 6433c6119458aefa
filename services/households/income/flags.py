"""What of a statement is worth a second look. Never a refusal: a person looks, and says so or mends it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel
from sqlmodel import Session

from services.households.income.figures import Totals
from services.households.income.items import Family
from services.households.income.periods import Purpose
from services.households.income.settings import (
    IDENTIFICATION_CEILING,
    INCOME_CEILING,
    INCOME_FLOOR,
    WAGE_FLOOR,
)
from services.kit.store.reference import StandardKey, StandardMissing, ruling

ON_ALLOWANCE = {"subsistence_allowance", "extreme_hardship"}  # 低保、特困


@dataclass(frozen=True)
class Stated:
    """What the checks look at. `tags` are those of the day."""

    totals: Totals
    persons: int
    purpose: str | None
    tags: Collection[str]


@dataclass(frozen=True)
class Check:
    """`odd` is asked with the threshold in fen, 0 where none is needed. Source: docs/income.md."""

    key: str
    zh: str
    en: str
    threshold: StandardKey | None
    odd: Callable[[Stated, int], bool]


class Flag(BaseModel):
    key: str
    zh: str
    en: str
    threshold: int | None
    document_no: str | None


def too_high_at_identification(stated: Stated, ceiling: int) -> bool:
    return stated.purpose == Purpose.IDENTIFICATION and stated.totals.net_income > ceiling * stated.persons


def allowance_left_out(stated: Stated, _: int) -> bool:
    return bool(ON_ALLOWANCE & {*stated.tags}) and stated.totals.sum_of(Family.TRANSFER) == 0


CHECKS: Sequence[Check] = (
    Check(
        "wages-too-small",
        "工资性收入大于零却低于核实下限。",
        "There are wages, yet less than can be believed.",
        WAGE_FLOOR,
        lambda stated, floor: 0 < stated.totals.sum_of(Family.WAGE) < floor,
    ),
    Check(
        "income-too-low",
        "人均纯收入不高于核实下限。",
        "Net income per person is not above the floor.",
        INCOME_FLOOR,
        lambda stated, floor: stated.totals.net_income <= floor * stated.persons,
    ),
    Check(
        "income-too-high",
        "人均纯收入高于核实上限。",
        "Net income per person is above the ceiling.",
        INCOME_CEILING,
        lambda stated, ceiling: stated.totals.net_income > ceiling * stated.persons,
    ),
    Check(
        "too-high-at-identification",
        "新识别时人均纯收入高于核实上限。",
        "At identification net income per person is above the ceiling.",
        IDENTIFICATION_CEILING,
        too_high_at_identification,
    ),
    Check(
        "allowance-left-out",
        "享受低保或特困供养，转移性收入却为零。",
        "The household has an allowance, and no transfer income is stated.",
        None,
        allowance_left_out,
    ),
)


def look_over(session: Session, stated: Stated, village: str, day: date) -> tuple[list[Flag], list[str]]:
    """The flags, and the standards nobody has set: what they would have found is not known."""
    flags, missing = [], []
    for check in CHECKS:
        try:
            row = ruling(session, check.threshold, village, day) if check.threshold else None
        except StandardMissing:
            missing.append(check.threshold.key if check.threshold else "")
            continue
        threshold = int(row.value) if row else None
        if check.odd(stated, threshold or 0):
            document = row.document_no if row else None
            flags.append(Flag(key=check.key, zh=check.zh, en=check.en, threshold=threshold, document_no=document))
    return flags, missing
