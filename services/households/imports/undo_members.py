"""Members of a file taken back. One who has been elsewhere since, who signed in a case, who was helped, or whose number
somebody was shown, is built upon."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import col

from services.households.facts import lock_households
from services.households.imports.circumstances import FIELDS, NEWEST, append_circumstances
from services.households.imports.members import WRITE_RELATIONS, state_of
from services.households.imports.upload import Brought, State, Upload
from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.scope import within
from services.kit.store.sets import among, write_set

HELD = text(
    f"""
    SELECT p.id, p.id_index, p.name, p.schooling, p.insured, m.household_id, m.relation, c.*
    FROM person p JOIN membership m ON m.person_id = p.id AND upper_inf(m.valid) {NEWEST}
    WHERE p.id = ANY (:ids)
    """  # noqa: S608  # of constants alone
)
HOMES = text("SELECT DISTINCT household_id FROM membership WHERE person_id = ANY (:ids)")
BUILT_UPON = text(
    """
    SELECT new.id FROM unnest(CAST(:ids AS uuid[])) AS new (id)
    WHERE EXISTS (SELECT FROM id_number_view WHERE person_id = new.id)
       OR EXISTS (SELECT FROM person_health WHERE person_id = new.id)
       OR EXISTS (SELECT FROM person_residence WHERE person_id = new.id)
       OR EXISTS (SELECT FROM person_phone WHERE person_id = new.id)
       OR EXISTS (SELECT FROM person_insurance WHERE person_id = new.id)
       OR EXISTS (SELECT FROM work_month WHERE person_id = new.id)
       OR EXISTS (SELECT FROM case_participant WHERE person_id = new.id)
       OR EXISTS (SELECT FROM received WHERE person_id = new.id)
       OR EXISTS (SELECT FROM measure WHERE person_id = new.id)
       OR EXISTS (SELECT FROM ledger_line WHERE person_id = new.id)
       OR EXISTS (SELECT FROM undertaking WHERE person_id = new.id)
       OR EXISTS (SELECT FROM checklist_answer WHERE person_id = new.id)
       OR EXISTS (SELECT FROM village_record WHERE person_id = new.id)
       OR (SELECT count(*) FROM membership WHERE person_id = new.id) > 1
    """
)
REMOVE = (
    text("DELETE FROM person_circumstances WHERE person_id = ANY (:ids)"),
    text("DELETE FROM membership WHERE person_id = ANY (:ids)"),
    text("DELETE FROM person WHERE id = ANY (:ids)"),
)
RESTORE = text(
    """
    UPDATE person SET name = sent.name, schooling = sent.schooling, insured = sent.insured,
        id_index = CASE WHEN sent.numbered THEN id_index END,
        sealed_id_number = CASE WHEN sent.numbered THEN sealed_id_number END
    FROM unnest(CAST(:id AS uuid[]), CAST(:name AS text[]), CAST(:schooling AS text[]), CAST(:insured AS boolean[]),
                CAST(:numbered AS boolean[])) AS sent (id, name, schooling, insured, numbered)
    WHERE person.id = sent.id
    """
)


def lock(upload: Upload, ids: Sequence[UUID]) -> None:
    lock_households(upload.session, homes_of(upload, ids))


def homes_of(upload: Upload, ids: Sequence[UUID]) -> list[UUID]:
    return sorted(upload.session.scalars(HOMES, {"ids": list(ids)}))


def states(upload: Upload, ids: Sequence[UUID]) -> dict[UUID, State]:
    """Of those who live in a household within the scope."""
    within_reach = select(col(Household.id)).where(within(upload.scope, HOUSEHOLDS))
    homes = set(upload.session.scalars(within_reach.where(among(col(Household.id), homes_of(upload, ids)))))
    held = upload.session.execute(HELD, {"ids": list(ids)}).mappings()
    return {row["id"]: state_of(dict(row)) for row in held if row["household_id"] in homes}


def built_upon(upload: Upload, ids: Sequence[UUID]) -> set[UUID]:
    return set(upload.session.scalars(BUILT_UPON, {"ids": list(ids)}))


def restore(upload: Upload, brought: Sequence[Brought]) -> list[UUID]:
    """Birth date stays what a number said of it; sex too."""
    homes = homes_of(upload, [one.subject for one in brought])
    changed = [{"id": one.subject, **one.before} for one in brought if one.before is not None]
    write_set(upload.session, RESTORE, changed, "id", "name", "schooling", "insured", "numbered")
    write_set(upload.session, WRITE_RELATIONS, changed, "id", "relation")
    held = upload.session.execute(HELD, {"ids": [one["id"] for one in changed]}).mappings()
    people = [dict.fromkeys(FIELDS) | one for one in changed]
    append_circumstances(upload, people, {row["id"]: row for row in held})
    for statement in REMOVE:
        upload.session.execute(statement, {"ids": [one.subject for one in brought if one.before is None]})
    return homes
