"""The lines of a statement as they are sent and shown: a family as a whole or its items, never both."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.households.income.items import KINDS, UNCOUNTED, Family, family_of, label_of
from services.households.models.income import StatementLine
from services.kit.web.errors import DomainError
from services.kit.web.written import WRITTEN_NUMBER

Precision = Literal["exact", "about", "more_than", "less_than"]  # 近、余、多
Source = Literal["told", "paper", "department", "bank"]  # 自述、凭证、部门数据、银行流水


def listed(kind: str) -> str:
    if kind not in KINDS:
        raise PydanticCustomError("enum", "not a kind of income or spending")
    return kind


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[
        str, AfterValidator(listed), Field(title="项目（大类或明细）", json_schema_extra={"enum": list(KINDS)})
    ]
    amount: Annotated[int, Field(ge=0, le=10**12, title="金额（分）"), WRITTEN_NUMBER]
    precision: Annotated[Precision, Field(title="精确程度")] = "exact"
    source: Annotated[Source | None, Field(title="来源")] = None


class LineOut(LineIn):
    """`family` is the one it belongs to; what is not `counted` is no income by the rules of its period."""

    family: Family
    zh: Annotated[str, Field(title="项目名称")]
    counted: Annotated[bool, Field(title="是否计入")]

    @classmethod
    def of(cls, line: StatementLine) -> Self:
        kind = line.item or line.kind
        said = {"kind": kind, "amount": line.amount, "precision": line.precision, "source": line.source}
        told = {"family": family_of(kind), "zh": label_of(kind), "counted": line.kind != UNCOUNTED}
        return cls.model_validate(said | told)


class KindTwice(DomainError):
    zh = "同一收支项目只能填报一次。"
    en = "A statement has one line of a kind."


class StatedWholeAndByItems(DomainError):
    """`detail` names the family."""

    zh = "同一大类不能既填合计又填明细。"
    en = "A family is stated as a whole or by its items, not both."


def refuse_lines(lines: Sequence[LineIn]) -> None:
    kinds = {line.kind for line in lines}
    if len(kinds) < len(lines):
        raise KindTwice
    by_items = {str(family_of(kind)) for kind in kinds if kind not in tuple(Family)}
    for both in sorted(by_items & kinds):
        raise StatedWholeAndByItems(both)
