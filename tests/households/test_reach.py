"""Which households are reached, locked and let be changed: as the service's own role, so that the first barrier stands
alone."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col

from services.households.issues.issues import issue
from services.households.models.issues import Issue
from services.households.models.register import Household
from services.households.reach import HouseholdEnded, reachable, those_within
from services.kit.store.db import open_session
from services.kit.store.scope import Asked, Binding
from services.kit.web.auth import Caller
from services.kit.web.errors import NotThere
from tests.callers import grant
from tests.clock import NOW, TODAY

VILLAGE, ELSEWHERE = "520621001005", "520621002001"


def settled(session: Session, number: str, village: str, **more: Any) -> UUID:
    home = Household(id=uuid4(), number=number, village=village, head_name="示甲", created_at=NOW, **more)
    session.add(home)
    session.commit()
    return home.id


@pytest.fixture
def asking(engines: dict[str, Engine], households: Session) -> Iterator[Session]:
    """A session bound to an office of VILLAGE; closed before `households` is."""
    grant(engines["households"], "x", "township", VILLAGE)
    with open_session(engines["households"]) as session:
        session.info["binding"] = Binding(lambda: Asked("x", frozenset({"township"})), TODAY)
        yield session


def test_a_household_is_reached_in_ones_own_place_alone(asking: Session, households: Session) -> None:
    own, foreign = settled(households, "JK1", VILLAGE), settled(households, "JK2", ELSEWHERE)
    for lock in (True, False):
        assert reachable(asking, own, lock=lock).id == own
        with pytest.raises(NotThere):
            reachable(asking, foreign, lock=lock)


@pytest.mark.parametrize("lock", [True, False])
def test_it_is_locked_for_who_writes_and_for_no_reader(asking: Session, households: Session, lock: bool) -> None:
    home = settled(households, "JK1", VILLAGE)
    again = select(Household).where(col(Household.id) == home).with_for_update(nowait=True)
    if lock:
        reachable(asking, home, lock=True)
        with pytest.raises(OperationalError):
            households.scalar(again)
        households.rollback()
    else:
        reachable(asking, home)
        assert households.scalar(again)


def test_one_that_has_ended_is_read_and_changed_no_more(asking: Session, households: Session) -> None:
    home = settled(households, "JK1", VILLAGE, ended_on=TODAY)
    assert reachable(asking, home).ended_on == TODAY
    with pytest.raises(HouseholdEnded) as refused:
        reachable(asking, home, lock=True)
    assert refused.value.status == 409


def test_of_those_named_beside_one_the_reader_is_told_who_lie_within_reach(
    asking: Session, households: Session, engines: dict[str, Engine]
) -> None:
    own, unnamed, foreign = (
        settled(households, f"JK{number}", village) for number, village in enumerate((VILLAGE, VILLAGE, ELSEWHERE))
    )
    asked: list[str] = []
    assert those_within(asking, [own, foreign, None]) == {own}
    assert unnamed not in those_within(asking, [own])
    event.listen(engines["households"], "before_cursor_execute", lambda *said: asked.append(str(said[2])))
    assert those_within(asking, [None]) == set()
    assert asked == []  # nobody is named beside most households: their readers wait for no query


def raised(session: Session, number: int, village: str, *, restricted: bool) -> UUID:
    row = Issue(
        id=uuid4(), county="520621", year=2026, number=number, division=village, kind="cadre_complaint", source="visit",
        restricted=restricted, raised_on=TODAY, sealed_said=b"x", owner_kind="person", owner_id="owner",
        owner_label="示乙", state="open", on_the_spot=False, recorded_by="recorder", recorded_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row.id


@pytest.mark.parametrize("lock", [True, False])
def test_an_issue_is_reached_in_ones_own_place_alone_whoever_owns_it(
    asking: Session, households: Session, lock: bool
) -> None:
    own = raised(households, 1, VILLAGE, restricted=False)
    foreign = raised(households, 2, ELSEWHERE, restricted=False)
    for who in ("x", "owner", "recorder"):
        caller = Caller(who, frozenset({"township"}), frozenset(), "")
        assert issue(asking, own, caller, lock=lock).id == own
        with pytest.raises(NotThere):
            issue(asking, foreign, caller, lock=lock)


def test_a_restricted_issue_is_reached_by_its_owner_its_recorder_and_the_county(
    asking: Session, households: Session
) -> None:
    one = raised(households, 1, VILLAGE, restricted=True)
    for who, role, there in (
        ("owner", "township", True), ("recorder", "cadre", True), ("x", "county", True),
        ("x", "township", False), ("x", "cadre", False), ("x", "auditor", False),
    ):  # fmt: skip
        caller = Caller(who, frozenset({role}), frozenset(), "")
        if there:
            assert issue(asking, one, caller).id == one
        else:
            with pytest.raises(NotThere):
                issue(asking, one, caller)
