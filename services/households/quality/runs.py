"""All checks over all households of a place, in one pass: asked for here, done by the worker."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.quality import QualityRun
from services.households.policy import allow
from services.households.quality.running import RUN
from services.households.search.filters import Place
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import Placed, scope_of, scoped
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.operations import accepted
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/quality-runs", tags=["quality"], route_class=Repeatable)

IN_PLACES = Placed(division=col(QualityRun.village))


class RunIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `village` may be any place of the county."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    village: Place


class RunOut(BaseModel):
    """Empty figures while it is under way. `not_judged`: standards that some village there lacks; what their checks
    would have found is not known."""

    id: UUID
    village: str
    created_at: datetime
    done_at: datetime | None
    households: Annotated[int | None, Field(title="核查户数")]
    findings: Annotated[int | None, Field(title="疑点数")]
    not_judged: Annotated[list[str], Field(title="未设定的标准")]


class RunBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次核查。"
    en = "That id stands for another run already."


@router.post("", status_code=202, dependencies=[allow("quality:run")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_quality_run(
    body: RunIn, request: Request, response: Response, session: SessionDep, caller: CallerDep, now: Now
) -> RunOut:
    """Of a place within the caller's own. What it finds replaces what an earlier run found there."""
    if not scope_of(session).covers(body.village):
        raise NotThere
    run = QualityRun(id=body.id, village=body.village, asked_by=caller.subject, created_at=now, not_judged=[])
    session.add(run)
    try:
        session.flush()
    except IntegrityError as error:
        raise RunBefore from error
    tell(request, run.id, division=body.village)
    accepted(response, "households", enqueue(session, RUN, str(run.id), now, asked_by=caller.subject))
    return shown(run)


@router.get("/{run_id}", dependencies=[allow("quality:run")])
def get_quality_run(run_id: UUID, session: SessionDep) -> RunOut:
    return shown(run_of(session, run_id))


def run_of(session: Session, run_id: UUID) -> QualityRun:
    return found(session.scalar(scoped(session, select(QualityRun).where(col(QualityRun.id) == run_id), IN_PLACES)))


def shown(run: QualityRun) -> RunOut:
    return RunOut.model_validate(run.model_dump(exclude={"asked_by"}))
