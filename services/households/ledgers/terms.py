"""What ledgers speak of: shapes, natures, units, parties. A new measurable thing is a unit and a kind."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

Shape: TypeAlias = Literal["event", "spell", "level"]
Nature: TypeAlias = Literal[
    "given", "received", "passed_on", "spent", "owed", "pledged", "principal", "repaid", "insured_sum", "premium",
    "planned_investment", "paid_investment", "valued_goods", "turnover", "in_kind", "counted",
    "earned", "redeemed",
]  # fmt: skip
EARNED: Nature = "earned"
REDEEMED: Nature = "redeemed"
Party: TypeAlias = Literal[
    "household", "person", "village", "team", "cadre", "unit", "company", "association", "donor",
]  # fmt: skip
Precision: TypeAlias = Literal["exact", "about", "more_than", "less_than"]
UnitKey: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,29}$", title="计量单位")]
KindKey: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", title="台账类别")]


class NatureOut(BaseModel):
    key: Nature
    zh: str
    en: str


class UnitOut(BaseModel):
    """Amounts are whole numbers of 10^-decimals of what `zh` names: of money, fen."""

    key: str
    zh: str
    en: str
    decimals: int = 0


TERMS: Mapping[str, Mapping[str, Mapping[str, object]]] = tomllib.loads(
    (Path(__file__).parent / "terms.toml").read_text()
)
NATURES = [NatureOut.model_validate({"key": key, **said}) for key, said in TERMS["nature"].items()]
UNITS = {key: UnitOut.model_validate({"key": key, **said}) for key, said in TERMS["unit"].items()}


def together(marks: Iterable[Precision]) -> Precision:
    """How exactly a sum is known: as its least exact part; of more and less together, about."""
    inexact = set(marks) - {"exact"}
    if not inexact:
        return "exact"
    return inexact.pop() if len(inexact) == 1 else "about"
