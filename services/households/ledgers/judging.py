"""What an entry must be to be written down: of a kind that holds there, in its unit, for whom its kind is."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.households.ledgers.contents import (
    ActorNotOfTheKind,
    Beneficiary,
    BeneficiaryNotOfTheKind,
    BeneficiaryTwice,
    BeneficiaryUnclear,
    EntryDaysWrong,
    EntryIn,
    GoodsUnclear,
    LineElsewhere,
    LineIn,
    LinesDoNotAddUp,
    NoSuchLedgerKind,
    NotAPartOfThat,
    NothingToEnter,
    UnitNotOfTheKind,
)
from services.households.ledgers.kinds import KindOut, kinds_of
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.register import Household, Membership
from services.households.reach import HOUSEHOLDS
from services.kit.store.scope import scope_of, scoped
from services.kit.store.sets import among
from services.kit.web.errors import NotThere


def kind_of(session: Session, sent: EntryIn, today: date) -> KindOut:
    """Nobody writes where they hold no office."""
    if not scope_of(session).covers(sent.division):
        raise NotThere
    kind = kinds_of(session).get(sent.kind)
    if kind is None or not kind.holds(sent.division, sent.day):
        raise NoSuchLedgerKind
    refuse_contents(sent, kind, today)
    return kind


def refuse_contents(sent: EntryIn, kind: KindOut, today: date) -> None:
    if sent.unit not in kind.units:
        raise UnitNotOfTheKind
    if sent.actor and sent.actor.kind not in kind.actors:
        raise ActorNotOfTheKind
    if kind.goods != (sent.goods is not None):
        raise GoodsUnclear
    if kind.shape != "level" and not all([sent.amount, *(line.amount != 0 for line in sent.lines)]):
        raise NothingToEnter
    if sent.day > today or (sent.until and (kind.shape != "spell" or sent.until < sent.day)):
        raise EntryDaysWrong
    said = set()
    for number, line in enumerate(sent.lines):
        refuse_line(line, kind, f"lines.{number}")
        who = line.beneficiary
        same = (who and (who.kind, who.id, who.label), line.division if who is None or who.id is None else None)
        if same in said:
            raise BeneficiaryTwice(f"lines.{number}")
        said.add(same)


def refuse_line(line: LineIn, kind: KindOut, at: str) -> None:
    who = line.beneficiary
    if who is None:
        return
    if who.kind not in kind.beneficiaries:
        raise BeneficiaryNotOfTheKind(at)
    named = who.id is not None and (who.heads or (who.label and who.kind in ("household", "person")))
    nobody = who.id is None and not who.label and not who.heads and who.kind != "village"
    if named or nobody or (who.heads_precision and not who.heads):
        raise BeneficiaryUnclear(at)


def lines_of(session: Session, sent: EntryIn) -> list[LedgerLine]:
    """As they are kept. Without any, the whole is of nobody in particular."""
    homes = homes_of(session, sent)
    lines = sent.lines or [LineIn()]
    rows = []
    for number, (line, amount) in enumerate(zip(lines, amounts_of(sent.amount, lines), strict=True)):
        household, village = homes.get(line.beneficiary.id if line.beneficiary else None, (None, None))
        place = village or line.division or sent.division
        if not place.startswith(sent.division) or line.division not in (None, place):
            raise LineElsewhere(f"lines.{number}")
        who = columns_of(line.beneficiary, household)
        rows.append(LedgerLine(entry_id=sent.id, number=number, division=place, amount=amount, **who))
    return rows


def columns_of(who: Beneficiary | None, household: UUID | None) -> dict[str, Any]:
    if who is None:
        return {}
    exactly = (who.heads_precision or "exact") if who.heads else None
    said = {"beneficiary_kind": who.kind, "label": who.label, "heads": who.heads, "heads_precision": exactly}
    if household is None:
        return said | {"party_id": who.id}
    return said | {"household_id": household, "person_id": who.id if who.kind == "person" else None}


def amounts_of(whole: int, lines: Sequence[LineIn]) -> list[int]:
    """Whole parts of the sum, none lost: shared alike, the first get what cannot be shared, a smallest part each."""
    said = [line.amount for line in lines if line.amount is not None]
    if not said:
        share, left = divmod(whole, len(lines))
        said = [share + (number < left) for number in range(len(lines))]
    if len(said) != len(lines) or sum(said) != whole or (whole and not all(said)):
        raise LinesDoNotAddUp
    return said


def homes_of(session: Session, sent: EntryIn) -> Mapping[UUID | None, tuple[UUID, str]]:
    """Of each household or person that is named: the household and its village. Nobody names whom they do not reach."""
    named: dict[str, set[UUID]] = {"household": set(), "person": set()}
    for line in sent.lines:
        if line.beneficiary and line.beneficiary.id and line.beneficiary.kind in named:
            named[line.beneficiary.kind].add(line.beneficiary.id)
    homes: dict[UUID | None, tuple[UUID, str]] = {}
    if named["household"]:
        wanted = select(Household).where(among(col(Household.id), named["household"]))
        homes |= {one.id: (one.id, one.village) for one in session.scalars(scoped(session, wanted, HOUSEHOLDS))}
    if named["person"]:
        homes |= homes_of_persons(session, named["person"], sent.day)
    if not named["household"] | named["person"] <= homes.keys():
        raise NotThere
    return homes


def homes_of_persons(session: Session, persons: set[UUID], day: date) -> Mapping[UUID | None, tuple[UUID, str]]:
    """Where each was on the day; else where each was last."""
    there = col(Membership.valid).contains(day)
    wanted = (
        select(col(Membership.person_id), col(Household.id), col(Household.village))
        .join(Household, col(Household.id) == col(Membership.household_id))
        .where(among(col(Membership.person_id), persons))
        .order_by(there, col(Membership.valid))
    )
    return {person: (home, village) for person, home, village in session.execute(scoped(session, wanted, HOUSEHOLDS))}


def refuse_whole(session: Session, sent: EntryIn, kind: KindOut) -> None:
    if sent.part_of is None:
        return
    whole = session.get(LedgerEntry, sent.part_of.entry_id)
    if whole is None or not scope_of(session).covers(whole.division):
        raise NotThere
    alike = (whole.shape, whole.nature, whole.unit, whole.goods) == (kind.shape, kind.nature, sent.unit, sent.goods)
    around = sent.division.startswith(whole.division)
    gone = whole.reverses or session.scalar(select(col(LedgerEntry.id)).where(col(LedgerEntry.reverses) == whole.id))
    if not alike or not around or whole.part_of or gone or whole.id == sent.id:
        raise NotAPartOfThat
