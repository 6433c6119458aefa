"""The register beside paper and beside what was stated: who looked when, and both figures in one list."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col, select
from starlette.testclient import TestClient

from services.households.models.people import WorkMonth
from services.households.models.register import Membership
from tests.callers import HERE, Headers, Office
from tests.clock import TODAY
from tests.households.quality.families import NEXT, TOLD, VILLAGE, Family, years_ago


@pytest.fixture
def here(session: Session) -> Family:
    made = Family(session)
    session.commit()
    return made


def check(http: TestClient, who: Headers, family: Family, **said: Any) -> Any:
    body = {"id": str(uuid4()), "checked_on": "2026-11-10"} | said
    return http.post(f"/v1/households/{family.id}/paper-checks", json=body, headers=who)


def unchecked(http: TestClient, who: Headers, since: str, village: str = VILLAGE[:6]) -> list[Any]:
    answer = http.get(f"/v1/unchecked-cards?village={village}&since={since}", headers=who)
    assert answer.status_code == 200, answer.text
    return [(row["household_id"], row["checked_on"]) for row in answer.json()["rows"]]


def test_a_card_is_checked_by_somebody_on_a_day_with_what_differed(
    http: TestClient, clerk: Headers, here: Family
) -> None:
    differing = [{"field": "phone", "to_mend": "register"}, {"field": "income", "to_mend": "paper"}]
    first = check(http, clerk, here, doer="示己", card_number="0001", differences=differing)
    assert first.status_code == 201, first.text
    assert check(http, clerk, here, checked_on="2026-11-12").status_code == 201
    rows = http.get(f"/v1/households/{here.id}/paper-checks", headers=clerk).json()["rows"]
    assert [(row["checked_on"], row["doer"], len(row["differences"])) for row in rows] == [
        ("2026-11-12", "clerk", 0), ("2026-11-10", "示己", 2),
    ]  # fmt: skip
    assert rows[1]["differences"] == sorted(differing, key=lambda one: one["field"])


def test_checks_of_a_card_are_read_as_of_a_day_and_as_known_at_a_moment(
    http: TestClient, clerk: Headers, here: Family
) -> None:
    check(http, clerk, here)
    check(http, clerk, here, checked_on="2026-11-12")

    def read(**asked: str) -> list[str]:
        answer = http.get(f"/v1/households/{here.id}/paper-checks", params=asked, headers=clerk)
        return [row["checked_on"] for row in answer.json()["rows"]]

    assert read(as_of="2026-11-09") == []
    assert read(as_of="2026-11-10") == read(as_of="2026-11-11") == ["2026-11-10"]
    before = (HERE - timedelta(seconds=1)).isoformat()
    assert read(known_at=before) == []
    assert read(known_at=HERE.isoformat()) == ["2026-11-12", "2026-11-10"]


def test_a_household_is_unchecked_until_somebody_looks_on_that_day_or_later(
    http: TestClient, clerk: Headers, session: Session, here: Family
) -> None:
    ended = Family(session)
    ended.mark(ended_on=TODAY)
    session.commit()
    assert unchecked(http, clerk, "2026-11-10") == [(str(here.id), None)]
    check(http, clerk, here)
    assert unchecked(http, clerk, "2026-11-10") == []
    assert unchecked(http, clerk, "2026-11-11") == [(str(here.id), "2026-11-10")]
    assert unchecked(http, clerk, "2026-11-11", NEXT) == []


def test_a_check_is_refused_of_a_day_to_come_a_field_twice_and_a_household_outside(
    http: TestClient, clerk: Headers, office: Office, here: Family
) -> None:
    assert check(http, clerk, here, checked_on="2026-11-22").json()["code"] == "told-in-the-future"
    twice = [{"field": "phone", "to_mend": "paper"}, {"field": "phone", "to_mend": "register"}]
    assert check(http, clerk, here, differences=twice).json()["code"] == "field-twice"
    assert check(http, office("cadre", "cadre", place=NEXT), here).status_code == 404
    assert unchecked(http, office("other", "cadre", place=NEXT), "2026-11-10") == []


def state(http: TestClient, who: Headers, family: Family, key: str, value: int, on: str = "2026-11-20") -> Any:
    body = {"id": str(uuid4()), "key": key, "on_day": on, "value": value, "source": "paper"}
    return http.post(f"/v1/households/{family.id}/stated-figures", json=body, headers=who)


def listed(http: TestClient, who: Headers, **said: str) -> list[tuple[str, int, int | None, int | None]]:
    answer = http.get("/v1/stated-figures", params={"village": VILLAGE[:6]} | said, headers=who)
    assert answer.status_code == 200, answer.text
    return [(row["key"], row["stated"], row["computed"], row["difference"]) for row in answer.json()["rows"]]


def test_what_is_stated_stands_beside_what_is_computed(
    http: TestClient, clerk: Headers, session: Session, here: Family
) -> None:
    here.earned(wage=2_000_000, transfer=100_000, production_cost=50_000)
    here.add(*(WorkMonth(person_id=here.head, month=date(2026, m, 1), working=True, **TOLD) for m in (8, 9)))
    session.commit()
    state(http, clerk, here, "persons", 3)
    state(http, clerk, here, "net_income", 2_050_000)
    state(http, clerk, here, "wage_income", 2_000_000)
    state(http, clerk, here, "working_persons", 2)
    assert listed(http, clerk) == [
        ("net_income", 2_050_000, 2_050_000, 0),
        ("persons", 3, 1, 2),
        ("wage_income", 2_000_000, 2_000_000, 0),
        ("working_persons", 2, 1, 1),
    ]
    assert listed(http, clerk, key="persons") == [("persons", 3, 1, 2)]


def test_what_nobody_told_is_no_nought(http: TestClient, clerk: Headers, here: Family) -> None:
    state(http, clerk, here, "working_persons", 1)
    state(http, clerk, here, "net_income", 0, on="2026-10-30")  # the twelve months had not ended
    assert listed(http, clerk) == [("net_income", 0, None, None), ("working_persons", 1, None, None)]


def test_a_figure_is_held_against_its_own_day_and_the_newest_is_listed(
    http: TestClient, clerk: Headers, session: Session, here: Family
) -> None:
    born = here.member("20", years_ago(0))
    of = select(Membership).where(col(Membership.person_id) == born)
    session.scalars(of).one().valid = Range(date(2026, 11, 15), None)
    session.commit()
    state(http, clerk, here, "persons", 1, on="2026-11-14")
    assert listed(http, clerk) == [("persons", 1, 1, 0)]
    state(http, clerk, here, "persons", 1, on="2026-11-15")
    assert listed(http, clerk) == [("persons", 1, 2, -1)]
    state(http, clerk, here, "persons", 2, on="2026-11-15")
    assert listed(http, clerk) == [("persons", 2, 2, 0)]
    assert state(http, clerk, here, "persons", 2, on="2026-11-22").json()["code"] == "told-in-the-future"


def test_a_figure_of_a_household_outside_is_neither_told_nor_taken(
    http: TestClient, clerk: Headers, office: Office, here: Family
) -> None:
    state(http, clerk, here, "persons", 3)
    elsewhere = office("cadre", "cadre", place=NEXT)
    assert listed(http, elsewhere) == []
    assert state(http, elsewhere, here, "persons", 3).status_code == 404
