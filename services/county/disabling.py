"""Sending somebody away: an account or a client system is disabled, and within a minute no service knows it."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StrictBool

from services.county.clients import OWN_SERVICES, ClientName
from services.county.models import Account, ClientSystem
from services.county.policy import allow
from services.county.refreshes import end_everywhere
from services.county.revocations import revoke
from services.kit.store.db import Now, SessionDep
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable

router = APIRouter(tags=["accounts"])


class DisabledIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    disabled: StrictBool


class DisabledOut(DisabledIn):
    pass


class OwnAccount(DomainError):
    """The last administrator would lock the house and throw away the key."""

    status = 409
    zh = "不能停用自己的账号。"
    en = "You cannot disable your own account."


class OwnService(DomainError):
    status = 409
    zh = "本系统自身的服务不能在此停用，请更换其凭据。"
    en = "A service of this system is not disabled here: change its credentials."


@router.put(
    "/v1/accounts/{account_id}/disabled", dependencies=[allow("account:write")], openapi_extra=repeatable("path")
)
def put_account_disabled(
    account_id: UUID, body: DisabledIn, caller: CallerDep, session: SessionDep, now: Now
) -> DisabledOut:
    if str(account_id) == caller.subject:
        raise OwnAccount
    account = found(session.get(Account, account_id, with_for_update=True))
    if body.disabled and not account.disabled_at:
        account.disabled_at = now
        end_everywhere(session, account, now)
    elif not body.disabled:
        account.disabled_at = None
    return DisabledOut(disabled=account.disabled_at is not None)


@router.put(
    "/v1/client-systems/{name}/disabled", dependencies=[allow("client:write")], openapi_extra=repeatable("path")
)
def put_client_system_disabled(name: ClientName, body: DisabledIn, session: SessionDep, now: Now) -> DisabledOut:
    if name in OWN_SERVICES:
        raise OwnService
    client = found(session.get(ClientSystem, name, with_for_update=True))
    if body.disabled and not client.disabled_at:
        client.disabled_at, client.tokens_from = now, revoke(session, name, now)
    elif not body.disabled:
        client.disabled_at = None
    return DisabledOut(disabled=client.disabled_at is not None)
