"""An answer holds until a fact behind it changes, and is heard under every id the sender has given."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.clues.levels import level_again
from services.alerts.models.clues import Clue
from services.alerts.models.tasks import Task, TaskReason
from services.alerts.tasks.later import FOLD, folds
from tests.alerts.clues.sending import (
    Bureau,
    clues,
    costs,
    events,
    line,
)
from tests.alerts.conftest import COUNTY, set_standards
from tests.callers import Headers, Office
from tests.conftest import NOW

DISMISSED = {"outcome": "dismissed", "code": "too_small"}


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county", "county")


def dismiss(http: TestClient, county: Headers, clue: Clue) -> None:
    put = http.put(f"/v1/clues/{clue.id}/answer", json=DISMISSED, headers=county)
    assert put.json()["state"] == "dismissed", put.text


def test_what_was_dismissed_waits_again_when_it_stands_higher(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    bureau.told(costs("4000", "2026-09-05"))
    (clue,) = clues(alerts)
    dismiss(http, county, clue)
    bureau.told(costs("4500", "2026-10-05"))
    assert clues(alerts)[0].state == "dismissed"
    bureau.told(costs("2.1", "2026-11-05", "万元"))
    (clue,) = clues(alerts)
    assert (clue.state, clue.level, clue.amount) == ("matched", "over", 2_100_000)
    http.put(f"/v1/clues/{clue.id}/answer", json={"outcome": "confirmed"}, headers=county)
    bureau.told(costs("9", "2026-11-06", "万元"))
    whole = http.get(f"/v1/clues/{clue.id}", headers=county).json()
    assert [answer["outcome"] for answer in whole["answers"]] == ["dismissed", "confirmed"]
    assert [(one["amount"], one["unit"]) for one in whole["readings"]] == [
        (400_000, "元"), (450_000, "元"), (2_100_000, "万元"), (9_000_000, "万元"),
    ]  # fmt: skip
    assert whole["state"] == "confirmed"


def test_a_sum_that_was_dismissed_waits_again_when_it_has_risen_and_not_when_it_falls_or_is_told_again(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    """By as much as the county says; where it has not said, by any."""
    bureau.told(costs("21000", "2026-09-05"))
    dismiss(http, county, clues(alerts)[0])
    matched = len(events(alerts, "clue.matched"))
    for amount, day, state in (
        ("21000", "2026-09-12", "dismissed"),
        ("20500", "2026-09-19", "dismissed"),
        ("21000.01", "2026-09-26", "matched"),
        ("21000", "2026-10-03", "dismissed"),  # it was a mistake
    ):
        bureau.told(costs(amount, day))
        assert clues(alerts)[0].state == state, (amount, day)
    assert len(events(alerts, "clue.matched")) == matched + 1
    set_standards(alerts, {"clue_rise": 500_000})
    alerts.commit()
    bureau.told(costs("26000", "2026-10-10"))
    assert clues(alerts)[0].state == "dismissed"
    bureau.told(costs("26000.01", "2026-10-17"))
    assert clues(alerts)[0].state == "matched"


def test_what_stands_below_its_threshold_does_not_wait_again_however_it_rises(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    bureau.told(costs("15000", "2026-09-05", semantics="single"))
    dismiss(http, county, clues(alerts)[0])
    bureau.told(costs("19999.99", "2026-09-12", semantics="single"))
    bureau.told(costs("19999.99", "2026-09-19"))
    assert clues(alerts)[0].state == "dismissed"


@pytest.mark.parametrize("semantics", ["single", "period"], ids=["single", "period"])
def test_another_cost_is_another_fact(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session, semantics: str
) -> None:
    bureau.told(costs("30000", "2026-09-05", semantics=semantics))
    dismiss(http, county, clues(alerts)[0])
    bureau.told(costs("30000", "2026-09-05", semantics=semantics))
    assert clues(alerts)[0].state == "dismissed"
    bureau.told(costs("25000", "2026-09-06", semantics=semantics))
    assert clues(alerts)[0].state == "matched"


def test_an_amount_of_another_meaning_is_another_fact(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    bureau.told(costs("30000", "2026-09-05"))
    dismiss(http, county, clues(alerts)[0])
    bureau.told(costs("25000", "2026-09-05", semantics="single"))
    assert clues(alerts)[0].state == "matched"


def test_what_has_no_amount_stays_quiet_for_the_countys_days(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    bureau.told(line(data_on="2026-08-01"))
    dismiss(http, county, clues(alerts)[0])
    bureau.told(line(data_on="2026-11-01"))
    assert clues(alerts)[0].state == "dismissed"
    set_standards(alerts, {"clue_quiet_days": 95})
    alerts.commit()
    bureau.told(line(data_on="2026-11-03"))
    assert clues(alerts)[0].state == "dismissed"
    bureau.told(line(data_on="2026-11-04"))
    assert clues(alerts)[0].state == "matched"


def test_what_waits_again_gives_its_days_from_then(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session, engines: dict[str, Engine]
) -> None:
    """In a task of its own, and in one that is open for another reason."""
    bureau.told(
        costs("30000", "2026-09-05", person=1),
        costs("30000", "2026-09-05", person=2, name="示乙"),
        line(1, record_id="R-ill"),
    )
    folds(engines["alerts"])[FOLD](COUNTY, NOW)
    for clue in clues(alerts):
        if clue.kind == "medical_self_pay":
            dismiss(http, county, clue)
    folds(engines["alerts"])[FOLD](COUNTY, NOW)
    later = NOW + timedelta(days=30)
    bureau.send(costs("30001", "2026-09-12", person=1), costs("30001", "2026-09-12", person=2, name="示乙"))
    bureau.work(later)
    folds(engines["alerts"])[FOLD](COUNTY, later)
    waits = select(col(TaskReason.since)).join(Task, col(Task.id) == col(TaskReason.task_id))
    open_ones = waits.where(col(TaskReason.ended_at).is_(None), col(TaskReason.key) == "medical_self_pay")
    assert alerts.scalars(open_ones).all() == [later.date()] * 2


def test_two_that_say_the_same_both_say_it(bureau: Bureau, http: TestClient, county: Headers, alerts: Session) -> None:
    """One is cancelled, and what the other says still stands."""
    first, second = uuid4(), uuid4()
    bureau.told(costs("30000"), batch=first)
    assert bureau.told(costs("3", unit="万元", record_id="R-other"), batch=second) == [("same", None)]
    cancel(bureau, first)
    (clue,) = clues(alerts)
    assert (clue.state, clue.amount, clue.record_id, clue.batch_id) == ("matched", 3_000_000, "R-other", second)
    cancel(bureau, second)
    assert clues(alerts)[0].state == "withdrawn"
    whole = http.get(f"/v1/clues/{clue.id}", headers=county).json()
    told = [(one["record_id"], one["withdrawn_at"] is None) for one in whole["readings"]]
    assert told == [("R-1", False), ("R-other", False)]


def test_an_answer_is_heard_under_ids_that_come_after_it(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    """By event, feed and file alike, once each; the office reads one answer."""
    bureau.told(line())
    (clue,) = clues(alerts)
    http.put(f"/v1/clues/{clue.id}/answer", json={"outcome": "confirmed"}, headers=county)
    batch = uuid4()
    assert bureau.told(line(record_id="R-new"), batch=batch) == [("same", None)]
    bureau.told(line(record_id="R-new", data_on="2026-11-06"), line(2, name="示乙"))
    bureau.told(line(record_id="R-third", data_on="2026-11-07"))
    told = [(row["records"], row["outcome"]) for row in bureau.outcomes()["rows"]]
    assert told == [([one], "confirmed") for one in ("R-1", "R-new", "R-third")]
    answered = events(alerts, "clue.answered")
    assert [(event.data["records"], event.data["answered_at"]) for event in answered] == [
        (row["records"], row["answered_at"].replace("Z", "+00:00")) for row in bureau.outcomes()["rows"]
    ]
    sheet = http.get(f"/v1/clue-batches/{batch}/outcomes", headers=bureau.headers).text
    assert [row.split(",")[:3] for row in sheet.splitlines()[1:]] == [["R-new", "serious_illness", "属实"]]
    assert len(http.get(f"/v1/clues/{clue.id}", headers=county).json()["answers"]) == 1


def test_the_file_of_a_batch_says_of_each_id_what_event_and_feed_say_of_it(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session
) -> None:
    """An id that raised a dismissed clue again was never told that it was dismissed."""
    bureau.told(costs("21000", "2026-09-05", record_id="M-1"))
    (clue,) = clues(alerts)
    dismiss(http, county, clue)
    risen = uuid4()
    bureau.told(costs("30000", "2026-09-12", record_id="M-2"), batch=risen)
    http.put(f"/v1/clues/{clue.id}/answer", json={"outcome": "confirmed"}, headers=county)
    assert [(row["records"], row["outcome"]) for row in bureau.outcomes()["rows"]] == [
        (["M-1"], "dismissed"), (["M-1", "M-2"], "confirmed"),
    ]  # fmt: skip
    sheet = http.get(f"/v1/clue-batches/{risen}/outcomes", headers=bureau.headers).text
    assert [row.split(",")[:3] for row in sheet.splitlines()[1:]] == [["M-2", "medical_self_pay", "属实"]]


def test_what_is_back_where_it_was_dismissed_is_heard_under_the_ids_that_raised_it(
    bureau: Bureau, http: TestClient, county: Headers, alerts: Session, engines: dict[str, Engine]
) -> None:
    """Because its sender has taken the rise back, or because the county has set another threshold."""
    bureau.told(costs("21000", "2026-09-05", record_id="M-1"))
    dismiss(http, county, clues(alerts)[0])
    mistaken = uuid4()
    bureau.told(costs("30000", "2026-09-12", record_id="M-2"), batch=mistaken)
    bureau.told(costs("21000", "2026-09-05", record_id="M-3"))
    assert clues(alerts)[0].state == "matched"
    cancel(bureau, mistaken)
    assert clues(alerts)[0].state == "dismissed"
    bureau.told(costs("30000", "2026-09-12", record_id="M-4"))
    assert clues(alerts)[0].state == "matched"
    alerts.execute(text("DELETE FROM standard WHERE key = 'clue_medical'"))
    set_standards(alerts, {"clue_medical": 4_000_000})
    alerts.commit()
    level_again(engines["alerts"], COUNTY, NOW)
    assert (clues(alerts)[0].state, clues(alerts)[0].level) == ("dismissed", "below")
    assert [row["records"] for row in bureau.outcomes()["rows"]] == [["M-1"], ["M-3"], ["M-4"]]


def cancel(bureau: Bureau, batch: UUID) -> Any:
    return bureau.http.put(f"/v1/clue-batches/{batch}/cancellation", headers=bureau.headers).json()
