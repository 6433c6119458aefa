"""Visit tasks: why somebody should go to a household, by when, who took it up, and what came of it."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Identity, Index, Text
from sqlmodel import Field

from services.alerts.models.table import Table
from services.kit.store.tables import CalendarDate, instant


class Task(Table, table=True):
    """One visit to one household, whatever the number of its reasons. The index lets at most one be open. It closes
    itself when no reason is left: `answered` where somebody judged one of them, `over` where all ended by
    themselves."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("level BETWEEN 0 AND 2", name="task_level"),
        CheckConstraint("(closed_at IS NULL) = (closed_as IS NULL)", name="task_closed"),
        CheckConstraint("closed_as IN ('answered', 'over')", name="task_closed_as"),
        Index("task_open", "subject", unique=True, postgresql_where="closed_at IS NULL"),
        Index("task_open_in", "division", postgresql_where="closed_at IS NULL"),
        Index("task_of", "subject"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    county: str
    subject: UUID  # the household
    division: str
    opened_at: datetime = instant()
    since: date  # of its oldest reason
    severity: str  # of its gravest
    due_on: date | None = None  # of the reason that is due first; none where no standard or calendar says
    level: int = 0  # how far up it has been told: 0 village, 1 township, 2 county
    handed_to: str | None = None  # the place whose office has it now
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = instant(default=None)
    postponed_until: date | None = None
    closed_at: datetime | None = instant(default=None)
    closed_as: str | None = None
    version: int = 1


class TaskReason(Table, table=True):
    """What a visit is for: an alert, a clue. In one open task at a time; struck when it has ended by itself, or was
    confirmed or dismissed by somebody. No key ties it to its task: a county's sweep writes them by the hundred
    thousand, in the statement that writes the tasks."""

    __tablename__ = "task_reason"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_as IS NULL)", name="task_reason_ended"),
        CheckConstraint("ended_as IN ('over', 'confirmed', 'dismissed')", name="task_reason_ended_as"),
        Index("task_reason_open", "subject", "source", "source_id", unique=True, postgresql_where="ended_at IS NULL"),
    )

    task_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True)  # tasks/reasons.py
    source_id: UUID = Field(primary_key=True)
    subject: UUID
    division: str
    key: str  # of the rule, or the kind of what was found
    severity: str
    since: date  # the day it became a reason: its days are counted from here
    due_on: date | None = None
    added_at: datetime = instant()
    ended_at: datetime | None = instant(default=None)
    ended_as: str | None = None
    ended_by: UUID | None = None  # the step that judged it


class TaskStep(Table, table=True):
    """What somebody did with a task. Never changed. Who went there is not who wrote it down."""

    __tablename__ = "task_step"
    __table_args__ = (Index("task_step_of", "task_id", "seq"),)

    id: UUID = Field(primary_key=True)  # the client's own
    task_id: UUID = Field(foreign_key="task.id")
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    step: str
    recorded_by: str
    recorded_at: datetime = instant()
    done_on: date | None = None
    done_by: UUID | None = None  # attendance's cadre, where it was not the recorder
    visit_id: UUID | None = None  # attendance's
    until: date | None = None
    because: str | None = None
    place: str | None = None
    risks: list[str] | None = Field(default=None, sa_type=ARRAY(Text))


class TaskVisit(Table, table=True):
    """A visit to a household that had a task on that day, as attendance has told it; the highest version counts."""

    __tablename__ = "task_visit"
    __table_args__ = (Index("task_visit_of", "task_id"),)

    visit: UUID = Field(primary_key=True)  # the first of those that correct each other
    version: int
    task_id: UUID = Field(foreign_key="task.id")
    day: CalendarDate
    cadre: UUID | None = None
    contact: str
    made: bool  # a correction may say that it never was


class TaskQuiet(Table, table=True):
    """An alert that somebody has judged asks for no visit: a dismissed one while the facts behind it are the same, a
    confirmed one while it is the same alert, for its case is under way."""

    __tablename__ = "task_quiet"
    __table_args__ = (
        CheckConstraint("(digest IS NULL) <> (alert_id IS NULL)", name="task_quiet_while"),
        Index("task_quiet_of", "task_id"),
    )

    subject: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True)
    division: str
    digest: int | None = Field(default=None, sa_type=BigInteger)
    alert_id: UUID | None = None
    task_id: UUID = Field(foreign_key="task.id")


class TaskCase(Table, table=True):
    """What was confirmed becomes a case of the register, under the task's own id: asked for by a job until the register
    has answered. `case_id` is the case that is open then, `problem` the code of its refusal."""

    __tablename__ = "task_case"
    __table_args__ = (Index("task_case_case", "case_id"),)

    task_id: UUID = Field(primary_key=True, foreign_key="task.id")
    ground_kind: str
    ground_id: UUID
    ground_on: date
    risks: list[str] = Field(sa_type=ARRAY(Text))
    asked_by: str
    asked_at: datetime = instant()
    answered_at: datetime | None = instant(default=None)
    case_id: UUID | None = None
    problem: str | None = None
    state: str | None = None  # of the case, as the register has told it
    case_version: int = 0
    included_at: datetime | None = instant(default=None)


class TaskPurge(Table, table=True):
    """Until which day finished tasks of a county may be gone (tasks/purge.py): no figure counts them."""

    __tablename__ = "task_purge"

    county: str = Field(primary_key=True)
    closed_until: CalendarDate


class TaskEscalation(Table, table=True):
    """That a task was told one level further up, once for each level; of level 0, that whoever has it was told of its
    day before it came."""

    __tablename__ = "task_escalation"

    task_id: UUID = Field(primary_key=True, foreign_key="task.id")
    level: int = Field(primary_key=True)
    due_on: date
    told_at: datetime = instant()
