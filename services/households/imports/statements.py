"""A file of statements: one row per household and period. A row with other amounts than before is a correction."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlmodel import Session

from services.households.facts import lock_households
from services.households.imports.upload import (
    State,
    Taken,
    Upload,
    households_numbered,
    known_household,
    refuse_earlier,
    refuse_ended,
    taken,
)
from services.households.income.items import Family
from services.households.income.periods import last_day
from services.kit.store.sets import write_set
from services.kit.web.cells import RowReader, money, month, refuse_twice
from services.kit.web.sheets import Row

AMOUNTS: Mapping[str, Family] = {
    "工资性收入(元)": Family.WAGE,
    "生产经营性收入(元)": Family.OPERATING,
    "财产性收入(元)": Family.PROPERTY,
    "转移性收入(元)": Family.TRANSFER,
    "其他收入(元)": Family.OTHER,
    "生产经营性支出(元)": Family.PRODUCTION_COST,
    "合规自付医疗支出(元)": Family.MEDICAL_SELF_PAID,
    "合规自付教育支出(元)": Family.SCHOOLING_SELF_PAID,
    "助学贷款(元)": Family.EDUCATION_LOAN,
}
# A blank expense is one nobody knows; a blank loan is none, as for a statement made by hand.
MAY_BE_BLANK = {Family.MEDICAL_SELF_PAID, Family.SCHOOLING_SELF_PAID, Family.EDUCATION_LOAN}
NOT_WHOLE = (
    "period-not-whole-months",
    "收入期间须为整月，写作 2026-10。",
    "A period is whole months; write them as 2026-10.",
)
NEVER_CHANGED: State = {}  # a correction is a new statement
HEADERS = ("户编号", "起始月", "截止月", *AMOUNTS)

# The newest statement of each household and period, so that a file sent again adds nothing. A file knows families
# alone: it says nothing new of a statement by items that comes to the same.
NEWEST = text(
    """
    WITH newest AS (
        SELECT DISTINCT ON (household_id, period_from, period_to) id, household_id, period_from, period_to
        FROM statement WHERE household_id = ANY (:households)
        ORDER BY household_id, period_from, period_to, seq DESC
    )
    SELECT household_id, period_from, period_to, newest.id, jsonb_object_agg(kind, amount) AS lines
    FROM newest CROSS JOIN LATERAL (
        SELECT kind, CAST(sum(amount) AS bigint) AS amount
        FROM statement_line WHERE statement_id = newest.id AND kind = ANY (:kinds) GROUP BY kind
    ) AS summed
    GROUP BY household_id, period_from, period_to, newest.id
    """
).bindparams(kinds=[str(kind) for kind in AMOUNTS.values()])
WRITE = text(
    """
    INSERT INTO statement (id, household_id, period_from, period_to, recorded_by, created_at)
    SELECT sent.*, :who, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:household_id AS uuid[]), CAST(:period_from AS date[]),
                CAST(:period_to AS date[])) AS sent
    """
)
WRITE_LINES = text(
    """
    INSERT INTO statement_line (statement_id, kind, amount)
    SELECT * FROM unnest(CAST(:statement_id AS uuid[]), CAST(:kind AS text[]), CAST(:amount AS bigint[]))
    """
)


def take(upload: Upload, rows: Sequence[Row]) -> Taken:
    readers = [RowReader(row) for row in rows]
    numbers = households_numbered(upload, (row.cells["户编号"] for row in rows))
    sent = [read_statement(upload, reader, known_household(reader, numbers)) for reader in readers]
    refuse_twice(readers, "户编号", [period_of(statement) for statement in sent])
    lock_households(upload.session, sorted({s["household_id"] for s in sent if s["household_id"]}))
    refuse_ended(upload, readers, [statement["household_id"] for statement in sent])
    newest = newest_statements(upload.session, sorted({s["household_id"] for s in sent if s["household_id"]}))
    said = [newest.get(period_of(statement)) for statement in sent]
    refuse_earlier(upload, readers, "户编号", [one.id if one else None for one in said])
    for statement, known in zip(sent, said, strict=True):
        statement["said_before"] = known is not None and known.lines == statement["lines"]
        statement["id"] = known.id if known and statement["said_before"] else uuid4()
    fresh = [s for reader, s in zip(readers, sent, strict=True) if not (reader.faults or s["said_before"])]
    write_statements = WRITE.bindparams(who=upload.who, now=upload.now)
    write_set(upload.session, write_statements, fresh, "id", "household_id", "period_from", "period_to")
    lines = [{"statement_id": s["id"], "kind": k, "amount": a} for s in fresh for k, a in s["lines"].items()]
    write_set(upload.session, WRITE_LINES, lines, "statement_id", "kind", "amount")
    after = {s["id"]: NEVER_CHANGED for s in fresh}
    return taken(readers, [s["id"] for s in sent], [s["household_id"] for s in fresh], {}, after)


class Newest(NamedTuple):
    id: UUID
    lines: dict[str, int]


def newest_statements(session: Session, households: Sequence[UUID]) -> dict[Any, Newest]:
    """What was said last, by household and period."""
    return {tuple(row[:3]): Newest(row[3], row[4]) for row in session.execute(NEWEST, {"households": households})}


def read_statement(upload: Upload, reader: RowReader, household_id: UUID | None) -> dict[str, Any]:
    start, end = read_period(upload, reader)
    read = {kind: reader.read(header, money, needed=kind not in MAY_BE_BLANK) for header, kind in AMOUNTS.items()}
    lines = {str(kind): amount for kind, amount in read.items() if amount is not None}
    return {"household_id": household_id, "period_from": start, "period_to": end, "lines": lines}


def read_period(upload: Upload, reader: RowReader) -> tuple[date | None, date | None]:
    """A month is also taken as its first day, as spreadsheets keep it, and the last month as its last day."""
    start = reader.read("起始月", month)
    last = reader.read("截止月", month)
    end = last_day(last) if last else None
    if start and start.day != 1:
        reader.refuse("起始月", *NOT_WHOLE)
    if last and end and last.day not in (1, end.day):
        reader.refuse("截止月", *NOT_WHOLE)
    if start and end and not (start <= end and (end - start).days <= 366):
        reader.refuse(
            "截止月",
            "period-upside-down",
            "截止月不能早于起始月，且不超过十二个月。",
            "At most twelve months, in order.",
        )
    if end and end >= upload.today:
        reader.refuse("截止月", "in-the-future", "收入期间必须已经结束。", "The period has not ended yet.")
    return start, end


def period_of(statement: Mapping[str, Any]) -> tuple[UUID, date, date] | None:
    """None when the row did not say whose, or which period."""
    household, start, end = statement["household_id"], statement["period_from"], statement["period_to"]
    return (household, start, end) if household and start and end else None
