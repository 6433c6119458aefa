"""The worker's part of an export: rows read as whoever asked sees them today, written to a file that is kept sealed."""

from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from sqlalchemy import Engine, delete, select, text
from sqlmodel import Session, col

from services.households.exports.columns import Reader
from services.households.exports.help_columns import offered
from services.households.exports.kinds import KINDS
from services.households.exports.lists import Chosen
from services.households.exports.sheets import as_csv, as_xlsx
from services.households.models.exports import FILE, Export, ExportPiece
from services.households.pieces import keep_file
from services.households.search.filters import HouseholdFilter
from services.kit.store.claim import fence, work_a_job
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Asked, Binding, look_up, not_empty
from services.kit.store.work import Loop
from services.kit.web.auth import Caller
from services.kit.web.errors import DomainError

EXPORT = "export"
KEPT = timedelta(days=7)


class MoreRowsThanAskedFor(DomainError):
    status = 409
    zh = "现有行数已超过申请时的行数，请重新申请导出。"
    en = "There are more rows by now than when it was asked for. Ask for it anew."


def exports(engine: Engine, seal: Seal) -> Loop:
    """Apart from the other jobs, since a file may take minutes."""

    def make(key: str, now: datetime) -> str | None:
        return make_file(engine, seal.pinned(), UUID(key), now)

    return Loop("exports", lambda now: work_a_job(engine, {EXPORT: make}, now), idle=0.1, slowest=0.5)


def make_file(engine: Engine, seal: Seal, export_id: UUID, now: datetime) -> str | None:
    """Killed anywhere, it is begun anew. Answers why nothing was made: the office of whoever asked has ended, or there
    are more rows by now than were asked for and agreed to."""
    try:
        content = table_of(engine, seal, export_id, now)
    except DomainError as refused:
        return finish(engine, seal, export_id, now, problem=refused.code())
    return finish(engine, seal, export_id, now, content=content)


def table_of(engine: Engine, seal: Seal, export_id: UUID, now: datetime) -> bytes:
    """Read as of one moment. It locks nothing, so nobody waits for it while a large workbook is packed."""
    with open_session(engine) as session, session.begin():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        export = session.get_one(Export, export_id)
        asked = Asked(export.asked_by, frozenset(export.roles))
        scope = not_empty(look_up(session.connection(), asked, Binding(lambda: asked, now.date(), bound=False)))
        caller = Caller(export.asked_by, frozenset(), frozenset(export.rights), "")
        kind, chosen = KINDS[export.kind], Chosen(session, scope, filter_of(export), caller)
        if kind.count(chosen) > export.rows:
            raise MoreRowsThanAskedFor
        reader = Reader(session, seal, caller, now)
        rows = chain.from_iterable(kind.rows(reader, page) for page in kind.pages(chosen))
        if export.format == "csv":
            return as_csv(kind.headers, rows, mark_of(export, now))
        return as_xlsx(kind.headers, offered(session, scope, kind.choices), rows, mark_of(export, now))


def finish(
    engine: Engine, seal: Seal, export_id: UUID, now: datetime, content: bytes = b"", problem: str | None = None
) -> str | None:
    with open_session(engine) as session, session.begin():
        drop_old(session, now)
        export = session.get_one(Export, export_id, with_for_update=True)
        if export.done_at is None:
            export.done_at, export.problem = now, problem
            keep_file(session, seal, FILE, ExportPiece, content, export_id=export.id)
        session.flush()
        fence(session)
        return export.problem


def mark_of(export: Export, now: datetime) -> str:
    return f"导出编号 {export.number} · 导出账号 {export.asked_by} · {now:%Y-%m-%d %H:%M} · 含个人信息，严禁外传"


def filter_of(export: Export) -> HouseholdFilter:
    return HouseholdFilter.model_validate(export.model_dump(include=set(HouseholdFilter.model_fields)))


def drop_old(session: Session, now: datetime) -> None:
    over = select(col(Export.id)).where(col(Export.done_at) < now - KEPT)
    session.execute(delete(ExportPiece).where(col(ExportPiece.export_id).in_(over)))
