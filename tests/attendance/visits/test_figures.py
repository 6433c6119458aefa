"""What our own reports are told of visits: households counted once, by the best that came of theirs; and each round."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from services.attendance.models.visits import Visit, VisitRound
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed
from tests.attendance.visits.conftest import ELSEWHERE, FREE, HOME, NEXT, correction, send, visit
from tests.attendance.visits.test_rounds import ROUNDS, county, freeze, opened, register_of_facts
from tests.callers import HERE, Headers, Sign

__all__ = ["county", "freeze", "opened", "register_of_facts"]  # fixtures of rounds

FIGURES = "/v1/services/attendance/visit-figures"
WEEK = {"begin": "2026-11-16T00:00:00+08:00", "until": "2026-11-23T00:00:00+08:00"}  # the week of HERE
NOTHING = {"visits": 0, "met": 0, "contacted": 0, "not_reached": 0, "paired": 0, "paired_met": 0}


@pytest.fixture
def reports(sign: Sign) -> Headers:
    return sign("alerts", scopes="visit:count")


def figures(http: TestClient, caller: Headers, division: str = COUNTY, **said: str) -> Any:
    return http.get(FIGURES, params={"division": division} | WEEK | said, headers=caller)


def test_a_household_counts_once_by_the_best_that_came_of_its_visits_and_rounds_tell_how_far_they_are(
    http: TestClient, reports: Headers, county: Headers, opened: Callable[..., str], paired: Stationed,
    assistant: Headers,
) -> None:  # fmt: skip
    assert HERE.date() == date(2026, 11, 21)
    number = opened()
    seen = visit(days_ago=1)
    send(http, assistant, seen)
    send(http, assistant, visit(contact="telephone"))
    of_another: dict[str, Any] = {"cadre_id": str(paired.second)}
    send(http, county, visit(NEXT, contact="telephone", **of_another))
    send(http, county, visit(FREE, contact="not_reached", **of_another))
    send(http, county, visit(FREE, days_ago=7, **of_another))  # of the week before
    wrong = visit(FREE, **of_another)
    send(http, county, wrong)
    send(http, county, correction(wrong, "not_made"))
    told = figures(http, reports).json()
    counted = {"visits": 1, "met": 1, "contacted": 1, "not_reached": 1, "paired": 2, "paired_met": 1}
    assert told["total"] == counted
    assert told["villages"] == [{"division": VILLAGE} | counted]
    (of_it,) = told["rounds"]
    assert (of_it["id"], of_it["state"], of_it["households"]) == (number, "open", 4)
    assert [of_it[name] for name in ("met", "contacted", "away", "not_reached", "not_tried")] == [2, 1, 0, 0, 1]
    assert figures(http, reports, ELSEWHERE).json()["total"] == NOTHING
    assert [one["households"] for one in figures(http, reports, ELSEWHERE).json()["rounds"]] == [1]
    assert http.put(f"{ROUNDS}/{number}/closing", json={}, headers=county).status_code == 200
    assert figures(http, reports).json()["rounds"][0]["state"] == "closed"
    send(http, county, visit(NEXT, **of_another))
    late = figures(http, reports).json()
    assert (late["total"]["met"], late["rounds"][0]["met"]) == (2, 2)
    before = figures(http, reports, begin="2026-10-01T00:00:00+08:00", until="2026-10-08T00:00:00+08:00").json()
    assert (before["total"], before["rounds"]) == (NOTHING | {"paired": 2}, [])


def test_a_household_that_moved_within_the_period_counts_where_it_was_found_last(
    http: TestClient, reports: Headers, attendance: Session, village: Stationed
) -> None:
    for days, place in ((3, VILLAGE), (1, ELSEWHERE)):
        at, key = HERE - timedelta(days=days), uuid4()
        said: dict[str, Any] = {"met": [], "undone": [], "findings": [], "recorded_by": "示例", "received_at": at}
        attendance.add(
            Visit(
                id=key, first_id=key, version=1, cadre_id=village.first, household_id=HOME, village=place, at=at,
                day=at.date(), contact="home", **said,
            )
        )  # fmt: skip
    gathering: dict[str, Any] = {
        "id": uuid4(),
        "name": "示例",
        "division": COUNTY,
        "first_day": HERE.date(),
        "last_day": HERE.date(),
    }
    attendance.add(VisitRound(**gathering, document_no="示例", created_by="示例", created_at=HERE))
    attendance.commit()
    told = figures(http, reports).json()
    assert [(one["division"], one["visits"], one["met"]) for one in told["villages"]] == [(ELSEWHERE, 2, 1)]
    assert told["rounds"] == []  # one whose households are still being gathered


def test_only_our_own_reports_are_told_and_of_a_period_alone(
    http: TestClient, reports: Headers, county: Headers, sign: Sign
) -> None:
    assert figures(http, county).status_code == 403
    assert figures(http, sign("bureau", scopes="visit:read")).status_code == 403
    assert figures(http, reports, until=WEEK["begin"]).json()["code"] == "not-a-period"
