"""A feed that rises, falls, repeats, changes its unit and comes in another order, answered meanwhile or not: one clue,
one task, its true history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, and_, select, text
from sqlmodel import Session, col

from services.alerts.clues.answering import answer
from services.alerts.clues.current import judge
from services.alerts.clues.rows import FEN, NotTold, Reader, Told, read_lines
from services.alerts.clues.storing import store_part
from services.alerts.clues.withdrawing import withdraw_batch
from services.alerts.models.clues import Clue, ClueAnswer, ClueBatch, ClueKind, ClueReading
from services.alerts.models.facts import HouseholdFacts
from services.alerts.models.tasks import Task, TaskReason
from services.alerts.tasks.later import FOLD, folds
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.alerts.clues.sending import HOME, costs
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.conftest import NOW, TODAY

FIRST, LINE = date(2026, 1, 31), 2_000_000
READER = {"county": COUNTY, "kinds": frozenset({"medical_self_pay"}), "needing": frozenset(), "oldest": FIRST}


@dataclass(frozen=True)
class Sent:
    """What the department says of one month: the amount in fen, and the unit it writes it in."""

    month: int
    amount: int
    unit: str

    @property
    def day(self) -> date:
        return FIRST + timedelta(days=28 * self.month)

    again: str = ""  # told once more, under another id

    def row(self) -> dict[str, object]:
        written = f"{Decimal(self.amount) / FEN[self.unit]:f}"
        return costs(written, self.day.isoformat(), self.unit, record_id=f"M-{self.month}{self.again}")


@dataclass(frozen=True)
class Dismissed:
    """What an office had before it."""

    amount: int
    over: bool


months = st.lists(
    st.builds(
        Sent,
        month=st.integers(0, 9),
        amount=st.integers(0, 400).map(lambda hundreds: hundreds * 10_000),
        unit=st.sampled_from(sorted(FEN)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda sent: sent.month,
)


@given(feed=months, data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_it_is_one_clue_and_one_task_with_a_true_history(
    engines: dict[str, Engine], clean: None, seal: Seal, feed: list[Sent], data: st.DataObject
) -> None:
    """Batches may come in any order and twice, in other units and under other ids; one that was a mistake is withdrawn
    and leaves no trace in the figures, nor does one of two that say the same. Folded after each, somebody is sent while
    it is over its threshold, and once; an office that dismisses it is left alone until it has risen."""
    engine = engines["alerts"]
    start_anew(engine)
    repeated = data.draw(st.lists(st.sampled_from(feed), max_size=3))
    others = st.builds(Sent, st.none(), st.none(), st.sampled_from(sorted(FEN)), st.sampled_from(("", "-again")))
    again = [replace(data.draw(others), month=one.month, amount=one.amount) for one in repeated]
    said = data.draw(st.permutations([*feed, *again]))
    answered_after = data.draw(st.none() | st.integers(0, len(said) - 1))
    dismissed = None
    for number, one in enumerate(said):
        take(engine, seal, [one])
        if number == answered_after:
            dismissed = dismiss(engine)
    wrong = data.draw(st.none() | st.integers(0, 9))
    if wrong is not None:
        same = next((one for one in feed if one.month == wrong), None)
        mistaken = take(engine, seal, [same or Sent(wrong, LINE * 2, "元")])
        with open_session(engine) as session, session.begin():
            withdraw_batch(session, session.get_one(ClueBatch, mistaken.id), NOW)
        fold(engine)
    check(engine, sorted(feed, key=lambda one: one.month), said, dismissed)


def check(engine: Engine, feed: Sequence[Sent], said: Sequence[Sent], dismissed: Dismissed | None) -> None:
    """Each saying is kept; what is said twice is one figure."""
    newest = feed[-1]
    with open_session(engine) as session:
        (clue,) = session.scalars(select(Clue)).all()
        stands = select(ClueReading).where(col(ClueReading.withdrawn_at).is_(None))
        readings = [(one.data_on, one.amount, one.record_id) for one in session.scalars(stands)]
        assert sorted(readings) == sorted((one.day, one.amount, one.row()["record_id"]) for one in said)
        assert (clue.data_on, clue.amount) == (newest.day, newest.amount)
        assert clue.record_id in {one.row()["record_id"] for one in said if one.month == newest.month}
        over = newest.amount >= LINE
        assert clue.level == ("over" if over else "below")
        news = dismissed is None or (over and (not dismissed.over or newest.amount > dismissed.amount))
        assert clue.state == ("matched" if news else "dismissed")
        waits = [(HOME, clue.id)] if over and news else []
        assert [(task.subject, source) for task, source in open_tasks(session)] == waits
        if clue.state == "dismissed":
            assert {one.row()["record_id"] for one in said} <= heard(session)


def heard(session: Session) -> set[str]:
    """Ids under which the department has been told an answer."""
    return {record for records in session.scalars(select(col(ClueAnswer.records))) for record in records}


def dismiss(engine: Engine) -> Dismissed:
    with open_session(engine) as session, session.begin():
        (clue,) = session.scalars(select(Clue).with_for_update()).all()
        answer(session, [clue], "dismissed", "too_small", None, NOW)
        then = Dismissed(clue.amount or 0, clue.level == "over")
    fold(engine)
    return then


def open_tasks(session: Session) -> Sequence[tuple[Task, UUID]]:
    """With each of their open reasons."""
    of_a_task = (col(TaskReason.task_id) == col(Task.id), col(TaskReason.ended_at).is_(None))
    joined = select(Task, col(TaskReason.source_id)).outerjoin(TaskReason, and_(*of_a_task))
    return [(task, source) for task, source in session.execute(joined.where(col(Task.closed_at).is_(None)))]


def fold(engine: Engine) -> None:
    """As the worker's job does: nothing is to be done a second time."""
    for _ in range(2):
        before = folded(engine)
        folds(engine)[FOLD](COUNTY, NOW)
    assert folded(engine) == before


def folded(engine: Engine) -> Sequence[tuple[UUID, int]]:
    with open_session(engine) as session:
        return [(one.id, one.version) for one in session.scalars(select(Task).order_by(col(Task.id)))]


def take(engine: Engine, seal: Seal, feed: Sequence[Sent]) -> ClueBatch:
    lines = [json.dumps(one.row()).encode() for one in feed]
    reader = Reader(**READER, today=TODAY, demo=True)  # type: ignore[arg-type]
    rows: list[Told | NotTold] = list(read_lines(reader, enumerate(lines, start=1)))
    assert all(isinstance(row, Told) for row in rows)
    batch = ClueBatch(
        id=uuid4(), department="medical", sender="medical-system", county=COUNTY, content=b"", lines=len(lines),
        received_at=NOW,
    )  # fmt: skip
    with open_session(engine) as session, session.begin():
        session.add(batch)
        session.flush()
        store_part(session, seal, batch, rows, {}, NOW)
        session.flush()
        session.execute(
            text("UPDATE clue SET state = 'matched', household = :home, matched_at = :now WHERE household IS NULL"),
            {"home": HOME, "now": NOW},
        )
        judge(session, COUNTY, [one for (one,) in session.execute(text("SELECT id FROM clue"))], NOW)
    fold(engine)
    return batch


def start_anew(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        for table in (
            "task_reason",
            "task",
            "household_facts",
            "clue_row",
            "clue_answer",
            "clue_reading",
            "clue",
            "clue_batch",
            "clue_kind",
            "standard",
        ):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # our own
        session.add(ClueKind(division="", key="medical_self_pay", zh="示例", en="example", threshold="clue_medical"))
        session.add(HouseholdFacts(subject=HOME, county=COUNTY, division=VILLAGE, version=1))
        set_standards(session, {"clue_medical": LINE})
