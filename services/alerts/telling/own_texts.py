"""A county's own words: what a role is told of a kind, in a language, from a day on, by a document."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from string import Formatter
from typing import Annotated, Self

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.models.telling import TellingText
from services.alerts.policy import allow
from services.alerts.telling.kinds import KINDS, ROLES
from services.alerts.telling.texts import Language
from services.kit.store.db import SessionDep
from services.kit.store.grants import Grant
from services.kit.store.scope import scope_of
from services.kit.store.sets import among
from services.kit.store.tables import CalendarDate
from services.kit.web.edits import EDITED, EditDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/telling-texts", tags=["notices"])

County = Annotated[str, InPath(pattern=r"^[0-9]{6}$", title="县级区划代码")]
KindKey = Annotated[str, InPath(pattern=r"^[a-z][a-z_]{1,39}$", title="提醒类别")]
Role = Annotated[str, InPath(pattern=r"^[a-z]{1,20}$", title="角色")]
Since = Annotated[WrittenDay, InPath(title="起用日")]


class TellingTextIn(BaseModel):
    """`text` with the placeholders of the product's own sentence of that kind: {place}, {number}, and {title} where it
    is of a rule. Without a text the product's holds again from that day."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str | None, Field(min_length=2, max_length=200, title="用语")]
    document_no: Annotated[str, Field(min_length=2, max_length=100, title="文号")]


class TellingTextOut(BaseModel):
    division: str
    kind: str
    role: str
    language: Language
    since: CalendarDate
    text: str | None
    document_no: str

    @classmethod
    def of(cls, row: TellingText) -> Self:
        return cls.model_validate(row.model_dump())


class UnknownPlaceholder(DomainError):
    """`detail` names those there are."""

    zh = "用语中有未知的占位符，或占位符书写有误。"
    en = "There is no such placeholder, or it is not well written."


@router.get("", dependencies=[allow("notice:read")])
def list_telling_texts(
    session: SessionDep, division: Annotated[str, Query(pattern=r"^[0-9]{6}$", title="县级区划代码")]
) -> list[TellingTextOut]:
    """Those a county has set, by kind, role, language and day; what is to come and what is over too."""
    own = select(TellingText).where(col(TellingText.division) == division)
    order = (TellingText.kind, TellingText.role, TellingText.language, TellingText.since)
    return [TellingTextOut.of(row) for row in session.scalars(own.order_by(*map(col, order)))]


@router.put(
    "/{division}/{kind}/{role}/{language}/{since}",
    dependencies=[allow("telling-text:write")],
    openapi_extra=repeatable("path"),
    responses=EDITED,
)
def put_telling_text(
    division: County, kind: KindKey, role: Role, language: Language, since: Since, body: TellingTextIn,
    session: SessionDep, edit: EditDep,
) -> TellingTextOut:  # fmt: skip
    if not scope_of(session).covers(division) or kind not in KINDS or role not in ROLES:
        raise NotThere
    refuse_unknown(body.text or "", placeholders(KINDS[kind].zh))
    held = session.get(TellingText, (division, kind, role, language, since), with_for_update=True)
    wanted = TellingText(division=division, kind=kind, role=role, language=language, since=since, **body.model_dump())
    edit.check(held and TellingTextOut.of(held), TellingTextOut.of(wanted))
    stored = session.merge(wanted)
    edit.told(TellingTextOut.of(stored))
    return TellingTextOut.of(stored)


def placeholders(sentence: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(sentence) if name]


def refuse_unknown(text: str, known: Sequence[str]) -> None:
    """A name alone, in braces: nothing of what it stands for, and no form of it."""
    try:
        asked = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise UnknownPlaceholder(", ".join(known)) from error
    if any(name not in known or form or how for _, name, form, how in asked):
        raise UnknownPlaceholder(", ".join(known))


@dataclass(frozen=True)
class OwnTexts:
    """Those in use, the newest first, and by account what is held: role, kind and place."""

    texts: Sequence[TellingText] = ()
    held: Mapping[str, list[tuple[str, str, str]]] = field(default_factory=dict)

    def of(self, account: str, kind: str, division: str, language: Language) -> str | None:
        """Of the role in which the place is theirs; of several the first of ROLES that has one."""
        for role in (one for one in ROLES if self.holds(account, one, division)):
            asked = (kind, role, language)
            rows = (row for row in self.texts if (row.kind, row.role, row.language) == asked)
            newest = next((row for row in rows if division.startswith(row.division)), None)
            if newest and newest.text:
                return newest.text
        return None

    def holds(self, account: str, role: str, division: str) -> bool:
        offices = self.held.get(account, ())
        return any(of == role and (by == "set" or division.startswith(place)) for of, by, place in offices)


def own_texts(session: Session, accounts: Iterable[str], today: date) -> OwnTexts:
    texts = session.scalars(
        select(TellingText).where(col(TellingText.since) <= today).order_by(col(TellingText.since).desc())
    ).all()
    held: dict[str, list[tuple[str, str, str]]] = {}
    if texts:  # most counties have none: then nothing else is asked
        offices = select(Grant).where(among(col(Grant.holder), accounts), ~col(Grant.revoked))
        for one in session.scalars(offices.where(col(Grant.valid).contains(today))):
            held.setdefault(one.holder, []).append((one.role, one.kind, one.place))
    return OwnTexts(texts, held)
