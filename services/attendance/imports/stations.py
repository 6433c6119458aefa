"""A file of stations: one row per village. A boundary that somebody has drawn stays as it is."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from services.attendance.coordinates import Point, to_wgs84
from services.attendance.imports.upload import Upload, refuse_outside
from services.attendance.models.teams import Station
from services.kit.store.sets import write_set
from services.kit.web.cells import TWICE, RowReader, RowVerdict, division_code, number_between, one_of, text_up_to
from services.kit.web.sheets import Row

HEADERS = ("村代码", "名称", "纬度", "经度", "坐标系", "半径(米)")
SENT = ("name", "sent_latitude", "sent_longitude", "datum", "radius")
COLUMNS = ("village", "latitude", "longitude", *SENT)

latitude = number_between(3, 54)  # of China, so that swapped columns are noticed
longitude = number_between(73, 136)
datum = one_of({"WGS-84": "wgs84", "CGCS2000": "wgs84", "GCJ-02": "gcj02", "BD-09": "bd09"})
radius = number_between(10, 20_000)

WRITE = text(
    """
    INSERT INTO station (village, latitude, longitude, name, sent_latitude, sent_longitude, datum, radius)
    SELECT * FROM unnest(CAST(:village AS text[]), CAST(:latitude AS float[]), CAST(:longitude AS float[]),
        CAST(:name AS text[]), CAST(:sent_latitude AS float[]), CAST(:sent_longitude AS float[]),
        CAST(:datum AS text[]), CAST(:radius AS float[]))
    ON CONFLICT (village) DO UPDATE SET latitude = excluded.latitude, longitude = excluded.longitude,
        name = excluded.name, sent_latitude = excluded.sent_latitude, sent_longitude = excluded.sent_longitude,
        datum = excluded.datum, radius = excluded.radius
    """
)


def take(upload: Upload, rows: Sequence[Row]) -> tuple[list[RowVerdict], list[UUID]]:
    """No team's facts hang on where its station is, so no team is named as changed."""
    readers = [RowReader(row) for row in rows]
    sent = [read_station(reader) for reader in readers]
    refuse_repeats(readers, sent)
    refuse_outside(upload.scope, readers, sent)
    villages = {station["village"] for station in sent}
    held = {s.village: s for s in upload.session.scalars(select(Station).where(col(Station.village).in_(villages)))}
    fresh = []
    verdicts = [reader.verdict() for reader in readers]
    for verdict, station in zip(verdicts, sent, strict=True):
        if verdict.outcome == "stored" and same(station, held.get(station["village"])):
            verdict.outcome = "unchanged"
        elif verdict.outcome == "stored":
            fresh.append(station | placed(station))
    write_set(upload.session, WRITE, fresh, *COLUMNS)
    return verdicts, []


def read_station(reader: RowReader) -> dict[str, Any]:
    return {
        "village": reader.read("村代码", division_code),
        "name": reader.read("名称", text_up_to(60)),
        "sent_latitude": reader.read("纬度", latitude),
        "sent_longitude": reader.read("经度", longitude),
        "datum": reader.read("坐标系", datum),
        "radius": reader.read("半径(米)", radius),
    }


def refuse_repeats(readers: Sequence[RowReader], sent: Sequence[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for reader, station in zip(readers, sent, strict=True):
        if station["village"] in seen:
            reader.refuse("村代码", *TWICE)
        elif station["village"]:
            seen.add(station["village"])


def same(sent: dict[str, Any], held: Station | None) -> bool:
    return held is not None and all(getattr(held, name) == sent[name] for name in SENT)


def placed(sent: dict[str, Any]) -> dict[str, float]:
    point = to_wgs84(Point(sent["sent_latitude"], sent["sent_longitude"]), sent["datum"])
    return {"latitude": point.latitude, "longitude": point.longitude}
