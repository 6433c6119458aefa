"""One upload under way, and what its kinds share: turns, and finding households by number."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.households.models.register import Household
from services.households.reach import HOUSEHOLDS
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope, within
from services.kit.store.sealed import take_turn
from services.kit.store.sets import among
from services.kit.web.cells import TWICE, RowReader, RowVerdict

State: TypeAlias = dict[str, Any]  # what a row of a file can change of a thing, as JSON can hold it

ENDED = ("household-ended", "这户已经终止。", "The household has ended.")
NO_SUCH_HOUSEHOLD = ("no-such-household", "没有这个户编号。", "There is no household of that number.")


def none_of(subjects: Sequence[UUID]) -> set[UUID]:
    return set()


@dataclass(frozen=True)
class Upload:
    """`who` recorded it, for places within `scope` alone; `demo` lets ID numbers beginning with 99 in. `earlier` says
    which of some things earlier parts of the same file have spoken of."""

    session: Session
    scope: Scope
    seal: Seal
    who: str
    today: date
    now: datetime
    demo: bool
    earlier: Callable[[Sequence[UUID]], set[UUID]] = none_of


class Taken(NamedTuple):
    """What became of the rows, in their order. `subjects` are the things they speak of, none where a row was refused;
    `before` is what the changed ones held, `after` what stored ones hold now; `changed` are the households."""

    verdicts: list[RowVerdict]
    changed: list[UUID]
    subjects: list[UUID | None]
    before: dict[UUID, State]
    after: dict[UUID, State]


class Brought(NamedTuple):
    """A row that changed a thing: a blind index of what the thing held then, and what before, none where it is new."""

    number: int
    subject: UUID
    after: bytes
    before: State | None


def refuse_earlier(upload: Upload, readers: Sequence[RowReader], header: str, ids: Sequence[UUID | None]) -> None:
    """A row that says again what another part of the file has said."""
    spoken_of = upload.earlier([one for one in ids if one])
    for reader, one in zip(readers, ids, strict=True):
        if one in spoken_of:
            reader.refuse(header, *TWICE)


def taken(
    readers: Sequence[RowReader],
    subjects: Sequence[UUID | None],
    changed: Sequence[UUID],
    before: dict[UUID, State],
    after: dict[UUID, State],
) -> Taken:
    verdicts = [reader.verdict() for reader in readers]
    for verdict, subject in zip(verdicts, subjects, strict=True):
        if verdict.outcome == "stored" and subject not in after:
            verdict.outcome = "unchanged"
    told = [None if reader.faults else subject for reader, subject in zip(readers, subjects, strict=True)]
    return Taken(verdicts, sorted(set(changed)), told, before, after)


def one_at_a_time(session: Session, kind: str) -> None:
    """Two files of a kind that bring the same new one would otherwise make two. Writes by hand go on meanwhile."""
    take_turn(session, f"import:{kind}")


def households_numbered(upload: Upload, numbers: Iterable[str]) -> dict[str, UUID]:
    """Those within the scope; to this caller the others are not there."""
    wanted = select(col(Household.number), col(Household.id)).where(among(col(Household.number), set(numbers)))
    within_reach = wanted.where(within(upload.scope, HOUSEHOLDS))
    return {row.number: row.id for row in upload.session.execute(within_reach)}


def ended_among(session: Session, ids: Iterable[UUID]) -> set[UUID]:
    """Asked with the households locked: one may have ended meanwhile."""
    ended = select(col(Household.id)).where(among(col(Household.id), ids), col(Household.ended_on).is_not(None))
    return set(session.scalars(ended))


def refuse_ended(upload: Upload, readers: Sequence[RowReader], households: Sequence[UUID | None]) -> None:
    ended = ended_among(upload.session, {one for one in households if one})
    for reader, household in zip(readers, households, strict=True):
        if household in ended:
            reader.refuse("户编号", *ENDED)


def known_household(reader: RowReader, numbers: Mapping[str, UUID]) -> UUID | None:
    """The household a row speaks of; refused by column when there is none."""
    number = reader.read("户编号", str)
    if number and number not in numbers:
        reader.refuse("户编号", *NO_SUCH_HOUSEHOLD)
    return numbers.get(number or "")
