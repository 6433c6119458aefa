"""Attendance's tables: who is posted where, where that is, and what was seen of them there."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Index, Uuid
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.attendance.coordinates import Point
from services.kit.post.facts import OwnedFacts
from services.kit.store.sealed import SEALED_EVERYWHERE, SealedColumn
from services.kit.store.tables import CalendarDate, instant

MOBILE = SealedColumn("cadre", "sealed_mobile", index="mobile_index", turn="import:teams")
SEALED = (*SEALED_EVERYWHERE, MOBILE)
NULLABLE_JSON: Any = JSONB(none_as_null=True)  # an empty column, not the JSON value null


class Table(SQLModel, registry=registry()):
    """Base of attendance's own tables."""


class Unit(Table, table=True):
    """派出单位: the office a cadre comes from."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(unique=True)


class Cadre(Table, table=True):
    """Somebody who is or was posted. The mobile is sealed; its blind index finds the same person in the next file."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str
    sealed_mobile: bytes
    mobile_index: bytes = Field(unique=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    username: str | None = Field(default=None, unique=True)  # 登录账号 as the file says it; gives no right by itself
    account: str | None = Field(default=None, unique=True)  # the county account's id: the subject of its tokens


class Team(Table, table=True):
    """工作队: the cadres of one village."""

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(unique=True)
    village: str = Field(index=True)  # twelve digits


class Posting(Table, table=True):
    """A cadre in a team from a day until a day. The constraint lets nobody have two at once."""

    __table_args__ = (
        ExcludeConstraint(("cadre_id", "="), ("valid", "&&"), using="gist"),
        Index("posting_of_team", "team_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    cadre_id: UUID = Field(foreign_key="cadre.id")
    team_id: UUID = Field(foreign_key="team.id")
    role: str  # first_secretary, captain, member
    valid: Range[date] = Field(sa_type=DATERANGE)


class Pairing(Table, table=True):
    """结对帮扶: a cadre who answers for a household from a day until a day. The constraint lets a household have one of
    a kind at a time. A household is an id of the register, which says where it lies."""

    __table_args__ = (
        ExcludeConstraint(("household_id", "="), ("kind", "="), ("valid", "&&"), using="gist"),
        Index("pairing_of_cadre", "cadre_id"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    set_id: UUID = Field(default_factory=uuid4, unique=True)  # of what it grants: ours, so that it is no other set's
    cadre_id: UUID = Field(foreign_key="cadre.id")
    household_id: UUID
    kind: str  # assistant, leader
    village: str = Field(index=True)  # twelve digits, when it was written
    valid: Range[date] = Field(sa_type=DATERANGE)
    document_no: str


class Station(Table, table=True):
    """Where the team of a village is to be found: a circle, and the village's boundary where somebody has drawn it."""

    village: str = Field(primary_key=True)
    name: str
    latitude: float  # WGS-84, as are longitude and boundary
    longitude: float
    sent_latitude: float  # as the office gave them, in `datum`
    sent_longitude: float
    datum: str  # wgs84, gcj02, bd09
    radius: float  # metres
    boundary: list[list[float]] | None = Field(default=None, sa_type=NULLABLE_JSON)  # corners: [latitude, longitude]


class CheckIn(Table, table=True):
    """到岗登记: one moment and at most one point, never a track. Written once; nothing learnt later changes it."""

    __tablename__ = "check_in"
    __table_args__ = (Index("check_in_of_day", "cadre_id", "day"),)

    id: UUID = Field(primary_key=True)  # the client's own
    cadre_id: UUID = Field(foreign_key="cadre.id")
    recorded_by: str  # account or client system: doer is not recorder
    at: datetime = instant()  # by the device's clock
    received_at: datetime = instant()  # by ours
    day: CalendarDate  # the day of duty it counts for
    latitude: float | None = None  # WGS-84
    longitude: float | None = None
    accuracy: float | None = None  # metres, as the device gave it
    datum: str  # in which the point was sent
    village: str | None = None  # where the cadre was posted on that day; empty: nowhere
    verdict: str  # inside, outside, uncertain

    @property
    def point(self) -> Point | None:
        return (
            Point(self.latitude, self.longitude) if self.latitude is not None and self.longitude is not None else None
        )


class DayStatus(Table, table=True):
    """What the check-ins of a cadre's day come to. No row is no evidence, which is not the same as absence."""

    __tablename__ = "day_status"

    cadre_id: UUID = Field(foreign_key="cadre.id", primary_key=True)
    day: CalendarDate = Field(primary_key=True)
    status: str  # present, uncertain, outside, not_posted
    evidence: list[UUID] = Field(sa_type=ARRAY(Uuid))  # the check-ins, by their time


class TeamFacts(Table, OwnedFacts, table=True):
    """What rules may ask of a team. How many members it should have is a standard, not a fact."""

    __tablename__ = "team_facts"

    members: int  # open postings
    leaders: int  # of these, first secretaries and captains: often one person
    last_present_on: date | None = None  # of any member; empty: never
    leader_away_since: date | None = None  # the last day a leader was present, or came
    member_away_since: date | None = None  # of the member who has not been seen for longest, likewise
    longest_posted_since: date | None = None  # the first to have come
