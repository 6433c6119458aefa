"""A charge as it is sent and read: who answers for what, where, from a day until a day."""

from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.attendance.activities.terms import TermKey
from services.attendance.charges.kinds import BearerKind
from services.attendance.models.charges import BECAUSE, Charge
from services.attendance.visits.contents import Moment
from services.kit.store.fields import Seal
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

Function: TypeAlias = Literal["head", "deputy", "member", "office"]
Outcome: TypeAlias = Literal[
    "term_over", "replaced", "transferred", "recalled", "abolished", "mistake", "other"
]  # fmt: skip
# Who has no account is kept by name alone: a number in it would be that of a card or a telephone.
Named: TypeAlias = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^0-9０-９]*$")]
Words: TypeAlias = Annotated[str | None, Field(min_length=2, max_length=200)]


class ByCadre(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["cadre"]
    id: Annotated[UUID, Field(title="干部")]


class ByUnit(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Literal["unit"]
    id: Annotated[UUID, Field(title="单位")]


class ByPerson(BaseModel):
    """Somebody without an account: by name, with no number of any kind. `post`: what they are."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["person"]
    name: Annotated[Named, Field(title="姓名（不写证件号和电话）")]
    post: Annotated[Named | None, Field(title="职务")] = None


Bearer: TypeAlias = Annotated[ByCadre | ByUnit | ByPerson, Field(discriminator="kind")]


class ChargeIn(BaseModel):
    """Of a place (`division`) or a team, one of them. `until`: the first day on which it holds no longer, with its
    `outcome`; `mistake` ends on the day it began, and held on no day. `replaces`: the charge this one takes over."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[TermKey, Field(title="责任类别")]
    division: Annotated[str | None, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")] = None
    team_id: Annotated[UUID | None, Field(title="工作队")] = None
    bearer: Annotated[Bearer, Field(title="责任人或责任单位")]
    about_cadre_id: Annotated[UUID | None, Field(title="所负责的干部")] = None
    about_unit_id: Annotated[UUID | None, Field(title="所联络的单位")] = None
    body: Annotated[str | None, Field(min_length=1, max_length=60, title="领导小组名称")] = None
    function: Annotated[Function | None, Field(title="组内职务（组长、副组长、成员、办公室）")] = None
    since: Annotated[WrittenDay, Field(title="起始日")]
    until: Annotated[WrittenDay | None, Field(title="不再承担之日")] = None
    outcome: Annotated[Outcome | None, Field(title="终止情形")] = None
    because: Annotated[Words, Field(title="终止原因")] = None
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="文号")] = None
    replaces: Annotated[UUID | None, Field(title="接替的责任")] = None


class BearerOut(BaseModel):
    """`name` as it was when it was recorded."""

    kind: BearerKind
    id: UUID | None
    name: str
    post: str | None


class ChargeLine(BaseModel):
    """Without the reason of its end."""

    id: UUID
    version: int
    kind: str
    division: str
    team_id: UUID | None
    bearer: BearerOut
    about_cadre_id: UUID | None
    about_unit_id: UUID | None
    about_name: str | None
    body: str | None
    function: Function | None
    since: CalendarDate
    until: CalendarDate | None
    outcome: Outcome | None
    document_no: str | None
    replaces: UUID | None
    replaced_by: UUID | None
    recorded_by: str
    recorded_at: Moment

    @classmethod
    def of(cls, row: Charge, replaced_by: UUID | None) -> Self:
        said = row.model_dump(exclude={"id", "charge_id", "sealed_because", "replaced_at"})
        return cls.model_validate(said | {"id": row.charge_id, "bearer": bearer_of(row), "replaced_by": replaced_by})


class ChargeOut(ChargeLine):
    because: str | None

    @classmethod
    def whole(cls, seal: Seal, row: Charge, replaced_by: UUID | None) -> Self:
        line = ChargeLine.of(row, replaced_by).model_dump()
        return cls.model_validate(line | {"because": because_of(seal, row)})


class ChargeSaidWrongly(DomainError):
    """`detail` names what is missing or too much."""

    zh = "写区划或工作队（只写一个）；这个类别的责任人、层级和所需内容见责任类别说明。"
    en = "Say the place or the team, one of them; and who bears it, where, and about whom, as its kind asks."


class ChargeDaysWrong(DomainError):
    zh = "终止日须晚于起始日并写明情形（登记有误的终止日等于起始日）；起始日最晚为今天起一年内。"
    en = "An end is after the beginning and says its outcome (a mistake ends as it begins); it begins within a year."


class ChargedAlready(DomainError):
    status = 409
    zh = "这些日子里同一责任人在这里已有同类责任。"
    en = "The same bearer has that charge in that place already on some of those days."


class CannotTakeOverThat(DomainError):
    status = 409
    zh = "接替的须为同一地方、同类、起始日更早、这一天仍有效的责任；登记后不再更改接替关系。"
    en = "What is taken over is of the same place and kind, began earlier and still holds. That is said once."


def bearer_of(row: Charge) -> BearerOut:
    kind: BearerKind = "cadre" if row.cadre_id else "unit" if row.unit_id else "person"
    return BearerOut(kind=kind, id=row.cadre_id or row.unit_id, name=row.name, post=row.post)


def because_of(seal: Seal, row: Charge) -> str | None:
    return seal.open(row.sealed_because, BECAUSE.place(row.id)) if row.sealed_because else None
