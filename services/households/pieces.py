"""A file in parts, each in base64 under seal: as it came in, or as it was made."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlmodel import Session

from services.households.models.table import Table
from services.kit.store.fields import Seal
from services.kit.store.sealed import SealedColumn

PIECE = 1024 * 1024  # bytes that are sealed together


def keep_file(
    session: Session, seal: Seal, column: SealedColumn, pieces: type[Table], content: bytes, **of: UUID
) -> None:
    """`of` names whose file it is, by the column that says so."""
    make: Any = pieces
    for seq, start in enumerate(range(0, len(content), PIECE)):
        told, piece_id = base64.b64encode(content[start : start + PIECE]).decode(), uuid4()
        session.add(make(id=piece_id, seq=seq, sealed_content=seal.close(told, column.place(piece_id)), **of))


def read_file(session: Session, seal: Seal, column: SealedColumn, pieces: type[Table], **of: UUID) -> bytes:
    """Empty where nothing is kept."""
    columns: Any = pieces
    mine = [getattr(columns, name) == key for name, key in of.items()]
    kept: Iterator[Any] = session.scalars(select(pieces).where(*mine).order_by(columns.seq))
    return b"".join(base64.b64decode(seal.open(piece.sealed_content, column.place(piece.id))) for piece in kept)
