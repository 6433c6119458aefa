"""Each gate before the end of a case, from both sides, and what is said of it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.cases.gates import in_time, months_later, yuan
from services.households.cases.gates_met import MET, NO_LONGER, tell_of_gates
from services.households.models.register import Household, Membership, Person, Tag
from tests.clock import NOW
from tests.households.cases.conftest import (
    ELIMINATE,
    LINE,
    Walk,
    code,
    earns,
    end_standard,
    events,
    follow_standard,
    set_standard,
    settle,
)

DAY = date(2026, 11, 1)
EVERY_GATE = {
    "income_steady", "income_above_line", "rigid_spending", "safe_house", "safe_water", "insured", "schooling",
    "months_since_identified", "measure_done", "labour",
}  # fmt: skip
Change = Callable[[Walk, Session], None]


@pytest.fixture
def cared_for(case: Walk, frame: Session) -> Walk:
    """Identified on 7 March with everything done but what a test leaves out."""
    case.identified()
    earns(case, 3 * LINE + 1)
    case.at = DAY
    return case


@pytest.fixture
def ready(cared_for: Walk) -> Walk:
    return cared_for.took("measure_done")


def touched(walk: Walk) -> None:
    """The facts are computed again, as any write to the household does."""
    earns(walk, 3 * LINE + 1)


def house(session: Session, walk: Walk, **changed: Any) -> None:
    home = session.get_one(Household, walk.home.id)
    for name, value in changed.items():
        setattr(home, name, value)
    session.commit()
    touched(walk)


def member(session: Session, walk: Walk, **changed: Any) -> None:
    person = session.get_one(Person, walk.home.child)
    for name, value in changed.items():
        setattr(person, name, value)
    session.commit()
    touched(walk)


def no_labour(walk: Walk, session: Session, until: date | None = None) -> None:
    valid = Range(date(2026, 1, 1), until)
    session.add(Tag(household_id=UUID(walk.home.id), key="no_labour", valid=valid, source="示例"))
    session.commit()


CLOSED: dict[str, tuple[Change, str, bool | None]] = {
    "unsafe-house": (lambda w, s: house(s, w, housing_grade="C"), "safe_house", False),
    "house-not-appraised": (lambda w, s: house(s, w, housing_grade=None), "safe_house", None),
    "unsafe-water": (lambda w, s: house(s, w, safe_water=False), "safe_water", False),
    "one-not-insured": (lambda w, s: member(s, w, insured=False), "insured", False),
    "insurance-unknown": (lambda w, s: member(s, w, insured=None), "insured", None),
    "a-child-out-of-school": (lambda w, s: member(s, w, schooling="dropped_out"), "schooling", False),
    "no-labour": (no_labour, "labour", False),
    "one-fen-of-income-less": (
        lambda w, s: earns(w, 3 * LINE), "income_above_line", False,
    ),
    "the-line-was-raised": (
        lambda _, s: follow_standard(s, "monitoring_line", LINE + 1, DAY),
        "income_above_line", False,
    ),
    "no-line-set": (lambda _, s: end_standard(s, "monitoring_line", DAY), "income_above_line", None),
    "no-minimum-set": (
        lambda _, s: end_standard(s, "elimination_minimum_months", DAY), "months_since_identified", None,
    ),
    "no-steadiness-set": (lambda _, s: end_standard(s, "elimination_steady_months", DAY), "income_steady", None),
    "no-age-of-income-set": (
        lambda _, s: end_standard(s, "elimination_income_months", DAY), "income_above_line", None,
    ),
    "income-is-too-old": (
        lambda _, s: follow_standard(s, "elimination_income_months", 0, DAY), "income_above_line", None,
    ),
    "the-minimum-is-longer": (
        lambda _, s: follow_standard(s, "elimination_minimum_months", 9, DAY),
        "months_since_identified", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("born", "until", "holds"),
    [
        (date(2010, DAY.month, DAY.day), None, True),  # sixteen on the day
        (date(2010, DAY.month, DAY.day) + timedelta(1), None, False),
        (date(2010, DAY.month, DAY.day), 16, False),
        (date(2020, DAY.month, DAY.day), None, False),  # six on the day
        (date(2020, DAY.month, DAY.day) + timedelta(1), None, True),
    ],
    ids=["sixteen", "nearly-sixteen", "sixteen-where-it-counts", "six", "nearly-six"],
)
def test_of_school_age_is_who_is_so_on_the_day(
    ready: Walk, frame: Session, born: date, until: int | None, holds: bool
) -> None:
    member(frame, ready, schooling="dropped_out", birth_date=born)
    if until:
        set_standard(frame, "school_age_until", until)
    ready.take("elimination", day=DAY)
    assert (ready.last.status_code == 201) == holds, ready.last.text


@pytest.mark.parametrize("change", CLOSED, ids=CLOSED.keys())
def test_a_closed_gate_stops_the_proposal_alone_and_is_named(ready: Walk, frame: Session, change: str) -> None:
    shut, key, holds = CLOSED[change]
    shut(ready, frame)
    refused = ready.take("elimination")
    assert (code(refused), refused.json()["detail"]) == ((409, "gates-closed"), key)
    assert ready.gates()[key] == holds


def test_with_every_gate_open_a_person_may_propose_and_nothing_happens_by_itself(ready: Walk) -> None:
    gates = ready.gates()
    assert gates.keys() >= EVERY_GATE
    assert {key for key in EVERY_GATE if gates[key] is not True} == {"income_steady", "rigid_spending"}
    assert ready.seen()["state"] == "monitored"
    ready.took("elimination")
    assert all(ready.gates()[key] for key in EVERY_GATE)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"income_steady_since": "2026-05-02"}, "income_steady"),
        ({"income_steady_since": None}, "income_steady"),
        ({"income_steady_since": "9999-12-31"}, "income_steady"),
        ({"rigid_spending_solved": False}, "rigid_spending"),
        ({"rigid_spending_solved": None}, "rigid_spending"),
    ],
    ids=["a-day-short", "not-said", "never", "unsolved", "solved-not-said"],
)
def test_what_people_answer_for_must_be_answered(ready: Walk, said: dict[str, Any], key: str) -> None:
    refused = ready.take("elimination", **said)
    assert (code(refused), refused.json()["detail"]) == ((409, "gates-closed"), key)


def test_half_a_year_of_steady_income_is_enough_on_the_day(ready: Walk) -> None:
    assert ready.take("elimination", income_steady_since="2026-05-01").status_code == 201


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2026, 10, 30), False), (date(2026, 10, 31), True), (date(2026, 11, 30), True), (date(2026, 12, 1), False)],
    ids=["not-earned-yet", "its-last-day", "a-month-later", "a-day-too-late"],
)
def test_what_was_earned_counts_from_the_day_it_ended_until_the_months_are_over(day: date, *, holds: bool) -> None:
    assert in_time(date(2026, 10, 31), 1, day) is holds


def test_the_months_since_identification_count_to_the_day(ready: Walk, households: Session) -> None:
    identified = ready.seen()["identified_on"]
    assert identified == "2026-03-07"
    follow_standard(households, "elimination_minimum_months", 8, date(2026, 3, 7))
    steady = {"income_steady_since": "2026-03-01"}
    early = ready.take("elimination", date(2026, 11, 6), **steady)
    assert (code(early), early.json()["detail"]) == ((409, "gates-closed"), "months_since_identified")
    assert ready.take("elimination", date(2026, 11, 7), **steady).status_code == 201


def test_a_measure_of_the_case_must_have_been_done(cared_for: Walk) -> None:
    for not_enough in (
        {"state": "under_way"},
        {"state": "dropped", "dropped_because": "不需要"},
        {"case_id": None},  # help of the household, and not of this case
        {"done_on": date(2026, 3, 6)},  # the day before it was identified
    ):
        told = cared_for.help(**not_enough)
        assert told.status_code == 200, told.text
        refused = cared_for.take("elimination")
        assert (code(refused), refused.json()["detail"]) == ((409, "gates-closed"), "measure_done")
    assert cared_for.help(done_on=date(2026, 3, 7)).status_code == 200
    assert cared_for.take("elimination").status_code == 201


def test_where_help_came_first_a_measure_before_identification_counts(case: Walk) -> None:
    case.until("township").took("green_channel")
    assert case.help(done_on=date(2026, 3, 3)).status_code == 200
    case.took("township", "county", "announcement", "entry")
    assert case.gates()["measure_done"] is True


def test_a_step_names_a_measure_of_the_case_that_was_done_by_then(cared_for: Walk, frame: Session) -> None:
    planned = cared_for.help(state="planned").json()["id"]
    elsewhere = cared_for.help(case_id=None).json()["id"]
    later = cared_for.help(done_on=date(2026, 11, 2)).json()["id"]
    for measure in (planned, elsewhere, later, str(uuid4())):
        assert code(cared_for.take("measure_done", measure_id=measure)) == (409, "measure-not-done")
    done = cared_for.took("measure_done").last.json()["entries"][-1]
    corrected = cared_for.took("measure_done", measure_id=done["measure_id"], corrects=done["id"])
    assert corrected.last.json()["entries"][-1]["corrects"] == done["id"]
    gate = cared_for.http.get(f"/v1/cases/{cared_for.id}/gates", headers=cared_for.people["county"]).json()["gates"]
    assert [one["zh"] for one in gate if one["key"] == "measure_done"] == ["已落实帮扶措施2项（至少1项）：是。"]


def test_a_measure_is_of_a_case_of_its_own_household(cared_for: Walk, frame: Session) -> None:
    other = settle(frame, "JK2", head="示己")
    cared_for.home, mine = other, cared_for.home
    assert code(cared_for.help()) == (422, "case-of-another")
    assert code(cared_for.help(case_id=str(uuid4()))) == (422, "case-of-another")
    cared_for.home = mine
    assert cared_for.help().status_code == 200


def test_what_vanished_by_itself_needs_a_reason_and_no_minimum(case: Walk) -> None:
    case.identified()
    assert case.take("elimination", mode="by_itself", reason="").status_code == 422
    assert set(case.gates(mode="by_itself")) == {"signer", "two_signers", "labour"}
    case.took("elimination", mode="by_itself", reason="子女就业").took(*ELIMINATE[1:])
    assert case.seen()["end_kind"] == "eliminated_by_itself"


def test_nobody_is_marked_while_the_whole_household_has_no_labour(ready: Walk, frame: Session) -> None:
    no_labour(ready, frame)
    for mode in ("by_help", "by_itself"):
        refused = ready.take("elimination", mode=mode)
        assert (code(refused), refused.json()["detail"]) == ((409, "gates-closed"), "labour")


def test_months_without_end_are_a_gate_that_stays_shut_and_no_error_of_ours(ready: Walk, frame: Session) -> None:
    for key in ("elimination_minimum_months", "elimination_steady_months"):
        follow_standard(frame, key, 10**12, DAY)
    refused = ready.take("elimination")
    assert refused.json()["detail"] == "income_steady, months_since_identified"


def test_labour_that_has_come_back_is_no_hindrance(ready: Walk, frame: Session) -> None:
    no_labour(ready, frame, until=date(2026, 6, 1))
    assert ready.take("elimination").status_code == 201


def test_the_gates_are_asked_again_on_the_day_of_decision_by_its_own_line(ready: Walk, frame: Session) -> None:
    ready.took(*ELIMINATE[:6])
    day = ready.at
    follow_standard(frame, "monitoring_line", LINE + 1, day)
    refused = ready.take("elimination_county")
    assert (code(refused), refused.json()["detail"]) == ((409, "gates-closed"), "income_above_line")
    assert ready.take("elimination_county", decision="refused", reason="收入低于当年标准").status_code == 201
    assert ready.seen()["state"] == "monitored"


def test_a_smaller_household_is_held_against_its_own_total(ready: Walk, frame: Session) -> None:
    earns(ready, 2 * LINE + 1)
    assert ready.gates()["income_above_line"] is False
    for gone in frame.scalars(select(Membership).where(col(Membership.person_id) == ready.home.child)):
        gone.valid = Range(gone.valid.lower, date(2026, 10, 1))
    frame.commit()
    earns(ready, 2 * LINE + 1)
    assert ready.gates()["income_above_line"] is True


def test_each_gate_is_explained_in_both_languages(ready: Walk) -> None:
    answer = ready.http.get(f"/v1/cases/{ready.id}/gates", headers=ready.people["county"]).json()
    said = {gate["key"]: (gate["zh"], gate["en"]) for gate in answer["gates"]}
    assert said["income_above_line"] == (
        "收入高于监测线（18,960.01 > 6,320.00 × 3 = 18,960.00）：是。",
        "Above the line (18,960.01 > 6,320.00 × 3 = 18,960.00): yes.",
    )
    assert (answer["zh"], answer["en"]) == ("提出风险消除", "elimination proposed")


def test_a_case_on_its_way_names_what_the_next_step_waits_for(case: Walk) -> None:
    assert case.gates("village") == {"signer": True, "two_signers": True}
    case.until("notice_ended")
    assert case.gates("village")["notice"] is True
    case.took("household_gone")
    assert case.gates() == {}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2026, 6, 15), 6, date(2026, 12, 15)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
    ids=["short-month", "leap", "plain", "year-end"],
)
def test_months_end_on_the_same_day_or_the_last_one(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


def test_an_amount_is_shown_to_the_fen() -> None:
    assert [yuan(fen) for fen in (0, 1, -1, 123_456_789)] == ["0.00", "0.01", "-0.01", "1,234,567.89"]


def looked(engine: Engine, day: date) -> int:
    return tell_of_gates(engine, NOW.replace(year=day.year, month=day.month, day=day.day))


def test_of_gates_that_are_open_it_is_told_once_and_once_that_one_has_closed(
    ready: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    """What people answer for is not known yet, and keeps nobody from going to see."""
    engine = engines["households"]
    assert [looked(engine, DAY), looked(engine, DAY), looked(engine, DAY + timedelta(1))] == [1, 0, 1]
    (first,) = events(frame, MET)
    assert (first.subject, first.data["household"]) == (ready.id, ready.home.id)
    house(frame, ready, housing_grade="C")
    assert looked(engine, DAY + timedelta(2)) == 1
    (over,) = events(frame, NO_LONGER)
    assert over.data == first.data
    house(frame, ready, housing_grade="A")
    looked(engine, DAY + timedelta(3))
    assert len({one.data["met"] for one in events(frame, MET)}) == 2
    assert len(events(frame, NO_LONGER)) == 1


def test_who_has_proposed_is_told_no_more_on_the_same_day(
    ready: Walk, frame: Session, engines: dict[str, Engine]
) -> None:
    looked(engines["households"], DAY)
    ready.took("elimination", day=DAY)
    assert [looked(engines["households"], DAY) for _ in range(2)] == [1, 0]
    assert [one.data for one in events(frame, NO_LONGER)] == [one.data for one in events(frame, MET)]


@pytest.mark.parametrize("change", CLOSED, ids=CLOSED.keys())
def test_while_one_gate_on_record_is_closed_or_unknown_nothing_is_told(
    ready: Walk, frame: Session, engines: dict[str, Engine], change: str
) -> None:
    change_it, gate, _ = CLOSED[change]
    change_it(ready, frame)
    assert looked(engines["households"], DAY) == 1
    assert len(events(frame, MET)) == (gate == "income_steady")


def test_of_a_case_that_is_not_entered_yet_no_gate_is_looked_at(case: Walk, engines: dict[str, Engine]) -> None:
    assert looked(engines["households"], DAY) == 0
