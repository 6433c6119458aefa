"""Who is at work and which households live by it, in the reports' own numbers."""

from datetime import date

from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import clerk, http
from tests.households.ledgers.test_entries import family_in
from tests.households.people.test_work_figures import MONTHS, able, figures, worked
from tests.households.standards import set_standards

__all__ = ["clerk", "http"]  # fixtures


def test_220_were_led_to_work(http: TestClient, clerk: Headers, households: Session) -> None:
    _, people = family_in(households, persons=230)
    for person in people[:220]:
        worked(households, person, [date(2026, 11, 1)], area="province")
    told = figures(http, clerk)
    assert (told["at_work"], told["areas"]) == (220, [{"area": "province", "persons": 220}])


def test_every_household_with_labour_has_somebody_in_steady_work(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    set_standards(households, steady_work_months=6)
    for capacity in ("ordinary", "skilled", "none"):
        _, (one,) = family_in(households)
        able(households, one, capacity)
        worked(households, one, MONTHS if capacity != "none" else [])
    told = figures(http, clerk)["labour"]
    assert (told["households"], told["steady"]) == (2, 2)
