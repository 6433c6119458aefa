"""Watched after the risk was eliminated: follow-ups at the county's rhythm, a new risk, and an end by itself."""

from datetime import date, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from services.households.cases.after_care import ENDED, end_after_care
from services.households.cases.clocks import RAN_OUT, tell_of_clocks
from services.households.models.cases import Case
from tests.clock import NOW
from tests.households.cases.conftest import ELIMINATE, LINE, Walk, code, earns, events, set_standard

URGENT = {"done_by": [{"name": "示例丁"}], "reason": "房屋被洪水冲毁", "procedure_due_on": "2026-12-31"}


def on(day: date) -> datetime:
    return NOW.replace(year=day.year, month=day.month, day=day.day)


def due(walk: Walk) -> dict[str, str]:
    return {clock["step"]: clock["due_on"] for clock in walk.seen()["clocks"]}


def again(**said: Any) -> dict[str, Any]:
    return {"outcome": "new_risk", "episode": {"case_id": str(uuid4()), "risks": ["0201"]} | said}


@pytest.fixture
def eliminated(case: Walk, frame: Session) -> Walk:
    """Decided on 6 November; two months of after-care, a follow-up each month."""
    set_standard(frame, "after_care_months", 2)
    set_standard(frame, "after_care_follow_up_months", 1)
    earns(case.identified(), 3 * LINE + 1)
    case.took("measure_done")
    case.at = date(2026, 11, 1)
    return case.took(*ELIMINATE)


def ended(walk: Walk, engines: dict[str, Engine], day: date) -> tuple[int, Any]:
    return end_after_care(engines["households"], on(day)), walk.seen()["after_care"]["end"]


def test_a_household_stays_watched_with_follow_ups_and_the_end_comes_by_itself(
    eliminated: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    told = {"until": "2027-01-06", "every_months": 1, "document_no": "示例〔2026〕2号", "end": None}
    assert (eliminated.seen()["state"], eliminated.seen()["after_care"]) == ("ended", told)
    assert due(eliminated) == {"after_care": "2026-12-06"}
    assert code(eliminated.take("after_care", outcome="steady", findings=None)) == (422, "neither-visit-nor-findings")
    steady = eliminated.took("after_care", day=date(2026, 11, 20), outcome="steady").last.json()["entries"][-1]
    assert (steady["step"], steady["outcome"], due(eliminated)) == (
        "after_care",
        "steady",
        {"after_care": "2026-12-20"},
    )
    mended = {"day": date(2026, 11, 20), "corrects": steady["id"]}
    assert code(eliminated.take("after_care", outcome="new_risk", **mended)) == (409, "not-a-correction")
    eliminated.took("after_care", outcome="steady", **mended)
    tell_of_clocks(engines["households"], on(date(2026, 12, 21)))
    assert [event.data["step"] for event in events(frame, RAN_OUT)] == ["after_care"]
    assert ended(eliminated, engines, date(2027, 1, 6)) == (0, None)
    assert ended(eliminated, engines, date(2027, 1, 7)) == (1, "lapsed")
    assert ended(eliminated, engines, date(2027, 1, 8)) == (0, "lapsed")
    last = eliminated.seen()["entries"][-1]
    assert [last[name] for name in ("step", "done_on", "outcome")] == ["after_care_ended", "2027-01-06", "lapsed"]
    assert due(eliminated) == {}
    assert [event.data["step"] for event in events(frame, ENDED)] == ["after_care_ended"]
    assert code(eliminated.take("after_care", outcome="steady")) == (409, "out-of-order")


def test_where_every_follow_up_was_made_after_care_is_completed(
    eliminated: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    """Its last day made 15 December: the follow-up of 20 November is followed by none."""
    case = frame.get_one(Case, eliminated.id)
    case.after_care_until = date(2026, 12, 15)
    frame.commit()
    eliminated.took("after_care", day=date(2026, 11, 20), outcome="steady")
    assert due(eliminated) == {}
    assert ended(eliminated, engines, date(2026, 12, 16)) == (1, "completed")


def test_a_new_risk_opens_the_next_episode_and_help_comes_first_where_the_township_says_so(
    eliminated: Walk, frame: Session
) -> None:
    day = date(2026, 11, 18)
    for half in ({"outcome": "new_risk"}, again() | {"outcome": "steady"}):
        assert code(eliminated.take("after_care", day, **half)) == (422, "new-risk-names-its-case")
    assert code(eliminated.take("after_care", day, **again(risks=["88"]))) == (422, "unknown-risk")
    assert code(eliminated.take("after_care", day, **again(case_id=eliminated.id))) == (409, "opened-before")
    assert code(eliminated.take("after_care", day, **again(urgent=URGENT))) == (403, "not-your-step")
    assert eliminated.seen()["after_care"]["end"] is None
    found = again(urgent=URGENT)
    assert code(eliminated.take("after_care", day, level="township", **found)) == (201, "")
    assert eliminated.seen()["after_care"]["end"] == "new_risk"
    assert (due(eliminated), len(events(frame, ENDED))) == ({}, 1)
    entry = eliminated.seen()["entries"][-1]["id"]
    eliminated.id = found["episode"]["case_id"]
    seen = eliminated.seen()
    assert (seen["episode"], seen["state"], seen["green"], seen["risks"]) == (2, "identifying", True, ["0201"])
    assert seen["ground"] == {"kind": "after_care", "service": "households", "id": entry, "day": "2026-11-18"}
    assert (due(eliminated)["procedure"], due(eliminated)["visit"]) == ("2026-12-31", "2026-11-25")
    assert {event.data["ground"] for event in events(frame, "case.opened")} == {"alert", "after_care"}  # of one moment


def test_after_care_that_is_over_has_no_follow_up_and_what_never_was_eliminated_none_either(
    eliminated: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    case = frame.get_one(Case, eliminated.id)
    case.after_care_until = date(2026, 11, 15)
    frame.commit()
    late = eliminated.take("after_care", date(2026, 11, 16), outcome="steady")
    assert (code(late), late.json()["detail"]) == ((409, "after-care-over"), "2026-11-15")
    eliminated.took("after_care", day=date(2026, 11, 15), outcome="steady")
    eliminated.took("elimination_taken_back", day=date(2026, 11, 16))
    assert (eliminated.seen()["after_care"], list(due(eliminated))) == (None, ["follow_up"])
    assert code(eliminated.take("after_care", outcome="steady")) == (409, "out-of-order")
    assert end_after_care(engines["households"], on(date(2027, 3, 1))) == 0


def test_a_case_on_another_ground_ends_after_care(eliminated: Walk, engines: dict[str, Engine]) -> None:
    before = eliminated.id
    assert eliminated.open().status_code == 201
    eliminated.id = before
    assert ended(eliminated, engines, date(2026, 11, 21)) == (1, "re_entered")


def test_without_months_set_nobody_stays_watched_and_months_without_a_rhythm_are_refused_by_name(
    case: Walk, frame: Session
) -> None:
    earns(case.identified(), 3 * LINE + 1)
    case.took("measure_done")
    case.at = date(2026, 11, 1)
    case.took(*ELIMINATE)
    assert (case.seen()["after_care"], due(case)) == (None, {})
    case.took("elimination_taken_back")
    set_standard(frame, "after_care_months", 6)
    case.took(*ELIMINATE[:6])
    refused = case.take("elimination_county")
    assert (code(refused), "after_care_follow_up_months" in refused.json()["detail"]) == (
        (409, "standard-missing"),
        True,
    )
