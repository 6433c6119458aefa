"""Signing in through others: an ID token of the province's identity provider, or a code from WeCom or DingTalk.

Each only says who somebody is; a second factor that is bound here is asked for here, unless the provider says that it
asked for one (`amr`). What he may do comes from our own account, linked by an administrator; roles in a
foreign token are not read. The answer is a sign-in like any other, so every service checks one kind of token.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.county.accounts import account_named
from services.county.codes import has_second_factor, passes
from services.county.models import Account, SignOnLink, UsedToken
from services.county.oidc import Identity, OidcIssuer
from services.county.policy import allow
from services.county.refreshes import begin
from services.county.sign_ins import held_account
from services.county.tokens import SignInOut
from services.county.tries import Try, book, forgive
from services.county.work_apps import WorkApp
from services.kit.store.db import Now, SessionDep, open_session
from services.kit.web.address import address_of
from services.kit.web.audited import acts
from services.kit.web.errors import DomainError, NotSignedIn, NotThere, found
from services.kit.web.repeat import repeatable

router = APIRouter(tags=["sign-in"])

Provider = Literal["oidc", "wecom", "dingtalk"]
SecondFactorCode = Annotated[str | None, Field(max_length=40, title="动态码或恢复码")]


class OidcIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id_token: Annotated[str, Field(max_length=8192)]
    totp: SecondFactorCode = None


class CodeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(min_length=1, max_length=512)]
    totp: SecondFactorCode = None


class LinkIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    subject: Annotated[str, Field(min_length=1, max_length=255, title="对方系统中的编号")]


class LinkOut(LinkIn):
    pass


class LinkTaken(DomainError):
    status = 409
    zh = "对方系统中的这个编号已关联到另一个账号。"
    en = "That person of the other system is linked to another account."


@router.post("/v1/sign-ins/oidc", openapi_extra=repeatable("nothing is stored"))
def create_oidc_sign_in(body: OidcIn, request: Request, session: SessionDep, now: Now) -> SignInOut:
    """A token is taken once. No session is in use yet while the issuer's keys are fetched."""
    issuer: OidcIssuer | None = request.app.state.oidc
    if issuer is None:
        raise NotThere
    identity = issuer.read(body.id_token, now.timestamp())
    take_once(session, identity)
    linked = linked_account(session, "oidc", identity.subject)
    if linked is None and identity.username:
        named = account_named(session, identity.username)
        linked = named.id if named else None
    return sign_in_as(request, session, linked, None if identity.by_two else SentCode(body.totp), now)


@router.post("/v1/sign-ins/{provider}", openapi_extra=repeatable("nothing is stored"))
def create_code_sign_in(provider: Literal["wecom", "dingtalk"], body: CodeIn, request: Request, now: Now) -> SignInOut:
    """The code is exchanged with the provider before any session is open: he may take his time."""
    app: WorkApp | None = request.app.state.work_apps.get(provider)
    if app is None:
        raise NotThere
    with request.app.state.turns.turn():
        subject = app.subject_of(body.code)
    with open_session(request.app.state.engine) as session, session.begin():
        return sign_in_as(request, session, linked_account(session, provider, subject), SentCode(body.totp), now)


@router.put(
    "/v1/accounts/{account_id}/sign-on/{provider}",
    dependencies=[allow("account:write")],
    openapi_extra=repeatable("path"),
)
def put_sign_on_link(account_id: UUID, provider: Provider, body: LinkIn, session: SessionDep) -> LinkOut:
    """Who the account is over there. Another subject replaces the one before."""
    found(session.get(Account, account_id, with_for_update=True))
    columns = (col(SignOnLink.provider) == provider) & (col(SignOnLink.account_id) == account_id)
    session.execute(delete(SignOnLink).where(columns))
    session.add(SignOnLink(provider=provider, subject=body.subject, account_id=account_id))
    try:
        session.flush()
    except IntegrityError as error:
        raise LinkTaken from error
    return LinkOut(subject=body.subject)


def linked_account(session: Session, provider: str, subject: str | None) -> UUID | None:
    links = select(col(SignOnLink.account_id)).where(
        col(SignOnLink.provider) == provider, col(SignOnLink.subject) == subject
    )
    return session.scalar(links)


@dataclass(frozen=True)
class SentCode:
    """The second factor is asked for, and this was sent."""

    code: str | None


def sign_in_as(
    request: Request, session: Session, account_id: UUID | None, asked: SentCode | None, now: datetime
) -> SignInOut:
    """Somebody nobody has linked, somebody disabled, and a code that is missing or wrong get the answer of a wrong
    password."""
    account = held_account(session, account_id) if account_id else None
    if account is None:
        raise NotSignedIn
    if asked and has_second_factor(session, account.id):
        check_code(request, session, account, asked.code, now)
    acts(request, str(account.id))
    return begin(session, request.app.state.signer, account, request.app.state.limits, now)


def check_code(request: Request, session: Session, account: Account, code: str | None, now: datetime) -> None:
    """Counted like the tries of a password: whoever has the other system's word may not guess at ours."""
    state = request.app.state
    one = Try.of(state.seal, account.username, address_of(request))
    book(state.engine, one, state.limits, now)
    if not passes(session, state.seal, account.id, code, now):
        raise NotSignedIn
    forgive(state.engine, one, now)


def take_once(session: Session, identity: Identity) -> None:
    """In the transaction of the sign-in: a token whose sign-in failed half-way may be sent again."""
    used = insert(UsedToken).values(hash=identity.token_hash, expires_at=identity.expires_at)
    if not session.scalar(used.on_conflict_do_nothing().returning(col(UsedToken.hash))):
        raise NotSignedIn
