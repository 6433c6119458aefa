"""What ledgers come to: in all and by kind, place, actor, beneficiary or fund; what is doubtful is told both ways.

Only amounts of one shape, nature, unit and thing are added, and of levels only those of one kind. What happened on the
days of the period is added up; what lasts is counted as of the last day, and of what stands so the last one counts.
What is part of another entry is not added to it: where the whole is counted the part is not.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from sqlalchemy import CTE, ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from services.households.ledgers.contents import ActorIn, Division
from services.households.ledgers.entries import LINES
from services.households.ledgers.terms import KindKey, Nature, Party, Precision, Shape, UnitKey, together
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.policy import allow
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay, WrittenMoment

router = APIRouter(prefix="/v1/ledger-totals", tags=["ledgers"])

By: TypeAlias = Literal["kind", "nature", "division", "actor", "beneficiary", "fund_source"]
Text: TypeAlias = Annotated[str | None, Query(min_length=1, max_length=100)]


class HeadsOut(BaseModel):
    """`named`: how many different ones, of how many `households`; `stated`: how many more without names, and how
    exactly that is known."""

    kind: Party
    named: int
    households: int
    stated: int
    precision: Precision


class TotalOut(BaseModel):
    """`amount` counts what may be part of another entry beside it, `amount_within` within it: without a doubt they are
    equal. A level always tells its `kind`; which else of `kind`, `division`, `actor`, `beneficiary`, `fund_source` is
    told hangs on `by`."""

    kind: str | None = None
    division: str | None = None
    actor: ActorIn | None = None
    beneficiary_kind: Party | None = None
    label: str | None = None
    fund_source: str | None = None
    shape: Shape
    nature: Nature
    unit: str
    goods: str | None
    entries: int
    amount: int
    amount_within: int
    precision: Precision
    heads: list[HeadsOut]


class LedgerTotalsOut(BaseModel):
    """By key, in no order of merit. A part counts in each group without its whole: groups need not add up."""

    division: str
    day_from: date | None
    day_to: date
    known_at: datetime | None
    totals: list[TotalOut]


class TotalsUpsideDown(DomainError):
    zh = "截止日不能早于起始日。"
    en = "A period ends on or after the day it begins."


KEYS: Mapping[By, Sequence[tuple[str, Any]]] = {
    "kind": [("kind", LedgerEntry.kind)],
    "nature": [],
    "division": [("division", LedgerLine.division)],
    "actor": [("actor_kind", LedgerEntry.actor_kind), ("actor_id", LedgerEntry.actor_id),
              ("actor_label", LedgerEntry.actor_label)],
    "beneficiary": [("beneficiary_kind", LedgerLine.beneficiary_kind), ("label", LedgerLine.label)],
    "fund_source": [("fund_source", LedgerEntry.fund_source)],
}  # fmt: skip
# Levels of two kinds are not added either: the members of the party are no cooperative's.
OF_LEVEL = case((col(LedgerEntry.shape) == "level", LedgerEntry.kind))
ALIKE: Sequence[tuple[str, Any]] = [
    *((name, getattr(LedgerEntry, name)) for name in ("shape", "nature", "unit", "goods")), ("level_of", OF_LEVEL),
]  # fmt: skip
WHO = func.coalesce(LedgerLine.person_id, LedgerLine.household_id, LedgerLine.party_id)
# Of whom a level is, wherever they live and whatever they are called since: its last one counts for each of these.
SERIES: Sequence[Any] = [
    LedgerEntry.kind, LedgerEntry.unit, LedgerEntry.goods, LedgerEntry.actor_kind, LedgerEntry.actor_id,
    case((col(LedgerEntry.actor_id).is_(None), LedgerEntry.actor_label)), LedgerLine.beneficiary_kind, WHO,
    case((WHO.is_(None), LedgerLine.division)), case((WHO.is_(None), LedgerLine.label)),
]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Of which entries; what is not said is not asked."""

    kind: KindKey | None = None
    nature: Nature | None = None
    unit: UnitKey | None = None
    goods: Text = None
    actor_kind: Party | None = None
    actor_id: UUID | None = None
    actor_label: Text = None
    fund_source: Text = None
    beneficiary_kind: Party | None = None
    label: Text = None
    household_id: UUID | None = None
    person_id: UUID | None = None


@router.get("", dependencies=[allow("ledger:read")])
def get_ledger_totals(
    session: SessionDep,
    today: Today,
    division: Division,
    asked: Annotated[Asked, Depends()],
    by: Annotated[By, Query(title="分组")] = "kind",
    day_from: Annotated[WrittenDay | None, Query(title="起始日")] = None,
    day_to: Annotated[WrittenDay | None, Query(title="截止日（缺省为今天）")] = None,
    known_at: Annotated[WrittenMoment | None, Query(title="截至何时所知")] = None,
) -> LedgerTotalsOut:
    """As far as the caller sees the place: two statements for any number."""
    last = day_to or today
    if day_from and last < day_from:
        raise TotalsUpsideDown
    held = those_held(session, division, asked, by, last, known_at)
    totals = totals_of(session, those_counted(held, by, day_from, last), by)
    return LedgerTotalsOut(division=division, day_from=day_from, day_to=last, known_at=known_at, totals=totals)


def those_held(session: Session, division: str, asked: Asked, by: By, last: date, known_at: datetime | None) -> CTE:
    """The lines that were there on the last day. `gone`: of an entry reversed by then, or of a reversal; `place`: the
    newest of its series is the first."""
    reversal = aliased(LedgerEntry)
    undone = select(col(reversal.id)).where(col(reversal.reverses) == col(LedgerEntry.id), col(reversal.day) <= last)
    undone = undone.where(col(reversal.recorded_at) <= known_at) if known_at else undone
    gone = or_(col(LedgerEntry.reverses).is_not(None), exists(undone.correlate(LedgerEntry)))
    newest = (col(LedgerEntry.day).desc(), col(LedgerEntry.recorded_at).desc(), col(LedgerEntry.id).desc())
    columns = dict([*ALIKE, *KEYS[by]])
    wanted: Select[*tuple[Any, ...]] = (
        select(
            *(column.label(name) for name, column in columns.items()),
            *(col(one) for one in (LedgerEntry.day, LedgerEntry.until, LedgerEntry.precision, LedgerEntry.reverses)),
            *(col(one) for one in (LedgerEntry.part_of, LedgerEntry.part_certain, LedgerLine.entry_id)),
            *(col(one) for one in (LedgerLine.amount, LedgerLine.heads, LedgerLine.heads_precision)),
            col(LedgerLine.household_id),
            col(LedgerLine.beneficiary_kind).label("whom"),
            WHO.label("who"),
            gone.label("gone"),
            func.row_number().over(partition_by=[*SERIES, gone], order_by=newest).label("place"),
        )
        .join(LedgerEntry, col(LedgerEntry.id) == col(LedgerLine.entry_id))
        .where(col(LedgerLine.division).startswith(division), col(LedgerEntry.day) <= last, *conditions(asked))
    )
    wanted = wanted.where(col(LedgerEntry.recorded_at) <= known_at) if known_at else wanted
    return scoped(session, wanted, LINES).cte("held")


def conditions(asked: Asked) -> list[ColumnElement[bool]]:
    said = {name: value for name, value in asdict(asked).items() if value is not None}
    return [getattr(LedgerEntry if hasattr(LedgerEntry, name) else LedgerLine, name) == said[name] for name in said]


def those_counted(held: CTE, by: By, first: date | None, last: date) -> CTE:
    """`part` and `doubtful`: of an entry whose whole is counted too."""
    happened = held.c.shape == "event" if first is None else and_(held.c.shape == "event", held.c.day >= first)
    goes_on = or_(held.c.until.is_(None), held.c.until >= last)
    lasts = and_(held.c.shape == "spell", ~held.c.gone, goes_on)
    stands = and_(held.c.shape == "level", ~held.c.gone, held.c.place == 1)
    counted = select(held).where(or_(happened, lasts, stands)).cte("counted")
    whole = counted.alias("whole")
    same = [whole.c[name].is_not_distinct_from(counted.c[name]) for name, _ in KEYS[by]]
    inside = exists(select(whole.c.entry_id).where(whole.c.entry_id == counted.c.part_of, ~whole.c.gone, *same))
    within = and_(counted.c.part_of.is_not(None), inside)
    part, doubtful = and_(within, counted.c.part_certain), and_(within, ~counted.c.part_certain)
    return select(counted, part.label("part"), doubtful.label("doubtful")).cte("told")


def totals_of(session: Session, told: CTE, by: By) -> list[TotalOut]:
    names = [name for name, _ in KEYS[by]] + [name for name, _ in ALIKE]
    keys = [told.c[name] for name in names]
    apart = func.coalesce(told.c.part, False).is_(False)
    surely = and_(apart, func.coalesce(told.c.doubtful, False).is_(False))
    sums = (
        select(
            *keys,
            func.count(told.c.entry_id.distinct()).filter(apart, ~told.c.gone).label("entries"),
            func.coalesce(func.sum(told.c.amount).filter(apart), 0).label("amount"),
            func.coalesce(func.sum(told.c.amount).filter(surely), 0).label("amount_within"),
            func.array_agg(told.c.precision.distinct()).filter(apart).label("marks"),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    heads = heads_of(session, told, keys, apart)
    rows = session.execute(sums.having(func.bool_or(apart))).mappings()
    return [total_of(row, heads[tuple(row[name] for name in names)]) for row in rows]


def heads_of(
    session: Session, told: CTE, keys: Sequence[Any], apart: ColumnElement[bool]
) -> Mapping[tuple[Any, ...], list[HeadsOut]]:
    """Who came twice is one; of those without names nobody knows."""
    counted = (
        select(
            *keys, told.c.whom, func.count(told.c.who.distinct()), func.count(told.c.household_id.distinct()),
            func.coalesce(func.sum(told.c.heads), 0),
            func.array_agg(told.c.heads_precision.distinct()).filter(told.c.heads_precision.is_not(None)),
        )
        .where(told.c.whom.is_not(None), apart, ~told.c.gone)
        .group_by(*keys, told.c.whom)
        .order_by(*keys, told.c.whom)
    )  # fmt: skip
    found: dict[tuple[Any, ...], list[HeadsOut]] = defaultdict(list)
    for *key, whom, named, homes, stated, marks in session.execute(counted):
        if named or stated:
            said = {"kind": whom, "named": named, "households": homes, "stated": stated}
            found[tuple(key)].append(HeadsOut.model_validate(said | {"precision": together(marks or ())}))
    return found


def total_of(row: Mapping[Any, Any], heads: list[HeadsOut]) -> TotalOut:
    said = dict(row) | {"heads": heads, "precision": together(row["marks"] or ())}
    said["kind"] = said.get("kind") or row["level_of"]
    if said.get("actor_kind"):
        said["actor"] = {"kind": row["actor_kind"], "id": row["actor_id"], "label": row["actor_label"]}
    return TotalOut.model_validate(said)
