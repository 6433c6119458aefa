"""What a line of a statement may say: a family of income or spending as a whole, or an item of the form within one."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import Session, col

from services.kit.store.reference import StandardKey, StandardMissing
from services.kit.store.sets import among
from services.kit.store.tables import Standard

LISTED = Path(__file__).with_name("items.toml")


class Family(StrEnum):
    """Net income = the first five less the production cost. A loan is neither income nor less spending."""

    WAGE = "wage"  # 工资性收入
    OPERATING = "operating"  # 生产经营性收入
    PROPERTY = "property"  # 财产性收入
    TRANSFER = "transfer"  # 转移性收入
    OTHER = "other"  # 其他收入
    PRODUCTION_COST = "production_cost"  # 生产经营性支出
    MEDICAL_SELF_PAID = "medical_self_paid"  # 合规自付医疗支出
    SCHOOLING_SELF_PAID = "schooling_self_paid"  # 合规自付教育支出
    EDUCATION_LOAN = "education_loan"  # 助学贷款
    INSURANCE_PAYOUT = "insurance_payout"  # 家庭理赔收入: in the reference figure alone


UNCOUNTED = "uncounted"  # what a line is kept under that is no income by the rules of its day

LABELS: Mapping[Family, str] = {
    Family.WAGE: "工资性收入",
    Family.OPERATING: "生产经营性收入",
    Family.PROPERTY: "财产性收入",
    Family.TRANSFER: "转移性收入",
    Family.OTHER: "其他收入",
    Family.PRODUCTION_COST: "生产经营性支出",
    Family.MEDICAL_SELF_PAID: "合规自付医疗支出",
    Family.SCHOOLING_SELF_PAID: "合规自付教育支出",
    Family.EDUCATION_LOAN: "助学贷款",
    Family.INSURANCE_PAYOUT: "家庭理赔收入",
}


@dataclass(frozen=True)
class Item:
    """An item of the form. `counted`, where the county has not said it by standard: always, never, or refused until it
    does (`county`); by the period's last day."""

    key: str
    family: Family
    zh: str
    source: str
    counted: str = "always"
    since: date = date.min
    until: date = date.max

    @property
    def standard(self) -> StandardKey:
        return StandardKey(
            f"counted_{self.key}", "number", "1 为计入", f"{self.zh}是否计入", f"Whether {self.key} counts"
        )

    def listed_on(self, day: date) -> bool:
        return self.since <= day < self.until


def read_items(path: Path = LISTED) -> dict[str, Item]:
    told = tomllib.loads(path.read_text())["item"]
    return {one["key"]: Item(**(one | {"family": Family(one["family"])})) for one in told}


ITEMS: Mapping[str, Item] = read_items()
KINDS: tuple[str, ...] = (*Family, *ITEMS)


def family_of(kind: str) -> Family:
    return ITEMS[kind].family if kind in ITEMS else Family(kind)


def label_of(kind: str) -> str:
    return ITEMS[kind].zh if kind in ITEMS else LABELS[Family(kind)]


def kept_under(session: Session, kinds: Collection[str], village: str, day: date) -> Mapping[str, str]:
    """The family each line is summed in, settled when it is recorded: by the county's standard, where it has set none
    as the form does. One that sources differ about refuses without."""
    items = [ITEMS[kind] for kind in kinds if kind in ITEMS]
    ruled = rulings(session, items, village, day)
    under: dict[str, str] = {kind: kind for kind in kinds}
    for item in items:
        counts = ruled.get(item.standard.key, item.counted == "always")
        if item.counted == "county" and item.standard.key not in ruled:
            raise StandardMissing(f"{item.standard.key} · {village} · {day.isoformat()}")
        under[item.key] = str(item.family) if counts else UNCOUNTED
    return under


def rulings(session: Session, items: Collection[Item], village: str, day: date) -> Mapping[str, bool]:
    """By the nearest place that has said it. One statement for all lines."""
    said = (
        select(col(Standard.key), col(Standard.value))
        .where(among(col(Standard.key), [item.standard.key for item in items]), col(Standard.population_class) == "")
        .where(col(Standard.valid).contains(day), func.starts_with(village, col(Standard.division)))
        .order_by(func.length(col(Standard.division)))
    )
    return {key: bool(value) for key, value in session.execute(said)} if items else {}
