"""A feed that rises, falls, repeats, changes its unit and comes in another order: one clue, one task, its true
history."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, and_, select, text
from sqlmodel import Session, col

from services.alerts.clues.current import judge
from services.alerts.clues.rows import FEN, NotTold, Reader, Told, read_lines
from services.alerts.clues.storing import store_part
from services.alerts.clues.withdrawing import withdraw_batch
from services.alerts.models.clues import Clue, ClueBatch, ClueKind, ClueReading
from services.alerts.models.facts import HouseholdFacts
from services.alerts.models.tasks import Task, TaskReason
from services.alerts.tasks.later import FOLD, folds
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.alerts.test_department_clues import HOME, costs
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

    def row(self) -> dict[str, object]:
        written = f"{Decimal(self.amount) / FEN[self.unit]:f}"
        return costs(written, self.day.isoformat(), self.unit, record_id=f"M-{self.month}")


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
    """Batches may come in any order and twice, in other units; one that was a mistake is withdrawn and leaves no
    trace in the figures. Folded after each, somebody is sent while it is over its threshold, and once."""
    engine = engines["alerts"]
    start_anew(engine)
    repeated = data.draw(st.lists(st.sampled_from(feed), max_size=3))
    in_other_units = [Sent(one.month, one.amount, data.draw(st.sampled_from(sorted(FEN)))) for one in repeated]
    for one in data.draw(st.permutations([*feed, *in_other_units])):
        take(engine, seal, [one])
    wrong = data.draw(st.none() | st.integers(0, 9))
    if wrong is not None and wrong not in {one.month for one in feed}:
        mistaken = take(engine, seal, [Sent(wrong, LINE * 2, "元")])
        with open_session(engine) as session, session.begin():
            withdraw_batch(session, session.get_one(ClueBatch, mistaken.id), NOW)
        fold(engine)
    check(engine, sorted(feed, key=lambda one: one.month))


def check(engine: Engine, feed: Sequence[Sent]) -> None:
    with open_session(engine) as session:
        (clue,) = session.scalars(select(Clue)).all()
        stands = select(ClueReading).where(col(ClueReading.withdrawn_at).is_(None)).order_by(col(ClueReading.data_on))
        assert [(one.data_on, one.amount) for one in session.scalars(stands)] == [(s.day, s.amount) for s in feed]
        assert (clue.data_on, clue.amount, clue.record_id) == (feed[-1].day, feed[-1].amount, f"M-{feed[-1].month}")
        assert clue.level == ("over" if feed[-1].amount >= LINE else "below")
        waits = [(HOME, clue.id)] if clue.level == "over" else []
        assert [(task.subject, source) for task, source in open_tasks(session)] == waits


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
        judge(session, COUNTY, [one for (one,) in session.execute(text("SELECT id FROM clue"))])
    fold(engine)
    return batch


def start_anew(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        for table in (
            "task_reason",
            "task",
            "household_facts",
            "clue_row",
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
