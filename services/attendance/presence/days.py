"""A cadre's day: when it begins, and what its check-ins come to."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Literal, TypeAlias
from uuid import UUID

from services.kit.store.lanes import Ask
from services.kit.store.reference import StandardKey
from services.kit.store.sets import as_array

Status: TypeAlias = Literal["present", "uncertain", "outside", "not_posted"]

DAY_STARTS_AT = StandardKey("day_starts_at", "number", "时", "驻村日的起始钟点", "The hour a day of duty begins")


def day_of(at: datetime, starts_at: Decimal) -> date:
    """The day of duty of a moment in the county's zone: until `starts_at` (hours after midnight), the day before."""
    return (at.replace(tzinfo=None) - hours(starts_at)).date()


@cache
def hours(number: Decimal) -> timedelta:
    """A county has one or two such hours, and a batch asks five hundred times."""
    return timedelta(hours=float(number))


def settle_days(days: Iterable[tuple[UUID, date]]) -> Ask:
    """Compute these days (cadre, day) again from all their check-ins. The caller has locked the cadres.

    One check-in inside is presence. A doubtful one outweighs one outside: doubt is nobody's absence. The evidence is
    ordered by the devices' clocks, so that the order of arrival leaves no trace.
    """
    asked = sorted(days)
    return Ask(
        """
        INSERT INTO day_status (cadre_id, day, status, evidence)
        SELECT cadre_id, day,
               CASE WHEN bool_or(verdict = 'inside') THEN 'present'
                    WHEN bool_and(village IS NULL) THEN 'not_posted'
                    WHEN bool_or(verdict = 'uncertain') THEN 'uncertain'
                    ELSE 'outside' END,
               array_agg(id ORDER BY at, id)
        FROM check_in
        JOIN unnest(%(cadres)s::uuid[], %(days)s::date[]) AS asked (cadre_id, day) USING (cadre_id, day)
        GROUP BY cadre_id, day
        ON CONFLICT (cadre_id, day) DO UPDATE SET status = excluded.status, evidence = excluded.evidence
        RETURNING cadre_id, day, status
        """,
        {"cadres": as_array(cadre for cadre, _ in asked), "days": as_array(day for _, day in asked)},
    )
