"""The kinds of sheets: their titles, their parts, and which of these may hang on a wall."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from services.households.sheets.contents import (
    MEASURE_COLUMNS,
    MEMBER_COLUMNS,
    RECEIVED_COLUMNS,
    WHOLE_COLUMNS,
    Reading,
    income,
    living,
    measures,
    members,
    received,
    whole_living,
    whole_members,
)

SheetKind: TypeAlias = Literal["household_card", "household_table", "income_sheet", "policy_list"]
ANSWERING = "answering"  # the part that attendance tells
FIELDS = ("", "")


@dataclass(frozen=True)
class Part:
    """`rows` is read here; the part without it is asked of attendance."""

    title: str
    columns: tuple[str, ...]
    rows: Reading | None = None


@dataclass(frozen=True)
class Kind:
    """`letter` begins the printed number. `wall` names the parts that everybody who passes may read: nothing of
    illness, income or help is among them. Empty: no such sheet hangs anywhere. `signed`: has lines to sign on."""

    letter: str
    title: str
    parts: Mapping[str, Part]
    wall: frozenset[str] = field(default_factory=frozenset)
    signed: bool = False


WHO = Part("帮扶责任人", ("类别", "姓名", "单位", "联系电话"))

KINDS: Mapping[str, Kind] = {
    "household_card": Kind(
        "K",
        "精准帮扶明白卡",
        {
            ANSWERING: WHO,
            "members": Part("家庭成员", MEMBER_COLUMNS, members),
            "living": Part("住房和饮水", FIELDS, living),
            "measures": Part("后续帮扶措施", MEASURE_COLUMNS, measures),
            "received": Part("已享受政策", RECEIVED_COLUMNS, received),
        },
        wall=frozenset({ANSWERING}),
    ),
    "household_table": Kind(
        "B",
        "农户基本信息表",
        {
            "members": Part("家庭成员", WHOLE_COLUMNS, whole_members),
            "living": Part("生产生活条件", FIELDS, whole_living),
            ANSWERING: WHO,
        },
        signed=True,
    ),
    "income_sheet": Kind("S", "家庭收入测算表", {"income": Part("收支明细（元）", FIELDS, income)}, signed=True),
    "policy_list": Kind("Z", "政策享受清单", {"received": Part("政策", RECEIVED_COLUMNS, received)}, signed=True),
}
LETTERS: Mapping[str, str] = {kind.letter: name for name, kind in KINDS.items()}
