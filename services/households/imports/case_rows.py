"""Cases of a file written in sets: the case, its one entry, the tag that follows it and the clocks of its care."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from services.households.cases.clocks import FOLLOW_CALENDAR
from services.households.imports.upload import Upload
from services.kit.store.sets import write_set

TAKEN_OVER = "taken_over"  # the kind of ground, and the step of the entry

CASES = text(
    """
    INSERT INTO monitored_case (id, household_id, episode, profile_key, profile_version, profile_document_no,
                                ground_kind, ground_service, ground_id, ground_on, risks, state, category, green,
                                identified_on, line, line_document_no, national_number, identified_month, closed_on,
                                end_kind, version, opened_by, opened_at)
    SELECT id, household_id, episode, profile_key, profile_version, profile_document_no,
           :taken_over, 'households', id, identified_on, string_to_array(risks, ','), state, category, false,
           identified_on, line, line_document_no, national_number,
           CASE WHEN national_number IS NOT NULL THEN to_char(identified_on, 'YYYYMM') END, closed_on,
           end_kind, 1, :who, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:episode AS int[]),
                CAST(:profile_key AS text[]), CAST(:profile_version AS int[]), CAST(:profile_document_no AS text[]),
                CAST(:risks AS text[]), CAST(:state AS text[]), CAST(:category AS text[]),
                CAST(:identified_on AS date[]), CAST(:line AS bigint[]), CAST(:line_document_no AS text[]),
                CAST(:national_number AS text[]), CAST(:closed_on AS date[]), CAST(:end_kind AS text[]))
         AS sent (id, household_id, episode, profile_key, profile_version, profile_document_no, risks, state, category,
                  identified_on, line, line_document_no, national_number, closed_on, end_kind)
    """
)
OF_CASES = ("id", "household_id", "episode", "profile_key", "profile_version", "profile_document_no", "risks", "state",
            "category", "identified_on", "line", "line_document_no", "national_number", "closed_on",
            "end_kind")  # fmt: skip
ENTRIES = text(
    """
    INSERT INTO case_entry (id, case_id, step, done_on, category, national_number, identified_month, recorded_by,
                            recorded_at)
    SELECT sent.id, c.id, :taken_over, c.identified_on, c.category, c.national_number, c.identified_month, :who, :now
    FROM unnest(CAST(:entry_id AS uuid[]), CAST(:id AS uuid[])) AS sent (id, case_id)
    JOIN monitored_case c ON c.id = sent.case_id
    """
)
# The tag an open case follows stays where the register has one already, else begins behind those that ended. What the
# register says of the days of an ended case stands as it is.
TAGS = text(
    """
    INSERT INTO tag (id, household_id, key, valid, source)
    SELECT gen_random_uuid(), said.household_id, 'monitored', daterange(said.since, said.closed_on), 'case ' || said.id
    FROM (SELECT c.id, c.household_id, c.closed_on,
                 CASE WHEN c.closed_on IS NULL THEN greatest(c.identified_on, (
                     SELECT max(upper(t.valid)) FROM tag t
                     WHERE t.household_id = c.household_id AND t.key = 'monitored' AND NOT upper_inf(t.valid)))
                 ELSE c.identified_on END AS since
          FROM monitored_case c WHERE c.id = ANY (CAST(:id AS uuid[]))
          ORDER BY c.closed_on NULLS FIRST) said
    WHERE said.closed_on IS NULL OR said.since < said.closed_on
    ON CONFLICT DO NOTHING
    """
)
CLOCKS = text(
    """
    INSERT INTO case_clock (id, case_id, step, since, days, unit, warn_days)
    SELECT id, case_id, step, :today, days, unit, warn_days
    FROM unnest(CAST(:id AS uuid[]), CAST(:case_id AS uuid[]), CAST(:step AS text[]), CAST(:days AS int[]),
                CAST(:unit AS text[]), CAST(:warn_days AS int[])) AS sent (id, case_id, step, days, unit, warn_days)
    """
)


NEWEST = text("SELECT household_id, max(episode) FROM monitored_case WHERE household_id = ANY (:ids) GROUP BY 1")


def write_cases(upload: Upload, rows: Sequence[dict[str, Any]]) -> Sequence[UUID]:
    """Clocks begin on the day of the file: what was late elsewhere is not called late by us."""
    number(upload, rows)
    by = {"who": upload.who, "now": upload.now, "taken_over": TAKEN_OVER}
    write_set(upload.session, CASES.bindparams(**by), rows, *OF_CASES)
    write_set(upload.session, ENTRIES.bindparams(**by), [row | {"entry_id": uuid4()} for row in rows], "entry_id", "id")
    write_set(upload.session, TAGS, rows, "id")
    clocks = [
        {"id": uuid4(), "case_id": row["id"], "warn_days": row["ground"].warn_days} | clock._asdict()
        for row in rows
        for clock in row["ground"].clocks
        if row["closed_on"] is None
    ]
    names = ("id", "case_id", "step", "days", "unit", "warn_days")
    write_set(upload.session, CLOCKS.bindparams(today=upload.today), clocks, *names)
    upload.session.execute(FOLLOW_CALENDAR, {"cases": [row["id"] for row in rows]})
    return [row["household_id"] for row in rows]


def number(upload: Upload, rows: Sequence[dict[str, Any]]) -> None:
    """Episodes in the order of their days, behind those there are."""
    asked = {"ids": [row["household_id"] for row in rows]}
    newest: dict[UUID, int] = {row[0]: row[1] for row in upload.session.execute(NEWEST, asked)}
    for row in sorted(rows, key=itemgetter("identified_on")):
        newest[row["household_id"]] = row["episode"] = newest.get(row["household_id"], 0) + 1
