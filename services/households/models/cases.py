"""The case: a household's way from a confirmed suspicion to safety, step by step, each step as somebody recorded it."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Identity, Index, Text, text
from sqlmodel import Field

from services.households.models.register import known_moment
from services.households.models.table import Table
from services.kit.store.sealed import SealedColumn
from services.kit.store.tables import instant

FINDINGS = SealedColumn("case_entry", "sealed_findings")
REASON = SealedColumn("case_entry", "sealed_reason")
WATCHED = "after_care_until IS NOT NULL AND after_care_end IS NULL"
WATCHED_IN_ORDER = (
    "(after_care_until IS NULL) = (after_care_every IS NULL)"
    " AND (after_care_until IS NULL) = (after_care_document_no IS NULL)"
    " AND (after_care_until IS NULL OR closed_on IS NOT NULL)"
    " AND (after_care_end IS NULL OR after_care_until IS NOT NULL)"
)


class CaseProfile(Table, table=True):
    """The steps of a county's procedure, as data. A case keeps the version it was opened under. `division`: the county
    that wrote it; empty: shipped."""

    __tablename__ = "case_profile"

    key: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    number: int  # as the standard `case_profile` names it
    title_zh: str
    title_en: str
    categories: list[str] = Field(sa_type=ARRAY(Text))
    division: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = instant()


class CaseProfileStep(Table, table=True):
    """A step of a profile: when it comes, who takes it, which papers it wants and how long it may last."""

    __tablename__ = "case_profile_step"
    __table_args__ = (
        ForeignKeyConstraint(["profile_key", "profile_version"], ["case_profile.key", "case_profile.version"]),
    )

    profile_key: str = Field(primary_key=True)
    profile_version: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    key: str
    phase: str  # identify, care, eliminate, refuse, anytime
    level: str  # village, township, county: how wide the office of whoever takes it is at least
    roles: list[str] = Field(sa_type=ARRAY(Text))
    documents: list[str] = Field(sa_type=ARRAY(Text))
    days: int | None = None
    unit: str | None = None  # working_days, calendar_days, months
    since: str | None = None  # ground, previous, identified
    may_skip: bool = False


class Case(Table, table=True):
    """One episode of a household. The first index lets at most one be open; what happened lies in its entries."""

    __tablename__ = "monitored_case"
    __table_args__ = (
        Index("monitored_case_open", "household_id", unique=True, postgresql_where="closed_on IS NULL"),
        Index("monitored_case_episode", "household_id", "episode", unique=True),
        Index("monitored_case_merged", "merged_into", postgresql_where="merged_into IS NOT NULL"),
        Index(
            "monitored_case_noticed",
            "id",
            postgresql_where=text(
                "notice_told IS NOT NULL OR next_step = 'notice_ended' OR next_step = 'elimination_notice_ended'"
            ),
        ),
        Index("monitored_case_branched", "branched_from", postgresql_where="branched_from IS NOT NULL"),
        CheckConstraint("cardinality(risks) >= 1", name="monitored_case_risks"),
        CheckConstraint("state IN ('ended', 'refused') = (closed_on IS NOT NULL)", name="monitored_case_closed"),
        CheckConstraint(WATCHED_IN_ORDER, name="monitored_case_watched"),
        Index("monitored_case_watched_until", "after_care_until", postgresql_where=text(WATCHED)),
        ForeignKeyConstraint(["profile_key", "profile_version"], ["case_profile.key", "case_profile.version"]),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    household_id: UUID = Field(foreign_key="household.id")
    episode: int
    profile_key: str
    profile_version: int
    profile_document_no: str  # the document by which the profile held on the day of opening
    ground_kind: str  # alert, clue, visit, self_declaration; taken_over
    ground_service: str
    ground_id: UUID
    ground_on: date  # the clocks that run from the clue begin here
    risks: list[str] = Field(sa_type=ARRAY(Text))
    state: str = "identifying"  # identifying, monitored, eliminating, refused, ended
    next_step: str | None = None
    resumes_at: str | None = None  # of a refused case: the step an appeal that is granted leads back to
    category: str | None = None
    green: bool = False  # help came first
    identified_on: date | None = None
    line: int | None = Field(default=None, sa_type=BigInteger)  # fen a person and year, of the day it was judged by
    line_document_no: str | None = None
    national_number: str | None = None  # 户编号 of the national system
    identified_month: str | None = None  # YYYYMM, as the national system writes it
    closed_on: date | None = None
    # eliminated_by_help, eliminated_by_itself, household_gone, wrongly_included, merged_into
    end_kind: str | None = None
    merged_into: UUID | None = Field(default=None, foreign_key="monitored_case.id")  # two households with a case merged
    branched_from: UUID | None = Field(default=None, foreign_key="monitored_case.id")  # its household was split off
    notice_told: UUID | None = None  # the entry of the notice of which it was said that it has hung its days
    after_care_until: date | None = None  # the last day it stays watched once its risk was eliminated
    after_care_every: int | None = None  # months between follow-ups
    after_care_document_no: str | None = None  # that says for how long
    after_care_end: str | None = None  # completed, lapsed, new_risk, re_entered, household_gone
    version: int = 1
    opened_by: str
    opened_at: datetime = instant()
    known_since: datetime | None = known_moment()


class CaseGatesLooked(Table, table=True):
    """On which day it was last seen whether the gates of a case's elimination are open; `met`: what it was told as."""

    __tablename__ = "case_gates_looked"

    case_id: UUID = Field(primary_key=True, foreign_key="monitored_case.id")
    looked_on: date
    met: UUID | None = None


class CaseEntry(Table, table=True):
    """A step as it was taken. Never changed: a correction is a new entry that names the one it corrects. Which of the
    columns are filled follows from the step."""

    __tablename__ = "case_entry"
    __table_args__ = (
        Index("case_entry_of", "case_id", "seq"),
        Index("case_entry_corrected", "corrects", unique=True, postgresql_where="corrects IS NOT NULL"),
        Index(
            "case_entry_noticed_once",
            "case_id",
            unique=True,
            postgresql_where=text("step = 'notice' AND corrects IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    case_id: UUID = Field(foreign_key="monitored_case.id")
    seq: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    step: str
    done_on: date
    decision: str | None = None  # passed, refused
    corrects: UUID | None = Field(default=None, foreign_key="case_entry.id")
    sealed_reason: bytes | None = None
    sealed_findings: bytes | None = None
    category: str | None = None
    attendance: int | None = None
    votes_for: int | None = None
    votes_against: int | None = None
    minutes_no: str | None = None
    complaint_phone: str | None = None  # the office's, printed on the notice
    objections: int | None = None
    national_number: str | None = None
    identified_month: str | None = None
    measure_id: UUID | None = None
    visit_id: UUID | None = None  # attendance's
    mode: str | None = None  # by_help, by_itself
    income_steady_since: date | None = None
    rigid_spending_solved: bool | None = None
    procedure_due_on: date | None = None
    skipped: str | None = None
    valid_until: date | None = None  # the last day a letter of authorisation is good for
    outcome: str | None = None  # of after-care: steady, new_risk; and how it ended
    recorded_by: str
    recorded_at: datetime = instant()
    known_since: datetime | None = known_moment()


class CaseParticipant(Table, table=True):
    """Who took part in a step, and as what: did it, signed as a member, or is a related person it covers."""

    __tablename__ = "case_participant"
    __table_args__ = (
        Index("case_participant_person", "person_id", postgresql_where="person_id IS NOT NULL"),
        Index("case_participant_guardian", "guardian_id", postgresql_where="guardian_id IS NOT NULL"),
    )

    entry_id: UUID = Field(foreign_key="case_entry.id", primary_key=True)
    position: int = Field(primary_key=True)
    capacity: str  # doer, member, related (signed, or covered by the comparison)
    name: str
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    cadre_id: UUID | None = None  # attendance's
    how: str | None = None  # in_writing, electronic, thumb_print
    guardian: str | None = None  # somebody outside the household, by `guardian_relation`
    guardian_id: UUID | None = Field(default=None, foreign_key="person.id")  # or a grown member of it
    guardian_relation: str | None = None
    guardian_document_no: str | None = None  # for somebody grown: the ruling that appoints
    proxy: str | None = None  # who signed for somebody grown, and why
    proxy_because: str | None = None
    relation: str | None = None


class CaseDocument(Table, table=True):
    """A paper of a step: its kind, its number and the digest of its content, wherever it is kept."""

    __tablename__ = "case_document"

    entry_id: UUID = Field(foreign_key="case_entry.id", primary_key=True)
    position: int = Field(primary_key=True)
    kind: str
    number: str
    digest: str  # SHA-256, hexadecimal


class CaseClock(Table, table=True):
    """How long a step may last. The days are counted again whenever the calendar changes; without a calendar for those
    days the due day is unknown."""

    __tablename__ = "case_clock"
    __table_args__ = (
        Index("case_clock_of", "case_id"),
        Index("case_clock_running", "case_id", "step", unique=True, postgresql_where="done_on IS NULL"),
        Index("case_clock_due", "due_on", postgresql_where="done_on IS NULL AND ran_out_at IS NULL"),
        Index(
            "case_clock_to_stop",
            "id",
            postgresql_where=text(
                "done_on IS NOT NULL AND stop_told_at IS NULL AND (warned_at IS NOT NULL OR ran_out_at IS NOT NULL)"
            ),
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    case_id: UUID = Field(foreign_key="monitored_case.id")
    step: str
    since: date
    days: int
    unit: str
    warn_days: int
    due_on: date | None = None
    done_on: date | None = None
    warned_at: datetime | None = instant(default=None)
    ran_out_at: datetime | None = instant(default=None)
    stop_told_at: datetime | None = instant(default=None)  # to whoever was told that it runs out
    known_since: datetime | None = known_moment()
    stopped_at: datetime | None = instant(default=None)  # since when `done_on` is known, by the database's clock
