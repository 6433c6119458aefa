"""What departments tell of a household is a reason of its one task, and what a visit has shown goes back to them."""

from datetime import UTC
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.models.clues import Clue
from services.alerts.models.tasks import Task, TaskCase
from services.alerts.models.telling import Notice
from services.alerts.tasks.folding import Folded, fold_county
from services.alerts.tasks.later import fold_soon, folds
from services.kit.store.claim import work_a_job
from tests.alerts.clues.sending import HOME, OTHER_HOME, Bureau, bureau, costs, events, line
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.tasks.conftest import POOR, one_task, read, reasons, tasks, tell
from tests.alerts.tasks.test_outcomes import answered
from tests.callers import Headers, Office, grant
from tests.conftest import NOW

__all__ = ["bureau"]  # a fixture


def test_clues_of_departments_fold_with_the_rules_and_are_answered_by_the_visit(
    waiting: Session, bureau: Bureau, http: TestClient, office: Office, engines: dict[str, Engine]
) -> None:
    def folded() -> list[str]:
        while work_a_job(engines["alerts"], folds(engines["alerts"]), NOW):
            pass
        waiting.rollback()
        return reasons(waiting)

    bureau.told(line(), costs("4999.99", record_id="M-1"), line(2, name="示乙"))
    assert folded() == ["serious_illness", "serious_illness"]
    tell(waiting, HOME, version=2, formerly_poor=True, **POOR)
    tell(waiting, OTHER_HOME, version=2, monitored=True)
    assert folded() == ["income-below-line", "serious_illness", "serious_illness"]
    bureau.told(costs("20000.00", day="2026-11-06", record_id="M-1"))
    assert folded() == ["income-below-line", "medical_self_pay", "serious_illness", "serious_illness"]

    township = office("a-township", "township", place=VILLAGE[:9])
    rows = http.get("/v1/tasks", params={"household": str(HOME)}, headers=township).json()["rows"]
    (task,) = [row["id"] for row in rows]
    told = {one["key"]: (one["title"], one["explanation"], one["severity"]) for one in rows[0]["reasons"]}
    assert told["medical_self_pay"] == (
        "医疗自付费用较高", "medical-insurance 反馈，数据日期 2026-11-06，金额 20,000.00 元。", "high",
    )  # fmt: skip
    cadre = office("a-cadre", "cadre", place=VILLAGE)
    assert answered(http, cadre, task, serious_illness="dismissed").json()["code"] == "not-allowed"
    said = {"serious_illness": "confirmed", "medical_self_pay": "dismissed", "income_below_line": "dismissed"}
    assert answered(http, township, task, ("01",), **said).json()["closed_as"] == "answered"
    outcomes = {one.data["kind"]: (one.data["outcome"], one.data["code"]) for one in events(waiting, "clue.answered")}
    assert outcomes == {"serious_illness": ("confirmed", None), "medical_self_pay": ("dismissed", "not_confirmed")}
    assert [case.ground_kind for case in waiting.scalars(select(TaskCase))] == ["clue"]
    went = [whole_clue(http, township, one["source_id"]) for one in rows[0]["reasons"] if one["source"] == "clue"]
    assert {(one["task"], one["dispatched_at"], one["visited_on"]) for one in went} == {
        (task, NOW.astimezone(UTC).isoformat().replace("+00:00", "Z"), NOW.date().isoformat())
    }

    other = one_task(waiting)
    (clue,) = read(http, township, other.id).json()["reasons"]
    whole = whole_clue(http, township, clue["source_id"])
    assert (whole["task"], whole["dispatched_at"] is None, whole["visited_on"]) == (str(other.id), False, None)
    http.put(f"/v1/clues/{clue['source_id']}/answer", json={"outcome": "confirmed"}, headers=township)
    assert folded() == []
    closed = read(http, township, other.id).json()
    assert (closed["closed_as"], [one["ended_as"] for one in closed["reasons"]]) == ("answered", ["confirmed"])


def whole_clue(http: TestClient, caller: Headers, clue: str) -> Any:
    return http.get(f"/v1/clues/{clue}", headers=caller).json()


def known_clue(session: Session, household: UUID, level: str) -> UUID:
    told = Clue(
        id=uuid4(), county=COUNTY, department="medical-insurance", kind="disaster", year=2026, data_on=NOW.date(),
        level=level, record_id="R-1", batch_id=uuid4(), received_at=NOW, told_at=NOW, matched_at=NOW, state="matched",
        household=household, division=VILLAGE,
    )  # fmt: skip
    session.add(told)
    return told.id


def test_nobody_is_sent_for_what_is_below_its_threshold_withdrawn_or_of_nobody_known(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    def folded() -> None:
        fold_soon(waiting, COUNTY, NOW)
        waiting.commit()
        assert work_a_job(engines["alerts"], folds(engines["alerts"]), NOW) == 1

    gone, fallen, risen = (known_clue(waiting, tell(waiting), level) for level in ("over", "reported", "reported"))
    for household, level in ((tell(waiting), "below"), (uuid4(), "over")):
        known_clue(waiting, household, level)
    folded()
    assert sorted(task.severity for task in tasks(waiting)) == ["high", "medium", "medium"]
    waiting.execute(text("UPDATE clue SET state = 'withdrawn' WHERE id = :id"), {"id": gone})
    for clue, level in ((fallen, "below"), (risen, "over")):
        waiting.execute(text("UPDATE clue SET level = :level WHERE id = :id"), {"id": clue, "level": level})
    folded()
    assert sorted((task.closed_as or "", task.severity) for task in tasks(waiting)) == [
        ("", "high"), ("over", "high"), ("over", "medium"),
    ]  # fmt: skip
    assert fold_county(waiting, COUNTY, NOW) == Folded()  # a sweep finds nothing else


def test_of_a_visit_that_clues_alone_ask_for_those_in_the_village_are_told(
    waiting: Session, engines: dict[str, Engine]
) -> None:
    """What a rule found was told when it was found; of a department's clue nobody in the village has heard."""
    for who, role, place in (("a", "cadre", VILLAGE), ("b", "captain", VILLAGE), ("c", "township", VILLAGE[:9])):
        grant(engines["alerts"], who, role, place)
    of_a_rule, of_a_clue = tell(waiting, **POOR), tell(waiting)
    known_clue(waiting, of_a_clue, "over")
    fold_county(waiting, COUNTY, NOW)
    told = select(col(Notice.recipient), col(Notice.kind), col(Task.subject)).join(
        Task, col(Task.id) == col(Notice.source)
    )
    assert set(waiting.execute(told).all()) == {("a", "task_of_clues", of_a_clue), ("b", "task_of_clues", of_a_clue)}
    assert set(waiting.scalars(select(col(Task.subject)))) == {of_a_rule, of_a_clue}
