"""The worker's part of a comparison: another register's rows, held against ours as we have it now."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID, uuid4

from sqlalchemy import Engine, delete, text
from sqlmodel import Session, col

from services.households.imports.batches import MOST_ROWS, drop_file
from services.households.imports.mapping import Mapped, mapped_rows
from services.households.imports.remembered import with_its_mapping
from services.households.models.imports import FILE_PIECE, ImportBatch, ImportPiece
from services.households.models.quality import THEIRS, RegisterDifference
from services.households.pieces import read_file
from services.households.quality.fields import FIELDS, NUMBER, alike, held_of, homes_told
from services.households.quality.member_comparing import compare_members
from services.households.quality.member_fields import MEMBER_COLUMNS
from services.kit.store.claim import fence
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Asked, Binding, Scope, look_up, not_empty
from services.kit.store.sets import write_set
from services.kit.web.errors import DomainError
from services.kit.web.sheets import Lines, Row, read_lines

COMPARE, KIND, OF_MEMBERS = "comparison", "comparison", "member_comparison"
PART = 2_000

WRITE = text(
    """
    INSERT INTO register_difference (id, batch_id, household_id, number, told_number, field, sealed_theirs)
    SELECT told.id, :batch, told.household_id, told.number, told.told_number, told.field, told.sealed_theirs
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:number AS int[]),
                CAST(:told_number AS text[]), CAST(:field AS text[]), CAST(:sealed_theirs AS bytea[]))
         AS told (id, household_id, number, told_number, field, sealed_theirs)
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
    table = with_its_mapping(
        session, batch, read_lines(read_file(session, seal, FILE_PIECE, ImportPiece, batch_id=batch.id))
    )
    mapped = Mapped.model_validate(batch.mapping)
    if batch.kind == OF_MEMBERS:
        compare_members(session, seal, batch, scope, parts(table, mapped, MEMBER_COLUMNS))
        return
    session.execute(delete(RegisterDifference).where(col(RegisterDifference.batch_id) == batch.id))
    seen: set[UUID] = set()
    for part in parts(table, mapped, tuple(FIELDS)):
        compare_part(session, seal, batch, scope, part, seen)
        batch.reached = part[-1].number


def parts(table: Lines, mapped: Mapped, columns: Sequence[str]) -> Iterator[list[Row]]:
    rows = mapped_rows(table, (NUMBER,), mapped, MOST_ROWS, columns)
    while part := list(islice(rows, PART)):
        yield part


def compare_part(
    session: Session, seal: Seal, batch: ImportBatch, scope: Scope, part: Sequence[Row], seen: set[UUID]
) -> None:
    """A household's first row counts: of several, which agrees would tell what is masked."""
    homes = homes_told(session, scope, {row.cells[NUMBER] for row in part})
    held = held_of(session, seal, list({home.id: home for home in homes.values()}.values()))
    numbered = {number: held[home.id] for number, home in homes.items()}
    found: list[dict[str, object]] = []
    for row in part:
        ours = numbered.get(row.cells[NUMBER])
        if ours is None or ours.household.id in seen:
            batch.refused += 1
            continue
        seen.add(ours.household.id)
        differing = [f for f in FIELDS if f in row.cells and not alike(FIELDS[f].ours(ours), row.cells[f])]
        batch.stored, batch.unchanged = batch.stored + bool(differing), batch.unchanged + (not differing)
        found += [difference(seal, ours.household.id, row, field) for field in differing]
    told = ("id", "household_id", "number", "told_number", "field", "sealed_theirs")
    write_set(session, WRITE.bindparams(batch=batch.id), found, *told)


def difference(seal: Seal, household: UUID, row: Row, field: str) -> dict[str, object]:
    key = uuid4()
    sealed = seal.close(row.cells[field], THEIRS.place(key))
    told = {"number": row.number, "told_number": row.cells[NUMBER], "field": field}
    return {"id": key, "household_id": household, "sealed_theirs": sealed} | told
