"""Grants: where somebody may act, in which role, on which days. The token says who; these rows say where.

Some services give them, each its own rows; every service keeps a copy of all and asks its own table alone.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import BigInteger, Index, select
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlmodel import Field, Session, col

from services.kit.store.reference import as_columns, copied_up_to, copied_version, copy_rows
from services.kit.store.tables import Kit

GRANTS = "grants"  # the kind under which an owner counts the versions of its own
CLIENT = "client"  # the role of a system that calls with its own credentials

Row = TypeVar("Row", "Grant", "SetMember")
Kind = Literal["division", "set", "unit", "department", "figures"]


class Grant(Kit, table=True):
    """`holder` is the subject of tokens. `place` is what `kind` says: the prefix of a division's code (also for figures
    only), the id of a set or a unit, the key of a department. `owner` is the service that gave it."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("access_grant_held", "holder", postgresql_where="NOT revoked"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    owner: str
    holder: str
    role: str
    kind: str
    place: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    source: str  # the document, or what it follows from
    version: int = Field(sa_type=BigInteger)
    revoked: bool = False


class SetMember(Kit, table=True):
    """A subject in a set, from a day until a day."""

    __tablename__ = "set_member"

    set_id: UUID = Field(primary_key=True)
    subject: UUID = Field(primary_key=True)
    owner: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    version: int = Field(sa_type=BigInteger)
    revoked: bool = False


class GrantsOut(BaseModel):
    """What an owner has changed since a version. `valid` is [from, until), each empty where it is open."""

    version: int
    grants: list[dict[str, Any]]
    members: list[dict[str, Any]]


def changed_since(session: Session, owner: str, since: int) -> GrantsOut:
    version = copied_version(session, GRANTS)

    def rows(table: type[Row]) -> list[dict[str, Any]]:
        columns: Any = table
        fresh = (columns.owner == owner, columns.version.between(since + 1, version))
        return [as_json(row) for row in session.scalars(select(table).where(*fresh))]

    return GrantsOut(version=version, grants=rows(Grant), members=rows(SetMember))


def as_json(row: Grant | SetMember) -> dict[str, Any]:
    """JSON has no empty range: nobody holds such a grant, so it is told as revoked."""
    days = [day.isoformat() if day else None for day in (row.valid.lower, row.valid.upper)]
    return row.model_dump() | {"valid": days, "revoked": row.revoked or row.valid.isempty}


def copy_grants(session: Session, owner: str, answer: Mapping[str, Any]) -> None:
    """Take over what an owner has changed. It speaks of its own rows alone, whatever it sends."""
    copied_up_to(session, copied_kind(owner), answer["version"])
    for model, sent in ((Grant, answer["grants"]), (SetMember, answer["members"])):
        copy_rows(session, model, [as_columns(row) | {"owner": owner} for row in sent], col(model.owner) == owner)


def copied_kind(owner: str) -> str:
    return f"{GRANTS}:{owner}"
