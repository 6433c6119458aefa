"""Households of a file taken back. One that has members, statements, help, a case, tags of others, a set or words of
its own is built upon."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from services.households.facts import lock_households
from services.households.imports.households import SOURCE, states, write
from services.households.imports.upload import Brought, Upload

__all__ = ["built_upon", "lock", "restore", "states"]

BUILT_UPON = text(
    """
    SELECT new.id FROM unnest(CAST(:ids AS uuid[])) AS new (id)
    WHERE EXISTS (SELECT FROM membership WHERE household_id = new.id)
       OR EXISTS (SELECT FROM statement WHERE household_id = new.id)
       OR EXISTS (SELECT FROM tag WHERE household_id = new.id AND source <> :source)
       OR EXISTS (SELECT FROM monitored_case WHERE household_id = new.id)
       OR EXISTS (SELECT FROM received WHERE household_id = new.id)
       OR EXISTS (SELECT FROM measure WHERE household_id = new.id)
       OR EXISTS (SELECT FROM ledger_line WHERE household_id = new.id)
       OR EXISTS (SELECT FROM undertaking WHERE household_id = new.id)
       OR EXISTS (SELECT FROM checklist_answer WHERE household_id = new.id)
       OR EXISTS (SELECT FROM issue WHERE household_id = new.id)
       OR EXISTS (SELECT FROM sheet WHERE household_id = new.id)
       OR EXISTS (SELECT FROM sheet_run WHERE household_id = new.id)
       OR EXISTS (SELECT FROM plan WHERE household_id = new.id)
       OR EXISTS (SELECT FROM household_change_part WHERE household_id = new.id)
       OR EXISTS (SELECT FROM self_declaration WHERE household_id = new.id)
       OR EXISTS (SELECT FROM correction WHERE household_id = new.id)
       OR EXISTS (SELECT FROM view_code WHERE household_id = new.id)
       OR EXISTS (SELECT FROM set_member WHERE subject = new.id AND NOT revoked)
    """
)
REMOVE = (
    text("DELETE FROM tag WHERE household_id = ANY (:ids)"),
    text("DELETE FROM household_facts WHERE subject = ANY (:ids)"),
    text("DELETE FROM household WHERE id = ANY (:ids)"),
)


def lock(upload: Upload, ids: Sequence[UUID]) -> None:
    lock_households(upload.session, ids)


def built_upon(upload: Upload, ids: Sequence[UUID]) -> set[UUID]:
    return set(upload.session.scalars(BUILT_UPON, {"ids": list(ids), "source": SOURCE}))


def restore(upload: Upload, brought: Sequence[Brought]) -> list[UUID]:
    """What is gone from here is missed by those who listen when they next compare."""
    new = [one.subject for one in brought if one.before is None]
    for statement in REMOVE:
        upload.session.execute(statement, {"ids": new})
    changed = [{"id": one.subject, **one.before} for one in brought if one.before is not None]
    write(upload, changed, "撤销导入")
    return sorted(household["id"] for household in changed)
