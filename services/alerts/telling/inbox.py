"""The inbox: what I was told of, newest first. It is there whether or not any other channel has told me."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Boolean, ColumnElement, Select, func, literal_column, select, update
from sqlmodel import Session, col

from services.alerts.models.telling import Notice
from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.rules.rules import SHADOW
from services.alerts.telling.own_texts import OwnTexts, own_texts
from services.alerts.telling.standing import STILL
from services.alerts.telling.texts import Language, Line, line
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import Placed, scope_of, within
from services.kit.store.tables import Division
from services.kit.web.auth import CallerDep
from services.kit.web.errors import found, language_of
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/notices", tags=["notices"])

SUBJECT: Any = col(Notice.subject)  # not every kind has one, and then no set reaches it
STANDS: ColumnElement[bool] = literal_column(f"({STILL})", Boolean)
NOTICES = Placed(division=col(Notice.division), subject=SUBJECT)


class NoticeOut(BaseModel):
    """`source` is the id of the alert, sweep, clue or matter that `kind` names; `subject` a household's or a
    team's. `over`: what was due, waited or was late is so no more."""

    id: UUID
    kind: str
    source: UUID
    subject: UUID | None
    division: str
    text: Annotated[str, Field(title="内容")]
    urgent: Annotated[bool, Field(title="是否即时提醒")]
    at: datetime
    over: Annotated[bool, Field(title="是否已办结")]
    read_at: Annotated[datetime | None, Field(title="阅读时间")]


class ReadUntilIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    until: Annotated[UUID, Field(title="已看到的最新一条")]


class ReadOut(BaseModel):
    read: Annotated[int, Field(title="新标为已读的条数")]


@router.get("", dependencies=[allow("notice:read")])
def list_notices(
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    today: Today,
    unread: Annotated[bool, Query(title="只看未读")] = False,
) -> Page[NoticeOut]:
    wanted = worded(language_of(request)).where(*mine(session, caller.subject))
    if unread:
        wanted = wanted.where(col(Notice.read_at).is_(None), STANDS)
    rows, following = paging.read(session, wanted, col(Notice.id), descending=True)
    own = own_texts(session, [caller.subject], today)
    return Page(rows=[shown(*row, own=own, written=language_of(request)) for row in rows], next=following)


@router.put("/read", dependencies=[allow("notice:read")], openapi_extra=repeatable("path"))
def put_notices_read(body: ReadUntilIn, session: SessionDep, caller: CallerDep, now: Now) -> ReadOut:
    """All up to one of mine: what came after it stays unread. Sent again, it reads nothing more."""
    own = mine(session, caller.subject)
    last = found(session.scalar(select(col(Notice.id)).where(col(Notice.id) == body.until, *own)))
    unread = [col(Notice.id) <= last, col(Notice.read_at).is_(None), *own]
    read: int = session.execute(update(Notice).where(*unread).values(read_at=now)).rowcount  # type: ignore[attr-defined]
    return ReadOut(read=read)


@router.put("/{notice_id}/read", dependencies=[allow("notice:read")], openapi_extra=repeatable("path"))
def put_notice_read(
    notice_id: UUID, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> NoticeOut:
    """The first time counts."""
    language = language_of(request)
    this = [col(Notice.id) == notice_id, *mine(session, caller.subject)]
    session.execute(update(Notice).where(*this, col(Notice.read_at).is_(None)).values(read_at=now))
    own = own_texts(session, [caller.subject], today)
    return shown(*found(session.execute(worded(language).where(*this)).first()), own=own, written=language)


def mine(session: Session, caller: str) -> list[ColumnElement[bool]]:
    """And still within my office: what I was told of in another one is not mine to read any more."""
    return [col(Notice.recipient) == caller, within(scope_of(session), NOTICES)]


def worded(language: str) -> Select[Notice, str, str, bool]:
    """With the names of the place and of the rule, and whether it still stands. A rule keeps its title of today."""
    titled = col(Rule.title_en) if language == "en" else col(Rule.title_zh)
    its_own = (col(Rule.key) == col(Notice.rule), col(Notice.division).startswith(col(Rule.division)))
    of_rule = select(titled).where(*its_own, col(Rule.mode) != SHADOW)
    title = of_rule.order_by(col(Rule.version).desc()).limit(1)
    named: Any = func.coalesce(col(Division.name), col(Notice.division))
    return select(Notice, named, func.coalesce(title.scalar_subquery(), ""), STANDS).outerjoin(
        Division, col(Division.code) == col(Notice.division)
    )


def shown(notice: Notice, place: str, title: str, stands: bool, *, own: OwnTexts, written: str) -> NoticeOut:
    language: Language = "en" if written == "en" else "zh"
    words = own.of(notice.recipient, notice.kind, notice.division, language)
    said = Line(notice.kind, place, title, notice.number, own=words)
    told = notice.model_dump(include=set(NoticeOut.model_fields))
    return NoticeOut(**told, over=not stands, text=line(said, language))
