"""What is known of a village beside its households: statuses, honours, facilities, who is what, plans and targets."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.tables import CalendarDate, instant

KINDS = "'status', 'honour', 'facility', 'role', 'plan', 'rule', 'target'"


class VillageRecord(Table, table=True):
    """Never changed: what becomes of it is its ending, or the record that `replaces` it from its own `since` on.
    `version`: the how-manieth of a chain. `until`: the last day, where one was set from the beginning. `what` is a code
    of the kind's set. Somebody of the register is `person_id`, in the household of then; anybody else a `label`."""

    __tablename__ = "village_record"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="village_record_kind"),
        CheckConstraint(
            "(what IS NOT NULL) = (kind = 'status' OR kind = 'facility' OR kind = 'role')", name="village_record_what"
        ),
        CheckConstraint("(state IS NOT NULL) = (kind = 'facility')", name="village_record_state"),
        CheckConstraint("(level IS NOT NULL) = (kind = 'honour')", name="village_record_level"),
        CheckConstraint("(kind = 'role') = (num_nonnulls(person_id, label) = 1)", name="village_record_who"),
        CheckConstraint("(person_id IS NULL) = (household_id IS NULL)", name="village_record_home"),
        CheckConstraint("(kind = 'target') = (year IS NOT NULL)", name="village_record_year"),
        CheckConstraint("kind <> 'target' OR num_nonnulls(households, persons) > 0", name="village_record_target"),
        CheckConstraint("since <= until", name="village_record_days"),
        CheckConstraint("(replaces IS NULL) = (version = 1)", name="village_record_version"),
        Index("village_record_in", "division", "kind", "since"),
        Index("village_record_replaces", "replaces", unique=True, postgresql_where="replaces IS NOT NULL"),
        Index("village_record_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
        Index("village_record_of_household", "household_id", postgresql_where="household_id IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    kind: str
    division: str  # a village; of an honour any place of the county
    what: str | None = None
    title: str | None = None
    state: str | None = None
    level: str | None = None
    given_by: str | None = None
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    household_id: UUID | None = Field(default=None, foreign_key="household.id")
    label: str | None = None
    since: CalendarDate
    until: date | None = None
    adopted_on: date | None = None
    meeting: str | None = None
    present: int | None = None
    in_favour: int | None = None
    posted_on: date | None = None
    year: int | None = None
    households: int | None = None
    persons: int | None = None
    text: str | None = None
    document_no: str | None = None
    replaces: UUID | None = Field(default=None, foreign_key="village_record.id")
    version: int = 1
    recorded_by: str
    recorded_at: datetime = instant()


class VillageRecordEnding(Table, table=True):
    """`day`: the first on which it holds no longer. `mistaken`: it never held."""

    __tablename__ = "village_record_ending"

    record_id: UUID = Field(primary_key=True, foreign_key="village_record.id")
    id: UUID  # the client's own
    day: CalendarDate
    mistaken: bool
    because: str
    recorded_by: str
    recorded_at: datetime = instant()
