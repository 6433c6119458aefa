"""A ledger entry as it is sent and read. A kind, a place, a day, a unit and an amount are enough."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeAlias
from uuid import UUID

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.households.ledgers.terms import KindKey, Nature, Party, Precision, Shape, UnitKey
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

Amount: TypeAlias = Annotated[int, Field(ge=0, le=10**15, title="数额（计量单位的最小单位，金额为分）"), WRITTEN_NUMBER]
Heads: TypeAlias = Annotated[int, Field(ge=1, le=10**9, title="多少（户、人等）"), WRITTEN_NUMBER]
PLACE = r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$"
Place: TypeAlias = Annotated[str, Field(pattern=PLACE)]
Division: TypeAlias = Annotated[str, Query(pattern=PLACE, title="区划代码")]
Label: TypeAlias = Annotated[str, Field(min_length=1, max_length=60)]
MOST_LINES = 1000

# As it is stored, so that a repeat is told the first answer's bytes.
Moment: TypeAlias = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class ActorIn(BaseModel):
    """Whoever did it, and what they were called then. `id`: by the service that keeps them, where one does."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Party, Field(title="类别")]
    id: Annotated[UUID | None, Field(title="编号")] = None
    label: Annotated[Label, Field(title="当时名称")]


class Beneficiary(BaseModel):
    """Somebody by `id`; or those of a label, and how many they are (`heads`)."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Party, Field(title="类别")]
    id: Annotated[UUID | None, Field(title="编号")] = None
    label: Annotated[Label | None, Field(title="名称或人群")] = None
    heads: Annotated[Heads | None, Field(title="多少（未逐一列名时）")] = None
    heads_precision: Annotated[Precision | None, Field(title="人数户数的准确程度")] = None


class LineIn(BaseModel):
    """`division`: where it is, if not where the entry is; of a household or a person, their village. Where no line
    says its amount they share alike, and what cannot be shared goes to the first ones, a smallest part each."""

    model_config = ConfigDict(extra="forbid")

    beneficiary: Annotated[Beneficiary | None, Field(title="受益方")] = None
    division: Annotated[Place | None, Field(title="区划代码")] = None
    amount: Annotated[Amount | None, Field(title="其中数额")] = None


class PartOf(BaseModel):
    """`certain`: false where it is not known whether it is part of that entry. Both readings are then told."""

    model_config = ConfigDict(extra="forbid")

    entry_id: Annotated[UUID, Field(title="所属的一笔")]
    certain: Annotated[bool, Field(strict=True, title="是否确定")] = True


class EntryIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `until`: the last day of what lasts."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    kind: KindKey
    division: Annotated[Place, Field(title="区划代码")]
    day: Annotated[WrittenDay, Field(title="日期")]
    until: Annotated[WrittenDay | None, Field(title="截止日（含，仅限持续的）")] = None
    unit: UnitKey
    amount: Amount
    precision: Annotated[Precision, Field(title="准确程度")] = "exact"
    goods: Annotated[str | None, Field(min_length=1, max_length=40, title="物品名称")] = None
    actor: Annotated[ActorIn | None, Field(title="实施方")] = None
    fund_source: Annotated[str | None, Field(min_length=1, max_length=100, title="资金来源")] = None
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="文号")] = None
    lines: Annotated[list[LineIn], Field(max_length=MOST_LINES, title="明细")] = []
    part_of: Annotated[PartOf | None, Field(title="是否为另一笔的一部分")] = None
    undertaking_id: Annotated[UUID | None, Field(title="所属项目、贷款、协议或社员关系")] = None


class LineOut(BaseModel):
    """Of a person with the household the person was in."""

    beneficiary: Beneficiary | None
    household_id: UUID | None
    division: str
    amount: int

    @classmethod
    def of(cls, row: LedgerLine) -> Self:
        return cls.model_validate({"beneficiary": beneficiary_of(row), **row.model_dump()})


class EntryLine(BaseModel):
    """An entry without its lines. `amount` is the whole of it, whichever of its lines the reader sees; of one that
    reverses another it is negative."""

    id: UUID
    kind: str
    division: str
    shape: Shape
    nature: Nature
    day: CalendarDate
    until: CalendarDate | None
    unit: str
    amount: int
    precision: Precision
    goods: str | None
    actor: ActorIn | None
    fund_source: str | None
    document_no: str | None
    part_of: PartOf | None
    undertaking_id: UUID | None
    reverses: UUID | None
    because: str | None
    reversed_by: UUID | None
    recorded_by: str
    recorded_at: Moment

    @classmethod
    def of(cls, row: LedgerEntry, reversed_by: UUID | None) -> Self:
        return cls.model_validate(told_of(row) | {"reversed_by": reversed_by})


class EntryOut(EntryLine):
    """`lines`: those within the reader's reach."""

    lines: list[LineOut]

    @classmethod
    def whole(cls, row: LedgerEntry, reversed_by: UUID | None, lines: Sequence[LedgerLine]) -> Self:
        told = [LineOut.of(line) for line in lines]
        return cls.model_validate(told_of(row) | {"reversed_by": reversed_by, "lines": told})


class NoSuchLedgerKind(DomainError):
    zh = "该地当日没有启用这个台账类别。"
    en = "No such kind of entry holds there on that day."


class UnitNotOfTheKind(DomainError):
    zh = "计量单位不属于这个台账类别。"
    en = "Entries of that kind are not counted in that unit."


class ActorNotOfTheKind(DomainError):
    zh = "这个台账类别的实施方不能是这一类。"
    en = "Such an actor cannot act in entries of that kind."


class BeneficiaryNotOfTheKind(DomainError):
    """`detail` names the line."""

    zh = "这个台账类别的受益方不能是这一类。"
    en = "Such a beneficiary cannot benefit by entries of that kind."


class GoodsUnclear(DomainError):
    zh = "实物类须写明物品名称，其他类别不写。"
    en = "Goods are named in entries of things, and in no others."


class EntryDaysWrong(DomainError):
    zh = "日期不能晚于今天；截止日仅用于持续的类别，且不能早于起始日。"
    en = "An entry is not of a day to come; an end is said of what lasts alone, and not before its beginning."


class BeneficiaryUnclear(DomainError):
    """`detail` names the line."""

    zh = "受益方写编号（户、人须为登记册中的）或写名称和数量，不能两者都写；数量的准确程度只随数量填写。"
    en = "A beneficiary has an id, or else a label or how many they are; how exactly is said of a number alone."


class BeneficiaryTwice(DomainError):
    """`detail` names the line."""

    zh = "同一受益方在一笔中写了两次。"
    en = "A beneficiary stands twice in one entry."


class LineElsewhere(DomainError):
    """`detail` names the line."""

    zh = "明细所在地不在这一笔的区划之内。"
    en = "A line lies outside the place of its entry."


class LinesDoNotAddUp(DomainError):
    zh = "明细合计与总额不符，或只有部分明细写了数额。"
    en = "The lines do not add up to the whole, or only some of them say their amount."


class NothingToEnter(DomainError):
    zh = "数额为零的只能是某日存量。"
    en = "Only what stands so on a day may come to nought."


class NotAPartOfThat(DomainError):
    zh = "所属的一笔须性质、计量单位、物品和形态相同，本身不是另一笔的一部分，未被冲销，且区划包含本笔。"
    en = "A whole is of the same shape, nature, unit and goods, no part itself, not reversed, and of a place around it."


class EntryRecordedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一笔内容不同的登记。"
    en = "That id stands for another entry already."


def beneficiary_of(row: LedgerLine) -> dict[str, Any] | None:
    if row.beneficiary_kind is None:
        return None
    held = row.person_id or row.household_id or row.party_id
    return {"kind": row.beneficiary_kind, "id": held, **row.model_dump(include={"label", "heads", "heads_precision"})}


def told_of(row: LedgerEntry) -> dict[str, Any]:
    actor = {"kind": row.actor_kind, "id": row.actor_id, "label": row.actor_label} if row.actor_kind else None
    part = {"entry_id": row.part_of, "certain": row.part_certain} if row.part_of else None
    return row.model_dump() | {"actor": actor, "part_of": part}
