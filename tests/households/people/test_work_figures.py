"""How many are at work in a month, and which households with labour have somebody in steady work."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.people import PersonCircumstances, WorkMonth
from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers.test_entries import OTHER, family_in
from tests.households.standards import LINE_DOCUMENT, set_standards

__all__ = ["clerk", "http"]  # fixtures

TOLD: dict[str, Any] = {"doer": "示例", "recorded_by": "示例", "recorded_at": NOW}
MONTHS = [date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 12))]


def worked(session: Session, person: UUID, months: list[date], working: bool = True, area: str | None = None) -> None:
    for month in months:
        row: Any = {"id": uuid4(), "person_id": person, "month": month, "working": working, "area": area}
        session.add(WorkMonth(**row, **TOLD))
        session.flush()
    session.commit()


def able(session: Session, person: UUID, capacity: str | None, since: date = date(2026, 1, 1)) -> None:
    session.add(PersonCircumstances(id=uuid4(), person_id=person, since=since, labour_capacity=capacity, **TOLD))
    session.commit()


def figures(http: TestClient, caller: Headers, month: str = "2026-11", village: str = VILLAGE) -> Any:
    told = http.get("/v1/work-figures", params={"village": village, "month": month}, headers=caller)
    assert told.status_code == 200, told.text
    return told.json()


def test_those_at_work_in_the_month_are_counted_by_area_and_the_last_word_counts(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    _, (first, second, third, _) = family_in(households, persons=4)
    _, (elsewhere,) = family_in(households, OTHER)
    worked(households, first, [date(2026, 11, 1)], area="province")
    worked(households, first, [date(2026, 11, 1)], area="country")
    worked(households, second, [date(2026, 11, 1)], working=False)
    worked(households, third, [date(2026, 10, 1)], area="county")
    worked(households, elsewhere, [date(2026, 11, 1)])
    told = figures(http, clerk)
    assert (told["members"], told["told"], told["at_work"]) == (4, 2, 1)
    assert told["areas"] == [{"area": "country", "persons": 1}]
    assert figures(http, clerk, "2026-10")["at_work"] == 1
    assert figures(http, clerk, village=VILLAGE[:6])["at_work"] == 2


def test_a_household_with_labour_is_in_steady_work_from_the_months_the_county_asks_for(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    set_standards(households, steady_work_months=6)
    for number, months in enumerate((5, 6, 12)):
        _, (worker, child) = family_in(households, persons=2)
        able(households, worker, ("ordinary", "skilled", "weak")[number])
        able(households, child, "none")
        worked(households, worker, MONTHS[-months:])
    assert figures(http, clerk)["labour"] == {
        "households": 3, "unknown": 0, "steady": 2, "months": 6, "document_no": LINE_DOCUMENT,
    }  # fmt: skip
    assert figures(http, clerk, "2026-05")["labour"]["steady"] == 1, "in the twelve months until May one worked six"


def test_who_cannot_work_is_no_labour_and_who_is_unknown_is_told_as_such(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    set_standards(households, steady_work_months=6)
    for capacity in ("lost", "none", None):
        _, (one,) = family_in(households)
        worked(households, one, MONTHS)
        if capacity:
            able(households, one, capacity)
    _, (better,) = family_in(households)
    able(households, better, "lost")
    able(households, better, "ordinary", date(2026, 6, 1))
    told = figures(http, clerk)["labour"]
    assert (told["households"], told["unknown"], told["steady"]) == (1, 1, 0)


def test_without_the_county_s_word_nobody_is_in_steady_work_or_out_of_it(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    _, (worker,) = family_in(households)
    able(households, worker, "ordinary")
    worked(households, worker, MONTHS)
    told = figures(http, clerk)["labour"]
    assert told == {"households": 1, "unknown": 0, "steady": None, "months": None, "document_no": None}


def test_a_month_to_come_has_no_figures_and_nobody_counts_beyond_their_reach(
    http: TestClient, clerk: Headers, households: Session, office: Office
) -> None:
    family_in(households)
    asked = {"village": VILLAGE, "month": "2026-12"}
    assert http.get("/v1/work-figures", params=asked, headers=clerk).json()["code"] == "month-not-come"
    elsewhere = office("elsewhere", "township", place=OTHER[:9])
    assert figures(http, elsewhere, village=VILLAGE[:6])["members"] == 0
