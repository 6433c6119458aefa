"""The facts an owner keeps about its subjects: recomputed in sets, versioned, told by event, read back in pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from os.path import commonprefix
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, Text, TextClause, cast, column, func, literal, select, text, tuple_
from sqlalchemy import table as sql_table
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session, SQLModel

from services.kit.post.events import emit, source_of
from services.kit.store.db import UnboundSessionDep
from services.kit.store.sets import among
from services.kit.store.tables import Xid8
from services.kit.web.errors import found

CHANGED = "facts.changed"
IN_BULK = "facts.changed_in_bulk"
COUNTY = 6  # digits
PLACE_LENGTHS = (0, 2, 4, COUNTY, 9, 12)
PLUMBING = ("subject", "version", "changed")

Kind = Annotated[str, Path(max_length=40)]
Division = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")]


class OwnedFacts(SQLModel):
    """What every table of facts has. `version` rises with each change; `changed` is the transaction that made it."""

    subject: UUID = Field(primary_key=True)
    division: str = Field(index=True)
    version: int = Field(sa_type=BigInteger)
    changed: int | None = Field(
        default=None,
        sa_type=Xid8,
        nullable=False,
        sa_column_kwargs={"server_default": text("pg_current_xact_id()")},
    )


class FactsOut(BaseModel):
    subject: UUID
    division: str
    version: int
    facts: dict[str, Any]


class FactsPage(BaseModel):
    rows: list[FactsOut]
    after: UUID | None


class PlaceDigest(BaseModel):
    """Equal `members` mean the same subjects, equal `digest` the same versions of them."""

    division: str
    count: int
    members: int
    digest: int


def table_of(model: type[SQLModel]) -> Any:
    return model.__table__  # type: ignore[attr-defined]


def fact_names(model: type[OwnedFacts]) -> list[str]:
    return [c.name for c in table_of(model).columns if c.name not in (*PLUMBING, "division")]


def recompute(session: Session, model: type[OwnedFacts], computed: TextClause, **parameters: Any) -> list[UUID]:
    """Write what `computed` selects (subject, division and every fact); only rows that differ get a new version.

    The caller has locked the subjects' rows before: two writers that each saw half would otherwise lose the other's.
    """
    table = table_of(model)
    names = ["division", *fact_names(model)]
    source = computed.columns(*(Column(name, table.c[name].type) for name in ("subject", *names))).subquery("computed")
    write = insert(table).from_select(
        ["subject", *names, "version"], select(*(source.c[name] for name in ("subject", *names)), literal(1))
    )
    fresh = {name: write.excluded[name] for name in names}
    differs = tuple_(*(table.c[n] for n in names)).is_distinct_from(tuple_(*fresh.values()))
    raised = {"version": table.c.version + 1, "changed": func.pg_current_xact_id()}
    written = write.on_conflict_do_update(index_elements=["subject"], set_=fresh | raised, where=differs)
    return list(session.scalars(written.returning(table.c.subject), parameters))


def tell_each(session: Session, model: type[OwnedFacts], kind: str, subjects: Sequence[UUID], now: datetime) -> None:
    """One facts.changed per subject, in one statement, with the whole of its facts."""
    if not subjects:
        return
    table = table_of(model)
    facts = func.jsonb_build_object(*(part for n in fact_names(model) for part in (n, table.c[n])))
    data = func.jsonb_build_object("kind", kind, "version", table.c.version, "facts", facts)
    event = select(
        func.uuid_at(literal(now)), literal(CHANGED), cast_text(table.c.subject), table.c.division, literal(now), data
    ).where(table.c.subject.in_(subjects))
    columns = ["id", "type", "subject", "division", "occurred_at", "data"]
    event_table = sql_table("event", *(column(name) for name in columns))
    session.execute(insert(event_table).from_select(columns, event))


def tell_in_bulk(session: Session, model: type[OwnedFacts], kind: str, subjects: Sequence[UUID], now: datetime) -> None:
    """A bulk write names the smallest place of each county that holds all it changed, and the transaction since when;
    who listens pulls the rest in pages."""
    table = table_of(model)
    since = session.execute(text("SELECT pg_current_xact_id()::text")).scalar_one()
    divisions = sorted(session.scalars(select(table.c.division).where(among(table.c.subject, subjects)).distinct()))
    for _, together in groupby(divisions, key=lambda code: code[:COUNTY]):
        place = smallest_place(list(together))
        emit(session, IN_BULK, place, now, division=place, data={"kind": kind, "since": since})


def smallest_place(divisions: Sequence[str]) -> str:
    shared = len(commonprefix(divisions))  # noqa: RUF071  # codes nest by prefix: characters are what is meant
    return divisions[0][: max(length for length in PLACE_LENGTHS if length <= shared)]


def facts(service: str, allow: Callable[[str], Any], models: Mapping[str, type[OwnedFacts]]) -> APIRouter:
    """What a listener reads: whole facts of a place, and digests to find what it has missed."""
    router = APIRouter(prefix=f"{source_of(service)}/facts", tags=["facts"], dependencies=[allow("facts:read")])

    @router.get("/{kind}")
    def list_facts(
        kind: Kind,
        division: Division,
        session: UnboundSessionDep,
        since: Annotated[str, Query(pattern=r"^(0|[1-9][0-9]{0,18})$")] = "0",
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
    ) -> FactsPage:
        """Paged by subject, so that a page cannot lose a row that changes meanwhile."""
        model = found(models.get(kind))
        table = table_of(model)
        wanted = select(table).where(table.c.division.startswith(division), table.c.changed >= cast(since, Xid8))
        if after:
            wanted = wanted.where(table.c.subject > after)
        rows = session.execute(wanted.order_by(table.c.subject).limit(limit)).mappings().all()
        told = [FactsOut(**row, facts={name: row[name] for name in fact_names(model)}) for row in rows]
        return FactsPage(rows=told, after=told[-1].subject if len(told) == limit else None)

    @router.get("/{kind}/digest")
    def list_digests(kind: Kind, division: Division, session: UnboundSessionDep) -> list[PlaceDigest]:
        """One statement, so one instant."""
        wanted = digests_of(table_of(found(models.get(kind))), division)
        return [PlaceDigest(**row) for row in session.execute(wanted).mappings()]

    return router


def digests_of(table: Any, division: str) -> Any:
    """Per place: how many subjects, an order-free hash of who they are, and one of their versions too."""
    who = cast_text(table.c.subject)
    return (
        select(
            table.c.division,
            func.count().label("count"),
            func.bit_xor(func.hashtextextended(who, 0)).label("members"),
            func.bit_xor(func.hashtextextended(who + ":" + cast_text(table.c.version), 0)).label("digest"),
        )
        .where(table.c.division.startswith(division))
        .group_by(table.c.division)
    )


def cast_text(value: Any) -> Any:
    return cast(value, Text)
