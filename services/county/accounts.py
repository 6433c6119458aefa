"""People who sign in: the first by a one-time token, the others made by an administrator."""

import hmac
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.county.models import Account
from services.county.passwords import Password, hasher
from services.county.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.web.audited import acts, tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(tags=["accounts"], route_class=Repeatable)

Role = Literal[
    "cadre",
    "captain",
    "assistant",
    "liaison",
    "township",
    "county",
    "approver",
    "evaluator",
    "auditor",
    "security",
    "system",
]


class AccountIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: UUID
    username: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,39}$", title="登录名")]
    name: Annotated[str, Field(min_length=1, max_length=50, title="姓名")]
    password: Password
    roles: Annotated[list[Role], Field(min_length=1, max_length=11, title="角色")]


class FirstAdministratorIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(max_length=200, title="一次性令牌")]
    username: Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,39}$", title="登录名")]
    name: Annotated[str, Field(min_length=1, max_length=50, title="姓名")]
    password: Password


class AccountOut(BaseModel):
    id: UUID
    username: str
    name: str
    roles: list[str]


class NameTaken(DomainError):
    status = 409
    zh = "这个登录名已被使用。"
    en = "That username is taken."


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一个账号。"
    en = "That id stands for another account already."


class TokenUsedOrWrong(DomainError):
    status = 403
    zh = "令牌无效，或已经有了管理员。"
    en = "The token is wrong, or an administrator exists already."


@router.post("/v1/first-administrator", status_code=201, openapi_extra=repeatable("body.token"))
def create_first_administrator(
    body: FirstAdministratorIn, request: Request, session: SessionDep, now: Now
) -> AccountOut:
    """Works once, while no account exists. Sent again, for an answer that was lost, it tells of the account it made.
    Makes accounts and gives offices until a second person does one of them."""
    session.execute(text("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE"))
    first = session.scalar(select(Account).order_by(col(Account.created_at)).limit(1))
    if not is_first_token(request, body.token) or (first and not is_theirs(first, body)):
        raise TokenUsedOrWrong
    if first:
        return AccountOut(**first.model_dump())
    roles: list[Role] = ["system", "security"]
    account = AccountIn(id=uuid4(), username=body.username, name=body.name, password=body.password, roles=roles)
    made = add_account(session, account, now)
    acts(request, str(made.id))
    return AccountOut(**made.model_dump())


def is_theirs(account: Account, body: FirstAdministratorIn) -> bool:
    if (account.username, account.name) != (body.username, body.name):
        return False
    return hasher.verify(body.password, account.password_hash)


def is_first_token(request: Request, token: str) -> bool:
    """An operator may have taken the file away after its use; then no token is right."""
    try:
        expected: str = request.app.state.settings.secret("first_admin_token")
    except FileNotFoundError:
        return False
    return bool(expected) and hmac.compare_digest(expected.encode(), token.encode())


@router.post(
    "/v1/accounts",
    status_code=201,
    dependencies=[allow("account:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_account(body: AccountIn, request: Request, session: SessionDep, now: Now) -> AccountOut:
    """Repeatable by the client's `id`."""
    tell(request, body.id)
    existing = session.get(Account, body.id)
    if existing:
        kept = AccountOut(**existing.model_dump())
        if kept != AccountOut(**body.model_dump()):
            raise SentBefore
        return kept
    if account_named(session, body.username):
        raise NameTaken
    return AccountOut(**add_account(session, body, now).model_dump())


@router.get("/v1/accounts/me")
def get_own_account(caller: CallerDep, session: SessionDep) -> AccountOut:
    return AccountOut(**found(session.get(Account, UUID(caller.subject)) if not caller.scopes else None).model_dump())


def account_named(session: Session, username: str) -> Account | None:
    return session.scalar(select(Account).where(Account.username == username))  # type: ignore[arg-type]


def add_account(session: Session, body: AccountIn, now: datetime) -> Account:
    password_hash = hasher.hash(body.password)
    account = Account(**body.model_dump(exclude={"password"}), password_hash=password_hash, created_at=now)
    session.add(account)
    try:
        session.flush()
    except IntegrityError as error:  # another request was quicker
        raise NameTaken from error
    return account
