"""Sheets are asked for: of one household, or of all of a village together. The worker makes them (making.py)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.register import Household
from services.households.models.sheets import PRINTED, SheetPiece, SheetRun
from services.households.pieces import read_file
from services.households.policy import allow
from services.households.reach import reachable
from services.households.sheets.kinds import KINDS, SheetKind
from services.households.sheets.making import KEPT, SHEETS, NobodyLeft, chosen
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.operations import accepted
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/sheet-runs", tags=["sheets"], route_class=Repeatable)

MOST = 3_000  # households of one run
State = Literal["waiting", "done", "refused"]


class SheetRunIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. Of a village every living household gets one, or the one
    that is named. `wall`: the variant that may hang where everybody reads it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    kind: Annotated[SheetKind, Field(title="单据类别")]
    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]
    household_id: Annotated[UUID | None, Field(title="仅此户")] = None
    wall: Annotated[bool, Field(strict=True, title="张贴版")] = False
    paper: Annotated[Literal["a4", "a5"], Field(title="纸张")] = "a4"


class SheetRunOut(SheetRunIn):
    """`households` when it was asked for, `made` of them so far. `problem` is the code of what stood in the way."""

    households: int
    made: int
    state: Annotated[State, Field(title="办理状态")]
    problem: str | None
    asked_by: str
    created_at: datetime


class PrintedFile(Response):
    media_type = "application/pdf"


class NotForAWall(DomainError):
    zh = "这类单据含个人收入或家庭情况，没有张贴版。"
    en = "A sheet of that kind holds what is the family's own. There is none for a wall."


class RunTooLarge(DomainError):
    status = 409
    zh = "一次最多制发 3000 户，请按户分批。"
    en = "More than 3,000 households at once. Ask for them in parts."


class SheetsAskedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一批单据。"
    en = "That id stands for another run of sheets already."


class SheetsNotMade(DomainError):
    status = 409
    zh = "单据还没有生成。"
    en = "The sheets have not been made yet."


@router.post("", status_code=202, dependencies=[allow("sheet:issue")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_sheet_run(
    body: SheetRunIn, request: Request, response: Response, session: SessionDep, caller: CallerDep, now: Now
) -> SheetRunOut:
    """Each sheet gets a number and takes the place of the household's one of that kind, which stays to be read."""
    if body.wall and not KINDS[body.kind].wall:
        raise NotForAWall
    if body.household_id and reachable(session, body.household_id).village != body.village:
        raise NotThere
    run = SheetRun(
        **body.model_dump(),
        households=0,
        asked_by=caller.subject,
        roles=sorted(session.info["binding"].asked().roles),
        created_at=now,
    )
    run.households = how_many(session, run)
    session.add(run)
    try:
        session.flush()
    except IntegrityError as error:
        raise SheetsAskedBefore from error
    tell(request, run.id, division=run.village, rows=run.households)
    accepted(response, "households", enqueue(session, SHEETS, str(run.id), now, asked_by=caller.subject))
    return shown(run)


@router.get("/{run_id}", dependencies=[allow("sheet:issue")])
def get_sheet_run(run_id: UUID, session: SessionDep) -> SheetRunOut:
    """Of whoever asked for it; of somebody else's the answer is 404."""
    return shown(own(session, run_id))


@router.get("/{run_id}/file", dependencies=[allow("sheet:issue")], response_class=PrintedFile)
def get_sheet_run_file(run_id: UUID, request: Request, session: SessionDep, now: Now) -> PrintedFile:
    """All of them as one PDF, for a week and for whoever asked. Later each is printed again from its record."""
    run = own(session, run_id)
    if run.done_at is None:
        raise SheetsNotMade
    content = read_file(session, request.app.state.seal, PRINTED, SheetPiece, run_id=run.id)
    still = session.scalar(select(func.count()).select_from(chosen(run, scope_of(session)).subquery()))
    if not content or not still or run.done_at < now - KEPT:
        raise NotThere
    tell(request, division=run.village, rows=run.made)
    return PrintedFile(content, headers={"Content-Disposition": f'attachment; filename="{run.kind}-{run.id}.pdf"'})


def how_many(session: Session, run: SheetRun) -> int:
    wanted = chosen(run, scope_of(session)).with_only_columns(func.count(col(Household.id)))
    count = session.scalar(wanted) or 0
    if not count:
        raise NobodyLeft
    if count > MOST:
        raise RunTooLarge
    return count


def own(session: Session, run_id: UUID) -> SheetRun:
    mine = select(SheetRun).where(col(SheetRun.id) == run_id, col(SheetRun.asked_by) == scope_of(session).holder)
    return found(session.scalar(mine))


def shown(run: SheetRun) -> SheetRunOut:
    state = "waiting" if run.done_at is None else "refused" if run.problem else "done"
    return SheetRunOut.model_validate(run.model_dump(exclude={"roles", "done_at"}) | {"state": state})
