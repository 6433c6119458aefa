"""A month is frozen by the township as its captains confirmed it. What turns out different later is told in the next
month that is frozen, as days and money more or less."""

from datetime import date, datetime
from typing import Annotated, LiteralString
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel import Session

from services.attendance.months.reckoning import DIGESTS, DUE, LINES, NAMED, OF_THE_MONTH
from services.attendance.months.sheets import MonthPath, last_of, month_of, refuse_unless_over
from services.attendance.policy import allow
from services.attendance.presence.day_rule import STATUSES
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import NotThere
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/month-sheets/{month}", tags=["months"])

Place = Annotated[str, Path(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]


class FreezingOut(BaseModel):
    """Teams with somebody posted in the month. `changed`: what was confirmed is no longer so, and is to be confirmed
    again. `own`: the caller confirmed them, so somebody else freezes them."""

    frozen_now: int
    frozen: int
    open: int
    changed: int
    own: int


CONFIRMED = text(
    """
    SELECT team_id, digest FROM month_sheet
    WHERE month = :month AND starts_with(village, :place) AND frozen_at IS NULL AND confirmed_by <> :who
    ORDER BY team_id FOR UPDATE
    """
)
CALLED: LiteralString = "JOIN team t ON t.id = team_id JOIN cadre c ON c.id = cadre_id JOIN unit u ON u.id = c.unit_id"
FREEZE = text(
    "WITH "  # noqa: S608  # our own words
    + OF_THE_MONTH
    + ", "
    + LINES
    + ", "
    + DIGESTS
    + ", "
    + DUE
    + """, agreed AS MATERIALIZED (
        SELECT digested.team_id
        FROM digested JOIN unnest(CAST(:teams AS uuid[]), CAST(:digests AS text[])) AS told (team_id, digest)
          ON concat_ws(' ', told.team_id, told.digest) = concat_ws(' ', digested.team_id, digested.digest)
    ), frozen AS (
        UPDATE month_sheet m SET frozen_by = :who, frozen_at = :now FROM agreed
        WHERE m.team_id = agreed.team_id AND m.month = CAST(:month AS date)
    ), written AS (
        INSERT INTO month_line (month, team_id, cadre_id, of_month, village, name, unit, """
    + NAMED
    + ") SELECT of_month, team_id, cadre_id, of_month, village, name, unit, "
    + NAMED
    + """ FROM line JOIN agreed USING (team_id)
    ), owed AS (
        INSERT INTO allowance_line (month, team_id, cadre_id, of_month, rate, document_no, village, name, unit, days,
                                    amount)
        SELECT of_month, team_id, cadre_id, of_month, rate, document_no, village, c.name, u.name, days, days * rate
        FROM due JOIN agreed USING (team_id)
        """
    + CALLED
    + """
    )
    SELECT team_id FROM agreed
    """
)

POSTED: LiteralString = " + ".join(f"sum({one})" for one in STATUSES)
SO_FAR: LiteralString = ", ".join(f"sum({one})::int AS {one}" for one in STATUSES)
LESS: LiteralString = ", ".join(f"line.{one} - told.{one}" for one in STATUSES)
OF_LINE: LiteralString = ", ".join(f"line.{one}" for one in STATUSES)
OF_TOLD: LiteralString = ", ".join(f"told.{one}" for one in STATUSES)

# Looked at again are the months of which something has come in since they were frozen (a day before it, for what was
# under way then), and those of whoever turns out to have been posted for longer or shorter. What has been told already
# comes to nothing.
DIFFER = text(
    "WITH told AS MATERIALIZED (SELECT team_id, cadre_id, of_month, "  # noqa: S608  # our own words
    + SO_FAR
    + ", "
    + POSTED
    + """ AS posted FROM month_line
        WHERE team_id = ANY (CAST(:teams AS uuid[])) AND of_month < CAST(:month AS date)
        GROUP BY team_id, cadre_id, of_month
    ), touched AS MATERIALIZED (
        SELECT team_id, cadre_id, of_month, daterange(of_month, (of_month + interval '1 month')::date) AS days
        FROM told JOIN month_sheet s USING (team_id)
        WHERE s.month = of_month AND (
            EXISTS (SELECT FROM check_in c WHERE c.cadre_id = told.cadre_id AND c.day >= of_month
                    AND c.day < of_month + interval '1 month' AND c.received_at > s.frozen_at - interval '1 day')
            OR EXISTS (SELECT FROM activity_day e WHERE e.cadre_id = told.cadre_id AND e.day >= of_month
                       AND e.day < of_month + interval '1 month' AND e.changed_at > s.frozen_at - interval '1 day')
            OR EXISTS (SELECT FROM leave l WHERE l.cadre_id = told.cadre_id
                       AND l.changed_at > s.frozen_at - interval '1 day')
            OR EXISTS (SELECT FROM day_correction c WHERE c.cadre_id = told.cadre_id AND c.day >= of_month
                       AND c.day < of_month + interval '1 month' AND c.decided_at > s.frozen_at - interval '1 day')
            OR told.posted <> (
                SELECT coalesce(sum(upper(p.valid * its.days) - lower(p.valid * its.days)), 0)
                FROM posting p, (SELECT daterange(of_month, (of_month + interval '1 month')::date) AS days) its
                WHERE p.team_id = told.team_id AND p.cadre_id = told.cadre_id AND p.valid && its.days)
        )
    ), asked AS MATERIALIZED (
        SELECT it.team_id, it.cadre_id, p.role, of_month, greatest(lower(p.valid), of_month) AS first,
               CASE WHEN p.id IS NOT NULL THEN least(upper(p.valid), upper(days)) ELSE of_month END - 1 AS last
        FROM touched it LEFT JOIN posting p
          ON p.team_id = it.team_id AND p.cadre_id = it.cadre_id AND p.valid && it.days
    ), """
    + LINES
    + ", "
    + DUE
    + """, written AS (
        INSERT INTO month_line (month, team_id, cadre_id, of_month, village, name, unit, """
    + NAMED
    + ") SELECT CAST(:month AS date), team_id, cadre_id, of_month, village, name, unit, "
    + LESS
    + " FROM line JOIN told USING (team_id, cadre_id, of_month) WHERE ("
    + OF_LINE
    + ") IS DISTINCT FROM ("
    + OF_TOLD
    + """)
    ), before AS (
        SELECT team_id, cadre_id, of_month, rate, document_no, sum(a.days)::int AS days
        FROM allowance_line a JOIN touched USING (team_id, cadre_id, of_month)
        GROUP BY team_id, cadre_id, of_month, rate, document_no
    ), money AS (
        SELECT team_id, cadre_id, of_month, rate, document_no, coalesce(due.days, 0) - coalesce(before.days, 0) AS days
        FROM due FULL JOIN before USING (team_id, cadre_id, of_month, rate, document_no)
    )
    INSERT INTO allowance_line (month, team_id, cadre_id, of_month, rate, document_no, village, name, unit, days,
                                amount)
    SELECT CAST(:month AS date), team_id, cadre_id, of_month, rate, document_no, village, c.name, u.name, days,
           days * rate
    FROM money
    """
    + CALLED
    + " WHERE days <> 0"
)

STANDING = text(
    """
    SELECT count(*) FILTER (WHERE s.frozen_at IS NOT NULL) AS frozen, count(*) FILTER (WHERE s.team_id IS NULL) AS open,
           count(*) FILTER (WHERE s.frozen_at IS NULL AND s.confirmed_by <> :who) AS changed,
           count(*) FILTER (WHERE s.frozen_at IS NULL AND s.confirmed_by = :who) AS own
    FROM team t LEFT JOIN month_sheet s ON s.team_id = t.id AND s.month = CAST(:month AS date)
    WHERE starts_with(t.village, :place) AND (s.team_id IS NOT NULL OR EXISTS (
        SELECT FROM posting p WHERE p.team_id = t.id
        AND p.valid && daterange(CAST(:month AS date), CAST(:last AS date), '[]')))
    """
)


@router.put("/divisions/{division}/freezing", dependencies=[allow("month:freeze")], openapi_extra=repeatable("path"))
def put_month_freezing(
    month: MonthPath, division: Place, request: Request, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> FreezingOut:
    """Those of the place that are confirmed and still as they were confirmed, by somebody else than who confirmed them.
    Sent again it freezes what was confirmed since; what is frozen stays."""
    first = month_of(month)
    if not scope_of(session).covers(division):
        raise NotThere
    refuse_unless_over(session, first, now.date())
    frozen = freeze(session, first, division, caller.subject, now)
    asked = {"month": first, "last": last_of(first), "place": division, "who": caller.subject}
    standing = session.execute(STANDING, asked).mappings().one()
    tell(request, division=division, frozen=len(frozen))
    return FreezingOut.model_validate(dict(standing) | {"frozen_now": len(frozen)})


def freeze(session: Session, first: date, place: str, who: str, now: datetime) -> list[UUID]:
    """The teams whose sheets are frozen now."""
    asked = {"month": first, "last": last_of(first), "place": place, "who": who, "now": now}
    confirmed = session.execute(CONFIRMED, asked).all()
    told = {"teams": [one.team_id for one in confirmed], "digests": [one.digest for one in confirmed]}
    frozen = list(session.scalars(FREEZE, asked | told)) if confirmed else []
    if frozen:
        session.execute(DIFFER, {"month": first, "teams": frozen})
    return frozen
