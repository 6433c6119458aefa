"""What a subscriber was sent and how it went; and what it may ask for: a test, a replay, its dead letters once more."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.kit.post.hearing import Hearing
from services.kit.post.owing import owe_again, owe_since, ping
from services.kit.post.receivers import Allowed
from services.kit.store.db import Now, SessionDep
from services.kit.store.tables import Delivery, Subscription
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import HEADER, KEPT_FOR, repeatable
from services.kit.web.written import WrittenMoment


class State(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"


class DeliveryOut(BaseModel):
    id: UUID
    event_id: UUID
    attempts: int
    done_at: datetime | None
    dead_at: datetime | None
    due_at: datetime
    status: int | None
    problem: str | None


class ReplayIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since: Annotated[WrittenMoment, Field(title="从何时起")]


class RedeliveryIn(BaseModel):
    """Without `deliveries`: every one that was given up."""

    model_config = ConfigDict(extra="forbid")

    deliveries: Annotated[list[UUID] | None, Field(min_length=1, max_length=500, title="要重新投递的")] = None


class OwedOut(BaseModel):
    owed: Annotated[int, Field(title="将再次投递的事件数")]


class AddressNotListed(DomainError):
    zh = "接收地址不在运维人员设定的名单内。"
    en = "The address is not on the operator's list of receivers."


class SubscriptionEnded(DomainError):
    status = 409
    zh = "这个订阅已经停止。"
    en = "This subscription has ended."


def add_deliveries(router: APIRouter, may: Sequence[Any], hearing: Hearing) -> None:
    """Below one subscription, for its subscriber alone."""
    asking: dict[str, Any] = {"dependencies": may, "openapi_extra": repeatable(HEADER, KEPT_FOR), "status_code": 202}

    @router.get("/{subscription_id}/deliveries", dependencies=may)
    def list_deliveries(
        subscription_id: UUID,
        session: SessionDep,
        caller: CallerDep,
        paging: PagingDep,
        state: Annotated[State | None, Query(title="状态")] = None,
    ) -> Page[DeliveryOut]:
        """The newest first. `dead` are those that were given up."""
        owned(session, subscription_id, caller)
        wanted = select(Delivery).where(col(Delivery.subscription_id) == subscription_id, *in_state(state))
        rows, following = paging.read(session, wanted, col(Delivery.seq), descending=True)
        return Page(rows=[delivery_shown(row) for (row,) in rows], next=following)

    @router.post("/{subscription_id}/ping", **asking)
    def create_ping(
        subscription_id: UUID, request: Request, session: SessionDep, caller: CallerDep, now: Now
    ) -> DeliveryOut:
        """One test event to this subscriber alone. How it went is seen in its deliveries."""
        row = callable_now(owned(session, subscription_id, caller), request.app.state.allowed)
        return delivery_shown(ping(session, row, now))

    @router.post("/{subscription_id}/replay", **asking)
    def create_replay(
        subscription_id: UUID, body: ReplayIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
    ) -> OwedOut:
        """Everything since then once more, under the ids it had."""
        row = callable_now(owned(session, subscription_id, caller), request.app.state.allowed)
        hearing.check(row.types, caller)
        return OwedOut(owed=owe_since(session, row, body.since, now))

    @router.post("/{subscription_id}/redelivery", **asking)
    def create_redelivery(
        subscription_id: UUID, body: RedeliveryIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
    ) -> OwedOut:
        """What was given up once more, or what is named, under the ids it had. What is still owed stays as it is."""
        row = callable_now(owned(session, subscription_id, caller), request.app.state.allowed)
        hearing.check(row.types, caller)
        return OwedOut(owed=owe_again(session, row, body.deliveries, now))


def in_state(state: State | None) -> list[Any]:
    done, dead = col(Delivery.done_at), col(Delivery.dead_at)
    conditions = {
        State.WAITING: [done.is_(None), dead.is_(None)],
        State.DONE: [done.is_not(None)],
        State.DEAD: [dead.is_not(None)],
    }
    return conditions[state] if state else []


def owned(session: Session, subscription_id: UUID, caller: Caller) -> Subscription:
    row = session.get(Subscription, subscription_id)
    return found(row if row and row.subscriber == caller.subject else None)


def callable_now(row: Subscription, allowed: Allowed) -> Subscription:
    """The operator's list may have changed since it was made."""
    if row.disabled_at:
        raise SubscriptionEnded
    if not allowed.permits(row.url):
        raise AddressNotListed
    return row


def delivery_shown(row: Delivery) -> DeliveryOut:
    """Never a word of the receiver's answer: whoever may subscribe could read through us what only we can reach."""
    return DeliveryOut(**row.model_dump(include=set(DeliveryOut.model_fields)))
