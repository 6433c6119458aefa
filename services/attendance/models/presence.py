"""What was seen of cadres in their villages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Uuid
from sqlmodel import Field

from services.attendance.coordinates import Point
from services.attendance.models.table import Table
from services.kit.store.tables import CalendarDate, instant


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
