"""Where a team is to be found: the station of each village, and the village's boundary once somebody has drawn it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.attendance.coordinates import Datum, Point, to_wgs84
from services.attendance.models.teams import Station
from services.attendance.policy import allow
from services.attendance.reach import STATIONS
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import found
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/stations", tags=["stations"])

Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False, title="纬度")]
Place = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
Village = Annotated[str, Path(pattern=r"^[0-9]{12}$", title="村代码")]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, title="经度")]


class CornerIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    latitude: Latitude
    longitude: Longitude


class BoundaryIn(BaseModel):
    """Corners in order; the last is joined to the first. None at all removes the boundary."""

    model_config = ConfigDict(extra="forbid")

    datum: Annotated[Datum, Field(title="坐标系")] = "wgs84"
    corners: Annotated[list[CornerIn], Field(max_length=2000, title="村界")]


class StationOut(BaseModel):
    """WGS-84; radius in metres; corners as [latitude, longitude]."""

    village: str
    name: str
    latitude: float
    longitude: float
    radius: float
    boundary: list[list[float]] | None


@router.get("", dependencies=[allow("team:read")])
def list_stations(session: SessionDep, village_prefix: Place) -> list[StationOut]:
    wanted = select(Station).where(col(Station.village).startswith(village_prefix)).order_by(col(Station.village))
    within_reach = scoped(session, wanted, STATIONS)
    return [StationOut(**station.model_dump()) for station in session.scalars(within_reach)]


@router.get("/{village}/boundary", dependencies=[allow("team:read")], responses=SEEN)
def get_boundary(village: Village, session: SessionDep, edit: EditDep) -> StationOut:
    station = reachable_station(session, village)
    edit.told(station.boundary)
    return StationOut(**station.model_dump())


@router.put(
    "/{village}/boundary", dependencies=[allow("station:write")], openapi_extra=repeatable("path"), responses=EDITED
)
def put_boundary(village: Village, body: BoundaryIn, session: SessionDep, edit: EditDep) -> StationOut:
    """Check-ins from now on are judged by it; verdicts already given stay."""
    station = reachable_station(session, village, lock=True)
    corners = [to_wgs84(Point(corner.latitude, corner.longitude), body.datum) for corner in body.corners]
    wanted = [list(corner) for corner in corners] or None
    edit.check(station.boundary, wanted)
    station.boundary = wanted
    edit.told(wanted)
    return StationOut(**station.model_dump())


def reachable_station(session: Session, village: str, *, lock: bool = False) -> Station:
    wanted = scoped(session, select(Station).where(col(Station.village) == village), STATIONS)
    return found(session.scalar(wanted.with_for_update() if lock else wanted))
