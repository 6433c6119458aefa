"""Which kinds of ledger entries there are: what an amount of each is, in which units, who may act and who may benefit.
Some are shipped. A county adds its own by its document, from a day until a day; what a kind measures never changes."""

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.ledgers.terms import (
    EARNED,
    NATURES,
    REDEEMED,
    UNITS,
    Nature,
    NatureOut,
    Party,
    Shape,
    UnitKey,
    UnitOut,
)
from services.households.models.ledgers import OwnLedgerKind
from services.households.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.tables import CalendarDate
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/ledger-kinds", tags=["ledgers"])

OwnKey: TypeAlias = Annotated[str, InPath(pattern=r"^own_[a-z0-9_]{1,30}$", title="自设类别代码")]


def sorted_once(keys: list[str]) -> list[str]:
    return sorted(set(keys))


Parties: TypeAlias = Annotated[list[Party], Field(max_length=9), AfterValidator(sorted_once)]


class KindIn(BaseModel):
    """`division`: the county (six digits) it is of, or a wider place. `valid_until`: the first day it may no longer be
    written. `goods`: an entry names the thing."""

    model_config = ConfigDict(extra="forbid")

    division: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}){0,2}$", title="适用区划")]
    zh: Annotated[str, Field(min_length=1, max_length=40, title="名称")]
    en: Annotated[str, Field(min_length=1, max_length=80, title="英文名称")]
    shape: Annotated[Shape, Field(title="形态（一次、一段、某日存量）")]
    nature: Annotated[Nature, Field(title="性质")]
    units: Annotated[list[UnitKey], Field(min_length=1, max_length=30, title="计量单位"), AfterValidator(sorted_once)]
    goods: Annotated[bool, Field(strict=True, title="须写明物品名称")] = False
    actors: Annotated[Parties, Field(title="可作为实施方的")]
    beneficiaries: Annotated[Parties, Field(title="可作为受益方的")]
    valid_from: Annotated[WrittenDay, Field(title="启用日")]
    valid_until: Annotated[WrittenDay | None, Field(title="停用日")] = None
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class KindOut(BaseModel):
    """`division` and `document_no` are empty where it is a shipped one."""

    key: str
    division: str
    zh: str
    en: str
    shape: Shape
    nature: Nature
    units: list[str]
    goods: bool
    actors: list[Party]
    beneficiaries: list[Party]
    valid_from: CalendarDate
    valid_until: CalendarDate | None
    document_no: str

    @classmethod
    def of(cls, row: OwnLedgerKind) -> Self:
        days = {"valid_from": row.valid.lower, "valid_until": row.valid.upper}
        return cls.model_validate(row.model_dump(exclude={"valid", "created_at"}) | days)

    def holds(self, place: str, day: date) -> bool:
        ended = self.valid_until is not None and self.valid_until <= day
        return place.startswith(self.division) and self.valid_from <= day and not ended


class LedgerTermsOut(BaseModel):
    kinds: list[KindOut]
    natures: list[NatureOut]
    units: list[UnitOut]


class KindEndsBeforeItBegins(DomainError):
    zh = "停用日须晚于启用日。"
    en = "A kind ends after the day it begins."


class NoSuchUnit(DomainError):
    zh = "没有这个计量单位。"
    en = "There is no such unit."


class PointsOfVillagersAlone(DomainError):
    zh = "获得或兑换积分的类别以“分”计量、按次登记、不写物品，受益方只能是户或人；“分”也不作他用。"
    en = "Kinds of points earned or redeemed are of events, in points, without goods, for households and persons alone."


class AnotherMeaning(DomainError):
    status = 409
    zh = "类别的形态、性质、计量单位和是否写物品名称不能改变；含义不同的另设一类。"
    en = "What a kind measures never changes: another meaning takes another kind."


class KindNameTaken(DomainError):
    status = 409
    zh = "已有同名的台账类别。"
    en = "Another kind bears that name."


SHIPPED = {
    key: KindOut.model_validate(
        {"key": key, "division": "", "goods": False, "valid_from": date(2000, 1, 1), "valid_until": None}
        | {"document_no": ""}
        | said
    )
    for key, said in tomllib.loads((Path(__file__).parent / "kinds.toml").read_text()).items()
}
MEANING = ("shape", "nature", "units", "goods")


@router.get("", dependencies=[allow("ledger:read")])
def list_ledger_kinds(session: SessionDep) -> LedgerTermsOut:
    """All kinds, those that have ended too; what amounts may be, and what they are counted in."""
    kinds = sorted(kinds_of(session).values(), key=lambda one: one.key)
    return LedgerTermsOut(kinds=kinds, natures=NATURES, units=list(UNITS.values()))


@router.get("/{key}", dependencies=[allow("ledger:read")], responses=SEEN)
def get_ledger_kind(key: OwnKey, session: SessionDep, edit: EditDep) -> KindOut:
    """One of a county's own."""
    shown = KindOut.of(found(session.get(OwnLedgerKind, key)))
    edit.told(shown)
    return shown


@router.put("/{key}", dependencies=[allow("code:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_ledger_kind(key: OwnKey, body: KindIn, session: SessionDep, edit: EditDep, now: Now) -> KindOut:
    """Within the caller's own county. Its name, its days and who may act and benefit may be mended."""
    refuse_kind(body)
    take_turn(session, "ledger-kinds")
    held = session.get(OwnLedgerKind, key)
    if not all(scope_of(session).covers(place) for place in {body.division, *({held.division} if held else ())}):
        raise NotThere
    wanted, shown = KindOut(key=key, **body.model_dump()), KindOut.of(held) if held else None
    edit.check(shown, wanted)
    if shown != wanted:
        if shown and any(getattr(shown, name) != getattr(wanted, name) for name in MEANING):
            raise AnotherMeaning
        if body.zh in {kind.zh for kind in kinds_of(session).values() if kind.key != key}:
            raise KindNameTaken
        valid = Range(body.valid_from, body.valid_until)
        said = body.model_dump(exclude={"valid_from", "valid_until"})
        session.merge(OwnLedgerKind(key=key, valid=valid, created_at=held.created_at if held else now, **said))
    edit.told(wanted)
    return wanted


def refuse_kind(body: KindIn) -> None:
    if body.valid_until and body.valid_until <= body.valid_from:
        raise KindEndsBeforeItBegins
    if unknown := [unit for unit in body.units if unit not in UNITS]:
        raise NoSuchUnit(", ".join(unknown))
    of_points = body.nature in (EARNED, REDEEMED)
    plain = body.shape == "event" and body.units == ["points"] and not body.goods
    if of_points != ("points" in body.units) or (
        of_points and not (plain and set(body.beneficiaries) <= {"household", "person"})
    ):
        raise PointsOfVillagersAlone


def kinds_of(session: Session) -> Mapping[str, KindOut]:
    own = session.scalars(select(OwnLedgerKind).order_by(col(OwnLedgerKind.key)))
    return SHIPPED | {row.key: KindOut.of(row) for row in own}
