"""A case as it stood on any day of its course, and as it was known at any moment."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from tests.callers import Office
from tests.households.cases.conftest import ELIMINATE, IDENTIFY, LINE, Walk, earns, set_standard
from tests.households.changes.conftest import moment

ELIMINATED_FROM = date(2026, 11, 1)


def read(walk: Walk, level: str = "village", **asked: str) -> Any:
    return walk.http.get(f"/v1/cases/{walk.id}", params=asked, headers=walk.people[level]).json()


def listed(walk: Walk, **asked: str) -> list[str]:
    told = walk.http.get("/v1/cases", params={"village": "520621"} | asked, headers=walk.people["county"]).json()
    return [row["state"] for row in told["rows"]]


def test_a_case_reads_as_it_stood_on_each_day_of_its_course_and_as_it_was_known_at_each_moment(
    case: Walk, frame: Session
) -> None:
    """A step a day, from the visit to an elimination that is taken back: each day is read again after all of them."""
    set_standard(frame, "after_care_months", 3)
    set_standard(frame, "after_care_follow_up_months", 1)
    earns(case, 3 * LINE + 1)
    course: list[tuple[str, dict[str, Any], str]] = []

    def go(kinds: tuple[str, ...], day: date) -> None:
        for kind in kinds:
            day += timedelta(days=5 if kind.endswith("notice_ended") else 1)
            case.took(kind, day=day)
            course.append((day.isoformat(), case.seen(), moment(frame)))
            frame.rollback()

    opened, before = case.seen(), moment(frame)
    frame.rollback()
    go((*IDENTIFY[1], "measures", "follow_up", "measure_done"), case.at)
    go((*ELIMINATE, "after_care", "elimination_taken_back"), ELIMINATED_FROM)
    states = [stood["state"] for _, stood, _ in course]
    assert states == ["identifying"] * 9 + ["monitored"] * 4 + ["eliminating"] * 6 + ["ended"] * 3 + ["monitored"]
    for day, stood, then in course:
        assert read(case, as_of=day) == stood
        assert read(case, known_at=then) == stood
    for day, stood, then in course[8:10] + course[13:14] + course[19:20] + course[-1:]:
        assert listed(case, as_of=day) == listed(case, known_at=then) == [stood["state"]]
        assert listed(case, as_of=day, state=stood["state"]) == [stood["state"]]
        assert listed(case, as_of=day, watched="true") == [stood["state"]] * (stood["state"] == "ended")
    assert read(case, as_of=case.seen()["ground"]["day"]) == read(case, known_at=before) == opened
    assert read(case, as_of="2026-03-01")["code"] == "not-there"
    assert read(case, known_at="2020-01-01T00:00:00Z")["code"] == "not-there"
    assert listed(case, as_of="2026-03-01") == listed(case, known_at="2020-01-01T00:00:00Z") == []
    day, stood, _ = course[9]
    assert read(case, as_of=day, known_at=before) == opened  # nothing of that day had been recorded


def test_a_correction_is_told_of_the_day_it_corrects_and_was_not_known_before(
    case: Walk, frame: Session, office: Office
) -> None:
    visit = case.took("visit", day=date(2026, 3, 3), category="marginal").last.json()["entries"][0]["id"]
    case.took("authorisation", day=date(2026, 3, 5))
    then = moment(frame)
    case.took("visit", day=date(2026, 3, 3), corrects=visit, category="sudden_hardship")
    told = read(case, as_of="2026-03-04")
    assert (told["category"], told["next_step"], len(told["entries"])) == ("sudden_hardship", "authorisation", 2)
    told = read(case, as_of="2026-03-04", known_at=then)
    assert (told["category"], told["next_step"], len(told["entries"])) == ("marginal", "authorisation", 1)
    case.people["elsewhere"] = office("elsewhere", "township", place="520621002")
    assert read(case, "elsewhere", as_of="2026-03-04")["code"] == "not-there"


@pytest.mark.parametrize("overdue", ["true", "false"])
def test_what_was_late_on_a_day_is_late_in_a_list_of_that_day(case: Walk, overdue: str) -> None:
    """The visit was due on 9 March and done on the 12th."""
    case.took("visit", day=date(2026, 3, 12))
    late = {day: listed(case, as_of=f"2026-03-{day:02}", overdue=overdue) for day in (9, 10, 12)}
    assert late == {9: [], 10: ["identifying"], 12: []} or overdue == "false"
    assert overdue == "true" or late == {9: ["identifying"], 10: [], 12: ["identifying"]}
