"""When a person may be told: a county's hour of the digest, and hours in which nobody's telephone rings."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from services.alerts.models.telling import Addressee
from services.kit.store.reference import StandardKey, standards_on

DIGEST_HOUR = StandardKey("digest_hour", "number", "时", "每日汇总的发送钟点", "Hour of the daily digest")
QUIET_FROM = StandardKey("quiet_from", "number", "时", "免打扰起始钟点", "Hour from which nobody is disturbed")
QUIET_UNTIL = StandardKey("quiet_until", "number", "时", "免打扰截止钟点", "Hour until which nobody is disturbed")


class Quiet(NamedTuple):
    """Hours of the county's day, over midnight where the first is the later; two equal ones are none."""

    begins: int
    ends: int


NONE = Quiet(0, 0)


def awake(now: datetime, quiet: Quiet) -> datetime:
    """Now, or when the quiet hours it lies in are over; in the zone of `now`."""
    since = (now.hour - quiet.begins) % 24
    if since >= (quiet.ends - quiet.begins) % 24:
        return now
    ends = now.replace(hour=quiet.ends, minute=0, second=0, microsecond=0)
    return ends if ends > now else ends + timedelta(days=1)


def quiet_of(person: Addressee, county: Quiet) -> Quiet:
    """The person's own, else the county's."""
    if person.quiet_from is None or person.quiet_until is None:
        return county
    return Quiet(person.quiet_from, person.quiet_until)


def quiet_in(session: Session, county: str, today: date) -> Quiet:
    """A county that has set none disturbs at any hour: late is told at least."""
    hours = [hour_in(session, key, county, today) for key in (QUIET_FROM, QUIET_UNTIL)]
    return Quiet(*(hour for hour in hours if hour is not None)) if None not in hours else NONE


def hour_in(session: Session, key: StandardKey, county: str, today: date) -> int | None:
    rows = standards_on(session, key.key, today)
    return next((int(row.value) % 24 for row in rows if county.startswith(row.division)), None)
