"""Due days over holidays and make-up days, and what is said when they come near and when they have passed."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, select
from sqlmodel import Session, col

from services.households.cases.clocks import RAN_OUT, RUNNING_OUT, STOPPED, tell_of_clocks
from services.households.cases.notices_over import ANSWERED, OVER, tell_of_notices
from services.households.models.cases import CaseEntry
from services.kit.store.tables import Day
from tests.clock import NOW
from tests.households.cases.conftest import Walk, code, end_standard, events, set_standard, write_days
from tests.households.conftest import VILLAGE


def clue(day: str) -> dict[str, str]:
    return {"kind": "clue", "service": "alerts", "id": "33333333-0000-4000-8000-000000000001", "day": day}


def due(walk: Walk) -> dict[str, str | None]:
    return {clock["step"]: clock["due_on"] for clock in walk.seen()["clocks"]}


def on(day: date) -> datetime:
    return NOW.replace(year=day.year, month=day.month, day=day.day)


def told(session: Session, kind: str) -> list[tuple[str, str]]:
    return [(event.data["step"], event.division) for event in events(session, kind)]


@pytest.mark.parametrize(
    ("since", "visit", "county"),
    [
        ("2026-03-02", "2026-03-09", "2026-03-17"),
        ("2026-09-28", "2026-10-10", "2026-10-13"),
        ("2026-02-13", "2026-02-27", "2026-02-28"),
        ("2026-09-19", "2026-09-24", "2026-10-04"),
        ("2026-05-01", "2026-05-11", "2026-05-16"),
    ],
    ids=[
        "plain-weeks",
        "over-national-day-to-a-worked-saturday",
        "over-spring-festival",
        "worked-sunday-begins",
        "labour-day",
    ],
)
def test_working_days_follow_the_calendar_and_calendar_days_do_not(
    walk: Walk, since: str, visit: str, county: str
) -> None:
    """Visit: five working days; county: fifteen days; both from the clue."""
    walk.open(ground=clue(since))
    assert due(walk) == {"visit": visit, "county": county}


def test_a_county_sets_its_own_days_and_whether_they_are_worked(walk: Walk, frame: Session) -> None:
    set_standard(frame, "case_working_days_county", 20)
    set_standard(frame, "case_calendar_days_visit", 3)
    walk.open(ground=clue("2026-03-02"))
    assert due(walk) == {"visit": "2026-03-05", "county": "2026-03-30"}


def test_the_nearest_place_sets_the_days(walk: Walk, frame: Session) -> None:
    set_standard(frame, "case_calendar_days_visit", 3)
    set_standard(frame, "case_calendar_days_visit", 7, place=VILLAGE[:9])
    walk.open(ground=clue("2026-03-02"))
    assert due(walk)["visit"] == "2026-03-09"


def test_a_clock_stops_when_its_step_is_done_and_the_next_begins_on_that_day(case: Walk) -> None:
    case.until("entry")
    assert due(case)["entry"] == "2026-03-13"  # five working days after Saturday the 7th
    assert "county" not in due(case)
    case.took("entry")
    assert due(case) == {"measures": "2026-03-17", "follow_up": "2026-04-07"}


def test_measures_stop_their_clock_and_each_follow_up_begins_the_next_month(case: Walk) -> None:
    case.identified().took("measures", day=date(2026, 3, 10)).took("follow_up", day=date(2026, 3, 31))
    assert due(case) == {"follow_up": "2026-04-30"}
    case.took("follow_up", day=date(2026, 4, 30))
    assert due(case) == {"follow_up": "2026-05-30"}


def test_a_refusal_is_told_within_its_days_over_a_holiday(walk: Walk) -> None:
    walk.open(ground=clue("2026-09-28"))
    walk.took("visit", day=date(2026, 9, 30), decision="refused", reason="不符合")
    assert due(walk) == {"refusal_told": "2026-10-13"}


def test_a_granted_appeal_begins_the_clocks_anew(case: Walk) -> None:
    case.took("visit", decision="refused", reason="不符合").took("refusal_told", "appeal")
    assert due(case) == {"appeal_decided": "2026-03-17"}
    case.took("appeal_decided", day=date(2026, 3, 10))
    assert due(case) == {"visit": "2026-03-17", "county": "2026-03-25"}


def test_a_change_of_the_calendar_moves_the_day(case: Walk, frame: Session, engines: dict[str, Engine]) -> None:
    frame.execute(delete(Day))
    frame.commit()
    write_days(frame)
    friday = frame.get_one(Day, date(2026, 3, 6))
    friday.working = False
    for later in (day for n in range(200) if (day := frame.get(Day, date(2026, 3, 6) + timedelta(n)))):
        later.ordinal -= 1
    frame.commit()
    tell_of_clocks(engines["households"], on(date(2026, 3, 2)))
    assert due(case)["visit"] == "2026-03-10"


def test_where_the_calendar_does_not_reach_the_day_is_unknown_until_it_does(
    walk: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    frame.execute(delete(Day).where(col(Day.date) > date(2026, 11, 22)))
    frame.commit()
    walk.open(ground=clue("2026-11-20"))
    assert due(walk)["visit"] is None
    frame.execute(delete(Day))
    frame.commit()
    write_days(frame)
    tell_of_clocks(engines["households"], NOW)
    assert due(walk)["visit"] == "2026-11-27"


def test_a_warning_comes_once_and_the_end_once(case: Walk, frame: Session, engines: dict[str, Engine]) -> None:
    """Two days before the visit's 9 March; on that day nothing has run out; on the 10th it has."""

    def look(day: int) -> tuple[int, list[tuple[str, str]], list[tuple[str, str]]]:
        found = tell_of_clocks(engines["households"], on(date(2026, 3, day)))
        return found, told(frame, RUNNING_OUT), told(frame, RAN_OUT)

    visit = [("visit", VILLAGE)]
    assert look(6) == (0, [], [])
    assert look(7) == (1, visit, [])
    assert look(9) == (0, visit, [])
    assert look(10) == (1, visit, visit)
    assert look(11) == (0, visit, visit)
    (said,) = events(frame, RAN_OUT)
    assert (said.data["household"], said.data["level"], said.data["due_on"]) == (case.home.id, "village", "2026-03-09")
    case.took("visit", day=date(2026, 3, 11))
    assert [look(11)[0], look(12)[0]] == [1, 0]
    (stopped,) = events(frame, STOPPED)
    assert stopped.data["clock"] == said.data["clock"]


def test_a_notice_that_has_hung_its_days_is_told_of_once_and_then_that_its_result_is_recorded(
    case: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    """Five days from the day it was put up; without the county's days nothing is said."""
    case.until("notice_ended")
    (posted,) = frame.scalars(select(CaseEntry).where(col(CaseEntry.step) == "notice"))
    for days, said in ((4, 0), (5, 1), (6, 1)):
        tell_of_notices(engines["households"], on(posted.done_on + timedelta(days)))
        assert [one.data["notice"] for one in events(frame, OVER)] == [str(posted.id)] * said
    case.took("notice_ended")
    for _ in range(2):
        tell_of_notices(engines["households"], on(date(2026, 4, 1)))
    assert [one.data["notice"] for one in events(frame, ANSWERED)] == [str(posted.id)]
    assert len(events(frame, OVER)) == 1


def test_of_a_step_that_is_done_nothing_is_said(case: Walk, frame: Session, engines: dict[str, Engine]) -> None:
    case.took("visit")
    assert tell_of_clocks(engines["households"], on(date(2026, 3, 10))) == 0
    assert told(frame, RAN_OUT) == []


def test_a_clock_that_ran_out_unseen_is_not_warned_of_afterwards(
    case: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    tell_of_clocks(engines["households"], on(date(2026, 4, 1)))
    assert (told(frame, RUNNING_OUT), sorted(told(frame, RAN_OUT))) == (
        [],
        [("county", VILLAGE), ("visit", VILLAGE)],
    )


def test_without_days_of_warning_set_no_case_opens_and_the_key_is_named(walk: Walk, frame: Session) -> None:
    end_standard(frame, "case_warning_days", date(2026, 1, 2))
    refused = walk.open()
    assert (code(refused), "case_warning_days" in refused.json()["detail"]) == ((409, "standard-missing"), True)
