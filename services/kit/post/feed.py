"""The same events for those who would rather fetch than be called: in pages, from a cursor that can be kept."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import ARRAY, Text, any_, false, func, literal, select, text
from sqlmodel import col

from services.kit.post.events import CloudEvent, source_of
from services.kit.post.hearing import ABOUT_ITSELF, PREFIX, Hearing, Published, Rights, check_places
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.months import last_made_by, made_when
from services.kit.store.tables import Event
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Paging, PagingDep
from services.kit.web.written import WrittenMoment

Types = Annotated[list[Annotated[str, Field(max_length=60)]], Query(max_length=50, title="事件类型")]
Prefixes = Annotated[list[Annotated[str, Field(pattern=PREFIX)]], Query(max_length=50, title="区划代码前缀")]

# A transaction that began earlier may commit later: what is older than every open one is final.
FINAL = text("event.xid < pg_snapshot_xmin(pg_current_snapshot())")
BEFORE = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1")


class Feed(BaseModel):
    """`next` is never empty: come again with it. It stays good as long as events are kept after it was given."""

    rows: list[CloudEvent]
    next: str


class CursorTooOld(DomainError):
    """Events that came after it may have been forgotten: going on would pass them over in silence."""

    status = 410
    zh = "这个翻页标记太旧，之后的部分事件已不再保留。请重新读取全部数据，再从头开始。"
    en = "This cursor is too old: events after it are kept no more. Read the whole lists again, then begin anew."


def feed(service: str, allow: Callable[[str], Any], rights: Rights, published: Published) -> APIRouter:
    router = APIRouter(tags=["subscriptions"], dependencies=[allow("subscription:write")])
    hearing = Hearing(rights, {kind: told for kind, told in published.items() if kind not in ABOUT_ITSELF})

    @router.get(f"{source_of(service)}/feed")
    def list_events(
        request: Request,
        session: SessionDep,
        caller: CallerDep,
        paging: PagingDep,
        today: Today,
        now: Now,
        type: Types = [],  # noqa: A002, B006  # the name of the parameter; FastAPI copies the default
        division: Prefixes = [],  # noqa: B006
        since: Annotated[WrittenMoment | None, Query(title="从何时起")] = None,
    ) -> Feed:
        """In the order in which they were stored; of all types one may hear when none is named, and of all places."""
        hearing.check(type, caller)
        check_places(session, division, caller.subject, today)
        wanted = heard(type or hearing.all_of(caller), division, caller.subject, today)
        wanted = wanted.where(col(Event.occurred_at) >= since) if since else wanted
        refuse_too_old(paging, now - timedelta(days=request.app.state.settings.event_days))
        before = int(session.execute(BEFORE).scalar_one())  # asked first: whatever is final by it is in the page
        rows, more = paging.read(session, wanted, col(Event.xid), col(Event.id))
        told = [CloudEvent.of(event, service) for (event,) in rows]
        return Feed(rows=told, next=more or paging.closed((before, last_made_by(now))))

    return router


def heard(types: Sequence[str], divisions: Sequence[str], holder: str, today: date) -> Any:
    return select(Event).where(
        FINAL,
        col(Event.type).in_(types),
        col(Event.division).op("^@")(any_(literal(divisions or [""], ARRAY(Text)))),
        func.may_hear(false(), literal(holder), col(Event.division), literal(today)),
    )


def refuse_too_old(paging: Paging, kept_since: datetime) -> None:
    if paging.cursor and made_when(UUID(paging.opened(2)[1])) < kept_since:
        raise CursorTooOld
