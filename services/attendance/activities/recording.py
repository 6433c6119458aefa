"""A version of an activity is written down in the place of the one before, and told by its kind and day alone."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.activities.contents import ActivityIn, Words
from services.attendance.activities.judging import Days
from services.attendance.models.activities import WORDS, Activity, ActivityCount
from services.kit.store.fields import Seal

RECORDED = "activity.recorded"


def version_of(activity_id: UUID, sent: ActivityIn, division: str, days: Days, who: str, now: datetime) -> Activity:
    """Not yet written, its words not yet sealed."""
    said = sent.model_dump(exclude={"day", "last_day", "division", "counts", "cadres", "outcome", "request"})
    outside = sent.place is None and sent.place_words is None
    at_home = division if sent.team_id and sent.mode == "on_site" and outside else sent.place
    return Activity(
        **said | {"place": at_home}, activity_id=activity_id, version=1, division=division, day=days.first,
        last_day=days.last, cadre_ids=[one.cadre_id for one in sent.cadres],
        capacities=[one.part for one in sent.cadres], asks=sent.request is not None,
        answered_on=sent.request.answered_on if sent.request else None, recorded_by=who, recorded_at=now,
    )  # fmt: skip


def counts_of(sent: ActivityIn, row: Activity) -> list[ActivityCount]:
    return [ActivityCount(version_id=row.id, **one.model_dump()) for one in sent.counts]


def write(session: Session, seal: Seal, held: Activity | None, row: Activity, sent: ActivityIn) -> list[ActivityCount]:
    """The version before ends as this one begins. The caller has taken the turn of the activity."""
    if held:
        row.recorded_at = max(row.recorded_at, held.recorded_at)
        held.replaced_at, row.version = row.recorded_at, held.version + 1
        session.flush()
    words = Words(outcome=sent.outcome, request=sent.request)
    if sent.outcome or sent.request:
        row.sealed_words = seal.close(words.model_dump_json(), WORDS.place(row.id))
    session.add(row)
    session.flush()
    counts = counts_of(sent, row)
    session.add_all(counts)
    session.flush()
    return counts


# Of one day of duty alone: of a course of a week nobody knows on which of its days each was there. One that holds no
# longer stays, so that a frozen month is told what has changed.
SETTLE = text(
    """
    WITH shown AS (
        SELECT c.id AS cadre_id, v.day, v.activity_id, v.place, c.account IS DISTINCT FROM v.recorded_by AS by_another
        FROM activity v JOIN cadre c ON c.id = ANY (v.cadre_ids)
        WHERE v.id = :version AND v.mode = 'on_site' AND v.place IS NOT NULL AND v.day = v.last_day
          AND v.withdrawn_at IS NULL
    ), ended AS (
        UPDATE activity_day e SET holds = false, changed_at = :now
        WHERE e.activity_id = :activity AND e.holds
          AND NOT EXISTS (SELECT FROM shown WHERE shown.cadre_id = e.cadre_id AND shown.day = e.day)
    )
    INSERT INTO activity_day AS held (cadre_id, day, activity_id, place, by_another, holds, changed_at)
    SELECT cadre_id, day, activity_id, place, by_another, true, :now FROM shown
    ON CONFLICT (cadre_id, day, activity_id) DO UPDATE
    SET place = excluded.place, by_another = excluded.by_another, holds = true, changed_at = excluded.changed_at
    WHERE (held.place, held.by_another, held.holds) IS DISTINCT FROM (excluded.place, excluded.by_another, true)
    """
)
TELL = text(
    """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(:now), :recorded, activity_id::text, division, :now,
           jsonb_build_object('version', version, 'team', team_id, 'kind', kind, 'mode', mode, 'day', day,
                              'held', withdrawn_at IS NULL)
    FROM activity WHERE id = :version
    """
)


def settle_and_tell(session: Session, row: Activity, now: datetime) -> None:
    """Whose day it shows, and that it was written down: ids, kind and day, none of its words."""
    session.execute(SETTLE, {"version": row.id, "activity": row.activity_id, "now": now})
    session.execute(TELL, {"version": row.id, "now": now, "recorded": RECORDED})
