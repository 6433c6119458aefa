"""Days pass and standards change, and nobody writes a word: what rules ask of a household follows all the same."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.facts_of_the_day import keep_some
from services.kit.post.facts import IN_BULK
from tests.callers import HERE, Headers
from tests.households.conftest import VILLAGE, Send, household_row, member_row
from tests.households.standards import set_standards

Keep = Callable[..., int]
NEXT_VILLAGE = "520621002001"


@pytest.fixture
def keep(engines: dict[str, Engine]) -> Keep:
    """All that is due so many days later. How many villages were computed."""

    def run(days: int = 0) -> int:
        def step() -> int:
            return keep_some(engines["households"], HERE + timedelta(days))

        done = step() or step()  # those that are new are enlisted by a look that finds nothing due
        while step():
            done += 1
        return done

    return run


@pytest.fixture
def register(send: Send, keep: Keep, households: Session) -> None:
    """A child that comes of school age in ten days, and a household elsewhere."""
    sixth = (HERE + timedelta(10)).date()
    child = {"姓名": "示丙", "与户主关系": "子", "性别": "男", "学业状况": "失学辍学"}
    send("households", household_row(), household_row("JK2", 村代码=NEXT_VILLAGE))
    send("members", member_row(), member_row(**child, 出生日期=sixth.replace(year=sixth.year - 6).isoformat()))
    assert keep() == 0  # as new as their file
    households.execute(text("DELETE FROM event"))
    households.commit()


def facts(session: Session) -> dict[str, Any]:
    session.rollback()
    held = text("SELECT f.* FROM household_facts f JOIN household h ON h.id = f.subject WHERE h.number = 'JK1'")
    return dict(session.execute(held).mappings().one())


def told(session: Session) -> list[str]:
    """The places that were told in bulk since the files."""
    places = text("SELECT division FROM event WHERE type = :kind ORDER BY division")
    return list(session.scalars(places, {"kind": IN_BULK}))


def test_a_child_comes_of_school_age_and_its_village_alone_is_told(
    register: None, households: Session, keep: Keep
) -> None:
    assert (keep(9), facts(households)["dropped_out_members"], told(households)) == (2, 0, [])
    assert (keep(10), facts(households)["dropped_out_members"], told(households)) == (2, 1, [VILLAGE])
    assert keep(10) == 0


def test_an_insurance_year_begins(
    register: None, households: Session, keep: Keep, http: TestClient, clerk: Headers
) -> None:
    year = text(
        "INSERT INTO person_insurance (id, person_id, year, kind, enrolled, doer, recorded_by, recorded_at)"
        " SELECT gen_random_uuid(), id, :year, 'resident', :enrolled, 'clerk', 'clerk', :now FROM person"
    )
    for number, enrolled in ((HERE.year, True), (HERE.year + 1, False)):
        households.execute(year, {"year": number, "enrolled": enrolled, "now": HERE})
    households.commit()
    assert (keep(1), facts(households)["uninsured_members"]) == (2, 0)
    new_year = (date(HERE.year + 1, 1, 1) - HERE.date()).days
    assert (keep(new_year), facts(households)["uninsured_members"]) == (2, 2)


def test_a_standard_that_facts_hang_on_is_followed_at_once(register: None, households: Session, keep: Keep) -> None:
    set_standards(households, monitoring_line=1)
    assert keep() == 0  # facts do not hang on that one
    set_standards(households, school_age_from=5)
    assert (keep(), facts(households)["dropped_out_members"], told(households)) == (2, 1, [VILLAGE])


def test_persons_are_those_among_whom_the_county_divides(
    register: None, households: Session, keep: Keep, http: TestClient, clerk: Headers
) -> None:
    assert facts(households)["persons"] == 2
    set_standards(households, income_divisor=3)
    assert (keep(), facts(households)["persons"]) == (2, None)  # nobody has told who lives there
    home, *people = households.execute(
        text("(SELECT household_id FROM membership LIMIT 1) UNION ALL SELECT person_id FROM membership")
    ).scalars()
    for person, resident, persons in zip(people, (True, False), (None, 1), strict=True):
        body = {"since": HERE.date().isoformat(), "usually_resident": resident}
        answer = http.put(f"/v1/households/{home}/members/{person}/residence", json=body, headers=clerk)
        assert (answer.status_code, facts(households)["persons"]) == (200, persons)


def test_one_that_was_killed_is_done_again(register: None, households: Session, engines: dict[str, Engine]) -> None:
    """The village and its mark are one transaction: two workers meet no village twice, and none is left out."""
    with engines["households"].connect() as other, other.begin():
        other.execute(text("SELECT FROM facts_kept WHERE village = :village FOR UPDATE"), {"village": VILLAGE})
        tomorrow = HERE + timedelta(1)
        assert [keep_some(engines["households"], tomorrow) for _ in range(2)] == [1, 0]
    assert [keep_some(engines["households"], tomorrow) for _ in range(2)] == [1, 0]
