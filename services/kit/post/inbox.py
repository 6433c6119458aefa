"""Where another service's events arrive: verified, each handled once, all of a post in one transaction."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Path, Request
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlmodel import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.kit.post.events import CloudEvent, source_of
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.sets import as_array
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable
from services.kit.web.request_id import speaks_of

Handler: TypeAlias = Callable[[Session, Sequence[CloudEvent], datetime], None]
Handlers: TypeAlias = Mapping[str, Mapping[str, Handler]]  # owner → event type → what to do

NOTE = text(
    """
    INSERT INTO receipt (source, event_id, received_at)
    SELECT CAST(:source AS text), unnest(CAST(:ids AS uuid[])), :now ON CONFLICT DO NOTHING RETURNING event_id
    """
)
POSTED: TypeAdapter[CloudEvent | list[CloudEvent]] = TypeAdapter(CloudEvent | list[CloudEvent])


class NotSigned(DomainError):
    status = 401
    zh = "签名无效。"
    en = "The signature is not valid."


class NotAnEvent(DomainError):
    zh = "内容不是有效的事件。"
    en = "The body is not a valid event."


def inbox_secret(client_secret: str, owner: str) -> str:
    """A secret per owner, derived from our own: nothing more to keep, and one owner cannot speak for another."""
    digest = hmac.new(client_secret.encode(), f"inbox:{owner}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


async def read_body(request: Request) -> bytes:
    return await request.body()


def inbox(service: str, handlers: Handlers) -> APIRouter:
    """`handlers` is the table of contents, and what the service subscribes to."""
    router = APIRouter(tags=["inbox"])

    @router.post(f"/v1/services/{service}/inbox/{{owner}}", status_code=204, openapi_extra=repeatable("event.id"))
    def create_receipts(
        owner: Annotated[str, Path(max_length=40)],
        request: Request,
        body: Annotated[bytes, Depends(read_body)],
        session: UnboundSessionDep,
        now: Now,
    ) -> None:
        verify(body, request, inbox_secret(request.app.state.client_secret, owner))
        events = read_events(body, owner)
        speaks_of(request.scope, [event.id for event in events])
        receive(session, owner, events, handlers.get(owner, {}), now)

    return router


def verify(body: bytes, request: Request, secret: str) -> None:
    try:
        Webhook(secret).verify(body, dict(request.headers), json_parse=False)
    except (
        WebhookVerificationError,
        ValueError,
        KeyError,
    ) as error:  # the library lets decoding errors through
        raise NotSigned from error


def read_events(body: bytes, owner: str) -> list[CloudEvent]:
    """Parsed by Pydantic: the standard library takes half characters, and falls over a body nested deeply."""
    try:
        posted = POSTED.validate_json(body)
    except ValidationError as error:
        raise NotAnEvent from error
    events = posted if isinstance(posted, list) else [posted]
    if any(event.source != source_of(owner) for event in events):
        raise NotAnEvent
    return events


def receive(
    session: Session, owner: str, events: Sequence[CloudEvent], handlers: Mapping[str, Handler], now: datetime
) -> None:
    """Events seen before are left out; the rest reach their handlers in sets, by type, in the order of the map."""
    once = {event.id: event for event in events}
    fresh = note_receipts(session, owner, list(once.values()), now)
    for kind, handler in handlers.items():
        mine = [event for event in once.values() if event.type == kind and event.id in fresh]
        if mine:
            handler(session, mine, now)


def note_receipts(session: Session, owner: str, events: Sequence[CloudEvent], now: datetime) -> set[object]:
    ids = as_array(event.id for event in events)
    return set(session.scalars(NOTE, {"source": owner, "ids": ids, "now": now}))
