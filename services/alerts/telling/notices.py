"""Who is told: everybody whose grants cover the place, as the county has set for the role. Once."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlmodel import Session

from services.alerts.telling.kinds import DIGEST, HAPPENED, KINDS, NOBODY, ROLES, URGENT
from services.kit.store.sets import as_array

# A place is compared with each grant once and not for each of its thousands of alerts. The ids of a statement share a
# random half and count in the other: a random one each would cost more than the row. Without a target, ON CONFLICT asks
# for no right to read what stands there: whoever makes something happen may not see who else was told of it.
TELL = """
WITH happened AS MATERIALIZED ({happened}), held AS MATERIALIZED (
    SELECT holder, role, kind AS by, place FROM access_grant
    WHERE role = ANY (:roles) AND kind IN ('division', 'set') AND NOT revoked AND valid @> CAST(:today AS date)
), wanted AS MATERIALIZED (
    SELECT places.kind, places.division, listed.role, coalesce(said.value, listed.usual) AS level
    FROM (SELECT DISTINCT kind, division FROM happened) AS places
    JOIN unnest(CAST(:kinds AS text[]), CAST(:whose AS text[]), CAST(:usual AS int[])) AS listed (kind, role, usual)
      ON listed.kind = places.kind
    LEFT JOIN LATERAL (
        SELECT value FROM standard
        WHERE key = 'tell_' || listed.kind || '_' || listed.role AND population_class = ''
          AND valid @> CAST(:today AS date) AND starts_with(places.division, standard.division)
        ORDER BY length(standard.division) DESC LIMIT 1
    ) AS said ON true
), covering AS MATERIALIZED (
    SELECT wanted.kind, wanted.division, held.holder, max(level) AS level
    FROM wanted JOIN held ON held.role = wanted.role AND held.by = 'division'
                         AND starts_with(wanted.division, held.place)
    WHERE level > {nobody} GROUP BY 1, 2, 3
), paired AS (
    SELECT happened.kind, source, held.holder, level
    FROM set_member AS member
    JOIN happened ON happened.subject = member.subject
    JOIN held ON held.by = 'set' AND held.place = CAST(member.set_id AS text)
    JOIN wanted ON wanted.role = held.role AND (wanted.kind, wanted.division) = (happened.kind, happened.division)
    WHERE NOT member.revoked AND member.valid @> CAST(:today AS date) AND level > {nobody}
), told AS (
    SELECT kind, source, holder, max(level) AS level
    FROM (SELECT kind, source, holder, level FROM happened JOIN covering USING (kind, division)
          UNION ALL SELECT * FROM paired) AS ways
    GROUP BY 1, 2, 3
)
INSERT INTO notice (id, recipient, kind, source, subject, division, rule, number, urgent, at)
SELECT CAST((SELECT left(CAST(uuid_at(:now) AS text), 24)) || lpad(to_hex(row_number() OVER ()), 12, '0') AS uuid),
       holder, kind, source, subject, division, rule, number, level >= {urgent}, :now
FROM told JOIN happened USING (kind, source) ORDER BY holder, source
ON CONFLICT DO NOTHING
"""


def tell(session: Session, kind: str, subjects: Iterable[UUID], now: datetime) -> int:
    """In the transaction in which it happened: who does it, does not know whom it concerns. `subjects` are the ids of
    the things (alerts, sweeps, clues) that `kind` is read from. How many notices were made."""
    return tell_these(session, kind, as_array(subjects), now)


def tell_these(session: Session, kind: str, written: str | None, now: datetime) -> int:
    """The same, of ids that the database has written: a county's first sweep opens fifty thousand alerts."""
    if not written or written == "{}":
        return 0
    usual = [(k.key, role, DIGEST if role in k.roles else NOBODY) for k in KINDS.values() for role in ROLES]
    said = {
        "kinds": as_array(key for key, _, _ in usual),
        "whose": as_array(role for _, role, _ in usual),
        "usual": as_array(level for _, _, level in usual),
    }
    asked = {"ids": written, "roles": list(ROLES), "today": now.date(), "now": now}
    made: int = session.execute(told_of(kind), said | asked).rowcount  # type: ignore[attr-defined]
    return made


@cache
def told_of(kind: str) -> TextClause:
    return text(TELL.format(happened=HAPPENED[kind], nobody=NOBODY, urgent=URGENT))
