"""Checklists a county keeps, and what was found by them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlmodel import Field

from services.households.models.table import Table
from services.kit.store.tables import CalendarDate, instant


class OwnChecklist(Table, table=True):
    """A checklist that a county has beside those that are shipped, from a day until a day, by its document. What it
    asks of whom never changes: another list is another key."""

    __tablename__ = "own_checklist"
    __table_args__ = (
        CheckConstraint("subject IN ('village', 'household', 'person', 'team', 'site')", name="own_checklist_subject"),
    )

    key: str = Field(primary_key=True)
    division: str
    zh: str
    en: str
    subject: str
    valid: Range[date] = Field(sa_type=DATERANGE)  # when it may be written; what was stays
    document_no: str
    created_at: datetime = instant()


class OwnChecklistItem(Table, table=True):
    """In their order. `fact`: what of the register answers it, where something does."""

    __tablename__ = "own_checklist_item"
    __table_args__ = (Index("own_checklist_item_in_order", "checklist", "number", unique=True),)

    checklist: str = Field(primary_key=True, foreign_key="own_checklist.key")
    key: str = Field(primary_key=True)
    number: int
    zh: str
    en: str
    fact: str | None = None


class ChecklistAnswer(Table, table=True):
    """What somebody found of a subject on a day, by a checklist; never changed. Of each subject and mode the newest
    day's counts, of one day what was recorded last. A person is in the household of then."""

    __tablename__ = "checklist_answer"
    __table_args__ = (
        CheckConstraint("subject IN ('village', 'household', 'person', 'team', 'site')", name="checklist_subject"),
        CheckConstraint("mode IN ('self', 'cross', 'inspection')", name="checklist_mode"),
        CheckConstraint(
            "(household_id IS NOT NULL) = (subject = 'household' OR subject = 'person')", name="checklist_household"
        ),
        CheckConstraint("(person_id IS NOT NULL) = (subject = 'person')", name="checklist_person"),
        CheckConstraint("(label IS NOT NULL) = (subject = 'team' OR subject = 'site')", name="checklist_label"),
        Index("checklist_answer_in", "checklist", "division", "day"),
        Index("checklist_answer_of_household", "household_id", postgresql_where="household_id IS NOT NULL"),
        Index("checklist_answer_of_person", "person_id", postgresql_where="person_id IS NOT NULL"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    checklist: str
    subject: str
    division: str
    household_id: UUID | None = Field(default=None, foreign_key="household.id")
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    label: str | None = None  # a team, a site
    day: CalendarDate
    mode: str
    done_by: str
    recorded_by: str
    recorded_at: datetime = instant()


class ChecklistVerdict(Table, table=True):
    __tablename__ = "checklist_verdict"
    __table_args__ = (
        CheckConstraint("verdict IN ('met', 'not_met', 'not_applicable', 'unknown')", name="checklist_verdict_says"),
    )

    answer_id: UUID = Field(primary_key=True, foreign_key="checklist_answer.id")
    item: str = Field(primary_key=True)
    verdict: str
    note: str | None = None
