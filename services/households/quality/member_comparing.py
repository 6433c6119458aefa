"""The members of another register's file, held against those of the same household as we have them now."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, text
from sqlmodel import Session, col

from services.households.models.imports import ImportBatch
from services.households.models.quality import MEMBERS_THEIRS, MemberDifference
from services.households.models.register import Household
from services.households.quality.fields import NUMBER, homes_told
from services.households.quality.member_fields import (
    MEMBER,
    MEMBER_FIELDS,
    NAME,
    HeldMember,
    held_members,
    member_meant,
)
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope
from services.kit.store.sets import write_set
from services.kit.web.sheets import Row

TOLD = ("id", "household_id", "person_id", "number", "told_number", "field", "sealed_theirs")
WRITE = text(
    """
    INSERT INTO member_difference (id, batch_id, household_id, person_id, number, told_number, field, sealed_theirs)
    SELECT told.id, :batch, told.household_id, told.person_id, told.number, told.told_number, told.field,
           told.sealed_theirs
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:person_id AS uuid[]),
                CAST(:number AS int[]), CAST(:told_number AS text[]), CAST(:field AS text[]),
                CAST(:sealed_theirs AS bytea[]))
         AS told (id, household_id, person_id, number, told_number, field, sealed_theirs)
    """
)
Difference = dict[str, Any]


def compare_members(
    session: Session, seal: Seal, batch: ImportBatch, scope: Scope, parts: Iterable[Sequence[Row]]
) -> None:
    """Whom the file leaves out of a household it names is told at its end: a household may go on in the next part."""
    session.execute(delete(MemberDifference).where(col(MemberDifference.batch_id) == batch.id))
    named: dict[UUID, tuple[str, set[UUID]]] = {}
    met: set[UUID] = set()
    for part in parts:
        homes = homes_told(session, scope, {row.cells[NUMBER] for row in part})
        held = held_members(session, seal, list({home.id: home for home in homes.values()}.values()))
        named |= {home.id: (number, {one.person.id for one in held[home.id]}) for number, home in homes.items()}
        found = [d for row in part for d in of_row(seal, batch, row, homes.get(row.cells[NUMBER]), held, met)]
        write_set(session, WRITE.bindparams(batch=batch.id), found, *TOLD)
        batch.reached = part[-1].number
    left = [
        difference(seal, home, person, 0, number, MEMBER, "")
        for home, (number, present) in named.items()
        for person in present - met
    ]
    write_set(session, WRITE.bindparams(batch=batch.id), left, *TOLD)


def of_row(
    seal: Seal, batch: ImportBatch, row: Row, home: Household | None,
    held: Mapping[UUID, Sequence[HeldMember]], met: set[UUID],
) -> list[Difference]:  # fmt: skip
    """Of each member one row counts: of several, which agrees would tell what is masked."""
    member = member_meant(held[home.id], row.cells) if home else None
    if home is None or (member and member.person.id in met):
        batch.refused += 1
        return []
    if member is None:
        fields = [(MEMBER, row.cells.get(NAME, ""))]
    else:
        met.add(member.person.id)
        told = [(name, row.cells[name]) for name in MEMBER_FIELDS if name in row.cells]
        fields = [(name, theirs) for name, theirs in told if not MEMBER_FIELDS[name].agrees(member, theirs)]
    batch.stored, batch.unchanged = batch.stored + bool(fields), batch.unchanged + (not fields)
    person = member.person.id if member else None
    return [difference(seal, home.id, person, row.number, row.cells[NUMBER], *one) for one in fields]


def difference(
    seal: Seal, household: UUID, person: UUID | None, row: int, number: str, field: str, theirs: str
) -> Difference:
    key = uuid4()
    told = (key, household, person, row, number, field, seal.close(theirs, MEMBERS_THEIRS.place(key)))
    return dict(zip(TOLD, told, strict=True))
