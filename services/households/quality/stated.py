"""What a document or somebody stated of a household, beside what the register comes to. Neither is mended."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, select, text, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.models.quality import StatedFigure
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable
from services.households.register.told import ToldInTheFuture
from services.households.search.filters import Place, lies_in
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

router = APIRouter(tags=["quality"], route_class=Repeatable)

Key = Literal["persons", "working_persons", "net_income", "wage_income"]
Source = Literal["paper", "national_system", "declaration", "told", "department"]

# Of the day that the figure is of: members of that day; the newest twelve months that had ended by then, in fen; who
# worked in the twelve months until then. What nobody told is empty and no nought.
COMPUTED = text(
    """
    SELECT sent.id, CASE sent.key
        WHEN 'persons' THEN (
            SELECT count(*) FROM membership m WHERE m.household_id = sent.household_id AND m.valid @> sent.on_day)
        WHEN 'working_persons' THEN (
            SELECT CASE WHEN count(*) > 0 THEN count(DISTINCT person_id) FILTER (WHERE working) END
            FROM (SELECT DISTINCT ON (w.person_id, w.month) w.person_id, w.working
                  FROM membership m JOIN work_month w ON w.person_id = m.person_id
                  WHERE m.household_id = sent.household_id AND m.valid @> sent.on_day
                    AND w.month > sent.on_day - interval '12 months' AND w.month <= sent.on_day
                  ORDER BY w.person_id, w.month, w.seq DESC) months)
        ELSE (
            SELECT coalesce(sum(l.amount) FILTER (WHERE l.kind = 'wage' OR (sent.key = 'net_income'
                       AND l.kind IN ('operating', 'property', 'transfer', 'other'))), 0)
                 - coalesce(sum(l.amount) FILTER (WHERE sent.key = 'net_income' AND l.kind = 'production_cost'), 0)
            FROM (SELECT id FROM statement s WHERE s.household_id = sent.household_id AND s.period_to <= sent.on_day
                    AND s.period_to + 1 = s.period_from + interval '12 months'
                  ORDER BY s.period_to DESC, s.seq DESC LIMIT 1) newest
            LEFT JOIN statement_line l ON l.statement_id = newest.id GROUP BY newest.id)
        END AS computed
    FROM stated_figure sent WHERE sent.id = ANY (CAST(:ids AS uuid[]))
    """
)


class FigureIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. Persons as a number, amounts of twelve months in fen."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    key: Annotated[Key, Field(title="数据项")]
    on_day: Annotated[WrittenDay, Field(title="数据截至日")]
    value: Annotated[int, Field(ge=-(10**12), le=10**12, title="填报值（人或分）"), WRITTEN_NUMBER]
    source: Annotated[Source, Field(title="出处")]
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="文号或编号")] = None
    doer: Annotated[str | None, Field(min_length=1, max_length=60, title="填报人（空即录入人本人）")] = None


class FigureOut(BaseModel):
    """`difference` is stated less computed; empty where the register cannot tell."""

    id: UUID
    household_id: UUID
    number: Annotated[str, Field(title="户编号")]
    village: str
    key: Key
    on_day: date
    stated: Annotated[int, Field(title="填报值")]
    computed: Annotated[int | None, Field(title="计算值")]
    difference: Annotated[int | None, Field(title="差额")]
    source: Source
    document_no: str | None
    doer: str
    recorded_by: str


class StatedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一项填报数据。"
    en = "That id stands for another stated figure already."


@router.post(
    "/v1/households/{household_id}/stated-figures",
    status_code=201,
    dependencies=[allow("household:write")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_stated_figure(
    household_id: UUID, body: FigureIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> FigureOut:
    """Appended: what is stated anew of a day stands beside what was stated before, and counts."""
    household = reachable(session, household_id, lock=True)
    if body.on_day > today:
        raise ToldInTheFuture
    signed = {"doer": body.doer or caller.subject, "recorded_by": caller.subject}
    row = StatedFigure.model_validate(body.model_dump() | signed | {"household_id": household_id, "recorded_at": now})
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise StatedBefore from error
    tell(request, body.id, household_id, division=household.village)
    return shown(session, [(row, household)])[0]


@router.get("/v1/stated-figures", dependencies=[allow("quality:read")])
def list_stated_figures(
    session: SessionDep,
    paging: PagingDep,
    village: Annotated[Place, Query()],
    key: Annotated[Key | None, Query(title="数据项")] = None,
) -> Page[FigureOut]:
    """Of each household and figure the newest, stated beside computed. By household number."""
    later = aliased(StatedFigure)
    newer = select(later).where(
        col(later.household_id) == col(StatedFigure.household_id),
        col(later.key) == col(StatedFigure.key),
        tuple_(col(later.on_day), col(later.seq)) > tuple_(col(StatedFigure.on_day), col(StatedFigure.seq)),
    )
    wanted = select(StatedFigure, Household).join(Household, col(Household.id) == col(StatedFigure.household_id))
    narrowed = wanted.where(*lies_in(col(Household.village), village), ~exists(newer))
    if key:
        narrowed = narrowed.where(col(StatedFigure.key) == key)
    keys = (col(Household.number), col(StatedFigure.key))
    rows, following = paging.read(session, scoped(session, narrowed, HOUSEHOLDS), *keys)
    return Page(rows=shown(session, rows), next=following)


def shown(session: Session, rows: Any) -> list[FigureOut]:
    ids = {"ids": [row.id for row, _ in rows]}
    computed = {row.id: None if row.computed is None else int(row.computed) for row in session.execute(COMPUTED, ids)}
    return [
        FigureOut(
            **row.model_dump(exclude={"seq", "value", "recorded_at"}),
            number=household.number,
            village=household.village,
            stated=row.value,
            computed=computed[row.id],
            difference=None if computed[row.id] is None else row.value - computed[row.id],
        )
        for row, household in rows
    ]
