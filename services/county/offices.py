"""Offices: where a person or a client system may act, in which role, from a day until a day, by which document.

Who makes accounts (system) and who gives offices (security) are two roles, and nobody gives one to themselves.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.county.models import Account, ClientSystem
from services.county.policy import allow
from services.kit.post.grants import announce_grants
from services.kit.store.db import Now, SessionDep
from services.kit.store.grants import CLIENT, GRANTS, Grant, Kind
from services.kit.store.reference import next_version
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/offices", tags=["offices"])

OWNER = "county"
CODE = re.compile(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}")
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLACES: Mapping[Kind, re.Pattern[str]] = {
    "division": CODE,
    "figures": CODE,
    "set": ID,
    "unit": ID,
    "department": re.compile(r"[a-z][a-z0-9-]{1,39}"),
}


class OfficeIn(BaseModel):
    """`holder` is an account's id or a client system's name, whose role is `client`. `place`: the prefix of a
    division's code (`figures`: to read totals there and nobody's rows), the id of a set or unit, a department's key."""

    model_config = ConfigDict(extra="forbid")

    holder: Annotated[str, Field(min_length=3, max_length=40, title="账号编号或系统名称")]
    role: Annotated[str, Field(max_length=20, title="角色")]
    kind: Annotated[Kind, Field(title="范围种类")]
    place: Annotated[str, Field(min_length=2, max_length=40, title="范围")]
    valid_from: Annotated[WrittenDay, Field(title="起始日")]
    valid_until: Annotated[WrittenDay | None, Field(title="失效日")] = None  # the first day it no longer holds
    document_no: Annotated[str, Field(min_length=2, max_length=100, title="文号")]


class OfficeOut(OfficeIn):
    id: UUID

    @classmethod
    def of(cls, grant: Grant) -> Self:
        kept = grant.model_dump(include={"id", "holder", "role", "kind", "place"})
        days = {"valid_from": grant.valid.lower, "valid_until": grant.valid.upper}
        return cls.model_validate(kept | days | {"document_no": grant.source})


class NoSuchHolder(DomainError):
    zh = "没有这个账号或系统，或其账号没有这个角色。"
    en = "There is no such account or system, or it does not have that role."


class NotSuchAPlace(DomainError):
    zh = "范围的写法与其种类不符。"
    en = "The place is not written as its kind asks."


class EndsBeforeItBegins(DomainError):
    zh = "失效日必须晚于起始日。"
    en = "An office ends after the day it begins."


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一人或另一角色的任职。"
    en = "That id stands for the office of somebody else, or in another role."


class NotToOneself(DomainError):
    status = 403
    zh = "不能给自己授权。"
    en = "Nobody gives an office to themselves."


@router.put("/{office_id}", dependencies=[allow("office:write")], openapi_extra=repeatable("path"))
def put_office(office_id: UUID, body: OfficeIn, session: SessionDep, caller: CallerDep, now: Now) -> OfficeOut:
    """Gives an office, or changes its place and days. Every service knows within two seconds."""
    check(session, body, caller.subject)
    grant = session.get(Grant, office_id, with_for_update=True)
    if grant and (grant.owner, grant.holder, grant.role, grant.kind) != (OWNER, body.holder, body.role, body.kind):
        raise SentBefore
    return OfficeOut.of(write(session, grant, office_id, body, now))


@router.get("", dependencies=[allow("office:read")])
def list_offices(
    session: SessionDep,
    paging: PagingDep,
    holder: Annotated[str | None, Query(max_length=40, title="账号编号或系统名称")] = None,
) -> Page[OfficeOut]:
    """Those that ended too; postings and pairings are attendance's to tell."""
    wanted = select(Grant).where(col(Grant.owner) == OWNER)
    if holder:
        wanted = wanted.where(col(Grant.holder) == holder)
    rows, following = paging.read(session, wanted, col(Grant.id))
    return Page(rows=[OfficeOut.of(grant) for (grant,) in rows], next=following)


def check(session: Session, body: OfficeIn, giver: str) -> None:
    if body.holder == giver:
        raise NotToOneself
    if not PLACES[body.kind].fullmatch(body.place):
        raise NotSuchAPlace(body.kind)
    if body.valid_until and body.valid_until <= body.valid_from:
        raise EndsBeforeItBegins
    if body.role not in roles_of(session, body.holder):
        raise NoSuchHolder


def roles_of(session: Session, holder: str) -> list[str]:
    if ID.fullmatch(holder):
        account = session.get(Account, UUID(holder))
        return account.roles if account else []
    return [CLIENT] if session.get(ClientSystem, holder) else []


def write(session: Session, held: Grant | None, office_id: UUID, body: OfficeIn, now: datetime) -> Grant:
    """The same again changes nothing, and tells nobody."""
    said = body.model_dump(include={"holder", "role", "kind", "place"}) | {
        "valid": Range(body.valid_from, body.valid_until),
        "source": body.document_no,
    }
    if held and all(getattr(held, name) == value for name, value in said.items()):
        return held
    grant = held or Grant(id=office_id, owner=OWNER, version=0, **said)
    for name, value in said.items():
        setattr(grant, name, value)
    grant.version = next_version(session, GRANTS)
    session.add(grant)
    session.flush()
    announce_grants(session, OWNER, grant.version, now)
    return grant
