"""The frame as others copy it: rows of a kind written since a version, and the event that says there are some."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from services.county.policy import allow
from services.kit.post.events import emit
from services.kit.store.db import SessionDep
from services.kit.store.reference import KINDS, copied_version
from services.kit.store.tables import Standard
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotAllowed

router = APIRouter(tags=["reference"])


class ReferenceOut(BaseModel):
    version: int
    rows: list[dict[str, Any]]


@router.get("/v1/reference/{kind}", dependencies=[allow("frame:read")])
def list_reference(
    kind: Literal["divisions", "days", "standards", "revocations"],
    session: SessionDep,
    caller: CallerDep,
    since: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> ReferenceOut:
    """`since` is the version of the caller's copy; 0 gives everything. Who was sent away is for systems alone."""
    if kind == "revocations" and not caller.scopes:
        raise NotAllowed
    table: Any = KINDS[kind]
    version = copied_version(session, kind)
    rows = session.scalars(select(table).where(table.version > since, table.version <= version))
    return ReferenceOut(version=version, rows=[as_json(row) for row in rows])


def as_json(row: SQLModel) -> dict[str, Any]:
    if isinstance(row, Standard):
        start, end = row.valid.lower, row.valid.upper
        valid = [start.isoformat() if start else None, end.isoformat() if end else None]
        return row.model_dump(mode="json", exclude={"valid"}) | {"valid": valid}
    return row.model_dump(mode="json")


def announce(session: Session, kind: str, version: int, now: datetime) -> None:
    emit(session, "reference.changed", kind, now, data={"kind": kind, "version": version})
