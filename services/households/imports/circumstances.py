"""Columns of a members file that say who somebody is to the county. Each may be missing, and a blank cell says nothing:
what was told before stays. Only the national form's labels are understood, never a bare code."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.households.imports.upload import Upload
from services.households.register.code_sets import labels_of
from services.households.register.members import NOT_IN_SCHOOL, Circumstances
from services.kit.store.sets import write_set
from services.kit.web.cells import RowReader, one_of

FIELDS = tuple(Circumstances.model_fields)
COLUMNS: Mapping[str, tuple[str, str]] = {  # the field, and the set whose labels it takes
    "民族": ("ethnicity", "ethnicity"),
    "政治面貌": ("political_status", "political_status"),
    "文化程度": ("schooling_level", "schooling"),
    "在校生情况": ("school_state", "school_state"),
    "婚姻状况": ("marital", "marital"),
    "劳动技能": ("labour_capacity", "labour_capacity"),
}

# Joined to a person p: what was told last of the newest day. Nothing is told of a day to come.
NEWEST = """
    LEFT JOIN LATERAL (
        SELECT ethnicity, political_status, schooling_level, school_state, dropout_reason, marital, occupation,
               labour_capacity
        FROM person_circumstances WHERE person_id = p.id ORDER BY since DESC, seq DESC LIMIT 1) c ON true
"""
APPEND = text(
    """
    INSERT INTO person_circumstances (id, person_id, since, doer, recorded_by, recorded_at, ethnicity,
        political_status, schooling_level, school_state, dropout_reason, marital, occupation, labour_capacity)
    SELECT gen_random_uuid(), sent.id, :today, CAST(:who AS text), CAST(:who AS text), :now, sent.ethnicity,
        sent.political_status, sent.schooling_level, sent.school_state, sent.dropout_reason, sent.marital,
        sent.occupation, sent.labour_capacity
    FROM unnest(CAST(:id AS uuid[]), CAST(:ethnicity AS text[]), CAST(:political_status AS text[]),
        CAST(:schooling_level AS text[]), CAST(:school_state AS text[]), CAST(:dropout_reason AS text[]),
        CAST(:marital AS text[]), CAST(:occupation AS text[]), CAST(:labour_capacity AS text[]))
        AS sent (id, ethnicity, political_status, schooling_level, school_state, dropout_reason, marital, occupation,
                 labour_capacity)
    """
)


def read_circumstances(reader: RowReader, on: date) -> dict[str, str | None]:
    """What the row's cells say, none where they say nothing."""
    told: dict[str, str | None] = dict.fromkeys(FIELDS)
    for header, (field, key) in COLUMNS.items():
        told[field] = reader.read(header, one_of(labels_of(key, on)), needed=False)
    return told


def carried_over(told: Mapping[str, Any], held: Mapping[str, Any] | None) -> dict[str, str | None]:
    """What is so after the row. Who is in school again has no reason for having left it."""
    so = {field: told[field] or (held[field] if held else None) for field in FIELDS}
    return so | ({} if so["school_state"] == NOT_IN_SCHOOL else {"dropout_reason": None})


def append_circumstances(upload: Upload, people: Sequence[Mapping[str, Any]], held: Mapping[UUID, Any]) -> None:
    """Of those of whom something else is so than was held. A correction is appended: nothing held is changed."""
    nothing = dict.fromkeys(FIELDS)
    new = [one for one in people if any(one[f] != (held.get(one["id"]) or nothing)[f] for f in FIELDS)]
    said = APPEND.bindparams(today=upload.today, who=upload.who, now=upload.now)
    write_set(upload.session, said, new, "id", *FIELDS)
