"""单位: offices by name. Those that send cadres come with a file of teams; one that helps a village and sends nobody is
written here."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.attendance.models.teams import Unit
from services.attendance.policy import allow
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/units", tags=["teams"])


class UnitIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=60, title="单位名称")]


class UnitOut(UnitIn):
    id: UUID


class UnitNamedAlready(DomainError):
    status = 409
    zh = "这个编号或名称已属于一个单位；单位的名称不在这里更改。"
    en = "That id or that name is a unit's already; a unit is not renamed here."


@router.get("", dependencies=[allow("team:read")])
def list_units(
    session: SessionDep,
    paging: PagingDep,
    name: Annotated[str, Query(max_length=60, title="名称（开头）")] = "",
) -> Page[UnitOut]:
    """The names of offices, which are no secret: whichever place they send to or help."""
    scope_of(session)
    wanted = select(Unit).where(col(Unit.name).startswith(name, autoescape=True))
    rows, following = paging.read(session, wanted, col(Unit.id))
    return Page(rows=[UnitOut.model_validate(row.model_dump()) for (row,) in rows], next=following)


@router.put("/{unit_id}", dependencies=[allow("unit:write")], openapi_extra=repeatable("path"))
def put_unit(unit_id: UUID, body: UnitIn, session: SessionDep) -> UnitOut:
    """Once; sent again it changes nothing."""
    scope_of(session)
    take_turn(session, "units")
    held = session.get(Unit, unit_id)
    if held is None:
        session.add(Unit(id=unit_id, name=body.name))
        try:
            session.flush()
        except IntegrityError as error:
            raise UnitNamedAlready from error
    elif held.name != body.name:
        raise UnitNamedAlready
    return UnitOut(id=unit_id, name=body.name)
