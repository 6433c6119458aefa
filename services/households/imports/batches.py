"""Files taken in part by part: rows settled, what they changed noted, the place reached, in one transaction each."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, select, text
from sqlmodel import Session, col

from services.households.facts import facts_changed_in_bulk
from services.households.imports import cases as import_cases
from services.households.imports import households as import_households
from services.households.imports import measures as import_measures
from services.households.imports import members as import_members
from services.households.imports import received as import_received
from services.households.imports import statements as import_statements
from services.households.imports.mapping import Mapped, mapped_rows
from services.households.imports.upload import State, Taken, Upload
from services.households.models.imports import STATE_BEFORE, ImportBatch, ImportPiece, ImportRow
from services.kit.store.fields import Seal
from services.kit.store.sets import among, write_set
from services.kit.web.cells import RowVerdict
from services.kit.web.sheets import Lines, Row

KINDS: Mapping[str, Any] = {
    "households": import_households,
    "members": import_members,
    "statements": import_statements,
    "received": import_received,
    "measures": import_measures,
    "cases": import_cases,
}
MOST_ROWS = 200_000

NOTE = text(
    """
    INSERT INTO import_row (id, batch_id, number, outcome, faults, subject, after, sealed_before)
    SELECT id, :batch_id, number, outcome, CAST(faults AS jsonb), subject, after, sealed_before
    FROM unnest(CAST(:id AS uuid[]), CAST(:number AS int[]), CAST(:outcome AS text[]), CAST(:faults AS text[]),
                CAST(:subject AS uuid[]), CAST(:after AS bytea[]), CAST(:sealed_before AS bytea[]))
         AS told (id, number, outcome, faults, subject, after, sealed_before)
    """
)
ONE_WAY = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
NOTED = ("id", "number", "outcome", "faults", "subject", "after", "sealed_before")


def drop_file(session: Session, batch: ImportBatch) -> None:
    session.execute(delete(ImportPiece).where(col(ImportPiece.batch_id) == batch.id))


def rows_left(batch: ImportBatch, table: Lines) -> Iterator[Row]:
    """What is not settled yet."""
    mapped = Mapped.model_validate(batch.mapping)
    kind = KINDS[batch.kind]
    rows = mapped_rows(table, kind.HEADERS, mapped, MOST_ROWS, optional_headers(kind))
    return (row for row in rows if row.number > batch.reached)


def headers_of(kind: str) -> tuple[str, ...]:
    """All that a mapping may name."""
    return (*KINDS[kind].HEADERS, *optional_headers(KINDS[kind]))


def optional_headers(kind: Any) -> tuple[str, ...]:
    """Columns a file of that kind may lack."""
    told: tuple[str, ...] = getattr(kind, "OPTIONAL", ())
    return told


def take_part(upload: Upload, batch: ImportBatch, rows: Sequence[Row]) -> Taken:
    """Its facts are told as one change. The batch's row is locked by the caller, or new."""
    taken: Taken = KINDS[batch.kind].take(upload, rows)
    if taken.changed:
        facts_changed_in_bulk(upload.session, taken.changed, upload.now)
    note_rows(upload, batch, taken)
    for outcome, count in Counter(verdict.outcome for verdict in taken.verdicts).items():
        setattr(batch, outcome, getattr(batch, outcome) + count)
    batch.reached = rows[-1].number
    return taken


def note_rows(upload: Upload, batch: ImportBatch, taken: Taken) -> None:
    noted = [
        noted_row(upload.seal, taken, verdict, subject)
        for verdict, subject in zip(taken.verdicts, taken.subjects, strict=True)
    ]
    write_set(upload.session, NOTE.bindparams(batch_id=batch.id), noted, *NOTED)


def noted_row(seal: Seal, taken: Taken, verdict: RowVerdict, subject: UUID | None) -> dict[str, Any]:
    key = uuid4()
    before = taken.before.get(subject) if subject else None
    after = taken.after.get(subject) if subject else None
    return {
        "id": key,
        "number": verdict.row,
        "outcome": verdict.outcome,
        "faults": json.dumps([fault.model_dump() for fault in verdict.faults], ensure_ascii=False),
        "subject": subject,
        "after": None if after is None else seal.index(written(after)),
        "sealed_before": None if before is None else seal.close(written(before), STATE_BEFORE.place(key)),
    }


def written(state: State) -> str:
    """One way of writing it, so that equal states have equal indexes."""
    return ONE_WAY.encode(state)


def spoken_of(session: Session, batch: ImportBatch, subjects: Sequence[UUID]) -> set[UUID]:
    told = select(col(ImportRow.subject)).where(
        col(ImportRow.batch_id) == batch.id, among(col(ImportRow.subject), subjects)
    )
    return {subject for subject in session.scalars(told) if subject}
