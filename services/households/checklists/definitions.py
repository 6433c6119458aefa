"""Which checklists there are: what each asks, item by item, and of whom. Some are shipped. A county adds its own by its
document, from a day until a day; what a list asks never changes."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.checklists.facts import Fact
from services.households.models.checklists import OwnChecklist, OwnChecklistItem
from services.households.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.tables import CalendarDate
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/checklists", tags=["checklists"])

Subject: TypeAlias = Literal["village", "household", "person", "team", "site"]
Key: TypeAlias = Annotated[str, InPath(pattern=r"^[a-z][a-z0-9_]{1,39}$", title="检查表代码")]
OWN = "own_"
ItemKey: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$", title="检查项代码")]


class Item(BaseModel):
    """`fact`: what of the register answers it, of a household; nobody has to."""

    model_config = ConfigDict(extra="forbid")

    key: ItemKey
    zh: Annotated[str, Field(min_length=1, max_length=100, title="检查项")]
    en: Annotated[str, Field(min_length=1, max_length=150, title="检查项（英文）")]
    fact: Annotated[Fact | None, Field(title="由登记册的哪项事实判定")] = None


class ChecklistIn(BaseModel):
    """`division`: the county (six digits) it is of, or a wider place. `valid_until`: the first day it may no longer be
    written."""

    model_config = ConfigDict(extra="forbid")

    division: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}){0,2}$", title="适用区划")]
    zh: Annotated[str, Field(min_length=1, max_length=40, title="名称")]
    en: Annotated[str, Field(min_length=1, max_length=80, title="英文名称")]
    subject: Annotated[Subject, Field(title="检查对象")]
    items: Annotated[list[Item], Field(min_length=1, max_length=100, title="检查项")]
    valid_from: Annotated[WrittenDay, Field(title="启用日")]
    valid_until: Annotated[WrittenDay | None, Field(title="停用日")] = None
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class ChecklistOut(BaseModel):
    """`division` is empty where it is a shipped one."""

    key: str
    division: str
    zh: str
    en: str
    subject: Subject
    items: list[Item]
    valid_from: CalendarDate
    valid_until: CalendarDate | None
    document_no: str

    @classmethod
    def of(cls, row: OwnChecklist, items: Sequence[OwnChecklistItem]) -> Self:
        days = {"valid_from": row.valid.lower, "valid_until": row.valid.upper}
        told = row.model_dump(exclude={"valid", "created_at"}) | days
        return cls.model_validate(told | {"items": [one.model_dump(include={*Item.model_fields}) for one in items]})

    def holds(self, place: str, day: date) -> bool:
        ended = self.valid_until is not None and self.valid_until <= day
        return place.startswith(self.division) and self.valid_from <= day and not ended


class ChecklistsOut(BaseModel):
    checklists: list[ChecklistOut]


class ChecklistEndsBeforeItBegins(DomainError):
    zh = "停用日须晚于启用日。"
    en = "A checklist ends after the day it begins."


class NotAnOwnChecklist(DomainError):
    zh = "自设检查表的代码以 own_ 开头。"
    en = "The key of a checklist of one's own begins with own_."


class ItemsUnclear(DomainError):
    zh = "检查项代码不能重复；只有农户的检查项可由登记册的事实判定。"
    en = "No item stands twice, and facts of the register answer only what is asked of a household."


class AnotherChecklist(DomainError):
    status = 409
    zh = "检查对象和检查项不能改变；内容不同的另设一张表。"
    en = "What a checklist asks of whom never changes: another list takes another key."


class ChecklistNameTaken(DomainError):
    status = 409
    zh = "已有同名的检查表。"
    en = "Another checklist bears that name."


SHIPPED = {
    key: ChecklistOut.model_validate(
        {"key": key, "division": "", "valid_from": "2014-01-01", "valid_until": None} | said
    )
    for key, said in tomllib.loads((Path(__file__).parent / "shipped.toml").read_text()).items()
}


@router.get("", dependencies=[allow("checklist:read")])
def list_checklists(session: SessionDep) -> ChecklistsOut:
    """All of them, those that have ended too."""
    return ChecklistsOut(checklists=sorted(checklists_of(session).values(), key=lambda one: one.key))


@router.get("/{key}", dependencies=[allow("checklist:read")], responses=SEEN)
def get_checklist(key: Key, session: SessionDep, edit: EditDep) -> ChecklistOut:
    shown = found(SHIPPED.get(key) or held(session, key))
    edit.told(shown)
    return shown


@router.put("/{key}", dependencies=[allow("code:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_checklist(key: Key, body: ChecklistIn, session: SessionDep, edit: EditDep, now: Now) -> ChecklistOut:
    """Within the caller's own county. Its names and its days may be mended."""
    refuse_checklist(key, body)
    take_turn(session, "checklists")
    shown = held(session, key)
    if not all(scope_of(session).covers(place) for place in {body.division, *({shown.division} if shown else ())}):
        raise NotThere
    wanted = ChecklistOut(key=key, **body.model_dump())
    edit.check(shown, wanted)
    if shown != wanted:
        if shown and asked_by(shown) != asked_by(wanted):
            raise AnotherChecklist
        if body.zh in {one.zh for one in checklists_of(session).values() if one.key != key}:
            raise ChecklistNameTaken
        store(session, wanted, body, now if shown is None else session.get_one(OwnChecklist, key).created_at)
    edit.told(wanted)
    return wanted


def store(session: Session, wanted: ChecklistOut, body: ChecklistIn, created_at: datetime) -> None:
    said = body.model_dump(exclude={"valid_from", "valid_until", "items"})
    valid = Range(body.valid_from, body.valid_until)
    session.merge(OwnChecklist(key=wanted.key, valid=valid, created_at=created_at, **said))
    session.flush()
    for number, item in enumerate(wanted.items):
        session.merge(OwnChecklistItem(checklist=wanted.key, number=number, **item.model_dump()))
    session.flush()


def refuse_checklist(key: str, body: ChecklistIn) -> None:
    if not key.startswith(OWN):
        raise NotAnOwnChecklist
    if body.valid_until and body.valid_until <= body.valid_from:
        raise ChecklistEndsBeforeItBegins
    if len({item.key for item in body.items}) < len(body.items):
        raise ItemsUnclear
    if body.subject != "household" and any(item.fact for item in body.items):
        raise ItemsUnclear


def asked_by(one: ChecklistOut) -> tuple[object, ...]:
    return one.subject, [(item.key, item.fact) for item in one.items]


def held(session: Session, key: str) -> ChecklistOut | None:
    row = session.get(OwnChecklist, key)
    return ChecklistOut.of(row, items_of(session, key)) if row else None


def items_of(session: Session, key: str) -> Sequence[OwnChecklistItem]:
    item = OwnChecklistItem
    return session.scalars(select(item).where(col(item.checklist) == key).order_by(col(item.number))).all()


def checklists_of(session: Session) -> Mapping[str, ChecklistOut]:
    items: dict[str, list[OwnChecklistItem]] = {}
    for one in session.scalars(select(OwnChecklistItem).order_by(col(OwnChecklistItem.number))):
        items.setdefault(one.checklist, []).append(one)
    own = session.scalars(select(OwnChecklist).order_by(col(OwnChecklist.key)))
    return SHIPPED | {row.key: ChecklistOut.of(row, items[row.key]) for row in own}
