"""Telling something of a household or a person since a day. Nothing told before is changed; what is told again costs
nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Protocol, Self, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlmodel import Session

from services.households.models.told import Told, ToldSince
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import CallerDep
from services.kit.web.edits import Edit, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay, WrittenMoment

Row = TypeVar("Row", bound=Told)
Since = TypeVar("Since", bound=ToldSince)
Held = TypeVar("Held", contravariant=True)
Owner = Mapping[str, Any]  # the columns that say of whom (and for when), and what they hold

FRAME = {"since", "doer"}


class DoneIn(BaseModel):
    """Who saw or heard it, where that is not who types it."""

    model_config = ConfigDict(extra="forbid")

    doer: Annotated[str | None, Field(min_length=1, max_length=60, title="采集人（空即录入人本人）")] = None


class ToldIn(DoneIn):
    """The whole of it from `since` on: what is empty is unknown from then on."""

    since: Annotated[WrittenDay, Field(title="自何日起如此")]


class DoneOut(BaseModel):
    """Nothing at all is said where nobody has told anything yet."""

    model_config = ConfigDict(from_attributes=True)

    doer: str | None = None
    recorded_by: str | None = None
    recorded_at: datetime | None = None

    @classmethod
    def of(cls, row: Told | None) -> Self:
        return cls() if row is None else cls.model_validate(row)


class ToldOut(DoneOut):
    since: date | None = None


class Seen(Protocol[Held]):
    """A row in the form in which it is read."""

    def __call__(self, row: Held, /) -> BaseModel: ...


class ToldInTheFuture(DomainError):
    zh = "起始日不能晚于今天。"
    en = "What is told is so already: the day cannot lie after today."


@dataclass(frozen=True)
class Asked:
    """What was true on `as_of`, as far as it was known at `known_at`."""

    as_of: date
    known_at: datetime | None = None


async def asked_day(
    today: Today,
    as_of: Annotated[WrittenDay | None, Query(title="在哪一天")] = None,
    known_at: Annotated[WrittenMoment | None, Query(title="按何时所知")] = None,
) -> Asked:
    return Asked(as_of or today, known_at)


AskedDep = Annotated[Asked, Depends(asked_day)]


@dataclass(frozen=True)
class Telling:
    """Who tells, when, having seen what."""

    session: Session
    edit: Edit
    who: str
    today: date
    now: datetime

    def signed(self, doer: str | None) -> dict[str, Any]:
        return {"doer": doer or self.who, "recorded_by": self.who, "recorded_at": self.now}


async def telling(session: SessionDep, edit: EditDep, caller: CallerDep, today: Today, now: Now) -> Telling:
    return Telling(session, edit, caller.subject, today, now)


TellingDep = Annotated[Telling, Depends(telling)]


def newest(session: Session, table: type[Since], of: Owner, asked: Asked) -> Since | None:
    columns: Any = table
    wanted = newest_first(table, of, asked.known_at).order_by(None).where(columns.since <= asked.as_of)
    return session.scalar(wanted.order_by(columns.since.desc(), columns.seq.desc()).limit(1))


def newest_for(session: Session, table: type[Row], of: Owner, known_at: datetime | None = None) -> Row | None:
    """Of what is told for a year or a month, which `of` names."""
    return session.scalar(newest_first(table, of, known_at).limit(1))


def newest_first(table: type[Row], of: Owner, known_at: datetime | None) -> Select[Row]:
    columns: Any = table
    wanted = select(table).where(*(getattr(columns, name) == key for name, key in of.items()))
    known = wanted.where(columns.recorded_at <= known_at) if known_at else wanted
    return known.order_by(columns.seq.desc())


def record(
    telling: Telling, table: type[Since], of: Owner, body: ToldIn, seen: Seen[Since], **judged: object
) -> Since | None:
    """The new row, in its household's lock. None where the record says of that day what is told: nothing is written,
    whatever the caller has seen. `judged` is worked out of what is told and stored beside it."""
    refuse_the_future(telling, body)
    values = body.model_dump(exclude=FRAME)
    if says(newest(telling.session, table, of, Asked(body.since)), values):
        return None
    held = standing(telling, table, of)
    telling.edit.check(seen(held) if held else None, body)
    return append(telling, table, of, body.doer, since=body.since, **values, **judged)


def record_for(telling: Telling, table: type[Row], of: Owner, body: DoneIn, seen: Seen[Row]) -> None:
    """As `record`, of what is told for a year or a month."""
    held, values = newest_for(telling.session, table, of), body.model_dump(exclude=FRAME)
    if not says(held, values):
        telling.edit.check(seen(held) if held else None, body)
        append(telling, table, of, body.doer, **values)


def refuse_the_future(telling: Telling, body: ToldIn) -> None:
    if body.since > telling.today:
        raise ToldInTheFuture


def says(row: Told | None, values: Mapping[str, object]) -> bool:
    return row is not None and all(getattr(row, name) == value for name, value in values.items())


def append(telling: Telling, table: type[Row], of: Owner, doer: str | None, **values: Any) -> Row:
    row = table(**of, **values, **telling.signed(doer))
    telling.session.add(row)
    telling.session.flush()
    return row


def standing(telling: Telling, table: type[Since], of: Owner) -> Since | None:
    return newest(telling.session, table, of, Asked(telling.today))


def holds(telling: Telling, table: type[Since], of: Owner, row: Since) -> bool:
    """Whether it is what holds today: what was told of an earlier day may be followed by another row."""
    return standing(telling, table, of) is row
