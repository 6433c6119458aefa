"""Who wants to hear what: other systems register here, and our own services by the keys of their inbox."""

import base64
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session

from services.kit.post.deliveries import AddressNotListed, add_deliveries, owned
from services.kit.post.events import source_of
from services.kit.post.hearing import ABOUT_ITSELF, PREFIX, Hearing, Published, Rights, check_places
from services.kit.post.posts import secret_place
from services.kit.post.retries import end_debts
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.sealed import FORMER_SECRET, take_turn
from services.kit.store.tables import Subscription
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import HEADER, KEPT_FOR, Repeatable, repeatable

Place = Annotated[str, Field(pattern=PREFIX, min_length=2)]


class SubscriptionIn(BaseModel):
    """`secret` (whsec_…) may be the subscriber's own; without one we make it and show it in this answer alone."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=500, title="接收地址")]
    types: Annotated[list[Annotated[str, Field(max_length=60)]], Field(min_length=1, max_length=50, title="事件类型")]
    division: Annotated[str, Field(pattern=PREFIX, title="区划代码前缀")] = ""
    divisions: Annotated[list[Place], Field(max_length=50, title="几个前缀")] = []
    batch: Annotated[bool, Field(strict=True, title="成批投递")] = False
    ordered: Annotated[bool, Field(strict=True, title="同一对象按先后投递")] = False
    secret: Annotated[str | None, Field(pattern=r"^whsec_[A-Za-z0-9+/=]{32,100}$", title="签名密钥")] = None


class SubscriptionOut(BaseModel):
    id: UUID
    url: str
    types: list[str]
    division: str
    divisions: list[str]
    batch: bool
    ordered: bool
    created_at: datetime
    counts_from: datetime | None
    former_until: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    secret: str | None = None


class OnePlaceOrSeveral(DomainError):
    zh = "写一个 division，或几个 divisions，不能都写。"
    en = "Name one division or several divisions, not both."


SECRET_OVERLAP = timedelta(hours=24)


def subscriptions(service: str, allow: Callable[[str], Any], rights: Rights, published: Published) -> APIRouter:
    """The subscriptions of one owner. A subscriber sees and changes only its own."""
    router = APIRouter(prefix=f"{source_of(service)}/subscriptions", tags=["subscriptions"], route_class=Repeatable)
    may = [allow("subscription:write")]
    hearing = Hearing(rights, {**published, **ABOUT_ITSELF})

    @router.put("/{subscription_id}", dependencies=may, openapi_extra=repeatable("path"))
    def put_subscription(
        subscription_id: UUID,
        body: SubscriptionIn,
        request: Request,
        session: SessionDep,
        caller: CallerDep,
        now: Now,
    ) -> SubscriptionOut:
        hearing.check(body.types, caller)
        if not request.app.state.allowed.permits(body.url):
            raise AddressNotListed
        own = request.app.state.allowed.is_own(body.url)
        if body.division and body.divisions:
            raise OnePlaceOrSeveral
        check_places(session, body.divisions or [body.division], caller.subject, now.date(), own=own)
        kept = keep(session, subscription_id, body, caller.subject, now)
        kept.own = own
        made = secret_wished(kept, body.secret)
        if made:
            seal_secret(request.app.state.seal, kept, made, now)
        return shown(kept, None if body.secret else made)

    @router.get("", dependencies=may)
    def list_subscriptions(session: SessionDep, caller: CallerDep) -> list[SubscriptionOut]:
        mine = select(Subscription).where(Subscription.subscriber == caller.subject)  # type: ignore[arg-type]
        return [shown(row) for row in session.scalars(mine)]

    @router.delete("/{subscription_id}", status_code=204, dependencies=may, openapi_extra=repeatable("path"))
    def delete_subscription(subscription_id: UUID, session: SessionDep, caller: CallerDep, now: Now) -> None:
        owned(session, subscription_id, caller).disabled_at = now
        end_debts(session, subscription_id, now, "the subscription was ended")

    @router.post("/{subscription_id}/secret", dependencies=may, openapi_extra=repeatable(HEADER, KEPT_FOR))
    def create_secret(
        subscription_id: UUID, request: Request, session: SessionDep, caller: CallerDep, now: Now
    ) -> SubscriptionOut:
        """A new one, shown once. For a day posts carry the signatures of both, so that no receiver misses any."""
        row = owned(session, subscription_id, caller)
        made = new_secret()
        seal_secret(request.app.state.seal, row, made, now)
        return shown(row, made)

    add_deliveries(router, may, hearing)
    return router


def shown(row: Subscription, secret: str | None = None) -> SubscriptionOut:
    return SubscriptionOut(**row.model_dump(include=set(SubscriptionOut.model_fields)), secret=secret)


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def keep(session: Session, subscription_id: UUID, body: SubscriptionIn, subscriber: str, now: datetime) -> Subscription:
    """A new one, or the subscriber's own with other wishes."""
    take_turn(session, f"subscription {subscription_id}")
    held = session.get(Subscription, subscription_id, with_for_update=True)
    if held and held.subscriber != subscriber:
        raise NotThere
    row = held or Subscription(id=subscription_id, subscriber=subscriber, created_at=now, sealed_secret=b"")  # type: ignore[call-arg]
    if held is None or held.disabled_at or wishes(row) != wishes(body):
        row.counts_from = now
    row.url, row.types, row.division, row.divisions = body.url, body.types, body.division, body.divisions
    row.batch, row.ordered = body.batch, body.ordered
    row.disabled_at, row.disabled_because = None, None
    session.add(row)
    return row


def wishes(said: Subscription | SubscriptionIn) -> tuple[frozenset[str], ...]:
    return frozenset(said.types), frozenset(said.divisions or [said.division])


def secret_wished(row: Subscription, sent: str | None) -> str | None:
    """The subscriber's own secret, or one for a new subscription; none leaves what is there."""
    return sent or (None if row.sealed_secret else new_secret())


def seal_secret(seal: Seal, row: Subscription, secret: str, now: datetime) -> None:
    """The one before stays valid for a day."""
    if row.sealed_secret and (former := seal.open(row.sealed_secret, secret_place(row.id))) != secret:
        row.sealed_former_secret = seal.close(former, FORMER_SECRET.place(row.id))
        row.former_until = now + SECRET_OVERLAP
    row.sealed_secret = seal.close(secret, secret_place(row.id))
