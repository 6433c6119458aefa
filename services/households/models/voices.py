"""What villagers themselves say: declarations of hardship, codes to see their own record by, corrections asked for."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

WORDS = SealedColumn("self_declaration", "sealed_words")
SECRET = SealedColumn("self_declaration", "sealed_secret")
REASON = SealedColumn("self_declaration", "sealed_reason")
ASKED = SealedColumn("correction", "sealed_text")
ANSWER = SealedColumn("correction", "sealed_answer")


class SelfDeclaration(Table, table=True):
    """Hardship somebody has declared without an account. `village` is the place the declarant named, a township where
    the village was not known. What was said is sealed whole and goes when purged; place, days and outcome stay."""

    __tablename__ = "self_declaration"
    __table_args__ = (
        CheckConstraint("(state = 'received') = (decided_at IS NULL)", name="self_declaration_decided"),
        CheckConstraint("state IN ('received', 'accepted', 'refused')", name="self_declaration_state"),
        Index("self_declaration_queue", "village", "received_at"),
        Index(
            "self_declaration_to_purge",
            "village",
            "decided_at",
            postgresql_where="decided_at IS NOT NULL AND purged_at IS NULL",
        ),
    )

    id: UUID = Field(primary_key=True)  # the declarant's own
    number: str = Field(unique=True)  # on the receipt
    village: str
    household_id: UUID | None = Field(default=None, foreign_key="household.id", index=True)
    state: str = "received"
    sealed_words: bytes | None = None
    sealed_secret: bytes | None = None
    sealed_reason: bytes | None = None
    received_at: datetime = instant()
    due_on: date | None = None  # empty where the county has set no days
    decided_by: str | None = None
    decided_at: datetime | None = instant(default=None)
    purged_at: datetime | None = instant(default=None)


class ViewCode(Table, table=True):
    """By which a household sees its own record until a day. The code itself is kept nowhere."""

    __tablename__ = "view_code"
    __table_args__ = (
        Index("view_code_of", "household_id"),
        Index("view_code_open", "household_id", unique=True, postgresql_where="ended_at IS NULL"),
    )

    id: UUID = Field(primary_key=True)
    household_id: UUID = Field(foreign_key="household.id")
    code_index: bytes = Field(unique=True)
    issued_by: str
    issued_at: datetime = instant()
    last_day: date
    ended_at: datetime | None = instant(default=None)  # another has taken its place


class Correction(Table, table=True):
    """A household says that its record is wrong, or complains; an office answers, with a reason, once."""

    __table_args__ = (
        CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="correction_answered"),
        CheckConstraint("outcome IN ('granted', 'declined')", name="correction_outcome"),
        Index("correction_of_household", "household_id", "filed_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)  # the household's own
    household_id: UUID = Field(foreign_key="household.id")
    kind: str  # correction, complaint
    sealed_text: bytes
    filed_at: datetime = instant()
    due_on: date | None = None
    outcome: str | None = None
    sealed_answer: bytes | None = None
    answered_by: str | None = None
    answered_at: datetime | None = instant(default=None)
