"""What is told since a day: appended, read as of any day and as known at any moment, and told twice for nothing."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.conftest import NOW, TODAY
from tests.households.conftest import facts_of
from tests.households.people.conftest import Count, Put

EARLY, LATE = "2026-01-05", "2026-06-01"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_a_day_is_read_as_it_was_and_not_as_it_is(http: TestClient, clerk: Headers, family: str, put: Put) -> None:
    path = f"{family}/conditions"
    assert http.get(path, headers=clerk).json()["since"] is None
    assert put(path, {"since": EARLY, "farmland": 350, "road": "dirt"}).json()["farmland"] == 350
    assert put(path, {"since": LATE, "farmland": 350, "road": "cement"}).json()["road"] == "cement"
    assert http.get(f"{path}?as_of=2026-05-31", headers=clerk).json()["road"] == "dirt"
    assert http.get(f"{path}?as_of={LATE}", headers=clerk).json()["road"] == "cement"
    assert http.get(f"{path}?as_of=2026-01-04", headers=clerk).json()["since"] is None


def test_a_correction_is_appended_and_what_was_known_before_it_is_still_told(
    households: Session, http: TestClient, clerk: Headers, family: str, put: Put, count: Count
) -> None:
    path = f"{family}/conditions"
    put(path, {"since": EARLY, "farmland": 350})
    known = NOW - timedelta(days=1)
    households.execute(text("UPDATE household_conditions SET recorded_at = :known"), {"known": known})
    households.commit()
    assert put(path, {"since": EARLY, "farmland": 360}).json()["farmland"] == 360
    assert count("household_conditions") == 2
    was = http.get(path, params={"known_at": known.isoformat()}, headers=clerk).json()
    assert was["farmland"] == 350
    before = http.get(path, params={"known_at": "2020-01-01T00:00:00Z"}, headers=clerk).json()
    assert before["since"] is None


def test_telling_the_same_again_writes_nothing_and_needs_no_reading(
    http: TestClient, clerk: Headers, family: str, put: Put, count: Count
) -> None:
    path, body = f"{family}/conditions", {"since": EARLY, "farmland": 350}
    answers = [http.put(path, json=body, headers=clerk) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert http.put(path, json=body | {"since": LATE}, headers=clerk).status_code == 200
    assert count("household_conditions") == 1


def test_an_earlier_day_told_late_leaves_what_holds_today(family: str, put: Put, count: Count) -> None:
    path = f"{family}/housing"
    assert put(path, {"since": LATE, "grade": "B"}).json()["grade"] == "B"
    assert put(path, {"since": EARLY, "grade": "D"}).json()["grade"] == "B"
    assert count("housing_appraisal") == 2


def test_nobody_overwrites_what_they_have_not_seen(http: TestClient, clerk: Headers, family: str, put: Put) -> None:
    path = f"{family}/places"
    first = put(path, {"since": EARLY, "grid": "一网格"})
    assert code(http.put(path, json={"since": EARLY, "grid": "二网格"}, headers=clerk)) == (428, "seen-nothing")
    seen = clerk | {"if-match": first.headers["etag"]}
    assert http.put(path, json={"since": EARLY, "grid": "二网格"}, headers=seen).status_code == 200
    assert code(http.put(path, json={"since": EARLY, "grid": "三网格"}, headers=seen)) == (412, "changed-meanwhile")


def test_who_saw_it_is_kept_beside_who_typed_it(family: str, put: Put) -> None:
    told = put(f"{family}/conditions", {"since": EARLY, "farmland": 1, "doer": "示乙"}).json()
    assert (told["doer"], told["recorded_by"]) == ("示乙", "clerk")
    mine = put(f"{family}/housing", {"since": EARLY, "grade": "A"}).json()
    assert (mine["doer"], mine["recorded_by"]) == ("clerk", "clerk")


def test_tomorrow_is_not_told_today(family: str, put: Put) -> None:
    body = {"since": (TODAY + timedelta(days=1)).isoformat()}
    for path in ("conditions", "housing", "water", "places"):
        assert code(put(f"{family}/{path}", body)) == (422, "told-in-the-future")
        assert put(f"{family}/{path}", {"since": TODAY.isoformat()}).status_code == 200


def test_the_newest_appraisal_is_the_grade_that_rules_ask_for(households: Session, family: str, put: Put) -> None:
    assert facts_of(households, "JK1").safe_house is True
    put(f"{family}/housing", {"since": EARLY, "grade": "C"})
    households.rollback()
    assert facts_of(households, "JK1").safe_house is False


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"living_kind": "away", "living_destination": "示例市"}, 200),
        ({"living_kind": "site", "living_site": "示例安置点"}, 200),
        ({"living_kind": "village", "living_village": "520621001005"}, 200),
        ({"living_kind": "away"}, 422),
        ({"living_destination": "示例市"}, 422),
        ({"living_kind": "away", "living_destination": "示例市", "living_site": "示例安置点"}, 422),
    ],
    ids=["away", "site", "village", "away-where", "kind-untold", "two-places"],
)
def test_a_household_lives_in_one_place_that_fits_its_kind(
    family: str, put: Put, said: dict[str, str], status: int
) -> None:
    answer = put(f"{family}/places", {"since": EARLY, **said})
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["managing_village"] == "520621001005"
    else:
        assert answer.json()["code"] == "living-place-unclear"


DAYS = [(NOW - timedelta(days=n)).date().isoformat() for n in range(0, 40, 10)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(st.sampled_from(DAYS), st.integers(0, 3)), min_size=1, max_size=8))
def test_of_any_day_the_last_word_told_for_the_newest_day_before_it_counts(
    households: Session, http: TestClient, clerk: Headers, family: str, put: Put, told: list[tuple[str, int]]
) -> None:
    households.execute(text("DELETE FROM household_conditions"))
    households.commit()
    path, words = f"{family}/conditions", dict[str, int]()
    for since, farmland in told:
        assert put(path, {"since": since, "farmland": farmland}).status_code == 200
        if said_on(words, since) != farmland:  # else nothing is told that was not so already
            words[since] = farmland
    for day in DAYS:
        assert http.get(f"{path}?as_of={day}", headers=clerk).json()["farmland"] == said_on(words, day)


def said_on(words: dict[str, int], day: str) -> int | None:
    before = [since for since in sorted(words) if since <= day]
    return words[before[-1]] if before else None
