"""The villages of a place, and where each one's team is to be found: the points of a map."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import text

from services.attendance.policy import allow
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of

router = APIRouter(prefix="/v1/villages", tags=["villages"])

# A station may stand under a code that no imported list has: codes of villages are no longer published.
VILLAGES = text(
    """
    SELECT coalesce(v.code, s.village) AS code, v.name, t.name AS township, s.latitude, s.longitude
    FROM (SELECT code, name FROM division WHERE level = 'village') v
    FULL JOIN station s ON s.village = v.code
    LEFT JOIN division t ON t.code = left(coalesce(v.code, s.village), 9)
    WHERE starts_with(coalesce(v.code, s.village), :place)
      AND coalesce(v.code, s.village) ^@ ANY (CAST(:within AS text[]))
    ORDER BY 1
    """
)


class VillageOut(BaseModel):
    """WGS-84, of the station: empty where none is known, as is the name of a code that the county has not imported."""

    code: str
    name: Annotated[str | None, Field(title="村")]
    township: Annotated[str | None, Field(title="乡镇")]
    latitude: Annotated[float | None, Field(title="纬度")]
    longitude: Annotated[float | None, Field(title="经度")]


@router.get("", dependencies=[allow("team:read")])
def list_villages(
    session: SessionDep,
    village_prefix: Annotated[str, Query(pattern=r"^(\d{6}(\d{3}(\d{3})?)?)?$", title="区划代码")] = "",
) -> list[VillageOut]:
    """All that the caller reaches in a place, or anywhere; by code, in one answer."""
    asked = {"place": village_prefix, "within": list(scope_of(session).divisions)}
    return [VillageOut.model_validate(dict(row)) for row in session.execute(VILLAGES, asked).mappings()]
