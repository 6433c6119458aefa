"""Cases where households change: nobody falls out of help by a change of papers."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.models.cases import Case, CaseClock
from services.households.models.register import Tag
from tests.callers import Headers
from tests.clock import TODAY
from tests.households.cases.conftest import LINE, Home, Walk, code, earns, events, settle

BORN = {
    "name": "示幼",
    "birth_date": "2026-10-01",
    "sex": "2",
    "number_missing": "新生儿",
    "number_due_on": "2026-12-31",
}


@pytest.fixture
def other(frame: Session) -> Home:
    return settle(frame, "JK2", head="示己", housing_grade="A", safe_water=True)


@pytest.fixture
def beside(http: TestClient, people: dict[str, Headers], other: Home) -> Walk:
    """The other household, without a case yet."""
    return Walk(http, people, other)


def record(walk: Walk, clerk: Headers, kind: str, **said: Any) -> Any:
    about = {"id": str(uuid4()), "kind": kind, "on": TODAY.isoformat(), "ground": "示例", "done_by": "示庚"}
    answer = walk.http.post("/v1/household-changes", json=about | said, headers=clerk)
    assert answer.status_code == 201, answer.text
    return answer.json()


def merge(walk: Walk, clerk: Headers, merged: Home, into: Home) -> Any:
    come = [{"person_id": one, "relation": "99"} for one in (merged.head, merged.spouse, merged.child)]
    return record(walk, clerk, "merge", into_id=into.id, merged=[merged.id], relations=come)


def split(walk: Walk, clerk: Headers, number: str = "JK9", **said: Any) -> str:
    """The spouse and the child go."""
    goes = [{"person_id": walk.home.spouse, "relation": "01"}, {"person_id": walk.home.child, "relation": "20"}]
    told = record(walk, clerk, "split", **{"household_id": walk.home.id, "number": number, "members": goes} | said)
    (new,) = [one["household_id"] for one in told["households"] if one["household_id"] != walk.home.id]
    return str(new)


def cases(walk: Walk, household: str) -> list[dict[str, Any]]:
    asked = {"village": "520621001005", "household_id": household}
    told: list[dict[str, Any]] = walk.http.get("/v1/cases", params=asked, headers=walk.people["county"]).json()["rows"]
    return told


def monitored(session: Session, household: str) -> bool:
    session.rollback()
    mine = select(Tag).where(col(Tag.household_id) == UUID(household), col(Tag.key) == "monitored")
    return any(tag.valid.upper is None for tag in session.scalars(mine))


def running(session: Session, case: str) -> set[str]:
    session.rollback()
    mine = select(CaseClock).where(col(CaseClock.case_id) == UUID(case), col(CaseClock.done_on).is_(None))
    return {clock.step for clock in session.scalars(mine)}


def test_the_open_case_of_a_merged_household_goes_on_in_the_other(
    case: Walk, other: Home, clerk: Headers, frame: Session
) -> None:
    case.identified()
    former, clocks = case.home, running(frame, case.id)
    merge(case, clerk, former, other)
    told = case.seen()
    assert (told["household_id"], told["state"], told["episode"]) == (other.id, "monitored", 1)
    assert (told["entries"][-1]["step"], told["entries"][-1]["participants"][0]["name"]) == ("carried", "示庚")
    assert monitored(frame, other.id)
    assert not monitored(frame, former.id)
    assert running(frame, case.id) == clocks != set()
    case.home = other
    case.took("follow_up")


@pytest.mark.parametrize("into", ["the identified", "the other"])
def test_of_two_open_cases_the_identified_one_stays_and_the_earlier_opened_one_ends_in_it(
    case: Walk, beside: Walk, clerk: Headers, frame: Session, into: str
) -> None:
    beside.open(
        risks=["09", "07"], ground={"kind": "clue", "service": "alerts", "id": str(uuid4()), "day": "2026-01-05"}
    )
    tied = beside.help(done_on=date(2026, 4, 1)).json()["id"]
    case.identified()
    homes = (beside.home, case.home) if into == "the identified" else (case.home, beside.home)
    merge(case, clerk, *homes)
    stays, ended = case.seen(), beside.seen()
    assert (stays["state"], stays["household_id"], stays["risks"]) == ("monitored", homes[1].id, ["01", "07", "09"])
    assert (ended["state"], ended["end_kind"], ended["merged_into"]) == ("ended", "merged_into", case.id)
    assert ended["entries"][-1]["step"] == "merged_into"
    assert "joined" in {one["step"] for one in stays["entries"]}
    assert [one["id"] for one in cases(case, homes[1].id) if not one["closed_on"]] == [case.id]
    assert running(frame, beside.id) == set()
    assert frame.scalar(text("SELECT case_id FROM measure WHERE id = :id"), {"id": tied}) == UUID(case.id)
    assert case.gates()["measure_done"] is True
    assert monitored(frame, homes[1].id)
    assert {event.data["step"] for event in events(frame, "case.ended")} == {"merged_into"}


def test_of_two_that_nobody_has_identified_the_earlier_ground_stays_and_the_green_channel_of_both(
    case: Walk, beside: Walk, clerk: Headers, frame: Session
) -> None:
    beside.open(ground={"kind": "clue", "service": "alerts", "id": str(uuid4()), "day": "2026-03-03"})
    beside.took("green_channel")
    merge(case, clerk, case.home, beside.home)
    told = case.seen()
    assert (told["household_id"], told["state"], told["episode"], told["green"]) == (
        beside.home.id, "identifying", 2, True,
    )  # fmt: skip
    assert "procedure" in running(frame, case.id)
    assert beside.seen()["merged_into"] == case.id


def test_a_case_of_an_ended_household_is_read_and_written_to_no_more(case: Walk, beside: Walk, clerk: Headers) -> None:
    beside.open()
    merge(case, clerk, beside.home, case.home)
    assert code(beside.take("visit")) == (409, "household-ended")
    assert beside.seen()["end_kind"] == "merged_into"


def test_each_part_of_a_split_household_that_was_identified_stays_in_care(
    case: Walk, clerk: Headers, frame: Session
) -> None:
    case.identified()
    earns(case, 3 * LINE + 1)
    done = case.help(done_on=date(2026, 4, 1), person_id=case.home.spouse).json()["id"]
    new = split(case, clerk)
    (branch,) = cases(case, new)
    mine = case.seen()
    assert (branch["state"], branch["branched_from"], branch["episode"]) == ("monitored", case.id, 1)
    for same in ("identified_on", "line", "line_document_no", "risks", "ground", "profile_key"):
        assert branch[same] == mine[same], same
    assert (mine["state"], mine["household_id"]) == ("monitored", case.home.id)
    assert monitored(frame, new)
    assert monitored(frame, case.home.id)
    assert running(frame, branch["id"]) == running(frame, case.id)
    kept = frame.execute(text("SELECT household_id, case_id FROM measure WHERE id = :id"), {"id": done}).one()
    assert kept == (UUID(new), UUID(case.id))  # it goes on for the spouse, and was done for the case of then
    assert case.gates()["measure_done"] is True
    case.id = branch["id"]
    assert case.gates()["measure_done"] is True


def test_while_an_elimination_is_proposed_the_new_part_is_still_in_care(case: Walk, clerk: Headers) -> None:
    case.identified()
    case.at = date(2026, 11, 1)
    case.took("elimination", mode="by_itself", reason="子女就业")
    (branch,) = cases(case, split(case, clerk))
    assert (branch["state"], branch["next_step"]) == ("monitored", None)
    assert case.seen()["state"] == "eliminating"


def test_before_identification_the_new_part_begins_at_the_first_step_of_its_own(
    case: Walk, clerk: Headers, frame: Session
) -> None:
    case.until("review")
    new = split(case, clerk)
    (branch,) = cases(case, new)
    assert (branch["state"], branch["next_step"], branch["branched_from"]) == ("identifying", "visit", case.id)
    assert case.seen()["next_step"] == "review"
    assert not monitored(frame, new)
    assert running(frame, branch["id"]) != set()
    case.took("review")


def test_a_household_that_is_gone_closes_its_case_and_drops_what_was_still_to_be_done(
    case: Walk, clerk: Headers, frame: Session
) -> None:
    case.identified()
    planned = case.help(state="planned").json()["id"]
    record(case, clerk, "ending", household_id=case.home.id, why="moved_away")
    told = case.seen()
    assert (told["state"], told["end_kind"], told["closed_on"]) == ("ended", "household_gone", TODAY.isoformat())
    assert (told["clocks"], told["entries"][-1]["step"]) == ([], "household_gone")
    row = frame.execute(text("SELECT state, dropped_because FROM measure WHERE id = :id"), {"id": planned}).one()
    assert row == ("dropped", "示例")


def test_a_refusal_that_may_still_be_appealed_goes_along(case: Walk, other: Home, clerk: Headers) -> None:
    case.until("township").took("township", decision="refused", reason="收入高于标准")
    former = case.home
    merge(case, clerk, former, other)
    assert case.seen()["household_id"] == other.id
    case.home = other
    case.took("refusal_told", "appeal")


def test_a_signature_under_a_record_that_was_joined_counts_for_the_one_that_is_kept(
    case: Walk, clerk: Headers, frame: Session
) -> None:
    case.until("comparison")
    twin = record(case, clerk, "birth", household_id=case.home.id, person=BORN, relation="20")
    child = next(one for part in twin["households"] for one in part["persons"])
    frame.execute(text("UPDATE person SET birth_date = '1972-03-04' WHERE id = :id"), {"id": child})
    frame.commit()
    assert code(case.take("comparison")) == (409, "not-signed-by-everybody")
    record(case, clerk, "re_registration", person_id=child, duplicate_id=case.home.spouse)
    case.took("comparison")


def test_every_case_there_is_has_a_household_that_lives_or_is_settled(
    case: Walk, beside: Walk, clerk: Headers, frame: Session
) -> None:
    beside.open()
    merge(case, clerk, case.home, beside.home)
    frame.rollback()
    unsettled = select(Case).where(col(Case.next_step).is_not(None) | col(Case.closed_on).is_(None))
    assert {str(one.household_id) for one in frame.scalars(unsettled)} == {beside.home.id}
