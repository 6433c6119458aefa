"""The worker's part of a run of sheets: what each says is written down a hundred households at a time, then all are
typeset as one file. Killed anywhere, it goes on behind the last that was written down."""

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Select, delete, select
from sqlmodel import Session, col

from services.households.exports.columns import Reader
from services.households.models.register import Household
from services.households.models.sheets import PRINTED, SAID, Sheet, SheetPiece, SheetRun
from services.households.pieces import keep_file
from services.households.reach import HOUSEHOLDS
from services.households.sheets.contents import Rows
from services.households.sheets.kinds import KINDS, Kind
from services.households.sheets.pages import as_pdf, qr_of
from services.kit.post.peers import Peer
from services.kit.store.claim import fence, note_progress, work_a_job
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Asked, Binding, Scope, look_up, not_empty, within
from services.kit.store.sets import among
from services.kit.store.tables import Division
from services.kit.store.work import Loop
from services.kit.web.auth import Caller
from services.kit.web.errors import DomainError

SHEETS = "sheets"
AT_ONCE = 100  # households that are written down together, and asked of attendance
KEPT = timedelta(days=7)
ANSWERS = {"assistant": "帮扶责任人", "leader": "包户领导"}
NOTICE = "含个人信息，请妥善保管"
WALL_NOTICE = "可张贴"

Content = dict[str, Any]  # family: fields of the household; parts: title, columns, rows of each


class NobodyLeft(DomainError):
    status = 409
    zh = "所选范围内没有在册农户。"
    en = "No household of the register is left within what was asked for."


def sheets(engine: Engine, seal: Seal, attendance: Peer) -> Loop:
    """Apart from the other jobs, since a village's may take a minute."""

    def make(key: str, now: datetime) -> str | None:
        return make_run(engine, seal.pinned(), attendance, UUID(key), now)

    return Loop("sheets", lambda now: work_a_job(engine, {SHEETS: make}, now), idle=0.1, slowest=0.5)


def make_run(engine: Engine, seal: Seal, attendance: Peer, run_id: UUID, now: datetime) -> str | None:
    """Answers why nothing was made: the office of whoever asked has ended, or nobody lives there any more."""
    try:
        while write_down_some(engine, seal, attendance, run_id, now):
            pass
        content = typeset(engine, seal, run_id, now)
    except DomainError as refused:
        return finish(engine, seal, run_id, now, b"", refused.code())
    return finish(engine, seal, run_id, now, content, None)


def write_down_some(engine: Engine, seal: Seal, attendance: Peer, run_id: UUID, now: datetime) -> bool:
    """Of those that have no sheet of this run yet, the next by their number. A sheet takes the place of the one that
    stood for the household."""
    with open_session(engine) as session, session.begin():
        run = session.get_one(SheetRun, run_id, with_for_update=True)
        homes = session.scalars(left_over(run, reach_of_asker(session, run, now)).limit(AT_ONCE)).all()
        if run.done_at or not homes:
            return False
        reader = Reader(session, seal, Caller(run.asked_by, frozenset(), frozenset(), ""), now)
        told = contents_of(reader, KINDS[run.kind], run.wall, homes, whom_to_call(attendance, homes))
        issued = [issue(seal, run, home, told[home.id], now) for home in homes]
        session.add_all(issued)
        session.flush()
        take_the_place(session, run, issued)
        run.made += len(issued)
        session.flush()
        note_progress(session, SHEETS, str(run.id), min(90, 90 * run.made // max(run.households, run.made)))
        fence(session)
    return True


def reach_of_asker(session: Session, run: SheetRun, now: datetime) -> Scope:
    """Of today, not of the day it was asked for."""
    asked = Asked(run.asked_by, frozenset(run.roles))
    return not_empty(look_up(session.connection(), asked, Binding(lambda: asked, now.date(), bound=False)))


def left_over(run: SheetRun, scope: Scope) -> Select[Household]:
    had = select(col(Sheet.household_id)).where(col(Sheet.run_id) == run.id)
    return chosen(run, scope).where(col(Household.id).not_in(had)).order_by(col(Household.number))


def chosen(run: SheetRun, scope: Scope) -> Select[Household]:
    wanted = select(Household).where(within(scope, HOUSEHOLDS), col(Household.ended_on).is_(None))
    if run.household_id:
        return wanted.where(col(Household.id) == run.household_id)
    return wanted.where(col(Household.village) == run.village)


def whom_to_call(attendance: Peer, homes: Sequence[Household]) -> Mapping[UUID, Rows]:
    """By household, as attendance knows it today."""
    rows: dict[UUID, Rows] = defaultdict(list)
    for one in attendance.get("/v1/services/attendance/answering-cadres", household=[str(h.id) for h in homes]):
        rows[UUID(one["household_id"])].append([ANSWERS[one["kind"]], one["name"], one["unit"], one["mobile"]])
    return rows


def contents_of(
    reader: Reader, kind: Kind, wall: bool, homes: Sequence[Household], to_call: Mapping[UUID, Rows]
) -> Mapping[UUID, Content]:
    """What the sheets say today: a statement for each part, for all of them."""
    parts = {key: part for key, part in kind.parts.items() if not wall or key in kind.wall}
    rows = {key: part.rows(reader, homes) if part.rows else to_call for key, part in parts.items()}
    called = names_of_places(reader.session, homes)
    return {
        h.id: {
            "family": {
                "head": h.head_name, "household": h.number, "village": called.get(h.village, h.village),
                "group": h.group_name,
            },
            "parts": {
                key: {"title": part.title, "columns": list(part.columns), "rows": rows[key].get(h.id, [])}
                for key, part in parts.items()
            },
        }
        for h in homes
    }  # fmt: skip


def names_of_places(session: Session, homes: Sequence[Household]) -> Mapping[str, str]:
    found = select(Division).where(among(col(Division.code), list({h.village for h in homes})))
    return {place.code: place.name for place in session.scalars(found.order_by(col(Division.code)))}


def issue(seal: Seal, run: SheetRun, home: Household, content: Content, now: datetime) -> Sheet:
    written = json.dumps(content | {"salt": secrets.token_hex(16)}, ensure_ascii=False)
    sheet = Sheet(
        **run.model_dump(include={"kind", "wall", "paper"}),
        run_id=run.id,
        household_id=home.id,
        village=home.village,
        issued_on=now.date(),
        issued_by=run.asked_by,
        sealed_content=b"",
        digest=sha256(written.encode()).hexdigest(),
        created_at=now,
    )
    sheet.sealed_content = seal.close(written, SAID.place(sheet.id))
    return sheet


def take_the_place(session: Session, run: SheetRun, issued: Sequence[Sheet]) -> None:
    newer = {sheet.household_id: sheet.id for sheet in issued}
    stood = select(Sheet).where(
        among(col(Sheet.household_id), list(newer)),
        col(Sheet.kind) == run.kind,
        col(Sheet.wall) == run.wall,
        col(Sheet.replaced_by).is_(None),
        col(Sheet.run_id) != run.id,
    )
    for sheet in session.scalars(stood.with_for_update()):
        sheet.replaced_by = newer[sheet.household_id]


def typeset(engine: Engine, seal: Seal, run_id: UUID, now: datetime) -> bytes:
    with open_session(engine) as session:
        run = session.get_one(SheetRun, run_id)
        mine = session.scalars(select(Sheet).where(col(Sheet.run_id) == run_id).order_by(col(Sheet.serial))).all()
        if not mine:
            raise NobodyLeft
        return as_pdf(to_print(seal, run.kind, run.paper, mine), run.created_at)


def to_print(seal: Seal, kind_key: str, paper: str, issued: Sequence[Sheet]) -> Mapping[str, Any]:
    """As the template reads it. A wide table lies across."""
    kind = KINDS[kind_key]
    wide = max(len(part.columns) for part in kind.parts.values()) > 8
    printed = [one_printed(sheet, said(seal, sheet)) for sheet in issued]
    return {"title": kind.title, "paper": paper, "wide": wide, "signed": kind.signed, "sheets": printed}


def one_printed(sheet: Sheet, content: Content) -> Content:
    number, family = number_of(sheet), content["family"]
    return {
        **family,
        "number": number,
        "qr": qr_of(number),
        "issued_on": sheet.issued_on.isoformat(),
        "digest": sheet.digest,
        "notice": WALL_NOTICE if sheet.wall else NOTICE,
        "parts": list(content["parts"].values()),
    }


def said(seal: Seal, sheet: Sheet) -> Content:
    content: Content = json.loads(seal.open(sheet.sealed_content, SAID.place(sheet.id)))
    return content


def number_of(sheet: Sheet) -> str:
    return f"{KINDS[sheet.kind].letter}-{sheet.issued_on.year}-{sheet.serial:07}"


def finish(engine: Engine, seal: Seal, run_id: UUID, now: datetime, content: bytes, problem: str | None) -> str | None:
    with open_session(engine) as session, session.begin():
        over = select(col(SheetRun.id)).where(col(SheetRun.done_at) < now - KEPT)
        session.execute(delete(SheetPiece).where(col(SheetPiece.run_id).in_(over)))
        run = session.get_one(SheetRun, run_id, with_for_update=True)
        if run.done_at is None:
            run.done_at, run.problem = now, problem
            keep_file(session, seal, PRINTED, SheetPiece, content, run_id=run.id)
        session.flush()
        fence(session)
        return run.problem
