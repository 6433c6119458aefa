"""Who is posted where, and where that is."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint, Range
from sqlmodel import Field

from services.attendance.models.table import Table
from services.kit.store.sealed import SealedColumn

NULLABLE_JSON: Any = JSONB(none_as_null=True)  # an empty column, not the JSON value null
MOBILE = SealedColumn("cadre", "sealed_mobile", index="mobile_index", turn="import:teams")


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
    channel: str | None = None  # who sent: central, province, city, county, township
    outcome: str | None = None  # how it ended: returned, kept, promoted, transferred, recalled, other
    end_document_no: str | None = None


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
