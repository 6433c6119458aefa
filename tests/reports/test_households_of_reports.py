"""How many households and persons a place has, in the reports' own numbers."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.register import Household, Membership, OwnCode, Person, Tag
from tests.callers import Headers, Office
from tests.clock import NOW
from tests.households.conftest import VILLAGE, clerk, http

__all__ = ["clerk", "http"]  # fixtures

LONG_AGO = date(2014, 1, 1)
OTHER = "520621002001"


def shared(persons: int, households: int) -> Iterator[int]:
    """As evenly as it goes."""
    yield from (persons // households + (number < persons % households) for number in range(households))


def settle(
    session: Session, persons: Sequence[int], *tags: str, since: date = LONG_AGO, village: str = VILLAGE
) -> None:
    homes, people, members, held = [], [], [], []
    for number in persons:
        home = uuid4()
        said = {"number": f"JK{home.hex[:12]}", "village": village, "head_name": "示甲", "created_at": NOW}
        homes.append({"id": home, **said})
        held += [{"household_id": home, "key": key, "valid": Range(since, None), "source": "示例"} for key in tags]
        for _ in range(number):
            who = uuid4()
            people.append({"id": who, "name": "示甲", "birth_date": date(1980, 1, 1), "sex": "1"})
            valid: Any = Range(LONG_AGO, None)
            members.append({"household_id": home, "person_id": who, "relation": "99", "valid": valid})
    for model, rows in ((Household, homes), (Person, people), (Membership, members), (Tag, held)):
        if rows:
            session.execute(insert(model), rows)
    session.commit()


def figures(http: TestClient, caller: Headers, village: str = VILLAGE, **asked: str) -> Any:
    answer = http.get("/v1/household-figures", params={"village": village} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return answer.json()


def labelled(told: Any) -> dict[str, tuple[int, int]]:
    return {one["tag"]: (one["households"], one["persons"]) for one in told["tags"]}


def test_341_households_of_1262_out_of_poverty_and_ten_watched_of_whom_four_since_new_year(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    settle(households, list(shared(1262, 341)), "formerly_poor")
    settle(households, [4] * 6, "monitored", since=date(2025, 5, 1))
    settle(households, [4] * 4, "monitored", since=date(2026, 3, 1))
    now, new_year = figures(http, clerk), figures(http, clerk, as_of="2026-01-01")
    assert labelled(now) == {"formerly_poor": (341, 1262), "monitored": (10, 40)}
    assert now["total"] == {"households": 351, "persons": 1302, "unknown": 0}
    assert labelled(now)["monitored"][0] - labelled(new_year)["monitored"][0] == 4


def test_136_households_are_out_of_poverty(http: TestClient, clerk: Headers, households: Session) -> None:
    settle(households, [3] * 136, "formerly_poor")
    settle(households, [3] * 20)
    assert labelled(figures(http, clerk)) == {"formerly_poor": (136, 408)}


def test_three_classes_of_one_village_come_to_731_persons_and_to_240_households_of_231(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    """The report's persons add up, its households do not (167 + 60 + 13 are 240): nine would have to stand in two
    classes. What the register holds is told; what was stated is not mended."""
    for tag, homes, persons in (
        ("formerly_poor", 167, 549),
        ("subsistence_allowance", 60, 166),
        ("extreme_hardship", 13, 16),
    ):
        settle(households, list(shared(persons, homes)), tag)
    told = figures(http, clerk)
    assert labelled(told) == {
        "formerly_poor": (167, 549),
        "subsistence_allowance": (60, 166),
        "extreme_hardship": (13, 16),
    }
    assert (told["total"]["households"], told["total"]["persons"]) == (240, 731)


def test_175_households_have_an_industry_and_128_one_for_longer(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    """Labels of the county's own; who has a longer one has one."""
    for code in ("own_industry", "own_long_industry"):
        said: dict[str, Any] = {
            "zh": f"示例{code}",
            "valid": Range(date(2026, 1, 1), None),
            "document_no": "示例",
            "created_at": NOW,
        }
        households.add(OwnCode(set_key="tag", code=code, division="520621", **said))
    settle(households, [3] * 128, "own_industry", "own_long_industry", since=date(2026, 2, 1))
    settle(households, [3] * 47, "own_industry", since=date(2026, 2, 1))
    assert labelled(figures(http, clerk)) == {"own_industry": (175, 525), "own_long_industry": (128, 384)}


def test_of_another_village_nothing_is_counted_and_who_is_not_told_of_is_unknown(
    http: TestClient, clerk: Headers, households: Session, office: Office
) -> None:
    settle(households, [2, 0, 3], "monitored")
    settle(households, [5], "monitored", village=OTHER)
    assert figures(http, clerk)["total"] == {"households": 3, "persons": 5, "unknown": 1}
    assert figures(http, clerk, "520621")["total"]["households"] == 4
    theirs = office("elsewhere", "township", place=OTHER[:9])
    assert figures(http, theirs)["total"] == {"households": 0, "persons": 0, "unknown": 0}
    assert labelled(figures(http, theirs, "520621")) == {"monitored": (1, 5)}


def test_what_was_known_before_is_told_as_it_was_known(http: TestClient, clerk: Headers, households: Session) -> None:
    settle(households, [2], "monitored")
    then = str(households.execute(text("SELECT clock_timestamp()")).scalar_one().isoformat())
    settle(households, [3], "monitored", since=date(2026, 1, 1))
    assert labelled(figures(http, clerk))["monitored"] == (2, 5)
    assert labelled(figures(http, clerk, known_at=then))["monitored"] == (1, 2)
    assert labelled(figures(http, clerk, as_of="2025-12-31"))["monitored"] == (1, 2)
