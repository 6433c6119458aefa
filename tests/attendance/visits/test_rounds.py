"""A round leaves no household out: one task each, frozen, and a sheet whose numbers add up."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.models.visits import RoundTask, VisitRound
from services.attendance.visits.freezing import FREEZE, freezes_rounds
from services.attendance.visits.sheet import close_tasks, tasks_of
from services.kit.store.claim import work_a_job
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed
from tests.attendance.visits.conftest import ELSEWHERE, FREE, HOME, NEXT, correction, send, visit
from tests.callers import Headers, Office
from tests.conftest import NOW, TODAY

ROUNDS = "/v1/visit-rounds"
NOT_POOR = {"formerly_poor": False}
FIVE = ("met", "contacted", "away", "not_reached", "not_tried")


class Facts:
    """The register as our own service asks it: pages of two."""

    def __init__(self, *rows: tuple[UUID, str, bool]) -> None:
        self.rows = sorted(rows)
        self.asked = 0

    def get(self, path: str, *, division: str, after: str | None, limit: int) -> Any:
        assert (path, limit) == ("/v1/services/households/facts/household", 2_000)
        self.asked += 1
        told = [one for one in self.rows if one[1].startswith(division) and str(one[0]) > (after or "")]
        rows = [
            {"subject": str(home), "division": village, "version": 1, "facts": {"monitored": tag} | NOT_POOR}
            for home, village, tag in told[:2]
        ]  # fmt: skip
        return {"rows": rows, "after": rows[-1]["subject"] if len(told) > 2 else None}


@pytest.fixture
def register_of_facts() -> Facts:
    return Facts((HOME, VILLAGE, True), (NEXT, VILLAGE, False), (FREE, VILLAGE, False), (uuid4(), ELSEWHERE, True))


@pytest.fixture
def county(office: Office, paired: Stationed) -> Headers:
    return office("a-county", "county")


@pytest.fixture
def freeze(engines: dict[str, Engine], register_of_facts: Facts) -> Callable[[], int]:
    handlers = freezes_rounds(engines["attendance"], register_of_facts)  # type: ignore[arg-type]  # in a peer's place
    return lambda: work_a_job(engines["attendance"], handlers, NOW)


def body(**said: Any) -> dict[str, Any]:
    told = {"id": str(uuid4()), "name": "示例摸排", "division": COUNTY, "document_no": "示例〔2026〕9号"}
    return told | {"first_day": "2026-11-01", "last_day": "2026-11-30"} | said


@pytest.fixture
def opened(http: TestClient, county: Headers, freeze: Callable[[], int]) -> Callable[..., str]:
    def open_one(**said: Any) -> str:
        asked = body(**said)
        answer = http.post(ROUNDS, json=asked, headers=county)
        assert (answer.status_code, answer.json()["state"]) == (201, "gathering"), answer.text
        assert freeze() == 1
        assert http.get(f"{ROUNDS}/{asked['id']}", headers=county).json()["state"] == "open"
        return str(asked["id"])

    return open_one


def sheet(http: TestClient, caller: Headers, number: str, **asked: Any) -> dict[str, Any]:
    answer = http.get(f"{ROUNDS}/{number}/sheet", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    for one in (told["total"], *told["villages"]):
        assert one["households"] == sum(one[name] for name in FIVE)
    return told


def tasks(http: TestClient, caller: Headers, number: str, **asked: Any) -> set[str]:
    rows = http.get(f"{ROUNDS}/{number}/tasks", params=asked, headers=caller).json()["rows"]
    return {row["household_id"] for row in rows}


def test_every_household_of_the_place_has_one_task(
    http: TestClient, county: Headers, opened: Callable[..., str], register_of_facts: Facts, attendance: Session
) -> None:
    number = opened()
    told = sheet(http, county, number)
    assert (told["total"]["households"], told["total"]["not_tried"]) == (4, 4)
    assert {one["village"]: one["households"] for one in told["villages"]} == {VILLAGE: 3, ELSEWHERE: 1}
    assert register_of_facts.asked == 2
    assert len(attendance.scalars(select(RoundTask)).all()) == 4


def test_a_round_of_a_tag_or_of_a_village_has_those_alone(
    http: TestClient, county: Headers, opened: Callable[..., str]
) -> None:
    assert tasks(http, county, opened(tag="monitored", division=VILLAGE)) == {str(HOME)}
    assert tasks(http, county, opened(division=VILLAGE)) == {str(HOME), str(NEXT), str(FREE)}
    assert sheet(http, county, opened(tag="formerly_poor"))["total"]["households"] == 0


def test_the_set_is_frozen_as_the_round_is_opened(
    http: TestClient, county: Headers, opened: Callable[..., str], freeze: Callable[[], int],
    register_of_facts: Facts, attendance: Session,
) -> None:  # fmt: skip
    number = opened()
    register_of_facts.rows.append((uuid4(), VILLAGE, True))
    attendance.execute(text("UPDATE job SET done_at = NULL WHERE kind = :kind"), {"kind": FREEZE})
    attendance.execute(text("UPDATE job SET due_at = :now"), {"now": NOW})
    attendance.commit()
    assert freeze() == 1
    assert sheet(http, county, number)["total"]["households"] == 4


def test_one_tap_is_enough_and_the_best_of_several_contacts_counts(
    http: TestClient, assistant: Headers, county: Headers, opened: Callable[..., str], paired: Stationed
) -> None:
    number = opened()
    send(http, assistant, visit(contact="not_reached"))
    assert tasks(http, county, number, outcome="not_reached") == {str(HOME)}
    send(http, assistant, visit(days_ago=1, contact="telephone"))
    assert sheet(http, county, number)["total"]["contacted"] == 1
    send(http, assistant, visit(days_ago=2))
    send(http, assistant, visit(contact="away"))
    told = sheet(http, county, number)["total"]
    assert (told["met"], told["unchanged"], told["not_tried"]) == (1, 1, 3)
    others: dict[str, Any] = {"cadre_id": str(paired.second), "contact": "away", "away_since": "2026-02-01"}
    send(http, county, visit(NEXT, **others))
    assert tasks(http, county, number, outcome="away") == {str(NEXT)}


def test_a_visit_out_of_the_period_or_not_made_does_nothing_for_it(
    http: TestClient, assistant: Headers, county: Headers, opened: Callable[..., str]
) -> None:
    number = opened()
    send(http, assistant, visit(days_ago=21))
    assert sheet(http, county, number)["total"]["not_tried"] == 4
    send(http, assistant, first := visit(days_ago=20))
    assert sheet(http, county, number)["total"]["met"] == 1
    send(http, assistant, correction(first, "not_made"))
    assert sheet(http, county, number)["total"]["not_tried"] == 4


def test_a_closed_round_names_who_was_not_reached_and_stays_as_it_was(
    http: TestClient, assistant: Headers, county: Headers, opened: Callable[..., str]
) -> None:
    number = opened()
    send(http, assistant, first := visit())
    closing = f"{ROUNDS}/{number}/closing"
    closed = http.put(closing, headers=county).json()
    assert (closed["state"], http.put(closing, headers=county).json()) == ("closed", closed)
    before = sheet(http, county, number)
    assert len(tasks(http, county, number, outcome="not_tried")) == 3
    send(http, assistant, correction(first, "not_made"))
    send(http, county, visit(NEXT, cadre_id=first_cadre(http, assistant)))
    assert sheet(http, county, number) == before
    assert tasks(http, county, number, outcome="met") == {str(HOME)}


def first_cadre(http: TestClient, caller: Headers) -> str:
    rows = http.get("/v1/visits", params={"corrected": True}, headers=caller).json()["rows"]
    return str(rows[0]["cadre_id"])


def test_a_round_that_is_still_gathering_cannot_be_closed(http: TestClient, county: Headers) -> None:
    asked = body()
    http.post(ROUNDS, json=asked, headers=county)
    assert http.put(f"{ROUNDS}/{asked['id']}/closing", headers=county).json()["code"] == "round-not-open"


def test_an_office_opens_rounds_of_its_place_and_closes_those_it_holds_whole(
    http: TestClient, office: Office, opened: Callable[..., str]
) -> None:
    number = opened()
    township = office("a-township", "township", place=VILLAGE[:9])
    assert http.post(ROUNDS, json=body(), headers=township).status_code == 404
    assert http.put(f"{ROUNDS}/{number}/closing", headers=township).status_code == 404
    assert http.post(ROUNDS, json=body(division=VILLAGE), headers=township).status_code == 201
    backwards = body(division=VILLAGE, last_day="2026-10-31")
    assert http.post(ROUNDS, json=backwards, headers=township).json()["code"] == "round-ends-before-it-begins"
    assert sheet(http, township, number)["total"]["households"] == 3


def test_the_same_id_with_another_content_is_refused(http: TestClient, county: Headers, office: Office) -> None:
    asked = body()
    first = http.post(ROUNDS, json=asked, headers=county).json()
    assert http.post(ROUNDS, json=asked, headers=county).json() == first
    assert http.post(ROUNDS, json=asked | {"name": "另一轮"}, headers=county).json()["code"] == "round-sent-before"
    township = office("a-township", "township", place="520621002")
    theirs = asked | {"division": "520621002"}
    assert http.post(ROUNDS, json=theirs, headers=township).json()["code"] == "round-sent-before"


def test_an_assistant_sees_the_tasks_of_the_own_households_alone(
    http: TestClient, assistant: Headers, office: Office, opened: Callable[..., str]
) -> None:
    number = opened()
    assert tasks(http, assistant, number) == {str(HOME)}
    assert sheet(http, assistant, number)["total"]["households"] == 1
    assert [one["id"] for one in http.get(ROUNDS, headers=assistant).json()["rows"]] == [number]
    beside = office("beside", "township", place="520621003")
    assert http.get(ROUNDS, headers=beside).json()["rows"] == []
    for path in ("", "/sheet", "/tasks"):
        assert http.get(f"{ROUNDS}/{number}{path}", headers=beside).status_code == 404


def test_rounds_are_listed_by_the_day_they_run_on(
    http: TestClient, county: Headers, opened: Callable[..., str]
) -> None:
    number = opened()
    for day, told in (("2026-10-31", []), ("2026-11-01", [number]), ("2026-11-30", [number]), ("2026-12-01", [])):
        assert [one["id"] for one in http.get(ROUNDS, params={"on": day}, headers=county).json()["rows"]] == told


contacts = st.sampled_from(["home", "elsewhere", "telephone", "video", "neighbour", "not_reached", "away"])


@settings(suppress_health_check=list(HealthCheck), max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), contacts, st.integers(0, 40)), max_size=12))
def test_whatever_was_visited_the_five_add_up_to_the_households(
    attendance: Session, paired: Stationed, seen: list[tuple[int, str, int]]
) -> None:
    homes = [uuid4() for _ in range(4)]
    one = VisitRound(
        id=uuid4(), name="示例", division=COUNTY, first_day=TODAY.replace(day=1), last_day=TODAY, document_no="示例",
        created_by="示例", created_at=NOW, opened_at=NOW,
    )  # fmt: skip
    attendance.add(one)
    attendance.flush()
    attendance.add_all(RoundTask(round_id=one.id, household_id=home, village=VILLAGE) for home in homes)
    for home, contact, days in seen:
        attendance.execute(WRITTEN, {"cadre": paired.first, "home": homes[home], "contact": contact, "days": days})
    attendance.flush()
    live = outcomes(attendance, one.id)
    assert len(live) == 4
    assert set(live.values()) <= set(FIVE)
    close_tasks(attendance, one.id)
    stored = {task.household_id: task.outcome for task in attendance.scalars(select(RoundTask))}
    assert stored == live
    attendance.rollback()


WRITTEN = text(
    "INSERT INTO visit (id, first_id, version, cadre_id, recorded_by, household_id, village, at, received_at, day,"
    " contact, met, undone, findings)"
    " SELECT one, one, 1, :cadre, '示例', :home, '520621001005', now(), now(), date '2026-11-21' - CAST(:days AS int),"
    " :contact, '{}', '{}', '{}' FROM gen_random_uuid() AS one"
)


def outcomes(session: Session, number: UUID) -> dict[UUID, str]:
    told = tasks_of(number).subquery("told")
    rows = session.execute(select(told.c.household_id, told.c.outcome)).all()
    assert len({home for home, _ in rows}) == len(rows)
    return {row.household_id: row.outcome for row in rows}
