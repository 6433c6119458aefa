"""Who the cadres are, and which county account is whose.

A person's token names the county account it was issued for. Attendance learns whose that is by one call of the office
(`PUT /v1/cadres/{id}/account`); the 登录账号 of an import file is kept as text to help with it and opens nothing.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.grants.pairings import grant_pairings
from services.attendance.grants.postings import grant_postings
from services.attendance.models.teams import Cadre, Posting, Unit
from services.attendance.policy import allow
from services.attendance.reach import reachable_cadre, reachable_cadres
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/cadres", tags=["cadres"])

Role = Literal["first_secretary", "captain", "member"]


class CadreOut(BaseModel):
    """With the open posting, if there is one. The mobile is kept sealed and is not shown."""

    id: UUID
    name: str
    unit: str
    username: str | None
    account_id: UUID | None
    team_id: UUID | None = None
    role: Role | None = None
    since: date | None = None


class AccountIn(BaseModel):
    """Empty unlinks."""

    model_config = ConfigDict(extra="forbid")

    account_id: Annotated[UUID | None, Field(title="县级账号编号")]


class AccountTaken(DomainError):
    status = 409
    zh = "这个账号已属于另一名干部。"
    en = "That account belongs to another cadre already."


@router.get("", dependencies=[allow("team:read")])
def list_cadres(
    session: SessionDep,
    paging: PagingDep,
    team_id: UUID | None = None,
    username: Annotated[str | None, Query(max_length=40, title="登录账号")] = None,
) -> Page[CadreOut]:
    wanted = with_posting().where(reachable_cadres(scope_of(session)))
    if team_id:
        wanted = wanted.where(col(Posting.team_id) == team_id)
    if username:
        wanted = wanted.where(col(Cadre.username) == username)
    rows, following = paging.read(session, wanted, col(Cadre.id))
    return Page(rows=[told(*row) for row in rows], next=following)


@router.put(
    "/{cadre_id}/account", dependencies=[allow("cadre:link")], openapi_extra=repeatable("path"), responses=EDITED
)
def put_account(cadre_id: UUID, body: AccountIn, session: UnboundSessionDep, edit: EditDep, now: Now) -> CadreOut:
    """Whoever signs in with this account is this cadre from now on, and acts where the cadre is posted or paired."""
    cadre = reachable_cadre(session, cadre_id)
    wanted = str(body.account_id) if body.account_id else None
    edit.check(cadre.account, wanted)
    holder = cadre_with_account(session, str(wanted))
    if holder and holder.id != cadre.id:
        raise AccountTaken
    cadre.account = wanted
    try:
        session.flush()
    except IntegrityError as error:  # linked to another cadre at the same moment
        raise AccountTaken from error
    grant_postings(session, [cadre_id], now)
    grant_pairings(session, [cadre_id], now)
    edit.told(wanted)
    return shown(session, with_posting().where(col(Cadre.id) == cadre_id))[0]


@router.get("/{cadre_id}/account", dependencies=[allow("cadre:link")], responses=SEEN)
def get_account(cadre_id: UUID, session: SessionDep, edit: EditDep) -> CadreOut:
    edit.told(reachable_cadre(session, cadre_id, lock=False).account)
    return shown(session, with_posting().where(col(Cadre.id) == cadre_id))[0]


def cadre_with_account(session: Session, account: str) -> Cadre | None:
    return session.scalar(select(Cadre).where(col(Cadre.account) == account))


def members(session: Session, team_id: UUID) -> list[CadreOut]:
    return shown(session, with_posting().where(col(Posting.team_id) == team_id).order_by(col(Cadre.name)))


def with_posting() -> Select[Cadre, Unit, Posting]:
    return (
        select(Cadre, Unit, Posting)
        .join(Unit, col(Unit.id) == col(Cadre.unit_id))
        .outerjoin(Posting, (col(Posting.cadre_id) == col(Cadre.id)) & func.upper_inf(col(Posting.valid)))
    )


def shown(session: Session, wanted: Select[Cadre, Unit, Posting]) -> list[CadreOut]:
    return [told(*row) for row in session.execute(wanted)]


def told(cadre: Cadre, unit: Unit, posting: Posting | None) -> CadreOut:
    said = {"id": cadre.id, "name": cadre.name, "unit": unit.name, "username": cadre.username}
    if posting:
        said |= {"team_id": posting.team_id, "role": posting.role, "since": posting.valid.lower}
    return CadreOut.model_validate(said | {"account_id": cadre.account})
