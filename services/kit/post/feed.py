"""The same events for those who would rather fetch than be called: in pages, from a cursor that can be kept."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import false, func, literal, select, text
from sqlmodel import col

from services.kit.post.events import CloudEvent, source_of
from services.kit.post.hearing import ABOUT_ITSELF, PREFIX, Hearing, Published, Rights
from services.kit.store.db import SessionDep, Today
from services.kit.store.tables import Event
from services.kit.web.auth import CallerDep
from services.kit.web.paging import PagingDep
from services.kit.web.written import WrittenMoment

Types = Annotated[list[Annotated[str, Field(max_length=60)]], Query(max_length=50, title="事件类型")]
Prefix = Annotated[str, Query(pattern=PREFIX, title="区划代码前缀")]

# A transaction that began earlier may commit later: what is older than every open one is final.
FINAL = text("event.xid < pg_snapshot_xmin(pg_current_snapshot())")
START = (0, UUID(int=0))


class Feed(BaseModel):
    """`next` is never empty: come again with it. It stays good as long as the events are kept."""

    rows: list[CloudEvent]
    next: str


def feed(service: str, allow: Callable[[str], Any], rights: Rights, published: Published) -> APIRouter:
    router = APIRouter(tags=["subscriptions"], dependencies=[allow("subscription:write")])
    hearing = Hearing(rights, {kind: told for kind, told in published.items() if kind not in ABOUT_ITSELF})

    @router.get(f"{source_of(service)}/feed")
    def list_events(
        session: SessionDep,
        caller: CallerDep,
        paging: PagingDep,
        today: Today,
        type: Types = [],  # noqa: A002, B006  # the name of the parameter; FastAPI copies the default
        division: Prefix = "",
        since: Annotated[WrittenMoment | None, Query(title="从何时起")] = None,
    ) -> Feed:
        """In the order in which they were stored; of all types one may hear when none is named."""
        hearing.check(type, caller)
        wanted = heard(type or hearing.all_of(caller), division, caller.subject, today)
        wanted = wanted.where(col(Event.occurred_at) >= since) if since else wanted
        rows, _ = paging.read(session, wanted, col(Event.xid), col(Event.id))
        last = (rows[-1][0].xid, rows[-1][0].id) if rows else None
        following = paging.closed(last) if last else paging.cursor or paging.closed(START)
        return Feed(rows=[CloudEvent.of(event, service) for (event,) in rows], next=following)

    return router


def heard(types: Sequence[str], division: str, holder: str, today: date) -> Any:
    return select(Event).where(
        FINAL,
        col(Event.type).in_(types),
        func.starts_with(col(Event.division), division),
        func.may_hear(false(), literal(holder), col(Event.division), literal(today)),
    )
