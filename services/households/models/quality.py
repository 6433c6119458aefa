"""Whether the register agrees with itself, with other registers, with paper, and with what somebody stated."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Identity, Index, Text, UniqueConstraint
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

THEIRS = SealedColumn("register_difference", "sealed_theirs")
MEMBERS_THEIRS = SealedColumn("member_difference", "sealed_theirs")


class QualityRun(Table, table=True):
    """All checks over all households of a place. `not_judged`: standards without which some of them say nothing."""

    __tablename__ = "quality_run"

    id: UUID = Field(primary_key=True)  # the client's own
    village: str
    asked_by: str
    created_at: datetime = instant()
    done_at: datetime | None = instant(default=None)
    households: int | None = None
    findings: int | None = None
    not_judged: list[str] = Field(sa_type=ARRAY(Text))


class QualityFinding(Table, table=True):
    """A check holds against a household, or against one of its persons or cases, by the values that are told. `run_id`
    is the run that last found it, `since` the moment of the one that first found it with these values."""

    __tablename__ = "quality_finding"
    __table_args__ = (
        UniqueConstraint("household_id", "check_key", "subject"),
        Index("quality_finding_of_check", "check_key", "household_id", "subject"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    check_key: str
    household_id: UUID = Field(foreign_key="household.id")
    subject: UUID  # the household again, a person, a case
    told: list[str] = Field(sa_type=ARRAY(Text))  # in the order of the check's own list
    since: datetime = instant()
    run_id: UUID = Field(foreign_key="quality_run.id")


class QualityWord(Table, table=True):
    """Somebody looked at what a check found and says that it is right. It holds for these values and no others."""

    __tablename__ = "quality_word"
    __table_args__ = (Index("quality_word_of", "household_id", "check_key", "subject"),)

    id: UUID = Field(primary_key=True)  # the client's own
    check_key: str
    household_id: UUID = Field(foreign_key="household.id")
    subject: UUID
    told: list[str] = Field(sa_type=ARRAY(Text))
    because: str
    doer: str  # who looked
    recorded_by: str
    recorded_at: datetime = instant()


class ClaimedElsewhere(Table, table=True):
    """A file said that a person, found by the number, is of another household than the register says."""

    __tablename__ = "claimed_elsewhere"
    __table_args__ = (UniqueConstraint("person_id", "household_id"), Index("claimed_elsewhere_of", "household_id"))

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    household_id: UUID = Field(foreign_key="household.id")  # as the file has it
    told_by: str
    told_at: datetime = instant()


class DuplicateDecision(Table, table=True):
    """Two records were held against each other: one human being, or two; the first key is the lesser. Where a file
    claims somebody for another household, the second key is that household's: `stays`, or `moves` there."""

    __tablename__ = "duplicate_decision"
    __table_args__ = (
        Index("duplicate_decision_of", "person_id", "other_id"),
        CheckConstraint("verdict IN ('same', 'different', 'stays', 'moves')"),
    )

    id: UUID = Field(primary_key=True)  # the client's own; of the change too, where there is one
    person_id: UUID = Field(foreign_key="person.id")
    other_id: UUID
    verdict: str
    because: str
    recorded_by: str
    recorded_at: datetime = instant()


class PaperCheck(Table, table=True):
    """Somebody held a household's paper card against the register on a day. Fields that differed are rows apart."""

    __tablename__ = "paper_check"
    __table_args__ = (Index("paper_check_newest", "household_id", "checked_on", "seq"),)

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    checked_on: date
    doer: str
    card_number: str | None = None
    recorded_by: str
    recorded_at: datetime = instant()


class PaperDifference(Table, table=True):
    """A field in which the card and the register differed, and what was to be mended."""

    __tablename__ = "paper_difference"
    __table_args__ = (CheckConstraint("to_mend IN ('paper', 'register', 'unclear')"),)

    check_id: UUID = Field(foreign_key="paper_check.id", primary_key=True)
    field: str = Field(primary_key=True)
    to_mend: str


class StatedFigure(Table, table=True):
    """A figure that a document or somebody stated of a household on a day. Never mended: the computed one is beside."""

    __tablename__ = "stated_figure"
    __table_args__ = (Index("stated_figure_newest", "household_id", "key", "on_day", "seq"),)

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    key: str  # persons, net_income, net_income_per_person
    on_day: date
    value: int = Field(sa_type=BigInteger)  # persons, or fen
    source: str
    document_no: str | None = None
    doer: str
    recorded_by: str
    recorded_at: datetime = instant()


class RegisterDifference(Table, table=True):
    """A field in which another register's file differs from ours. Theirs is sealed, whatever it is: perhaps a phone."""

    __tablename__ = "register_difference"
    __table_args__ = (
        UniqueConstraint("batch_id", "household_id", "field"),
        Index("register_difference_of", "household_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="import_batch.id")
    household_id: UUID = Field(foreign_key="household.id")
    number: int  # the row of the file
    told_number: str | None = None  # by which the file names the household: ours, or the national system's
    field: str
    sealed_theirs: bytes


class MemberDifference(Table, table=True):
    """A field of a member in which another register's file differs from ours; of field 成员 somebody stands on one side
    alone: without `person_id` on theirs, without a row (0) on ours."""

    __tablename__ = "member_difference"
    __table_args__ = (
        Index("member_difference_of", "batch_id", "number"),
        Index("member_difference_of_household", "household_id"),
        Index("member_difference_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    batch_id: UUID = Field(foreign_key="import_batch.id")
    household_id: UUID = Field(foreign_key="household.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    number: int
    told_number: str
    field: str
    sealed_theirs: bytes
