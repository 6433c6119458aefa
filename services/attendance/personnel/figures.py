"""How many records of each kind were issued in a period, of how many people: figures without names, and none of fewer
than three."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import distinct, func, select
from sqlmodel import col

from services.attendance.activities.terms import Division
from services.attendance.models.personnel import PersonnelRecord
from services.attendance.personnel.contents import PersonnelKind
from services.attendance.policy import allow
from services.attendance.reach import PERSONNEL
from services.kit.store.db import SessionDep
from services.kit.store.scope import scoped
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/personnel-figures", tags=["personnel"])

FEWEST = 3  # people: figures of fewer would be read as names
DIGITS = {"county": 6, "township": 9}


class PersonnelFigure(BaseModel):
    """All three are empty where they are of fewer than three people. `numbers`: bulletins or papers; `records`:
    person-times. `title`: of honours. No sum stands beside its parts, so that none is read from the others."""

    kind: PersonnelKind
    title: str | None
    place: str
    numbers: int | None
    records: int | None
    persons: int | None


class PersonnelFigures(BaseModel):
    figures: list[PersonnelFigure]


class RecordsBackwards(DomainError):
    zh = "统计起始日不得晚于截止日，最长366天。"
    en = "The period begins no later than it ends, and is of 366 days at most."


@router.get("", dependencies=[allow("personnel:read-all")])
def get_personnel_figures(
    session: SessionDep,
    division: Division,
    day_from: Annotated[WrittenDay, Query(title="起始日")],
    day_to: Annotated[WrittenDay, Query(title="截止日")],
    by: Annotated[Literal["county", "township"], Query(title="按哪一级分")] = "county",
) -> PersonnelFigures:
    """Of those that were issued and not withdrawn, by the record's own day and the place of the posting on it. To the
    county's office alone, which may pass them on."""
    refuse_days(day_from, day_to)
    place: Any = func.left(PersonnelRecord.division, DIGITS[by])
    groups = (col(PersonnelRecord.kind), col(PersonnelRecord.title), place.label("place"))
    persons = func.count(distinct(col(PersonnelRecord.cadre_id)))
    wanted = select(*groups, func.count(distinct(col(PersonnelRecord.number))), func.count(), persons).where(
        col(PersonnelRecord.issued_at).is_not(None),
        col(PersonnelRecord.withdrawn_at).is_(None),
        col(PersonnelRecord.day).between(day_from, day_to),
        col(PersonnelRecord.division).startswith(division),
    )
    each = scoped(session, wanted, PERSONNEL).group_by(*groups).order_by(*groups)
    return PersonnelFigures(figures=[figure(*row) for row in session.execute(each)])


def figure(
    kind: PersonnelKind, title: str | None, place: str, numbers: int, records: int, persons: int
) -> PersonnelFigure:
    told = {"numbers": numbers, "records": records, "persons": persons}
    shown = told if persons >= FEWEST else dict.fromkeys(told)
    return PersonnelFigure(kind=kind, title=title, place=place, **shown)


def refuse_days(since: date, until: date) -> None:
    if since > until or (until - since).days > 366:
        raise RecordsBackwards
