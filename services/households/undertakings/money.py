"""What the ledger entries come to that name an undertaking, and what an entry must be to name it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, cast, extract, func, select
from sqlmodel import Session, col

from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.undertakings import Undertaking
from services.households.undertakings.contents import EntryOfAnother, Paid
from services.kit.store.scope import scope_of
from services.kit.web.errors import NotThere

OF_LOANS = ("principal", "repaid", "given")  # what was lent, paid back, or given towards the interest


def paid_of(session: Session, ids: Sequence[UUID], day: date) -> Mapping[UUID, list[Paid]]:
    """In fen alone, until the day; what was reversed by then comes to nothing."""
    entry, year = LedgerEntry, cast(extract("year", col(LedgerEntry.day)), Integer)
    keys: list[Any] = [col(entry.undertaking_id), year, col(entry.nature), col(entry.fund_source)]
    wanted = (
        select(*keys[:1], year.label("year"), *keys[2:], func.sum(entry.amount).label("amount"))
        .where(col(entry.undertaking_id).in_(ids), col(entry.unit) == "fen", col(entry.day) <= day)
        .group_by(*keys)
        .order_by(*keys)
    )
    found: dict[UUID, list[Paid]] = defaultdict(list)
    for row in session.execute(wanted).mappings():
        if row["amount"]:
            found[row["undertaking_id"]].append(Paid.model_validate({name: row[name] for name in Paid.model_fields}))
    return found


def refuse_undertaking(session: Session, entry: LedgerEntry, lines: Sequence[LedgerLine]) -> None:
    """An entry lies where its project lies, or has a line of its household."""
    if entry.undertaking_id is None:
        return
    of = session.get(Undertaking, entry.undertaking_id)
    if of is None or not scope_of(session).covers(of.division):
        raise NotThere
    here = entry.division.startswith(of.division) if of.kind == "project" else False
    mine = any(line.household_id == of.household_id for line in lines) if of.household_id else False
    fits = of.kind != "loan" or entry.nature in OF_LOANS
    if not (here or mine) or not fits or entry.day < of.since:
        raise EntryOfAnother
