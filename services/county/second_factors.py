"""A second factor at sign-in: six digits of an authenticator (TOTP, RFC 6238), or one of ten codes kept on paper.

Whoever has enrolled sends `totp` with name and password. That it is missing or wrong is answered as a wrong password
is, and counted as such: nobody learns from it that the password was right. A refresh asks for none.
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import pyotp
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from services.county.codes import hash_of, passes, recovery_code, takes_code
from services.county.models import SECOND_FACTOR, Account, SecondFactor
from services.county.policy import allow
from services.county.refreshes import end_everywhere
from services.county.sign_ins import check_password
from services.county.tries import Try, book, forgive
from services.kit.store.db import Now, SessionDep, open_session
from services.kit.web.address import address_of
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotSignedIn, found
from services.kit.web.repeat import HEADER, Repeatable, repeatable

router = APIRouter(tags=["accounts"], route_class=Repeatable)

RECOVERY_CODES = 10
ISSUER = "Shouwang"
SHOWN_AGAIN = timedelta(minutes=10)


class PasswordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Annotated[str, Field(max_length=200, title="现密码")]


class CodeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    totp: Annotated[str, Field(max_length=40, title="动态码")]


class RemovalIn(PasswordIn, CodeIn):
    """`totp` may be a recovery code."""


class SecretOut(BaseModel):
    """For the authenticator, as a QR code or typed. Shown this once."""

    otpauth_url: str


class RecoveryOut(BaseModel):
    """Each opens once, in place of a code. Shown this once."""

    recovery_codes: list[str]


class SecondFactorThere(DomainError):
    status = 409
    zh = "已经启用了动态码；先停用，再重新绑定。"
    en = "A second factor is in use already. Remove it before setting up another."


class NotTheCode(DomainError):
    zh = "动态码不对，或已经用过。"
    en = "That is not the code of this moment, or it has been used."


class OwnSecondFactor(DomainError):
    status = 409
    zh = "自己的动态码须凭动态码或恢复码停用。"
    en = "One's own second factor is removed with a code."


@router.put("/v1/accounts/me/second-factor", openapi_extra=repeatable("path"))
def put_second_factor(body: PasswordIn, caller: CallerDep, request: Request, now: Now) -> SecretOut:
    """A new secret each time, until one is confirmed. Whoever holds a token still needs the password."""
    state = request.app.state
    account = checked(request, caller, body.password, now)
    secret = pyotp.random_base32(32)
    with open_session(state.engine) as session, session.begin():
        factor = session.get(SecondFactor, account.id, with_for_update=True) or SecondFactor(
            id=account.id, sealed_secret=b"", created_at=now
        )
        if factor.confirmed_at:
            raise SecondFactorThere
        factor.sealed_secret = state.seal.close(secret, SECOND_FACTOR.place(account.id))
        session.add(factor)
    forgive(state.engine, Try.of(state.seal, account.username, address_of(request)), now)
    return SecretOut(otpauth_url=pyotp.TOTP(secret).provisioning_uri(name=account.username, issuer_name=ISSUER))


@router.post(
    "/v1/accounts/me/second-factor/confirmation", status_code=201, openapi_extra=repeatable(HEADER, SHOWN_AGAIN)
)
def create_confirmation(
    body: CodeIn, caller: CallerDep, request: Request, session: SessionDep, now: Now
) -> RecoveryOut:
    """With a code of the secret just shown. From now on a sign-in asks for one."""
    state = request.app.state
    account = own_account(session, caller)
    factor = found(session.get(SecondFactor, account.id, with_for_update=True))
    if factor.confirmed_at:
        raise SecondFactorThere
    book(state.engine, one := Try.of(state.seal, account.username, address_of(request)), state.limits, now)
    if not takes_code(state.seal, factor, body.totp, now):
        raise NotTheCode
    codes = [recovery_code() for _ in range(RECOVERY_CODES)]
    factor.confirmed_at, factor.recovery = now, [hash_of(code) for code in codes]
    forgive(state.engine, one, now)
    return RecoveryOut(recovery_codes=codes)


@router.post("/v1/accounts/me/second-factor/removal", status_code=204, openapi_extra=repeatable("nothing is stored"))
def create_removal(body: RemovalIn, caller: CallerDep, request: Request, now: Now) -> None:
    """With password and code, as at the door, and with as few tries. Without a second factor there is nothing to do."""
    state = request.app.state
    account = checked(request, caller, body.password, now)
    with open_session(state.engine) as session, session.begin():
        if not passes(session, state.seal, account.id, body.totp, now):
            raise NotSignedIn
        if factor := session.get(SecondFactor, account.id):
            session.delete(factor)
    forgive(state.engine, Try.of(state.seal, account.username, address_of(request)), now)


@router.delete(
    "/v1/second-factors/{account_id}",
    status_code=204,
    dependencies=[allow("second-factor:remove")],
    openapi_extra=repeatable("path"),
)
def delete_second_factor(account_id: UUID, caller: CallerDep, session: SessionDep, now: Now) -> None:
    """Of somebody who has lost both authenticator and paper. All that was signed in with it ends."""
    if str(account_id) == caller.subject:
        raise OwnSecondFactor
    account = found(session.get(Account, account_id, with_for_update=True))
    factor = session.get(SecondFactor, account_id, with_for_update=True)
    if factor:
        session.delete(factor)
        end_everywhere(session, account, now)


def own_account(session: Session, caller: Caller) -> Account:
    return found(None if caller.scopes else session.get(Account, UUID(caller.subject)))


def checked(request: Request, caller: Caller, password: str, now: datetime) -> Account:
    with open_session(request.app.state.engine) as session:
        account = own_account(session, caller)
    return check_password(request, account.username, password, now)
