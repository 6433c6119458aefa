"""What is told of a change: to each household's listeners, what came of it. Ids, kinds, places and days alone."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from services.households.changes.change import Doing
from services.households.changes.sets_along import place_sets
from services.households.facts import facts_changed
from services.households.models.changes import HouseholdChangePart
from services.households.models.register import Household
from services.kit.post.events import emit

CHANGED = "household.changed"
READ_CHANGES = "household-change:read"

FORGET = text("DELETE FROM household_facts WHERE subject = ANY (:ended)")


def conclude(doing: Doing, kind: str) -> None:
    """Every household that was touched has a new version, its part in the record, an event, and its facts anew; of one
    that has ended there is no fact any more."""
    homes = list(doing.homes.values())
    for household in homes:
        household.version += 1
        doing.session.add(part_of(doing, household))
        tell(doing, kind, household)
    doing.session.flush()
    place_sets(doing.session, doing.homes)
    doing.session.execute(FORGET, {"ended": [household.id for household in homes if household.ended_on]})
    facts_changed(doing.session, [household.id for household in homes if not household.ended_on], doing.now)


def part_of(doing: Doing, household: Household) -> HouseholdChangePart:
    goes, comes = went(doing, household.id), came(doing, household.id)
    return HouseholdChangePart(
        change_id=doing.id,
        household_id=household.id,
        part="from" if goes else "into" if comes else "itself",
        persons=sorted(doing.moved.get(household.id, set())),
        version=household.version,
    )


def went(doing: Doing, household: UUID) -> Sequence[UUID]:
    return [into for of, into in doing.goes if of == household]


def came(doing: Doing, household: UUID) -> Sequence[UUID]:
    return [of for of, into in doing.goes if into == household]


def tell(doing: Doing, kind: str, household: Household) -> None:
    """`from` came into it; `into` it went, with the villages that manage those. Of versions the greater one is the
    later. The division manages it now."""
    emit(
        doing.session,
        CHANGED,
        household.id,
        doing.now,
        division=household.village,
        data={
            "change": str(doing.id),
            "kind": kind,
            "on": doing.on.isoformat(),
            "from": [str(one) for one in came(doing, household.id)],
            "into": {str(one): doing.homes[one].village for one in went(doing, household.id)},
            "ended": household.ended_on is not None,
            "version": household.version,
        },
    )
