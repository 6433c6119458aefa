"""Signing in with a name and a password."""

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.datastructures import State

from services.county.accounts import account_named
from services.county.codes import passes
from services.county.models import Account
from services.county.passwords import password_fits
from services.county.refreshes import begin
from services.county.tokens import SignInOut
from services.county.tries import Try, book, forgive
from services.kit.store.db import Now, open_session
from services.kit.web.address import address_of
from services.kit.web.audited import acts
from services.kit.web.errors import NotSignedIn
from services.kit.web.repeat import repeatable

router = APIRouter(tags=["sign-in"])


class SignInIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(max_length=40)]
    password: Annotated[str, Field(max_length=200)]
    totp: Annotated[str | None, Field(max_length=40, title="动态码或恢复码")] = None


@router.post("/v1/sign-in", openapi_extra=repeatable("nothing is stored"))
def create_sign_in(body: SignInIn, request: Request, now: Now) -> SignInOut:
    """A wrong name, a wrong password, a disabled account and, where one is asked for, a code that is missing, wrong or
    used get the same answer in the same time. No session is open
    while the password is looked at: a crowd that waits there would hold every connection."""
    engine: Engine = request.app.state.engine
    account = check_password(request, body.username, body.password, now)
    acts(request, str(account.id))
    answer = begin_for(request.app.state, account, body.totp, now)
    forgive(engine, Try.of(request.app.state.seal, body.username, address_of(request)), now)
    return answer


def check_password(request: Request, username: str, password: str, now: datetime) -> Account:
    state = request.app.state
    with state.turns.turn():
        book(state.engine, Try.of(state.seal, username, address_of(request)), state.limits, now)
        with open_session(state.engine) as session:
            account = account_named(session, username)
        fits = password_fits(password, account.password_hash if account else None)
    if not account or not fits:
        raise NotSignedIn
    return account


def begin_for(state: State, account: Account, code: str | None, now: datetime) -> SignInOut:
    """The account is looked at once more, and held: it may have been disabled, or its password changed, meanwhile."""
    with open_session(state.engine) as session, session.begin():
        held = held_account(session, account.id)
        if held is None or held.password_hash != account.password_hash:
            raise NotSignedIn
        if not passes(session, state.seal, account.id, code, now):
            raise NotSignedIn
        return begin(session, state.signer, held, state.limits, now)


def held_account(session: Session, account_id: UUID) -> Account | None:
    """None when disabled; else whoever disables it waits until we have signed."""
    account = cast(Account | None, session.get(Account, account_id, with_for_update={"read": True}))
    return None if account is None or account.disabled_at else account
