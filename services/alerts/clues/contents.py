"""The lines of a batch as they came: bounded, compressed, and kept under seal until they are taken in."""

import base64
import zlib
from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Session, col

from services.alerts.models.clues import BATCH_PIECE, ClueBatchPiece
from services.kit.store.fields import Seal
from services.kit.web.errors import DomainError

MOST_LINES = 50_000
LARGEST = 32 * 1024 * 1024  # bytes, uncompressed
PIECE = 1024 * 1024  # bytes that are sealed together
GZIP = zlib.MAX_WBITS | 16


class BatchTooLarge(DomainError):
    status = 413
    zh = "一批最多 5 万行、32 MB（解压后），请分批报送。"
    en = "A batch has 50,000 lines and 32 MB (uncompressed) at most. Send it in parts."


class NotGzip(DomainError):
    zh = "内容不是完整的 gzip 压缩数据。"
    en = "The body is no whole gzip stream."


class NothingInIt(DomainError):
    zh = "这一批没有任何数据行。"
    en = "There is no line in the batch."


def inflated(content: bytes, *, gzip: bool) -> bytes:
    """Never more than is allowed, whatever a small body claims to hold."""
    if gzip:
        stream = zlib.decompressobj(GZIP)
        try:
            content = stream.decompress(content, LARGEST + 1)
        except zlib.error as error:
            raise NotGzip from error
        if len(content) <= LARGEST and (not stream.eof or stream.unused_data):
            raise NotGzip
    if len(content) > LARGEST or content.count(b"\n") > MOST_LINES * 2:
        raise BatchTooLarge
    return content


def lines_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbered from 1 as an editor does; blank ones are passed over."""
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if stripped := line.strip():
            yield number, stripped


def counted(content: bytes) -> int:
    lines = sum(1 for _ in lines_of(content))
    if lines > MOST_LINES:
        raise BatchTooLarge
    if not lines:
        raise NothingInIt
    return lines


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def keep(session: Session, seal: Seal, batch_id: UUID, content: bytes) -> None:
    packed = zlib.compress(content, 1)
    for seq, start in enumerate(range(0, len(packed), PIECE)):
        piece = ClueBatchPiece(batch_id=batch_id, seq=seq, sealed_content=b"")
        written = base64.b64encode(packed[start : start + PIECE]).decode()
        piece.sealed_content = seal.close(written, BATCH_PIECE.place(piece.id))
        session.add(piece)


def read_kept(session: Session, seal: Seal, batch_id: UUID) -> bytes:
    wanted = select(ClueBatchPiece).where(col(ClueBatchPiece.batch_id) == batch_id).order_by(col(ClueBatchPiece.seq))
    packed = [
        base64.b64decode(seal.open(one.sealed_content, BATCH_PIECE.place(one.id))) for one in session.scalars(wanted)
    ]
    return zlib.decompress(b"".join(packed))


def drop(session: Session, batch_id: UUID) -> None:
    session.execute(delete(ClueBatchPiece).where(col(ClueBatchPiece.batch_id) == batch_id))
