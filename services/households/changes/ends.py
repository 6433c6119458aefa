"""How a household ends: its rows stay, nothing of it is open any more, and it says into which it went."""

from uuid import UUID

from sqlalchemy import text

from services.households.changes.change import BeforeItBegan, Doing, leave, members_of
from services.households.models.register import Household

NOT_CARRIED = "no_labour"  # it speaks of the members who are there

# Whoever left on a later day was still there.
LEFT_LATER = text("SELECT EXISTS (SELECT FROM membership WHERE household_id = :household AND upper(valid) > :on)")
# A tag that would begin on or after that day never held.
REMOVE_TAGS = text("DELETE FROM tag WHERE household_id = :household AND lower(valid) >= :on")
END_TAGS = text(
    "UPDATE tag SET valid = daterange(lower(valid), :on)"
    " WHERE household_id = :household AND (upper_inf(valid) OR upper(valid) > :on)"
)
# From that day, or from when the same tag that the other had has ended.
CARRY_TAGS = text(
    """
    INSERT INTO tag (id, household_id, key, valid, source)
    SELECT gen_random_uuid(), CAST(:into AS uuid), key,
           daterange(greatest(CAST(:on AS date), lower(valid),
                              (SELECT max(upper(t.valid)) FROM tag t
                                                  WHERE t.household_id = CAST(:into AS uuid) AND t.key = tag.key)),
                     NULL),
           source
    FROM tag
    WHERE household_id = :household AND upper_inf(valid) AND key <> :not_carried
      AND NOT EXISTS (SELECT FROM tag t WHERE t.household_id = CAST(:into AS uuid) AND t.key = tag.key
                                          AND upper_inf(t.valid))
    """
)


def end(doing: Doing, household: Household, into: Household | None = None) -> None:
    """Whoever is left leaves. Tags that are open are those of the household it goes into."""
    if household.managed_since and doing.on <= household.managed_since:
        raise BeforeItBegan
    for membership in members_of(doing.session, household.id):
        leave(doing, membership)
    if doing.session.scalar(LEFT_LATER, {"household": household.id, "on": doing.on}):
        raise BeforeItBegan
    if into:
        carry_tags(doing, household.id, into.id)
        doing.goes.append((household.id, into.id))
        household.into_id = into.id
    for statement in (REMOVE_TAGS, END_TAGS):
        doing.session.execute(statement, {"household": household.id, "on": doing.on})
    household.ended_on = doing.on


def carry_tags(doing: Doing, household: UUID, into: UUID) -> None:
    told = {"household": household, "into": into, "on": doing.on, "not_carried": NOT_CARRIED}
    doing.session.execute(CARRY_TAGS, told)
