"""一户一策: what is to become of a household, in versions. A change is a new version with its reason."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlmodel import Session, col

from services.households.help.actors import Actor
from services.households.help.risks import Risk
from services.households.models.help import Measure, Plan, PlanMeasure
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.own_codes import RISK, refuse_unknown
from services.households.register.past import Past, PastDep
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/plan", tags=["help"])


class PlanIn(BaseModel):
    """The whole of it, as it stands from `since` on. Up to five risks, as the national form has them."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[WrittenDay, Field(title="生效日")]
    reason: Annotated[str, Field(min_length=1, max_length=200, title="制定或调整原因")]
    purpose: Annotated[Literal["lift", "keep", "forestall"] | None, Field(title="促脱贫、防返贫或阻致贫")] = None
    goal: Annotated[str, Field(min_length=1, max_length=500, title="目标")]
    risks: Annotated[list[Risk], Field(max_length=5, title="风险")] = []
    responsible: Annotated[Actor, Field(title="帮扶责任人")]
    measures: Annotated[list[UUID], Field(max_length=50, title="措施")] = []


class PlanOut(PlanIn):
    """One that a merge of households has made may name more than somebody may write into one."""

    version: int
    risks: Annotated[list[Risk], Field(title="风险")] = []
    measures: Annotated[list[UUID], Field(title="措施")] = []

    @classmethod
    def of(cls, session: Session, row: Plan) -> Self:
        held = select(col(PlanMeasure.measure_id)).where(
            col(PlanMeasure.household_id) == row.household_id, col(PlanMeasure.version) == row.version
        )
        measures = sorted(session.scalars(held), key=str)
        told = {"responsible": Actor.responsible_for(row), "measures": measures}
        return cls.model_validate(row.model_dump(include={*cls.model_fields}) | told)


class RiskTwice(DomainError):
    zh = "同一风险或同一措施只能写一次。"
    en = "A plan names a risk and a measure once."


class MeasureOfAnother(DomainError):
    zh = "所写的措施不是这户的措施。"
    en = "A measure of the plan is not one of this household."


class PlanInTheFuture(DomainError):
    zh = "生效日不能晚于今天，也不能早于上一版本。"
    en = "A plan stands from today or earlier, and not from before the version it changes."


@router.put("", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_plan(
    household_id: UUID,
    body: PlanIn,
    session: SessionDep,
    caller: CallerDep,
    edit: EditDep,
    today: Today,
    now: Now,
) -> PlanOut:
    """What differs from the newest version is the next one; the earlier ones stay to be read."""
    village = reachable(session, household_id, lock=True).village
    newest = newest_version(session, household_id)
    held = PlanOut.of(session, newest) if newest else None
    refuse_plan(session, household_id, body, held, today)
    refuse_unknown(session, RISK, {*body.risks} - {*(held.risks if held else [])}, village, body.since)
    said = body.model_copy(update={"measures": sorted(body.measures, key=str)})
    same = held is not None and held.model_dump(exclude={"version"}) == said.model_dump()
    version = held.version if held and same else (held.version if held else 0) + 1
    wanted = PlanOut(version=version, **said.model_dump())
    edit.check(held, wanted)
    if not same:
        write_plan(session, household_id, wanted, caller.subject, now)
    edit.told(wanted)
    return wanted


@router.get("", dependencies=[allow("household:read")], responses=SEEN)
def get_plan(household_id: UUID, session: SessionDep, edit: EditDep, past: PastDep) -> PlanOut:
    """The newest version, or the one that stood on a day, as was known at a moment."""
    reachable(session, household_id)
    plan = PlanOut.of(session, found(session.scalar(versions_then(household_id, past).limit(1))))
    edit.told(plan)
    return plan


@router.get("/versions", dependencies=[allow("household:read")])
def list_plan_versions(household_id: UUID, session: SessionDep, paging: PagingDep, past: PastDep) -> Page[PlanOut]:
    reachable(session, household_id)
    mine = versions_then(household_id, past).order_by(None)
    rows, following = paging.read(session, mine, col(Plan.version), descending=True)
    return Page(rows=[PlanOut.of(session, row) for (row,) in rows], next=following)


def newest_version(session: Session, household_id: UUID, as_of: date | None = None) -> Plan | None:
    return session.scalar(versions_then(household_id, Past(as_of)).limit(1))


def versions_then(household_id: UUID, past: Past) -> Select[Plan]:
    """The newest first. A version is never changed."""
    mine = select(Plan).where(col(Plan.household_id) == household_id).order_by(col(Plan.version).desc())
    if past.as_of:
        mine = mine.where(col(Plan.since) <= past.as_of)
    return mine.where(col(Plan.known_since) <= past.known_at) if past.known_at else mine


def refuse_plan(session: Session, household_id: UUID, body: PlanIn, held: PlanOut | None, today: date) -> None:
    if body.since > today or (held and body.since < held.since):
        raise PlanInTheFuture
    if len({*body.risks}) < len(body.risks) or len({*body.measures}) < len(body.measures):
        raise RiskTwice
    of_this_one = select(col(Measure.id)).where(
        col(Measure.household_id) == household_id, col(Measure.id).in_(body.measures)
    )
    if len(session.scalars(of_this_one).all()) < len(body.measures):
        raise MeasureOfAnother


def write_plan(session: Session, household_id: UUID, wanted: PlanOut, who: str, now: datetime) -> None:
    columns = wanted.model_dump(exclude={"responsible", "measures"}) | wanted.responsible.as_columns()
    session.add(Plan(household_id=household_id, recorded_by=who, created_at=now, **columns))
    session.flush()
    session.add_all(
        PlanMeasure(household_id=household_id, version=wanted.version, measure_id=measure)
        for measure in wanted.measures
    )
