"""The statements by which households are brought in: each for any number of them, planned once (kit/store/lanes.py)."""

import re

from services.households.facts import COMPUTED, KIND
from services.households.models.facts import HouseholdFacts
from services.kit.post.facts import CHANGED, fact_names

TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%(turn)s, 0))"
GRANTS = """
    SELECT a.holder, a.roles, a.today, held.divisions, held.offices
    FROM unnest(%(holders)s::text[], %(roles)s::text[], %(todays)s::text[]) AS a (holder, roles, today)
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(g.place) FILTER (WHERE g.kind = 'division'), '{}') AS divisions,
               count(*) > 0 AS offices
        FROM access_grant g
        WHERE g.holder = a.holder AND g.role = ANY (string_to_array(a.roles, ' '))
          AND NOT g.revoked AND g.valid @> a.today::date) AS held
    """
KNOWN = """
    SELECT subject, key, request FROM repeat
    WHERE operation = %(operation)s AND expires_at > %(now)s
      AND (subject, key) IN (SELECT * FROM unnest(%(holders)s::text[], %(keys)s::bytea[]))
    """
TAKEN = "SELECT id, number FROM household WHERE id = ANY (%(ids)s::uuid[]) OR number = ANY (%(numbers)s::text[])"
HELD = "SELECT id, id_index FROM person WHERE id = ANY (%(ids)s::uuid[]) OR id_index = ANY (%(indexes)s::bytea[])"

HOUSEHOLDS = """
    INSERT INTO household (id, number, village, group_name, head_name, sealed_phone, created_at)
    SELECT * FROM unnest(%(id)s::uuid[], %(number)s::text[], %(village)s::text[], %(group_name)s::text[],
                         %(head_name)s::text[], %(sealed_phone)s::bytea[], %(created_at)s::timestamptz[])
    RETURNING id
    """
PERSONS = """
    INSERT INTO person (id, name, sealed_id_number, id_index, birth_date, sex)
    SELECT * FROM unnest(%(id)s::uuid[], %(name)s::text[], %(sealed_id_number)s::bytea[], %(id_index)s::bytea[],
                         %(birth_date)s::date[], %(sex)s::text[])
    RETURNING id
    """
MEMBERSHIPS = """
    INSERT INTO membership (id, household_id, person_id, relation, valid)
    SELECT id, household_id, person_id, relation, daterange(since, NULL)
    FROM unnest(%(membership)s::uuid[], %(household_id)s::uuid[], %(id)s::uuid[], %(relation)s::text[],
                %(since)s::date[]) AS sent (id, household_id, person_id, relation, since)
    RETURNING id
    """
REPEATS = """
    INSERT INTO repeat (subject, operation, key, request, status, sealed_answer, created_at, expires_at)
    SELECT * FROM unnest(%(subject)s::text[], %(operation)s::text[], %(key)s::bytea[], %(request)s::bytea[],
                         %(status)s::int[], %(sealed_answer)s::bytea[], %(created_at)s::timestamptz[],
                         %(expires_at)s::timestamptz[])
    ON CONFLICT (subject, operation, key) DO UPDATE
        SET request = excluded.request, status = excluded.status, sealed_answer = excluded.sealed_answer,
            created_at = excluded.created_at, expires_at = excluded.expires_at
    RETURNING status
    """


def facts_told() -> str:
    """What `recompute` and `tell_each` (kit/post/facts.py) do, for households that had no facts yet."""
    names = fact_names(HouseholdFacts)
    computed = re.sub(r"(?<!:):(\w+)", r"%(\1)s", COMPUTED.text).replace("%(ids)s", "%(ids)s::uuid[]")
    pairs = ", ".join(f"'{name}', {name}" for name in names)
    return f"""
        WITH told AS (
            INSERT INTO household_facts (subject, division, {", ".join(names)}, version)
            SELECT computed.*, 1 FROM ({computed}) AS computed RETURNING *
        )
        INSERT INTO event (id, type, subject, division, occurred_at, data)
        SELECT uuid_at(%(now)s), '{CHANGED}', subject::text, division, %(now)s,
               jsonb_build_object('kind', '{KIND}', 'version', version, 'facts', jsonb_build_object({pairs}))
        FROM told RETURNING id
        """  # noqa: S608  # names of columns, and statements of our own


FACTS = facts_told()
