"""Cases as they stood on a day, by the steps done by then (`as_of`), as far as recorded by a moment (`known_at`).

Where a case stood is read from the form its row had when the last step done by that day was written down; a correction
moves nothing, and what it says of category and national number is told of the day it corrects. Of cases that were there
before forms were kept, identification and end are told by their days, and nothing between. Only those are shown whose
household is within reach now.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.models.cases import Case, CaseClock
from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.households.register.past import Past
from services.kit.post.facts import table_of
from services.kit.store.scope import scoped

EVER = datetime.max.replace(tzinfo=UTC)
LATER = "CASE WHEN f.{} <= :day THEN f.{} END"
NEWEST = (
    "coalesce((SELECT e.{0} FROM case_entry e WHERE e.case_id = f.id AND e.{0} IS NOT NULL AND e.done_on <= :day"
    " AND e.known_since <= :known ORDER BY e.seq DESC LIMIT 1), f.{0})"
)
# What stands otherwise on the day than in the form: what was taken over from elsewhere has its whole course in one.
TOLD_OF_THE_DAY = {
    "state": "CASE WHEN f.identified_on > :day THEN 'identifying'"
    " WHEN f.closed_on > :day THEN CASE WHEN f.identified_on IS NULL THEN 'identifying' ELSE 'monitored' END"
    " ELSE f.state END",
    **{name: LATER.format("identified_on", name) for name in ("identified_on", "line", "line_document_no")},
    **{name: LATER.format("closed_on", name) for name in ("closed_on", "end_kind", "merged_into")},
    **{name: NEWEST.format(name) for name in ("category", "national_number", "identified_month")},
}
THEN = """
    SELECT DISTINCT ON (f.id) {told}
    FROM (
        SELECT form.*, min(form.known_since) OVER (PARTITION BY form.id) AS begun
        FROM (SELECT {names} FROM monitored_case was WHERE {standing}
              UNION ALL
              SELECT {names} FROM history h, jsonb_populate_record(NULL::monitored_case, h.held) AS was
              WHERE h.table_name = 'monitored_case' AND {kept}) form
    ) f
    WHERE f.ground_on <= :day AND f.known_since <= :known
      AND f.known_since <= coalesce((
          SELECT e.known_since FROM case_entry e
          WHERE e.case_id = f.id AND e.corrects IS NULL AND e.done_on <= :day AND e.known_since <= :known
          ORDER BY e.seq DESC LIMIT 1), f.begun)
      AND NOT EXISTS (SELECT FROM case_entry b WHERE b.case_id = f.id AND b.step = 'branched' AND b.done_on > :day)
    ORDER BY f.id, f.known_since DESC
"""


def case_then(past: Past, case_id: UUID | None = None) -> type[Case]:
    """`case_id` narrows the search to the one."""
    if past.as_of is None:
        return past.of(Case, row=case_id)
    columns = table_of(Case).columns
    wanted = text(
        THEN.format(
            told=", ".join(f"{TOLD_OF_THE_DAY.get(c.name, 'f.' + c.name)} AS {c.name}" for c in columns),
            names=", ".join(f"was.{c.name}" for c in columns),
            standing="was.id = :one" if case_id else "true",
            kept="h.row_id = :one" if case_id else "true",
        )
    )
    told = {"day": past.as_of, "known": past.known_at or EVER} | ({"one": case_id} if case_id else {})
    then = wanted.bindparams(**told).columns(*(c._copy() for c in columns)).subquery("case_then")
    return aliased(Case, then, adapt_on_names=True)


def cases_then(session: Session, past: Past, case_id: UUID | None = None) -> tuple[Select[Any], type[Case], Any]:
    """Rows of a case and the village that managed its household, and by what to ask for fewer."""
    held, home, lay = case_then(past, case_id), *homes_then(past)
    standing = aliased(Case)  # one whose file was taken back is none
    rows = select(held, lay).join(home, col(home.id) == col(held.household_id))
    rows = rows.join(standing, col(standing.id) == col(held.id))
    rows = rows.join(Household, col(Household.id) == col(standing.household_id))
    seen = scoped(session, rows, HOUSEHOLDS).execution_options(identity_token=f"{past.as_of} {past.known_at}")
    return seen, held, lay


def homes_then(past: Past) -> tuple[type[Household], Any]:
    """A second look at households: as they were, and where they lay."""
    home = past.of(Household) if past.known_at else aliased(Household)
    return home, func.coalesce(past.village(home), home.village)


def running_then(past: Past, clock: type[CaseClock] = CaseClock) -> Sequence[ColumnElement[bool]]:
    """Clocks that ran. Their due days follow the calendar, and are those of now."""
    wanted: list[ColumnElement[bool]] = []
    done: ColumnElement[bool] = col(clock.done_on).is_not(None)
    if past.as_of:
        wanted.append(col(clock.since) <= past.as_of)
        done = and_(done, col(clock.done_on) <= past.as_of)
    if past.known_at:
        wanted.append(col(clock.known_since) <= past.known_at)
        done = and_(done, or_(col(clock.stopped_at).is_(None), col(clock.stopped_at) <= past.known_at))
    return [*wanted, not_(done)]
