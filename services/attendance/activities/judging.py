"""What an activity must be to be written down: whose it is, on which days, who was there."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.attendance.activities.contents import (
    OF_CALLS,
    ActivityIn,
    ActivityNotSaid,
    ActivitySpanWrong,
    AnswerWithoutItsDay,
    NotACall,
    SaidTwice,
)
from services.attendance.activities.terms import refuse_unlisted
from services.attendance.models.activities import Activity
from services.attendance.models.teams import Cadre, Team, Unit
from services.attendance.presence.days import DAY_STARTS_AT, day_of
from services.attendance.reach import TEAMS, reachable_cadres
from services.kit.store.reference import standard
from services.kit.store.scope import Scope, within
from services.kit.store.sets import among
from services.kit.web.errors import NotThere, found

MOST_DAYS = 92  # a course of a term; what goes on for longer is several


class Days(NamedTuple):
    first: date
    last: date


def division_of(session: Session, scope: Scope, sent: ActivityIn) -> str:
    """Where it belongs. Nobody writes where they hold no office."""
    if (sent.team_id is None) == (sent.division is None):
        raise ActivityNotSaid
    if sent.division is not None and not scope.covers(sent.division):
        raise NotThere
    if sent.unit_id and session.get(Unit, sent.unit_id) is None:
        raise NotThere
    if sent.division is not None:
        return sent.division
    return found(session.scalar(select(col(Team.village)).where(col(Team.id) == sent.team_id, within(scope, TEAMS))))


def days_of(session: Session, sent: ActivityIn, division: str, now: datetime) -> Days:
    """Days of duty: what begins in the evening and ends before the day does is of one."""
    starts, ends = sent.starts_at, sent.ends_at
    if starts is None and (sent.day is None or ends is not None):
        raise ActivityNotSaid
    first = day_at(session, starts, division, now) if starts else found(sent.day)
    last = sent.last_day or first
    if ends:  # what ends as a day begins is not of that day
        last = day_at(session, ends - timedelta(microseconds=1), division, now)
    agree = sent.day in (None, first) and sent.last_day in (None, last)
    upside_down = starts and ends and ends <= starts
    if upside_down or not agree or not first <= last < first + timedelta(MOST_DAYS) or last > now.date():
        raise ActivitySpanWrong
    return Days(first, last)


def day_at(session: Session, at: datetime, division: str, now: datetime) -> date:
    local = at.astimezone(now.tzinfo)
    return day_of(local, standard(session, DAY_STARTS_AT, division, local.date()))


def refuse_contents(
    session: Session, scope: Scope, sent: ActivityIn, division: str, days: Days, today: date, held: Activity | None
) -> None:
    refuse_twice(sent)
    refuse_call(sent)
    refuse_answer(sent, days.first, today)
    before = {held.kind, *held.labels} if held else set()
    refuse_unlisted(session, division, days.first, sent.kind, sent.labels, before)
    refuse_strangers(session, scope, {one.cadre_id for one in sent.cadres} - set(held.cadre_ids if held else ()))


def refuse_twice(sent: ActivityIn) -> None:
    counted = {(one.capacity, one.what) for one in sent.counts}
    if len(counted) < len(sent.counts) or len({one.cadre_id for one in sent.cadres}) < len(sent.cadres):
        raise SaidTwice


def refuse_call(sent: ActivityIn) -> None:
    """A call is a note: who was not reached was not there, and nobody's day shows it."""
    if sent.mode == "on_site" and any(one.part in OF_CALLS for one in sent.cadres):
        raise NotACall


def refuse_answer(sent: ActivityIn, day: date, today: date) -> None:
    if sent.request is None:
        return
    on = sent.request.answered_on
    if (sent.request.answer is None) != (on is None) or (on and not day <= on <= today):
        raise AnswerWithoutItsDay


def refuse_strangers(session: Session, scope: Scope, named: set[UUID]) -> None:
    """Nobody names whom they do not reach; who was named before stays named."""
    if named:
        seen = session.scalars(select(col(Cadre.id)).where(among(col(Cadre.id), named), reachable_cadres(scope)))
        if set(seen) != named:
            raise NotThere


def in_utc(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC)
