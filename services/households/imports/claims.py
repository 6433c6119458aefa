"""Whom a file has in another household than the register: the row is refused, and somebody decides (quality/)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from services.households.imports.upload import Upload
from services.kit.store.sets import write_set

CLAIM = text(
    """
    INSERT INTO claimed_elsewhere (id, person_id, household_id, told_by, told_at)
    SELECT gen_random_uuid(), person_id, household_id, CAST(:who AS text), :now
    FROM unnest(CAST(:person_id AS uuid[]), CAST(:household_id AS uuid[])) AS told (person_id, household_id)
    ON CONFLICT (person_id, household_id) DO NOTHING
    """
)


def note_claims(upload: Upload, claims: Sequence[Mapping[str, Any]]) -> None:
    """Only who was claimed for which household: nothing else of a refused row is kept."""
    write_set(upload.session, CLAIM.bindparams(who=upload.who, now=upload.now), claims, "person_id", "household_id")
