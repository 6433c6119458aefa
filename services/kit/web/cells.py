"""From the cells of a row to values, with a verdict per row that names the column at fault and never its content."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeVar

from pydantic import BaseModel

from services.kit.web.sheets import Row

Value = TypeVar("Value")
Outcome = Literal["stored", "unchanged", "refused"]


class CellFault(BaseModel):
    """A column by its header, and why its cell was refused."""

    column: str
    code: str
    zh: str
    en: str


class RowVerdict(BaseModel):
    row: int
    outcome: Outcome
    faults: list[CellFault] = []


class ImportOut(BaseModel):
    """How many rows fared how; refused rows one by one. Nothing of a refused row is stored."""

    rows: int
    stored: int
    unchanged: int
    refused: int
    refusals: list[RowVerdict]

    @classmethod
    def of(cls, verdicts: Sequence[RowVerdict]) -> "ImportOut":
        counts = {
            outcome: sum(v.outcome == outcome for v in verdicts) for outcome in ("stored", "unchanged", "refused")
        }
        return cls(rows=len(verdicts), refusals=[v for v in verdicts if v.outcome == "refused"][:1000], **counts)


class CellRefused(Exception):
    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code, self.zh, self.en = code, zh, en


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc, which never grows
TWICE = ("twice-in-the-file", "文件中前面已有同样的一行。", "An earlier row of the file says this already.")
BLANK = ("blank", "此列必填。", "This column must be filled.")


class RowReader:
    """Reads one row's cells by header and collects every fault, so that a clerk mends a row once."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.faults: list[CellFault] = []

    def read(self, header: str, parse: Callable[[str], Value], *, needed: bool = True) -> Value | None:
        """None for a blank cell that may be blank, and for a refused one (then `faults` says why)."""
        text = self.row.cells.get(header, "")
        try:
            if not text:
                if needed:
                    raise CellRefused(*BLANK)
                return None
            return parse(text)
        except CellRefused as refused:
            self.faults.append(CellFault(column=header, code=refused.code, zh=refused.zh, en=refused.en))
            return None

    def refuse(self, header: str, code: str, zh: str, en: str) -> None:
        self.faults.append(CellFault(column=header, code=code, zh=zh, en=en))

    def verdict(self) -> RowVerdict:
        return RowVerdict(row=self.row.number, outcome="refused" if self.faults else "stored", faults=self.faults)


def refuse_twice(readers: Sequence[RowReader], header: str, keys: Sequence[Hashable]) -> None:
    """Each row whose key an earlier row has. None is no key: two rows that do not say who they mean are not one."""
    seen: set[Hashable] = set()
    for reader, key in zip(readers, keys, strict=True):
        if key is not None and key in seen:
            reader.refuse(header, *TWICE)
        seen.add(key)


def text_up_to(length: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > length:
            raise CellRefused("too-long", f"不能超过 {length} 个字。", f"No more than {length} characters.")
        if CONTROL.search(text):
            raise CellRefused("control-character", "含有不可见的控制字符。", "It holds an invisible control character.")
        if text.startswith(("=", "@")):  # whoever opens the register as a spreadsheet would run it
            raise CellRefused("formula", "不能是公式。", "A formula is no text.")
        return text

    return parse


def one_of(choices: Mapping[str, Value]) -> Callable[[str], Value]:
    def parse(text: str) -> Value:
        if text not in choices:
            listed = "、".join(choices)
            raise CellRefused("not-a-choice", f"只能填：{listed}。", f"Choose one of: {listed}.")
        return choices[text]

    return parse


yes_or_no = one_of({"是": True, "否": False})


def money(text: str) -> int:
    """Yuan with at most two decimals; fen."""
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise CellRefused("not-an-amount", "不是有效的金额。", "This is not an amount.") from None
    # Whether it is in range comes first: 1e999999 is a Decimal, and reckoning with it overflows.
    if not (amount.is_finite() and 0 <= amount <= 10**10 and amount == round(amount, 2)):
        raise CellRefused(
            "not-an-amount",
            "金额须为不小于 0、最多两位小数的元数。",
            "Yuan, 0 or more, two decimals at most.",
        )
    return int(amount * 100)


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CellRefused("not-a-date", "日期须写作 2026-11-21。", "Write a date as 2026-11-21.") from None


def month(text: str) -> date:
    """The first day of a month written 2026-11."""
    return day(f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text)


def division_code(text: str) -> str:
    """Twelve digits. Whether the place is known is not asked: codes of that level are no longer published."""
    if not re.fullmatch(r"[0-9]{12}", text):
        raise CellRefused("not-a-division-code", "区划代码须为 12 位数字。", "The code of a place has twelve digits.")
    return text


def number_between(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise CellRefused("not-a-number", "不是有效的数字。", "This is not a number.") from None
        if not low <= value <= high:
            raise CellRefused("out-of-range", f"应在 {low:g} 与 {high:g} 之间。", f"Between {low:g} and {high:g}.")
        return value

    return parse
