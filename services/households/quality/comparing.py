"""The worker's part of a comparison: another register's rows, held against ours as we have it now."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID, uuid4

from sqlalchemy import Engine, delete, select, text
from sqlmodel import Session, col

from services.households.imports.batches import MOST_ROWS, drop_file, read_file
from services.households.imports.mapping import Mapped, mapped_rows
from services.households.models.imports import ImportBatch
from services.households.models.quality import THEIRS, RegisterDifference
from services.households.models.register import Household
from services.households.quality.fields import FIELDS, NUMBER, alike, held_of
from services.households.reach import HOUSEHOLDS
from services.kit.store.claim import fence
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Asked, Binding, Scope, look_up, not_empty, within
from services.kit.store.sets import among, write_set
from services.kit.web.errors import DomainError
from services.kit.web.sheets import Row, read_lines

COMPARE, KIND = "comparison", "comparison"
PART = 2_000

WRITE = text(
    """
    INSERT INTO register_difference (id, batch_id, household_id, number, field, sealed_theirs)
    SELECT told.id, :batch, told.household_id, told.number, told.field, told.sealed_theirs
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:number AS int[]), CAST(:field AS text[]),
                CAST(:sealed_theirs AS bytea[])) AS told (id, household_id, number, field, sealed_theirs)
    ON CONFLICT (batch_id, household_id, field) DO NOTHING
    """
)


def compare_file(engine: Engine, seal: Seal, batch_id: UUID, now: datetime) -> str | None:
    """All in one transaction: killed anywhere, it is begun anew. Answers the code of what made the file unfit."""
    try:
        with open_session(engine) as session, session.begin():
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
            if batch.done_at is None:
                compare(session, seal, batch, now)
                finish(session, batch, now)
            return batch.problem
    except DomainError as refused:
        with open_session(engine) as session, session.begin():
            batch = session.get_one(ImportBatch, batch_id, with_for_update=True)
            batch.problem = refused.code()
            finish(session, batch, now)
            return batch.problem


def finish(session: Session, batch: ImportBatch, now: datetime) -> None:
    batch.done_at = now
    drop_file(session, batch)
    session.flush()
    fence(session)


def compare(session: Session, seal: Seal, batch: ImportBatch, now: datetime) -> None:
    """Within what the grants of whoever sent it reach now. `stored` rows differ, `refused` ones have no household."""
    asked = Asked(batch.asked_by, frozenset(batch.roles))
    scope = not_empty(look_up(session.connection(), asked, Binding(lambda: asked, now.date(), bound=False)))
    session.execute(delete(RegisterDifference).where(col(RegisterDifference.batch_id) == batch.id))
    seen: set[str] = set()
    for part in parts(read_file(session, seal, batch.id), Mapped.model_validate(batch.mapping)):
        compare_part(session, seal, batch, scope, part, seen)
        batch.reached = part[-1].number


def parts(content: bytes, mapped: Mapped) -> Iterator[list[Row]]:
    rows = mapped_rows(read_lines(content), (NUMBER,), mapped, MOST_ROWS, tuple(FIELDS))
    while part := list(islice(rows, PART)):
        yield part


def compare_part(
    session: Session, seal: Seal, batch: ImportBatch, scope: Scope, part: Sequence[Row], seen: set[str]
) -> None:
    """A household's first row counts: of several, which agrees would tell what is masked."""
    wanted = among(col(Household.number), {row.cells[NUMBER] for row in part})
    living = select(Household).where(wanted, within(scope, HOUSEHOLDS), col(Household.ended_on).is_(None))
    homes = session.scalars(living).all()
    held = held_of(session, seal, homes)
    numbered = {home.number: held[home.id] for home in homes}
    found: list[dict[str, object]] = []
    for row in part:
        ours = numbered.get(row.cells[NUMBER])
        if ours is None or ours.household.number in seen:
            batch.refused += 1
            continue
        seen.add(ours.household.number)
        differing = [f for f in FIELDS if f in row.cells and not alike(FIELDS[f].ours(ours), row.cells[f])]
        batch.stored, batch.unchanged = batch.stored + bool(differing), batch.unchanged + (not differing)
        found += [difference(seal, ours.household.id, row, field) for field in differing]
    told = ("id", "household_id", "number", "field", "sealed_theirs")
    write_set(session, WRITE.bindparams(batch=batch.id), found, *told)


def difference(seal: Seal, household: UUID, row: Row, field: str) -> dict[str, object]:
    key = uuid4()
    sealed = seal.close(row.cells[field], THEIRS.place(key))
    return {"id": key, "household_id": household, "number": row.number, "field": field, "sealed_theirs": sealed}
