"""Who wants to hear what: other systems register here, and our own services by the keys of their inbox."""

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlmodel import Session, col

from services.kit.post.events import source_of
from services.kit.post.owing import owe_since, ping
from services.kit.post.receivers import Allowed
from services.kit.post.relay import secret_place
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.tables import Delivery, Subscription
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotAllowed, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenMoment

Rights = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class EventType:
    """What an event tells, in Chinese, and the right one needs to hear it: a subscription is a way of reading."""

    zh: str
    right: str


Published = Mapping[str, EventType]  # by event type

READ_FACTS = "facts:read"  # events that carry values go to our own services alone


PREFIX = r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})?$"


class SubscriptionIn(BaseModel):
    """`secret` (whsec_…) may be the subscriber's own; without one we make it and show it in this answer alone."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=500, title="接收地址")]
    types: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=50, title="事件类型")]
    division: Annotated[str, Field(pattern=PREFIX, title="区划代码前缀")] = ""
    batch: Annotated[bool, Field(strict=True, title="成批投递")] = False
    secret: Annotated[str | None, Field(pattern=r"^whsec_[A-Za-z0-9+/=]{32,100}$", title="签名密钥")] = None


class SubscriptionOut(BaseModel):
    id: UUID
    url: str
    types: list[str]
    division: str
    batch: bool
    created_at: datetime
    secret: str | None = None


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


class ReplayOut(BaseModel):
    owed: Annotated[int, Field(title="将再次投递的事件数")]


class UnknownType(DomainError):
    zh = "没有这种事件。"
    en = "There is no such event type."


class AddressNotListed(DomainError):
    zh = "接收地址不在运维人员设定的名单内。"
    en = "The address is not on the operator's list of receivers."


class SubscriptionEnded(DomainError):
    status = 409
    zh = "这个订阅已经停止。"
    en = "This subscription has ended."


def subscriptions(service: str, allow: Callable[[str], Any], rights: Rights, published: Published) -> APIRouter:
    """The subscriptions of one owner. A subscriber sees and changes only its own."""
    router = APIRouter(prefix=f"{source_of(service)}/subscriptions", tags=["subscriptions"], route_class=Repeatable)
    may = [allow("subscription:write")]

    @router.put("/{subscription_id}", dependencies=may, openapi_extra=repeatable("path"))
    def put_subscription(
        subscription_id: UUID,
        body: SubscriptionIn,
        request: Request,
        session: SessionDep,
        caller: CallerDep,
        now: Now,
    ) -> SubscriptionOut:
        check(body.types, caller, rights, published)
        if not request.app.state.allowed.permits(body.url):
            raise AddressNotListed
        kept = keep(session, subscription_id, body, caller.subject, now)
        kept.own = request.app.state.allowed.is_own(body.url)
        return shown(kept, seal_secret(request.app.state.seal, kept, body.secret))

    @router.get("", dependencies=may)
    def list_subscriptions(session: SessionDep, caller: CallerDep) -> list[SubscriptionOut]:
        mine = select(Subscription).where(Subscription.subscriber == caller.subject)  # type: ignore[arg-type]
        return [shown(row) for row in session.scalars(mine)]

    @router.delete("/{subscription_id}", status_code=204, dependencies=may, openapi_extra=repeatable("path"))
    def delete_subscription(subscription_id: UUID, session: SessionDep, caller: CallerDep, now: Now) -> None:
        owned(session, subscription_id, caller).disabled_at = now
        owed = update(Delivery).where(col(Delivery.subscription_id) == subscription_id, col(Delivery.done_at).is_(None))
        session.execute(owed.values(dead_at=now, problem="the subscription was ended"))

    @router.get("/{subscription_id}/deliveries", dependencies=may)
    def list_deliveries(
        subscription_id: UUID, session: SessionDep, caller: CallerDep, paging: PagingDep
    ) -> Page[DeliveryOut]:
        """The newest first."""
        owned(session, subscription_id, caller)
        wanted = select(Delivery).where(col(Delivery.subscription_id) == subscription_id)
        rows, following = paging.read(session, wanted, col(Delivery.seq), descending=True)
        return Page(rows=[delivery_shown(row) for (row,) in rows], next=following)

    @router.post(
        "/{subscription_id}/ping", status_code=202, dependencies=may, openapi_extra=repeatable(HEADER, KEPT_FOR)
    )
    def create_ping(
        subscription_id: UUID, request: Request, session: SessionDep, caller: CallerDep, now: Now
    ) -> DeliveryOut:
        """One test event to this subscriber alone. How it went is seen in its deliveries."""
        row = callable_now(owned(session, subscription_id, caller), request.app.state.allowed)
        return delivery_shown(ping(session, row, now))

    @router.post(
        "/{subscription_id}/replay", status_code=202, dependencies=may, openapi_extra=repeatable(HEADER, KEPT_FOR)
    )
    def create_replay(
        subscription_id: UUID, body: ReplayIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
    ) -> ReplayOut:
        """Everything since then once more, under the ids it had."""
        row = callable_now(owned(session, subscription_id, caller), request.app.state.allowed)
        check(row.types, caller, rights, published)
        return ReplayOut(owed=owe_since(session, row, body.since, now))

    return router


def callable_now(row: Subscription, allowed: Allowed) -> Subscription:
    """The operator's list may have changed since it was made."""
    if row.disabled_at:
        raise SubscriptionEnded
    if not allowed.permits(row.url):
        raise AddressNotListed
    return row


def shown(row: Subscription, secret: str | None = None) -> SubscriptionOut:
    return SubscriptionOut(**row.model_dump(include=set(SubscriptionOut.model_fields)), secret=secret)


def delivery_shown(row: Delivery) -> DeliveryOut:
    """Never a word of the receiver's answer: whoever may subscribe could read through us what only we can reach."""
    return DeliveryOut(**row.model_dump(include=set(DeliveryOut.model_fields)))


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def check(types: Sequence[str], caller: Caller, rights: Rights, published: Published) -> None:
    for kind in types:
        if kind not in published:
            raise UnknownType(kind)
        right = published[kind].right
        if right not in caller.scopes and not rights.get(right, frozenset()) & caller.roles:
            raise NotAllowed(kind)


def keep(session: Session, subscription_id: UUID, body: SubscriptionIn, subscriber: str, now: datetime) -> Subscription:
    """A new one, or the subscriber's own with other wishes."""
    held = session.get(Subscription, subscription_id, with_for_update=True)
    if held and held.subscriber != subscriber:
        raise NotThere
    row = held or Subscription(id=subscription_id, subscriber=subscriber, created_at=now, sealed_secret=b"")  # type: ignore[call-arg]
    row.url, row.types, row.division, row.batch = body.url, body.types, body.division, body.batch
    row.disabled_at = None
    session.add(row)
    return row


def seal_secret(seal: Seal, row: Subscription, sent: str | None) -> str | None:
    """The subscriber's own secret, or one made for a new subscription, which is returned to be shown this once."""
    made = None if sent or row.sealed_secret else new_secret()
    if secret := sent or made:
        row.sealed_secret = seal.close(secret, secret_place(row.id))
    return made


def owned(session: Session, subscription_id: UUID, caller: Caller) -> Subscription:
    row = session.get(Subscription, subscription_id)
    return found(row if row and row.subscriber == caller.subject else None)
