"""Going on without a password: a token that is replaced at each use, so that a stolen one shows itself.

A sign-in and all that it was renewed to are one family. Its last token is renewed by the next. The one before is taken
once more, while the last has not been used: the answer that held the last was lost on the way, and a phone that lost it
may come back days later. Then that last one is dead, and if it does turn up, two are holding the family: it ends for
both, as with any older token.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import update
from sqlmodel import Session, col

from services.county.codes import has_second_factor
from services.county.models import Account, RefreshFamily
from services.county.revocations import revoke
from services.county.settings import SignInSettings
from services.county.tokens import Signer, SignInOut
from services.kit.store.db import Now, SessionDep, open_session
from services.kit.web.audited import acts
from services.kit.web.errors import NotSignedIn
from services.kit.web.repeat import repeatable

router = APIRouter(tags=["sign-in"])


class RefreshIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    refresh_token: Annotated[str, Field(max_length=200)]


class SignOutIn(RefreshIn):
    everywhere: Annotated[bool, Field(strict=True, title="在所有设备上退出")] = False


@router.post("/v1/refreshes", openapi_extra=repeatable("body.refresh_token"))
def create_refresh(body: RefreshIn, request: Request, now: Now) -> SignInOut:
    """The end of a family is committed although it is refused: hence no session of the request's."""
    state = request.app.state
    with open_session(state.engine) as session, session.begin():
        renewed = renew(session, body.refresh_token, state.limits, now)
        answer = answer_of(session, state.signer, *renewed, state.limits, now) if renewed else None
    if answer is None or renewed is None:
        raise NotSignedIn
    acts(request, str(renewed[0].id))
    return answer


@router.post("/v1/sign-outs", status_code=204, openapi_extra=repeatable("body.refresh_token"))
def create_sign_out(body: SignOutIn, session: SessionDep, now: Now) -> None:
    """Nothing to learn from it: an unknown token gets the same answer. An access token that was handed out lasts its
    ten minutes; with `everywhere` those of the person end within a minute."""
    family = family_of(session, body.refresh_token)
    if family is None or hash_of(body.refresh_token) not in (family.current, family.previous):
        return
    family.ended_at = family.ended_at or now
    account = session.get(Account, family.account_id, with_for_update=True) if body.everywhere else None
    if account:
        end_everywhere(session, account, now)


def begin(session: Session, signer: Signer, account: Account, limits: SignInSettings, now: datetime) -> SignInOut:
    family_id = uuid4()
    token = new_token(family_id)
    family = RefreshFamily(id=family_id, account_id=account.id, current=hash_of(token), created_at=now, renewed_at=now)
    session.add(family)
    return answer_of(session, signer, account, token, limits, now)


def renew(session: Session, token: str, limits: SignInSettings, now: datetime) -> tuple[Account, str] | None:
    """The account and its next token; None when this one no longer counts. Ends the family of a token used before."""
    family = family_of(session, token)
    if family is None or family.ended_at or is_over(family, limits, now):
        return None
    account = session.get(Account, family.account_id)
    presented = hash_of(token)
    lost = presented == family.previous and now - family.renewed_at < timedelta(seconds=limits.refresh_grace)
    if account is None or account.disabled_at or not (lost or presented == family.current):
        family.ended_at = now
        return None
    following = new_token(family.id)
    family.previous = None if lost else family.current
    family.current, family.renewed_at = hash_of(following), now
    return account, following


def family_of(session: Session, token: str) -> RefreshFamily | None:
    """Locked: two renewals at once take turns, and the second is told from a lost answer by the row."""
    try:
        family_id = UUID(token.partition(".")[0])
    except ValueError:
        return None
    return session.get(RefreshFamily, family_id, with_for_update=True)


def is_over(family: RefreshFamily, limits: SignInSettings, now: datetime) -> bool:
    idle, whole = now - family.renewed_at, now - family.created_at
    return idle >= timedelta(seconds=limits.refresh_idle) or whole >= timedelta(seconds=limits.refresh_longest)


def end_everywhere(session: Session, account: Account, now: datetime) -> None:
    """Every family of a person, and every access token that was handed out. Whoever calls holds the account's row."""
    theirs = (col(RefreshFamily.account_id) == account.id) & col(RefreshFamily.ended_at).is_(None)
    session.execute(update(RefreshFamily).where(theirs).values(ended_at=now))
    account.tokens_from = revoke(session, str(account.id), now)


def answer_of(
    session: Session, signer: Signer, account: Account, token: str, limits: SignInSettings, now: datetime
) -> SignInOut:
    """Whoever must have a second factor and has none gets no role: enough to set one up, and for nothing else."""
    lacking = limits.asks_second_factor(account.roles, now.date()) and not has_second_factor(session, account.id)
    access = signer.sign(str(account.id), account.tokens_from, roles=[] if lacking else account.roles)
    return SignInOut(**access.model_dump(), refresh_token=token)


def new_token(family_id: UUID) -> str:
    return f"{family_id.hex}.{secrets.token_urlsafe(32)}"


def hash_of(token: str) -> bytes:
    """The token is random, so a plain hash keeps it."""
    return hashlib.sha256(token.encode()).digest()
