"""A new password: one's own, or set by an administrator for somebody who forgot. All that the old one opened ends."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.county.models import Account
from services.county.passwords import Password, hasher
from services.county.policy import allow
from services.county.refreshes import begin, end_everywhere
from services.county.sign_ins import check_password
from services.county.tokens import SignInOut
from services.county.tries import Try, forgive
from services.kit.store.db import Now, SessionDep, open_session
from services.kit.web.address import address_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotSignedIn, found
from services.kit.web.repeat import repeatable

router = APIRouter(tags=["accounts"])


class PasswordIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Password


class OwnPasswordIn(PasswordIn):
    current: Annotated[str, Field(max_length=200, title="现密码")]


@router.put("/v1/accounts/me/password", openapi_extra=repeatable("path"))
def put_own_password(body: OwnPasswordIn, caller: CallerDep, request: Request, now: Now) -> SignInOut:
    """Whoever holds a token still needs the password, and has as few tries as at the door. Answers with a new sign-in,
    since the one that asked has ended with all others."""
    state = request.app.state
    with open_session(state.engine) as session:
        account = found(None if caller.scopes else session.get(Account, UUID(caller.subject)))
    checked = check_password(request, account.username, body.current, now)
    with state.turns.turn():
        password_hash = hasher.hash(body.password)
    with open_session(state.engine) as session, session.begin():
        held = found(session.get(Account, account.id, with_for_update=True))
        if held.disabled_at or held.password_hash != checked.password_hash:
            raise NotSignedIn
        held.password_hash = password_hash
        end_everywhere(session, held, now)
        answer = begin(session, state.signer, held, state.limits, now)
    forgive(state.engine, Try.of(state.seal, account.username, address_of(request)), now)
    return answer


@router.put(
    "/v1/accounts/{account_id}/password",
    status_code=204,
    dependencies=[allow("account:write")],
    openapi_extra=repeatable("path"),
)
def put_password(account_id: UUID, body: PasswordIn, request: Request, session: SessionDep, now: Now) -> None:
    with request.app.state.turns.turn():
        password_hash = hasher.hash(body.password)
    account = found(session.get(Account, account_id, with_for_update=True))
    account.password_hash = password_hash
    end_everywhere(session, account, now)
