"""First answers, kept in the transaction of their write and told again to whoever repeats it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope
from services.kit.store.tables import Repeat

PATIENCE = "5s"  # for a copy under way in another process; after that the caller is asked to come again
PRUNED_AT_ONCE = 5_000

FORGET = text(
    "DELETE FROM repeat WHERE (subject, operation, key) IN (SELECT subject, operation, key FROM repeat"
    " WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
)
SUBJECTS = text(
    "SELECT md5(coalesce(string_agg(subject::text, ' ' ORDER BY subject), '')) FROM shouwang_subjects() AS subject"
)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Turn:
    """One write under its key: who asks for what, and what the caller's grants reach. `key` and `request` are
    keyed hashes."""

    subject: str
    operation: str
    key: bytes
    request: bytes
    reach: str

    @property
    def place(self) -> str:
        """To which the sealed answer is bound."""
        return f"repeat.sealed_answer:{self.subject}:{self.operation}:{self.key.hex()}"


@dataclass(frozen=True)
class Known:
    """What was answered under a key, and whether to the same request, asked with the same reach."""

    answer: Answer
    same_request: bool
    same_reach: bool


def reach_of(session: Session) -> str:
    """The same words while the caller's grants reach the same places and the same subjects."""
    session.connection()
    scope: Scope | None = session.info.get("scope")
    if scope is None:
        return ""  # of an operation that asks for no right
    held = (scope.divisions, scope.sets, scope.units, scope.departments, scope.figures)
    subjects = session.execute(SUBJECTS).scalar_one() if scope.sets else ""
    return " ".join([*(",".join(sorted(map(str, places))) for places in held), subjects])


def wait_for_turn(session: Session, turn: Turn) -> None:
    """Until whoever has the same key in another process has committed or failed. Held until this transaction ends."""
    session.execute(text("SELECT set_config('lock_timeout', :patience, true)"), {"patience": PATIENCE})
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 0))"), {"place": turn.place})
    session.execute(text("SELECT set_config('lock_timeout', '0', true)"))


def first_answer(session: Session, seal: Seal, turn: Turn, now: datetime) -> Known | None:
    """None when nothing was answered under this key, or long ago."""
    row = session.scalar(
        select(Repeat).where(
            col(Repeat.subject) == turn.subject,
            col(Repeat.operation) == turn.operation,
            col(Repeat.key) == turn.key,
            col(Repeat.expires_at) > now,
        )
    )
    if row is None:
        return None
    told = json.loads(seal.open(row.sealed_answer, turn.place))
    headers = [(name, value) for name, value in told["headers"]]
    answer = Answer(row.status, headers, base64.b64decode(told["body"]))
    return Known(answer, row.request == turn.request, told.get("reach") == turn.reach)


def keep_answer(session: Session, seal: Seal, turn: Turn, answer: Answer, now: datetime, until: datetime) -> None:
    body = base64.b64encode(answer.body).decode()
    told = json.dumps({"headers": list(answer.headers), "body": body, "reach": turn.reach})
    kept = {
        "request": turn.request,
        "status": answer.status,
        "sealed_answer": seal.close(told, turn.place),
        "created_at": now,
        "expires_at": until,
    }
    write = insert(Repeat).values(subject=turn.subject, operation=turn.operation, key=turn.key, **kept)
    session.execute(write.on_conflict_do_update(index_elements=["subject", "operation", "key"], set_=kept))


def forget_answers(engine: Engine, now: datetime) -> int:
    """Those whose time is over, some at a time. How many."""
    with open_session(engine) as session, session.begin():
        forgotten: int = session.execute(FORGET, {"now": now, "limit": PRUNED_AT_ONCE}).rowcount  # type: ignore[attr-defined]
        return forgotten
