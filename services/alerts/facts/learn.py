"""What owners tell us about their subjects: the greater version wins, so order and repetition do not matter."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model
from sqlalchemy import CTE, column, delete, func, literal, select, text
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.dml import ReturningDelete
from sqlmodel import Session, SQLModel

from services.alerts.models.facts import Departed, FactHistory, HouseholdFacts, TeamFacts
from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS, TEAM, Subject
from services.alerts.rules.conditions import LARGEST_MONEY, LARGEST_NUMBER
from services.alerts.tasks.folding import fold_these
from services.alerts.telling.notices import tell
from services.kit.post.facts import COUNTY, table_of

FACTS: Mapping[str, type[SQLModel]] = {HOUSEHOLD: HouseholdFacts, TEAM: TeamFacts}
REMEMBERED = ("subject", "county", "division", "version", "known_since", "learned_at")

CLOSE = text(
    """
    WITH closed AS (
        UPDATE alert SET closed_at = :now WHERE closed_at IS NULL AND subject = ANY (:gone) RETURNING *
    ), announced AS (
        INSERT INTO event (id, type, subject, division, occurred_at, data)
        SELECT uuid_at(:now), 'alert.closed', CAST(id AS text), division, :now,
               jsonb_build_object('about', about, 'subject', subject, 'rule', rule_key, 'severity', severity)
        FROM closed
    )
    SELECT id FROM closed
    """
)


@dataclass(frozen=True)
class Told:
    """One subject's whole facts, as its owner sent them."""

    subject: UUID
    division: str
    version: int
    facts: Mapping[str, Any]


AS_SENT: Mapping[str, Any] = {
    "money": Annotated[int, Field(ge=-LARGEST_MONEY, le=LARGEST_MONEY)],
    "number": Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)],
    "date": date,
    "flag": bool,
}


def shape_of(subject: Subject) -> type[BaseModel]:
    """Each fact with its type; one the owner leaves out is unknown."""
    fields: dict[str, Any] = {fact.key: (AS_SENT[fact.type] | None, None) for fact in subject.facts}
    return create_model(subject.kind, **fields)


SHAPES: Mapping[str, type[BaseModel]] = {about: shape_of(subject) for about, subject in SUBJECTS.items()}


def read_told(about: str, subject: str, division: str, version: int, facts: Any) -> Told:
    """What an owner sent, checked against the catalogue. A fact we do not know is left out; one out of bounds, which
    rules were promised not to meet, is a ValueError."""
    sound = SHAPES[about].model_validate(facts).model_dump(mode="json")
    return Told(UUID(subject), division, int(version), sound)


def learn(session: Session, about: str, told: Iterable[Told]) -> list[UUID]:
    """Store what is newer than what we hold; the subjects that are. A fact the owner has not sent is unknown."""
    newest = newest_of_each(told)
    if not newest:
        return []
    table = table_of(FACTS[about])
    names = ["subject", "division", "version", *(fact.key for fact in SUBJECTS[about].facts)]
    sent = rows_of(newest, table, names)
    write = insert(table).from_select(
        ["county", *names], select(func.left(sent.c.division, COUNTY), *(sent.c[name] for name in names))
    )
    fresh: dict[str, Any] = {name: write.excluded[name] for name in ("county", *names) if name != "subject"}
    fresh["learned_at"] = func.clock_timestamp()
    newer = table.c.version < write.excluded.version
    upsert = write.on_conflict_do_update(index_elements=["subject"], set_=fresh, where=newer)
    learned = upsert.returning(table).cte("learned")
    return list(session.scalars(select(learned.c.subject).add_cte(kept(about, learned))))


def kept(about: str, learned: CTE) -> CTE:
    """The versions just accepted, written to their history in the same statement."""
    names = [fact.key for fact in SUBJECTS[about].facts]
    facts = func.jsonb_build_object(*(part for name in names for part in (name, learned.c[name])))
    said = [learned.c[name] for name in REMEMBERED]
    row = select(literal(about), *said, func.jsonb_strip_nulls(facts))
    return plain_insert(FactHistory).from_select(["about", *REMEMBERED, "facts"], row).cte("kept")


def newest_of_each(told: Iterable[Told]) -> list[Told]:
    """One per subject, always in the same order: two posts about the same subjects must not lock them crosswise."""
    by_version = sorted(told, key=lambda one: one.version)
    return sorted({one.subject: one for one in by_version}.values(), key=lambda one: one.subject)


def rows_of(told: Iterable[Told], table: Any, names: Sequence[str]) -> Any:
    """One JSON parameter, typed by our columns: no statement per row."""
    listed = [{"subject": str(t.subject), "division": t.division, "version": t.version} | dict(t.facts) for t in told]
    shape = (column(name, table.c[name].type) for name in names)
    return func.jsonb_to_recordset(literal(listed, JSONB)).table_valued(*shape).render_derived(with_types=True)


def forget(
    session: Session, about: str, division: str, kept: Sequence[UUID], *, known_before: datetime, now: datetime
) -> int:
    """The owner has told us everybody in this place: whoever else we held before has gone; their alerts close."""
    table = table_of(FACTS[about])
    gone = (
        delete(table)
        .where(table.c.division == division, table.c.subject.not_in(kept), table.c.learned_at < known_before)
        .returning(table.c.county, table.c.subject, table.c.known_since)
    )
    return depart(session, about, gone, now)


def forget_these(session: Session, about: str, subjects: Sequence[UUID], now: datetime) -> int:
    """The owner has told us that they are no more."""
    table = table_of(FACTS[about])
    gone = delete(table).where(table.c.subject.in_(subjects))
    return depart(session, about, gone.returning(table.c.county, table.c.subject, table.c.known_since), now)


def depart(session: Session, about: str, gone: ReturningDelete[Any], now: datetime) -> int:
    rows = [dict(row) | {"kind": about} for row in session.execute(gone).mappings()]
    if rows:
        session.execute(plain_insert(Departed), rows)
        closed = session.scalars(CLOSE, {"gone": [row["subject"] for row in rows], "now": now}).all()
        tell(session, "alert_closed", closed, now)
    if rows and about == HOUSEHOLD:
        fold_these(session, [row["subject"] for row in rows], now)
    return len(rows)
