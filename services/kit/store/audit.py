"""Who did what, when and with what outcome: lines chained by SHA-256 in the last statement before COMMIT.

A chain belongs to a slot (a process by its service, kind and number), so that processes never wait for each other's
head; two that share one take turns by the head's row. A change and its line are one transaction: neither is without
the other.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from sqlalchemy import BigInteger, Index, Text, event, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, Session

from services.kit.store.tables import Kit, instant

SLOT = "audit_slot"  # an option of the engine
WAITING = "audit_lines"  # in Session.info
LONGEST = 200  # characters of a text of a line
LONGEST_DETAIL = 4000  # an endpoint says a few counts; to reach this would be a mistake of ours
APPEND = text("SELECT audit_append(:slot, CAST(:lines AS jsonb))")
APPEND_PLAIN: LiteralString = "SELECT audit_append(%(slot)s, CAST(%(lines)s AS jsonb))"  # for the driver itself

Detail = Mapping[str, str | int]


class Audit(Kit, table=True):
    """One line of a slot's chain. `hash` = SHA-256 of the line before (32 zero bytes at first) and of this one's
    canonical text (cli/audit_chain.py). `status` is that of the answer; 0 where nobody was answered."""

    __table_args__ = (
        Index("audit_at", "at", "slot", "seq"),
        Index("audit_actor", "actor", "at"),
        Index("audit_objects", "objects", postgresql_using="gin", postgresql_where="objects <> '{}'"),
    )

    slot: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = instant()
    actor: str
    rights: str
    action: str
    objects: list[str] = Field(sa_type=ARRAY(Text))
    division: str
    status: int
    code: str
    request_id: str
    source: str
    detail: str
    hash: bytes


class AuditHead(Kit, table=True):
    """Where a chain ends: the row its writers lock."""

    __tablename__ = "audit_head"

    slot: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    hash: bytes


class AuditSigned(Kit, table=True):
    """All heads of an hour, signed together. What a copy of it elsewhere says cannot be made undone here."""

    __tablename__ = "audit_signed"

    hour: datetime = instant(primary_key=True)
    statement: str
    signature: bytes


@dataclass(frozen=True)
class Line:
    """`rights`: the roles or scopes of the actor. `objects`: ids. `detail`: keys and counts, never a person's value."""

    at: datetime
    actor: str
    action: str
    rights: str = ""
    objects: Sequence[str] = ()
    division: str = ""
    status: int = 0
    code: str = ""
    request_id: str = ""
    source: str = ""
    detail: Detail = field(default_factory=dict)


def note(session: Session, line: Line) -> None:
    """It is written when the session commits, and gone if that does not happen."""
    session.info.setdefault(WAITING, []).append(line)


def note_own(session: Session, action: str, now: datetime, *objects: object, division: str = "", **detail: int) -> None:
    """What a worker did by itself, and nobody asked for at that moment."""
    actor = f"process:{slot_of(session)}"
    note(session, Line(now, actor, action, objects=[str(one) for one in objects], division=division, detail=detail))


def slot_of(session: Session) -> str:
    return str(session.get_bind().get_execution_options().get(SLOT, "unnamed"))


def chain_lines(session: Session) -> None:
    """The statement flushes what still waits, and nothing but COMMIT comes after it, so the head is held briefly."""
    if session.in_nested_transaction() or not session.info.get(WAITING):
        return
    lines: list[Line] = session.info.pop(WAITING)
    session.execute(APPEND, {"slot": slot_of(session), "lines": json.dumps([as_json(line) for line in lines])})


def forget_lines(session: Session) -> None:
    session.info.pop(WAITING, None)


def as_json(line: Line) -> dict[str, object]:
    detail = json.dumps(dict(line.detail), sort_keys=True, ensure_ascii=False)
    told = vars(line) | {"at": line.at.isoformat(), "objects": [plain(one) for one in line.objects]}
    return {key: plain(one) if isinstance(one, str) else one for key, one in told.items()} | {
        "detail": plain(detail, LONGEST_DETAIL)
    }


def plain(said: str, longest: int = LONGEST) -> str:
    """A database text holds no NUL and no half character, and a line stays short."""
    return said.replace("\0", "").encode("utf-8", "replace").decode()[:longest]


event.listen(Session, "before_commit", chain_lines)
event.listen(Session, "after_rollback", forget_lines)
