"""What came of what departments sent; and which visit counts for which reason."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.models.clues import Clue
from services.alerts.tasks.folding import fold_county
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.tasks.conftest import POOR, one_task, read, step, tasks, tell, visited
from tests.alerts.tasks.test_outcomes import answered, hear_of_case, verdict
from tests.callers import Headers, Office
from tests.conftest import NOW

HEALTH, EDUCATION = "medical-insurance", "education"
NAMES = ("sent", "matched", "visited", "confirmed", "included", "days_to_visit", "saved")


def sent(session: Session, household: UUID | None, kind: str = "serious_illness", **said: Any) -> UUID:
    began = NOW - timedelta(days=3)
    values: dict[str, Any] = {
        "department": HEALTH, "level": "over", "state": "matched" if household else "unmatched", "received_at": began,
        "matched_at": began if household else None, "division": VILLAGE if household else COUNTY,
    } | said  # fmt: skip
    clue = Clue(
        county=COUNTY, kind=kind, year=2026, data_on=began.date(), record_id="R-1", batch_id=uuid4(), told_at=began,
        household=household, **values,
    )  # fmt: skip
    session.add(clue)
    return clue.id


def came_of(http: TestClient, caller: Headers, **asked: str) -> dict[str, tuple[Any, ...]]:
    told = http.get("/v1/task-yield", params=asked, headers=caller).json()["departments"]
    rows = {one["department"]: one for one in told}
    rows |= {kind["key"]: kind for one in told for kind in one["kinds"]}
    return {key: tuple(row[name] for name in NAMES) for key, row in rows.items()}


def test_a_department_reads_off_what_came_of_its_clues_from_sent_to_included(
    http: TestClient, waiting: Session, office: Office
) -> None:
    """Five of health: one confirmed upon a visit of the third day, one below, one of nobody known, one withdrawn. Two
    were reasons to go where somebody was to go already."""
    ill, poor = tell(waiting, now=NOW - timedelta(days=4), **POOR), tell(waiting)
    sent(waiting, ill)
    sent(waiting, poor, "medical_self_pay")
    sent(waiting, poor, "disaster", level="below")
    sent(waiting, None)
    sent(waiting, poor, state="withdrawn")
    sent(waiting, poor, "dropout", department=EDUCATION, received_at=NOW, matched_at=NOW)
    fold_county(waiting, COUNTY, NOW)
    waiting.commit()
    visited(waiting, ill)
    county = office("a-county", "county")
    (task,) = [task.id for task in tasks(waiting) if task.subject == ill]
    answered(http, county, task, ("01",), serious_illness="confirmed", income_below_line="dismissed")
    hear_of_case(waiting, task, {"state": "monitored", "version": 9})
    assert came_of(http, county) == {
        HEALTH: (4, 3, 1, 1, 1, 3.0, 1),
        "serious_illness": (2, 1, 1, 1, 1, 3.0, 1),
        "medical_self_pay": (1, 1, 0, 0, 0, None, 0),
        "disaster": (1, 1, 0, 0, 0, None, 0),
        EDUCATION: (1, 1, 0, 0, 0, None, 1),
        "dropout": (1, 1, 0, 0, 0, None, 1),
    }
    assert came_of(http, county, since=NOW.date().isoformat()).keys() == {EDUCATION, "dropout"}
    assert EDUCATION not in came_of(http, county, until=(NOW - timedelta(days=1)).date().isoformat())
    township = office("a-township", "township", place=VILLAGE[:9])
    assert came_of(http, township)["serious_illness"][:3] == (1, 1, 1)  # whose clue is nobody's is of no township
    assert came_of(http, county, division=VILLAGE)["serious_illness"][:3] == (1, 1, 1)
    assert came_of(http, office("elsewhere", "county", place="520622")) == {}


def test_a_visit_of_an_earlier_day_counts_for_no_reason_since_and_an_outcome_told_of_it_does(
    http: TestClient, waiting: Session, office: Office
) -> None:
    """Yesterday somebody was there for something else. What it tells of a reason of today, only a person can say."""
    yesterday = NOW - timedelta(days=1)
    family = tell(waiting, now=yesterday, uninsured_members=1)
    tell(waiting, family, version=2, uninsured_members=1, **POOR)
    visited(waiting, family, now=yesterday)
    county = office("a-county", "county")

    def by_rule() -> dict[str, tuple[Any, ...]]:
        rows = http.get("/v1/task-yield", headers=county).json()["rules"]
        return {one["key"]: (one["visited"], one["confirmed"], one["days_to_visit"]) for one in rows}

    assert by_rule() == {"income-below-line": (0, 0, None), "not-insured": (1, 0, 0.0)}
    task = one_task(waiting).id
    said = [verdict(read(http, county, task).json(), "income_below_line", "confirmed")]
    told = {"done_on": yesterday.date().isoformat(), "verdicts": said, "risks": ["01"]}
    assert step(http, county, task, "answered", **told).status_code == 201
    assert by_rule() == {"income-below-line": (1, 1, None), "not-insured": (1, 0, 0.0)}
