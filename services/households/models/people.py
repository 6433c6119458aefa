"""What is recorded of persons, beside who they are: told since a day, for a year, for a month."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlmodel import Field

from services.households.models.table import Table
from services.households.models.told import Told, ToldSince, numbered
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

CARD_NUMBER = SealedColumn("person_health", "sealed_card_number")
PERSON_PHONE = SealedColumn("person_phone", "sealed_number")


class PersonCircumstances(Table, ToldSince, table=True):
    """Who a person is to the county. Codes: services/households/register/code_sets.csv; empty is unknown."""

    __tablename__ = "person_circumstances"
    __table_args__ = (Index("person_circumstances_newest", "person_id", "since", "seq"),)

    person_id: UUID = Field(foreign_key="person.id")
    seq: int | None = numbered()
    ethnicity: str | None = None
    political_status: str | None = None
    schooling_level: str | None = None
    school_state: str | None = None
    dropout_reason: str | None = None
    marital: str | None = None
    occupation: str | None = None
    labour_capacity: str | None = None


class PersonResidence(Table, ToldSince, table=True):
    """Whether a member is entered with the family, lives with it, and usually lives in the place. Empty is unknown."""

    __tablename__ = "person_residence"
    __table_args__ = (Index("person_residence_newest", "person_id", "since", "seq"),)

    person_id: UUID = Field(foreign_key="person.id")
    seq: int | None = numbered()
    registered: bool | None = None
    lives_together: bool | None = None
    usually_resident: bool | None = None


class PersonHealth(Table, ToldSince, table=True):
    """Shown to those alone who need it. The number of the disability card holds the ID number: sealed."""

    __tablename__ = "person_health"
    __table_args__ = (
        Index("person_health_newest", "person_id", "since", "seq"),
        CheckConstraint("(disability_category IS NULL) = (disability_grade IS NULL)", "disability_whole"),
    )

    person_id: UUID = Field(foreign_key="person.id")
    seq: int | None = numbered()
    conditions: list[str] | None = Field(default=None, sa_type=ARRAY(Text))  # healthy, chronic, ...; empty: unknown
    disability_category: str | None = None  # GB/T 26341
    disability_grade: str | None = None  # 1 the gravest, 4 the lightest
    sealed_card_number: bytes | None = None


class PersonPhone(Table, table=True):
    """A number under which a person was reached from a day until a day, and whose it is. Never a key to anybody."""

    __tablename__ = "person_phone"
    __table_args__ = (Index("person_phone_of", "person_id"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)  # the client's own
    person_id: UUID = Field(foreign_key="person.id")
    sealed_number: bytes
    whose: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    told_by: str | None = None  # who typed the number, and so knows it; unknown of those told before this was kept
    doer: str
    recorded_by: str
    recorded_at: datetime = instant()


class PersonInsurance(Table, Told, table=True):
    """Whether a person has an insurance of some kind in a year, and who paid. The newest of these counts."""

    __tablename__ = "person_insurance"
    __table_args__ = (Index("person_insurance_newest", "person_id", "year", "kind", "seq"),)

    person_id: UUID = Field(foreign_key="person.id")
    seq: int | None = numbered()
    year: int
    kind: str
    enrolled: bool
    paid_by: str | None = None
    amount: int | None = Field(default=None, sa_type=BigInteger)  # fen
    receipt: str | None = None


class WorkMonth(Table, Told, table=True):
    """Whether and where a person worked in a month. The newest of person and month counts."""

    __tablename__ = "work_month"
    __table_args__ = (
        Index("work_month_newest", "person_id", "month", "seq"),
        CheckConstraint("extract(day FROM month) = 1", "month_by_its_first_day"),
    )

    person_id: UUID = Field(foreign_key="person.id")
    seq: int | None = numbered()
    month: date  # its first day
    working: bool
    area: str | None = None
    place: str | None = None
    employer: str | None = None
    occupation: str | None = None
    pay: int | None = Field(default=None, sa_type=BigInteger)  # fen
