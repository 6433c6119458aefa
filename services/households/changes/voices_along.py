"""What becomes of what villagers have said, and of the code by which a household sees its record."""

from uuid import UUID

from sqlalchemy import text

from services.households.changes.change import Doing

# What is answered stays where it was answered.
ASKED_OF = {
    "self_declaration": text(
        "UPDATE self_declaration SET household_id = :into WHERE household_id = :from AND state = 'received'"
        " RETURNING id"
    ),
    "correction": text(
        "UPDATE correction SET household_id = :into WHERE household_id = :from AND answered_at IS NULL RETURNING id"
    ),
}
END_CODES = text("UPDATE view_code SET ended_at = :now WHERE household_id = :household AND ended_at IS NULL")


def voices_go(doing: Doing, from_id: UUID, into_id: UUID) -> None:
    for thing, statement in ASKED_OF.items():
        going = doing.session.scalars(statement, {"from": from_id, "into": into_id})
        doing.carried(thing, going.all(), from_id, into_id)
    codes_end(doing, from_id)


def codes_end(doing: Doing, household: UUID) -> None:
    """Also of a household that is split: a code opens one record, and whoever leaves knows it."""
    doing.session.execute(END_CODES, {"household": household, "now": doing.now})
