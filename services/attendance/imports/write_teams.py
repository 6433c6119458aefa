"""The sound rows of a file of teams, written in sets: units, teams, cadres, and who moved where."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.attendance.imports.upload import Upload
from services.attendance.models.teams import MOBILE
from services.kit.store.sets import write_set

WRITE_UNITS = text(
    """
    INSERT INTO unit (id, name)
    SELECT gen_random_uuid(), name FROM (SELECT DISTINCT unnest(CAST(:unit AS text[])) AS name) AS sent
    ON CONFLICT (name) DO NOTHING
    """
)
WRITE_TEAMS = text(
    """
    INSERT INTO team (id, name, village)
    SELECT gen_random_uuid(), sent.*
    FROM (SELECT DISTINCT * FROM unnest(CAST(:team AS text[]), CAST(:village AS text[]))) AS sent
    ON CONFLICT (name) DO UPDATE SET village = excluded.village
    """
)
WRITE_CADRES = text(
    """
    INSERT INTO cadre (id, name, sealed_mobile, mobile_index, unit_id, username)
    SELECT sent.id, sent.name, sent.sealed_mobile, sent.mobile_index, unit.id, sent.username
    FROM unnest(CAST(:id AS uuid[]), CAST(:name AS text[]), CAST(:sealed_mobile AS bytea[]),
                CAST(:mobile_index AS bytea[]), CAST(:unit AS text[]), CAST(:username AS text[]))
         AS sent (id, name, sealed_mobile, mobile_index, unit, username)
    JOIN unit ON unit.name = sent.unit
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, unit_id = excluded.unit_id, username = excluded.username
    """
)
# Whoever is in another team now left the one before on the day of arrival; a new date or role in the same team is a
# correction of its posting.
CLOSE_POSTINGS = text(
    """
    UPDATE posting p SET valid = daterange(lower(p.valid), sent.arrived)
    FROM unnest(CAST(:id AS uuid[]), CAST(:team AS text[]), CAST(:arrived AS date[])) AS sent (id, team, arrived)
    JOIN team ON team.name = sent.team
    WHERE p.cadre_id = sent.id AND upper_inf(p.valid) AND p.team_id <> team.id
    """
)
CORRECT_POSTINGS = text(
    """
    UPDATE posting p SET role = sent.role, valid = daterange(sent.arrived, NULL)
    FROM unnest(CAST(:id AS uuid[]), CAST(:role AS text[]), CAST(:arrived AS date[])) AS sent (id, role, arrived)
    WHERE p.cadre_id = sent.id AND upper_inf(p.valid)
    """
)
WRITE_POSTINGS = text(
    """
    INSERT INTO posting (id, cadre_id, team_id, role, valid)
    SELECT gen_random_uuid(), sent.id, team.id, sent.role, daterange(sent.arrived, NULL)
    FROM unnest(CAST(:id AS uuid[]), CAST(:team AS text[]), CAST(:role AS text[]), CAST(:arrived AS date[]))
         AS sent (id, team, role, arrived)
    JOIN team ON team.name = sent.team
    WHERE NOT EXISTS (SELECT FROM posting p WHERE p.cadre_id = sent.id AND upper_inf(p.valid))
    """
)


def write(upload: Upload, cadres: Sequence[dict[str, Any]]) -> None:
    """A mobile is sealed for its cadre's row; of a known cadre the seal it has is kept."""
    for cadre in cadres:
        cadre["sealed_mobile"] = upload.seal.close(cadre["mobile"], MOBILE.place(cadre["id"]))
    session = upload.session
    write_set(session, WRITE_UNITS, cadres, "unit")
    write_set(session, WRITE_TEAMS, cadres, "team", "village")
    write_set(session, WRITE_CADRES, cadres, "id", "name", "sealed_mobile", "mobile_index", "unit", "username")
    write_set(session, CLOSE_POSTINGS, cadres, "id", "team", "arrived")
    write_set(session, CORRECT_POSTINGS, cadres, "id", "role", "arrived")
    write_set(session, WRITE_POSTINGS, cadres, "id", "team", "role", "arrived")
