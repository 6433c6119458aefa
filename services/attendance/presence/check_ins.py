"""到岗登记: a cadre says "I am here", once a day or as often as they like; a record, never a duty, a track or a score.

国办函〔2026〕12号 forbids compulsory check-in, so it ships off: a county switches it on by a standard, which names the
document that allows it.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import col

from services.attendance.coordinates import Datum, Point, to_wgs84
from services.attendance.models.presence import CheckIn
from services.attendance.policy import allow, may
from services.attendance.presence.days import Status
from services.attendance.presence.entries import Outcome, Recorded, Sighting
from services.attendance.presence.recorders import Recorder
from services.attendance.presence.recording import Sending
from services.attendance.presence.verdict import Verdict
from services.attendance.presence.words import in_words
from services.attendance.reach import reachable_check_ins
from services.attendance.teams.cadres import cadre_with_account
from services.attendance.teams.stations import Latitude, Longitude
from services.kit.store.audit import Line
from services.kit.store.db import SessionDep, now_here
from services.kit.store.lanes import Lanes
from services.kit.store.scope import scope_of
from services.kit.web.audited import line_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, language_of
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.straight import Straight
from services.kit.web.written import WrittenDay, WrittenMoment

router = APIRouter(prefix="/v1/check-ins", tags=["check-ins"])
straight = APIRouter(prefix="/v1/check-ins", tags=["check-ins"], route_class=Straight)

CheckInLanes: TypeAlias = Lanes[Sending, list[Outcome]]

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)  # what device clocks can show


class CheckInIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. Accuracy in metres. `cadre_id` only by a recorder."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    at: Annotated[WrittenMoment, Field(ge=FIRST, lt=LAST, title="登记时间")]
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    accuracy: Annotated[float | None, Field(strict=True, allow_inf_nan=False, title="精度（米）")] = None
    datum: Annotated[Datum, Field(title="坐标系")] = "wgs84"
    cadre_id: Annotated[UUID | None, Field(title="干部")] = None

    @property
    def point(self) -> Point | None:
        if self.latitude is None or self.longitude is None:
            return None
        return to_wgs84(Point(self.latitude, self.longitude), self.datum)

    def sighting(self) -> Sighting:
        return Sighting(self.id, self.at, self.point, self.accuracy, self.datum, self.cadre_id)


class CheckInLine(BaseModel):
    """Where it was is kept for the verdict and not shown. `at` is told in UTC, whichever zone it was sent in."""

    id: UUID
    cadre_id: UUID
    at: Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
    day: date
    village: str | None
    verdict: Verdict


class CheckInOut(CheckInLine):
    """The verdict on this check-in, the status of its day as it now stands, and both in words."""

    day_status: Status
    words: str

    @classmethod
    def of(cls, recorded: Recorded, language: str) -> "CheckInOut":
        one = recorded.entry
        told = {"id": one.id, "cadre_id": one.cadre_id, "at": one.at, "day": one.day, "village": one.village}
        words = in_words(one.verdict, one.day, recorded.status, language)
        return cls.model_validate(told | {"verdict": one.verdict, "day_status": recorded.status, "words": words})


@straight.post("", status_code=201, dependencies=[allow("check-in:write")], openapi_extra=repeatable("body.id"))
async def create_check_in(request: Request, body: CheckInIn) -> CheckInOut:
    """Repeatable by `id`. However late, from wherever, at whatever accuracy or none: it is stored."""
    stored = line_of(request.scope, 201)  # here: in the lane another request's id would be the current one

    def line(outcomes: Sequence[Outcome]) -> Line | None:
        return None if isinstance(outcomes[0], DomainError) else stored

    lanes: CheckInLanes = request.app.state.lanes
    (outcome,) = await lanes.carried(Sending(recorder_of(request), [body.sighting()], line))
    if isinstance(outcome, DomainError):
        raise outcome
    request.scope["audited_done"] = True
    return CheckInOut.of(outcome, language_of(request))


def recorder_of(request: Request) -> Recorder:
    caller, asked = request.state.caller, request.state.asked
    return Recorder(caller.subject, tuple(sorted(asked.roles)), may(caller, "check-in:record"), now_here(request))


@router.get("", dependencies=[allow("check-in:read")])
def list_check_ins(
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    cadre_id: UUID | None = None,
    day: WrittenDay | None = None,
) -> Page[CheckInLine]:
    """The newest first; one's own, wherever and however long ago, or those of an office's places and units."""
    own = cadre_with_account(session, caller.subject)
    asked = cadre_id or (own.id if own else None)
    is_own = own is not None and own.id == asked
    if asked is None or not (may(caller, "check-in:read-all") or is_own):
        raise NotThere
    wanted = select(CheckIn).where(col(CheckIn.cadre_id) == asked)
    if not is_own:
        wanted = wanted.where(reachable_check_ins(scope_of(session)))
    if day:
        wanted = wanted.where(col(CheckIn.day) == day)
    rows, following = paging.read(session, wanted, col(CheckIn.at), col(CheckIn.id), descending=True)
    return Page(rows=[CheckInLine.model_validate(row.model_dump()) for (row,) in rows], next=following)
