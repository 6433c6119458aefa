"""Systems that call us: our own services and other offices', with fixed scopes (client credentials, RFC 6749 §4.4)."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert

from services.county.models import ClientSystem
from services.county.policy import allow
from services.county.tokens import TokenOut
from services.kit.store.db import Now, SessionDep, open_session
from services.kit.web.audited import acts
from services.kit.web.errors import DomainError, NotSignedIn
from services.kit.web.repeat import Repeatable, repeatable

router = APIRouter(tags=["clients"], route_class=Repeatable)

SECRET_KEPT_FOR = timedelta(minutes=10)  # sealed, for the caller who did not get the answer

OWN_SERVICES: Mapping[str, list[str]] = {
    "county": [],
    "households": ["frame:read", "grant:read", "subscription:write", "card:fill"],
    "attendance": [
        "frame:read",
        "grant:read",
        "subscription:write",
        "facts:read",
        "household-change:read",
        "clue:read",
        "issue:open",
    ],
    "alerts": [
        "frame:read",
        "grant:read",
        "subscription:write",
        "facts:read",
        "household-change:read",
        "visit:read",
        "household:match",
        "case:read",
        "case:open",
        "voice:hear",
        "measure:hear",
        "issue:hear",
        "leave:hear",
        "case:count",
        "visit:count",
    ],
    "scheduler": ["sweep:start"],
}
Scope = Literal[
    "frame:read",
    "subscription:write",
    "household:read",
    "household-change:read",
    "alert:read",
    "check-in:read",
    "clue:send",
    "clue-kind:read",
]


NAME = re.compile("[a-z][a-z0-9-]{2,39}")  # a name from a header has met no form: NUL ends no query
ClientName = Annotated[str, Field(pattern=f"^{NAME.pattern}$", title="系统名称")]


ID = re.compile("[0-9a-f-]{32,36}")


class ClientIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: ClientName
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20, title="权限")]


class ClientOut(BaseModel):
    """The secret is shown once."""

    name: str
    scopes: list[str]
    secret: str


class NamedLikeAnId(DomainError):
    """A system named like an account's id would be that person to every service."""

    zh = "系统名称不能写成编号的样子。"
    en = "A system is not named like an id."


class ClientExists(DomainError):
    status = 409
    zh = "已有同名的系统。"
    en = "A system of that name exists."


@router.put(
    "/v1/client-systems/{name}",
    status_code=201,
    dependencies=[allow("client:write")],
    openapi_extra=repeatable("path", SECRET_KEPT_FOR),
)
def put_client_system(name: ClientName, body: ClientIn, session: SessionDep, now: Now) -> ClientOut:
    """A second PUT of the same name is refused: its secret was shown and is not shown again, but to the same caller
    for ten minutes, whose answer may have been lost on the way."""
    taken = session.get(ClientSystem, name)
    if ID.fullmatch(name):
        raise NamedLikeAnId
    if name != body.name or name in OWN_SERVICES or taken:
        raise ClientExists
    secret = secrets.token_urlsafe(32)
    session.add(ClientSystem(name=name, secret_hash=hash_of(secret), scopes=list(body.scopes), created_at=now))
    return ClientOut(name=name, scopes=list(body.scopes), secret=secret)


@router.post("/v1/tokens", openapi_extra=repeatable("nothing is stored"))
def create_token(
    request: Request, session: SessionDep, grant_type: Annotated[Literal["client_credentials"], Form()]
) -> TokenOut:
    """HTTP Basic with the client's name and secret; the scopes are those the client was given, never more."""
    name, secret = basic_credentials(request)
    client = session.get(ClientSystem, name)
    right = hmac.compare_digest(hash_of(secret), client.secret_hash if client else hash_of(""))
    if not client or not right or client.disabled_at:
        raise NotSignedIn
    acts(request, client.name)
    token: TokenOut = request.app.state.signer.sign(client.name, client.tokens_from, scopes=client.scopes)
    return token


def basic_credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NotSignedIn from error
    if scheme.lower() != "basic" or not NAME.fullmatch(name):
        raise NotSignedIn
    return name, secret


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def enrol_services(engine: Engine, folder: Path, now: datetime) -> None:
    """Our own services' credentials come from the operator's secrets, not from an endpoint."""
    with open_session(engine) as session, session.begin():
        for name, scopes in OWN_SERVICES.items():
            known = {"secret_hash": hash_of((folder / name).read_text().strip()), "scopes": scopes}
            write = insert(ClientSystem).values(name=name, created_at=now, **known)
            session.execute(write.on_conflict_do_update(index_elements=["name"], set_=known))
