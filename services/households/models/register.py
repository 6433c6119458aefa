"""The register's tables. A household is what cadres visit and count; persons are apart from their memberships."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

PHONE = SealedColumn("household", "sealed_phone", turn="import:households")
ID_NUMBER = SealedColumn("person", "sealed_id_number", index="id_index", turn="import:members")


def known_moment() -> Any:
    """Since when a row is known as it stands, by the database's clock; earlier forms are in `history`."""
    return instant(default=None, nullable=False, sa_column_kwargs={"server_default": text("known_moment()")})


class Household(Table, table=True):
    """A family as the county counts it, in exactly one managing village. One that has ended keeps its rows, and says
    into which it went. `version` rises with each change that became of it (changes.py)."""

    __table_args__ = (Index("household_into", "into_id", postgresql_where="into_id IS NOT NULL"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    number: str = Field(unique=True)  # 户编号, the county's own
    village: str = Field(index=True)  # twelve digits
    group_name: str = ""
    head_name: str
    sealed_phone: bytes | None = None
    housing_grade: str | None = None  # A, B safe; C to be repaired, D to be rebuilt; empty: not appraised
    safe_water: bool | None = None
    created_at: datetime = instant()
    managed_since: date | None = None  # by this village; empty: as long as we know
    ended_on: date | None = None  # the first day it no longer is
    into_id: UUID | None = Field(default=None, foreign_key="household.id")
    version: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    known_since: datetime | None = known_moment()


class Person(Table, table=True):
    """A human being, under our own key. The ID number is sealed; its blind index finds the same person again."""

    __table_args__ = (Index("person_same", "same_as", postgresql_where="same_as IS NOT NULL"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    sealed_id_number: bytes | None = None
    id_index: bytes | None = Field(default=None, unique=True)
    birth_date: date
    sex: str  # GB/T 2261.1: 1 male, 2 female, 9 not stated
    schooling: str | None = None  # in_school, not_in_school, dropped_out
    insured: bool | None = None  # basic medical insurance of this year
    number_missing: str | None = None  # why there is no ID number
    number_due_on: date | None = None  # and by when there should be one
    died_on: date | None = None
    same_as: UUID | None = Field(default=None, foreign_key="person.id")  # registered twice: the one that is kept
    known_since: datetime | None = known_moment()


class IdNumberView(Table, table=True):
    """Somebody was shown a person's whole ID number, and said why."""

    __tablename__ = "id_number_view"
    __table_args__ = (Index("id_number_view_of_person", "person_id", "at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    person_id: UUID = Field(foreign_key="person.id")
    seen_by: str  # account or client system
    reason: str
    at: datetime = instant()


class Membership(Table, table=True):
    """A person in a household from a day until a day. The constraint lets nobody be in two at once."""

    __table_args__ = (
        ExcludeConstraint(("person_id", "="), ("valid", "&&"), using="gist"),
        Index("membership_of_household", "household_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    household_id: UUID = Field(foreign_key="household.id")
    person_id: UUID = Field(foreign_key="person.id")
    relation: str  # to the head, GB/T 4761
    valid: Range[date] = Field(sa_type=DATERANGE)
    begun_by: UUID | None = None  # the change; empty: its first day is when we were told
    ended_by: UUID | None = None
    known_since: datetime | None = known_moment()


class Tag(Table, table=True):
    """What a household is or was, by whose word: monitored, formerly poor and the like."""

    __table_args__ = (ExcludeConstraint(("household_id", "="), ("key", "="), ("valid", "&&"), using="gist"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    household_id: UUID = Field(foreign_key="household.id")
    key: str
    valid: Range[date] = Field(sa_type=DATERANGE)
    source: str
    known_since: datetime | None = known_moment()


class OwnCode(Table, table=True):
    """A code that a county has beside those of the country, from a day until a day, by its document."""

    __tablename__ = "own_code"

    set_key: str = Field(primary_key=True)  # as in own_codes
    code: str = Field(primary_key=True)
    division: str
    zh: str
    valid: Range[date] = Field(sa_type=DATERANGE)  # when it may be written; what was stays
    document_no: str
    created_at: datetime = instant()


class HouseholdSet(Table, table=True):
    """A named set of households, whose members are rows of `set_member`. `division`: the smallest place of them all."""

    __tablename__ = "household_set"

    id: UUID = Field(primary_key=True)
    name: str
    division: str
    created_by: str
    created_at: datetime = instant()


class SetFilter(Table, table=True):
    """What a set of households was chosen by (search/filters.py). Searches and exports ask it anew."""

    __tablename__ = "set_filter"

    set_id: UUID = Field(foreign_key="household_set.id", primary_key=True)
    q: str | None = None
    village: str | None = None
    tag: str | None = None
    case_state: str | None = None
    overdue: bool = False
    due_within: int | None = None
