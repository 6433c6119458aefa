"""到岗登记: a cadre says "I am here", once a day or as often as they like; a record, never a duty, a track or a score.

国办函〔2026〕12号 forbids compulsory check-in, so it ships off: a county switches it on by a standard, which names the
document that allows it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.cadres import cadre_with_account
from services.attendance.coordinates import Datum, Point, to_wgs84
from services.attendance.days import DAY_STARTS_AT, Status, day_of, settle_days, standard_then_or_now
from services.attendance.facts import facts_changed, lock_teams
from services.attendance.models import Cadre, CheckIn, DayStatus, Station
from services.attendance.policy import allow, may
from services.attendance.postings import home_of
from services.attendance.reach import reachable_cadre, reachable_check_ins
from services.attendance.stations import Latitude, Longitude
from services.attendance.verdict import Verdict, verdict_of
from services.attendance.words import in_words
from services.kit.post.events import emit
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.reference import StandardKey, StandardMissing
from services.kit.store.scope import scope_of
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotAllowed, NotThere, found, language_of
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay, WrittenMoment

router = APIRouter(prefix="/v1/check-ins", tags=["check-ins"], route_class=Repeatable)

RECORDED = "check_in.recorded"
SELF_CHECK_IN = StandardKey("self_check_in", "number", "1 为开通", "自行到岗登记", "Cadres may check in by themselves")
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


class NotACadre(DomainError):
    status = 403
    zh = "您的账号没有关联驻村干部。"
    en = "Your account is not linked to a cadre."


class NotSwitchedOn(DomainError):
    status = 409
    zh = "本地没有开通自行到岗登记。"
    en = "Checking in by oneself is not switched on here."


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次内容不同的登记。"
    en = "That id stands for another check-in already."


@dataclass(frozen=True)
class Recorder:
    """Who sends a check-in in, whether it is their own, and when, in the county's zone."""

    who: str
    own: bool
    now: datetime


@router.post("", status_code=201, dependencies=[allow("check-in:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_check_in(
    body: CheckInIn, request: Request, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> CheckInOut:
    """Repeatable by `id`. However late, from wherever, at whatever accuracy or none: it is stored."""
    cadre, own = cadre_meant(session, caller, body.cadre_id)
    recorder = Recorder(caller.subject, own, now)
    record = check_in(session, body, cadre.id, recorder)
    status = found(session.get(DayStatus, (cadre.id, record.day))).status
    words = in_words(record.verdict, record.day, status, language_of(request))
    return CheckInOut.model_validate(record.model_dump() | {"day_status": status, "words": words})


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


def cadre_meant(session: Session, caller: Caller, cadre_id: UUID | None) -> tuple[Cadre, bool]:
    """The cadre whose check-in it is, locked, and whether that is the caller. Naming somebody else takes a right, and
    that they are within reach; one's own is taken in however long after one has left."""
    own = cadre_with_account(session, caller.subject)
    if cadre_id is None and own is None:
        raise NotACadre
    meant = cadre_id or (own.id if own else None)
    is_own = own is not None and own.id == meant
    if not is_own and not may(caller, "check-in:record"):
        raise NotAllowed("check-in:record")
    if not is_own:
        return reachable_cadre(session, meant), False
    return found(session.get(Cadre, meant, with_for_update=True)), True


def check_in(session: Session, body: CheckInIn, cadre_id: UUID, recorder: Recorder) -> CheckIn:
    """Store, judge, settle the day, tell. Refuses only another body under a known id, and one's own where a county
    has not switched it on; a day without a posting is stored and says so. The caller has locked the cadre."""
    before = session.get(CheckIn, body.id)
    if before:
        return echoed(before, body, cadre_id)
    day = duty_day(session, body.at, cadre_id, recorder)
    home = home_of(session, cadre_id, day)
    lock_teams(session, [home.team_id])
    record = judged(session, body, cadre_id, recorder, day, home.village if home.holds else None)
    store(session, record)
    settle_days(session, {(cadre_id, day)})
    data = {"cadre_id": str(cadre_id), "team_id": str(home.team_id)}
    emit(session, RECORDED, record.id, recorder.now, division=home.village, data=data)
    facts_changed(session, [home.team_id], recorder.now)
    return record


def echoed(before: CheckIn, body: CheckInIn, cadre_id: UUID) -> CheckIn:
    """The same id with the same content is the first write's echo; with another content it is a mistake."""
    sent = (cadre_id, body.at, body.datum, body.accuracy, body.point)
    if sent != (before.cadre_id, before.at, before.datum, before.accuracy, before.point):
        raise SentBefore
    return before


def duty_day(session: Session, at: datetime, cadre_id: UUID, recorder: Recorder) -> date:
    """By the hour the cadre's place has set. Refuses what is one's own where a county has not switched that on."""
    here = at.astimezone(recorder.now.tzinfo)
    then, today = here.date(), recorder.now.date()
    place = home_of(session, cadre_id, then).village
    if recorder.own:
        refuse_unless_switched_on(session, place, then, today)
    starts_at = standard_then_or_now(session, DAY_STARTS_AT, place, then, today)
    return day_of(here, starts_at)


def refuse_unless_switched_on(session: Session, place: str, then: date, today: date) -> None:
    """Ships off (国办函〔2026〕12号). A township below a county that allows it may set 0 and be off again."""
    try:
        allowed = standard_then_or_now(session, SELF_CHECK_IN, place, then, today) == 1
    except StandardMissing as missing:
        raise NotSwitchedOn(missing.detail) from missing
    if not allowed:
        raise NotSwitchedOn(f"{SELF_CHECK_IN.key} · {place} · {then.isoformat()}")


def judged(
    session: Session, body: CheckInIn, cadre_id: UUID, recorder: Recorder, day: date, village: str | None
) -> CheckIn:
    """Against the station of the village the cadre was posted to on that day, as the station stands now."""
    station = session.get(Station, village) if village else None
    point = body.point
    return CheckIn(
        id=body.id,
        cadre_id=cadre_id,
        recorded_by=recorder.who,
        at=body.at,
        received_at=recorder.now,
        day=day,
        latitude=point.latitude if point else None,
        longitude=point.longitude if point else None,
        accuracy=body.accuracy,
        datum=body.datum,
        village=village,
        verdict=verdict_of(station, point, body.accuracy, at=body.at, now=recorder.now),
    )


def store(session: Session, record: CheckIn) -> None:
    """A cadre's own repeats wait for each other at the cadre's lock; an id used for two cadres at once meets here."""
    session.add(record)
    try:
        session.flush()
    except IntegrityError as error:
        raise SentBefore from error
