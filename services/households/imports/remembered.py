"""A mapping is said once: the next file with the same header, of that kind and from that account, needs none."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import chain
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, col

from services.households.imports.mapping import Mapped
from services.households.models.imports import ImportBatch
from services.kit.web.sheets import Lines, plain


def with_its_mapping(session: Session, batch: ImportBatch, table: Lines) -> Lines:
    """Nothing is looked for where the sender named a mapping, be it an empty one, or the table has been begun."""
    first = next(table.each, None)
    if first is None:
        return table
    if batch.header is None:
        batch.header = digest_of(first)
        known = None if batch.mapping else session.scalar(latest_of(batch))
        if known and Mapped.model_validate(known.mapping) != Mapped():
            batch.mapping, batch.mapping_of = known.mapping, known.id
    return Lines(table.total, chain([first], table.each))


def digest_of(header: Sequence[object]) -> str:
    """As headers are matched: spaces and widths do not count, the order does."""
    return sha256("\x1f".join(plain(str(cell)) for cell in header).encode()).hexdigest()


def latest_of(batch: ImportBatch) -> Select[Any]:
    """Of those that named a mapping, took something in and stand: what was undone may have been mapped wrongly."""
    earlier = col(ImportBatch.stored) + col(ImportBatch.unchanged) > 0
    alike = (
        col(ImportBatch.asked_by) == batch.asked_by,
        col(ImportBatch.kind) == batch.kind,
        col(ImportBatch.header) == batch.header,
    )
    named = col(ImportBatch.mapping) != literal({}, JSONB)
    stands = (named, earlier, col(ImportBatch.done_at).is_not(None), col(ImportBatch.undone_at).is_(None))
    wanted = select(ImportBatch).where(*alike, *stands, col(ImportBatch.id) != batch.id)
    return wanted.order_by(col(ImportBatch.created_at).desc(), col(ImportBatch.id)).limit(1)
