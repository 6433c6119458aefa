"""Pairings follow their households: into another village, into the household they were merged into, into both parts of
one that was split. Where a household is gone, whoever answered for it does so no longer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.attendance.grants.pairings import grant_pairings, take_back
from services.attendance.pairings.pairings import one_at_a_time
from services.kit.post.events import CloudEvent
from services.kit.post.inbox import NotAnEvent

CHANGED, MERGED = "household.changed", "village.merged"  # as households names them

# What of the former household's pairings lies on or after the day, where the other has none of that kind meanwhile.
CARRY = text(
    """
    INSERT INTO pairing (id, set_id, cadre_id, household_id, kind, village, valid, document_no, household_version)
    SELECT gen_random_uuid(), gen_random_uuid(), cadre_id, CAST(:into AS uuid), kind, :village,
           valid * daterange(:day, NULL), document_no, 0
    FROM pairing
    WHERE household_id = :household AND valid && daterange(:day, NULL)
      AND NOT EXISTS (SELECT FROM pairing other
                      WHERE other.household_id = CAST(:into AS uuid) AND other.kind = pairing.kind
                        AND other.valid && (pairing.valid * daterange(:day, NULL)))
    RETURNING cadre_id
    """
)
END = text(
    """
    UPDATE pairing SET valid = daterange(lower(valid), :day)
    WHERE household_id = :household AND lower(valid) < :day AND valid && daterange(:day, NULL)
    RETURNING cadre_id
    """
)
NEVER_BEGUN = text("DELETE FROM pairing WHERE household_id = :household AND lower(valid) >= :day RETURNING set_id")

# The greater version wins: a move that is told late does not take a pairing back.
PLACE = text(
    """
    UPDATE pairing SET village = told.village, household_version = told.version
    FROM unnest(CAST(:households AS uuid[]), CAST(:villages AS text[]), CAST(:versions AS bigint[]),
                CAST(:days AS date[])) AS told (household_id, village, version, day)
    WHERE pairing.household_id = told.household_id AND pairing.household_version < told.version
      AND pairing.valid && daterange(told.day, NULL)
    """
)
MERGE_VILLAGES = text(
    "UPDATE pairing SET village = :into WHERE village = ANY (:villages) AND valid && daterange(:day, NULL)"
)


@dataclass(frozen=True)
class Told:
    """What became of a household: the village that manages it now, and where what was its own goes from a day on."""

    household: UUID
    village: str
    kind: str
    day: date
    into: dict[UUID, str]
    ended: bool
    version: int

    @classmethod
    def of(cls, event: CloudEvent) -> Self:
        said = event.data
        try:
            into = {UUID(household): str(village) for household, village in said["into"].items()}
            day, version = date.fromisoformat(said["on"]), int(said["version"])
            return cls(UUID(event.subject), event.division, said["kind"], day, into, bool(said["ended"]), version)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise NotAnEvent(str(event.id)) from error


def on_household_changed(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """Where something is carried, one after the other: what came into a household may go on from there."""
    told = [Told.of(event) for event in sorted(events, key=lambda event: (event.time, event.id))]
    one_at_a_time(session)
    cadres = [cadre for one in told if one.ended or one.kind == "split" for cadre in carry(session, one, now)]
    place(session, told)
    grant_pairings(session, set(cadres), now)


def carry(session: Session, one: Told, now: datetime) -> Iterable[UUID]:
    """The cadres whose pairings have changed."""
    about = {"household": one.household, "day": one.day}
    for into, village in one.into.items():
        yield from session.scalars(CARRY, about | {"into": into, "village": village})
    if one.ended:
        yield from session.scalars(END, about)
        take_back(session, list(session.scalars(NEVER_BEGUN, about)), now)


def place(session: Session, told: Sequence[Told]) -> None:
    by_version = sorted(told, key=lambda one: one.version)
    newest = list({one.household: one for one in by_version}.values())
    columns = {
        "households": [one.household for one in newest],
        "villages": [one.village for one in newest],
        "versions": [one.version for one in newest],
        "days": [one.day for one in newest],
    }
    session.execute(PLACE, columns)


def on_village_merged(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    one_at_a_time(session)
    for event in sorted(events, key=lambda event: event.time):
        try:
            said = {"villages": list(event.data["from"]), "into": str(event.data["into"])}
            day = date.fromisoformat(event.data["on"])
        except (KeyError, ValueError, TypeError) as error:
            raise NotAnEvent(str(event.id)) from error
        session.execute(MERGE_VILLAGES, said | {"day": day})
