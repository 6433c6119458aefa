"""What the phone of somebody who has left may still bring: things of the days before, as long as the county says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from services.attendance.leave.contents import LeaveIn
from services.attendance.presence.check_ins import CheckInIn
from services.attendance.sync.items import Body
from services.attendance.sync.scopes import Held
from services.attendance.visits.contents import VisitIn
from services.kit.store.reference import StandardKey, StandardMissing, standard
from services.kit.web.errors import DomainError

# Where no document has set it they are taken in however late: what was seen is not lost for want of a setting.
DAYS_AFTER = StandardKey(
    "sync_days_after_leaving", "number", "日", "离任后可补传天数", "Days after leaving in which a phone may still send"
)


class DatedOutsidePosting(DomainError):
    status = 409
    zh = "离任或结对结束后，只能补传在此之前的记录。"
    en = "After a posting or pairing has ended, what is of its days is still taken in, and nothing else."


class SentTooLongAfterLeaving(DomainError):
    status = 409
    zh = "离任后的补传期限已过，请交乡镇登记。"
    en = "Too much time has passed since the posting or pairing ended. The township's office can record it."


@dataclass(frozen=True)
class Tenure:
    """The postings and pairings of one cadre, those that have ended too."""

    session: Session
    held: Sequence[Held]
    now: datetime

    def refuse(self, body: Body) -> None:
        """Asks nothing of whoever is posted today, or paired with that household: a device's clock may stand anywhere,
        and what stores the item asks the rest."""
        today = self.now.date()
        wanted = [one for one in self.held if self.counts(one, body)]
        if not wanted or any(one.holds(today) for one in self.held if one.kind == "posting" or one in wanted):
            return
        days = self.days_meant(body)
        then = [one for one in wanted if any(one.holds(day) for day in days)]
        if not then:
            raise DatedOutsidePosting
        for one in then:
            self.refuse_if_late(one)

    def counts(self, one: Held, body: Body) -> bool:
        """A posting carries all but visits; of a visit it is the pairing with that household."""
        if isinstance(body, VisitIn):
            return one.pairing is not None and one.pairing.household_id == body.household_id
        return one.kind == "posting" and one.days.lower is not None and one.days.lower <= self.now.date()

    def days_meant(self, body: Body) -> Sequence[date]:
        """The hours of a night count for the day before."""
        if isinstance(body, CheckInIn):
            here = body.at.astimezone(self.now.tzinfo)
            return here.date(), (here - timedelta(hours=12)).date()
        if isinstance(body, VisitIn):
            return (body.at.astimezone(self.now.tzinfo).date(),)
        return (body.first_day if isinstance(body, LeaveIn) else body.day,)

    def refuse_if_late(self, one: Held) -> None:
        """`days.upper` is the first day it no longer holds."""
        today = self.now.date()
        if one.days.upper is None or one.days.upper > today:
            return
        try:
            days = int(standard(self.session, DAYS_AFTER, one.village, today))
        except StandardMissing:
            return
        if (today - one.days.upper).days >= days:
            raise SentTooLongAfterLeaving
