"""How far a phone has been told: up to which transaction, and up to which day.

A transaction that began earlier may commit later, so a cursor never passes one that is still open: a row is told again
rather than not at all, and a phone that is told a row twice holds it once. A row's transaction is PostgreSQL's own mark
of it (`xmin`), which no writer can forget to set.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, literal_column, text
from sqlalchemy.dialects.postgresql import array
from sqlmodel import Session

from services.kit.store.fields import Seal, SealBroken
from services.kit.web.errors import DomainError
from services.kit.web.paging import NotACursorOfThisQuery

# The last names this server's history: another after a restore, or when a standby has taken over.
NOW = text(
    """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1,
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
           concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
                     left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
                     (SELECT oid FROM pg_database WHERE datname = current_database()))
    """
)
ROUND = 2**32  # PostgreSQL writes the lower half of a transaction's number on a row
FURTHEST = 2**31  # transactions; a row's mark does not tell apart what lies further back


class SyncAnew(DomainError):
    """Going on would pass something over in silence: a restored database, another cadre, a clock that was put back."""

    status = 410
    zh = "本机下载的数据已无法接续。请清除下载的数据（待上传的记录保留），重新下载全部。"
    en = "What this phone holds cannot be carried on. Drop what was downloaded, keep what was not sent, begin anew."


@dataclass(frozen=True)
class Mark:
    """Everything of the transactions up to `xid`, and of the days up to `day`."""

    xid: int
    day: date


@dataclass(frozen=True)
class Horizon:
    """Up to `final` every transaction has ended; `following` is a number that none has yet. `history`: the server's,
    for the numbers of another say nothing here."""

    final: int
    following: int
    history: str = ""

    @classmethod
    def now(cls, session: Session) -> Self:
        """Read before the rows are: whatever is final by it is seen in them."""
        return cls(*session.execute(NOW).one())

    def latest(self, marks: Iterable[int | None]) -> int:
        """The newest transaction that may have written these. One of an earlier round is taken for the latest it can
        be: told again at worst."""
        return max((self.whole(mark) for mark in marks if mark is not None), default=0)

    def whole(self, mark: int) -> int:
        this_round = self.following - self.following % ROUND + mark
        return this_round if this_round < self.following else this_round - ROUND


def mark_of(table: str) -> ColumnElement[int]:
    """A column of a query: which transaction wrote the row."""
    return literal_column(f"{table}.xmin::text::bigint", BigInteger)


def marks_of(*tables: str) -> ColumnElement[Any]:
    return array([mark_of(table) for table in tables])


@dataclass(frozen=True)
class Cursor:
    """`told` is what the phone has; of a list that takes several pages also where it goes to, and its last key."""

    cadre: UUID
    history: str
    words: str  # the digest of those it has
    told: Mark
    upto: Mark | None = None
    after: tuple[str, ...] = ()

    def closed(self, seal: Seal, subject: str) -> str:
        """For this caller alone; it tells nobody anything."""
        upto = [self.upto.xid, self.upto.day.isoformat()] if self.upto else None
        told = [self.told.xid, self.told.day.isoformat()]
        said = [str(self.cadre), self.history, self.words, *told, upto, *self.after]
        return base64.urlsafe_b64encode(seal.close(json.dumps(said), place_of(subject))).decode()

    @classmethod
    def opened(cls, sent: str, seal: Seal, subject: str) -> Self:
        try:
            said = json.loads(seal.open(base64.urlsafe_b64decode(sent), place_of(subject)))
            cadre, history, words, xid, day, upto, *after = said
            told = Mark(xid, date.fromisoformat(day))
            until = Mark(upto[0], date.fromisoformat(upto[1])) if upto else None
            return cls(UUID(cadre), history, words, told, until, (*after,))
        except (SealBroken, binascii.Error, ValueError) as error:
            raise NotACursorOfThisQuery from error

    def refuse_unless_it_goes_on(self, cadre: UUID, horizon: Horizon, today: date) -> None:
        ahead = self.told.xid >= horizon.following or self.told.day > today
        other = (self.cadre, self.history) != (cadre, horizon.history)
        if other or ahead or horizon.following - self.told.xid > FURTHEST:
            raise SyncAnew


def place_of(subject: str) -> str:
    return f"sync.cursor:{subject}"
