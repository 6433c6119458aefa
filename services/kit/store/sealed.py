"""Which columns of a service are sealed: each is named once, beside the tables."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.fields import HEADER


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed values, in a table whose key is `id`. `index` is the column of its blind index; `turn`, the
    advisory lock under which writers look a value up before they write it."""

    table: str
    column: str
    index: str = ""
    turn: str = ""

    def place(self, row_id: UUID) -> str:
        return f"{self.table}.{self.column}:{row_id}"

    @property
    def elsewhere(self) -> str:
        """As SQL: the row stands under another key than the header :header names."""
        return f"substring({self.column} FROM 1 FOR {HEADER}) <> :header"


SUBSCRIBER_SECRET = SealedColumn("subscription", "sealed_secret")
FORMER_SECRET = SealedColumn("subscription", "sealed_former_secret")
SEALED_EVERYWHERE = (SUBSCRIBER_SECRET, FORMER_SECRET)  # the columns every service has


def take_turn(session: Session, name: str) -> None:
    """Until the transaction ends. Whoever looks up whether a value is here and writes it if not, does so alone."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
