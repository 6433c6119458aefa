"""What the grants of a request come to, what its session tells the database, and which rows its queries then find."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.models.register import Household
from services.kit.store.db import connect, open_session
from services.kit.store.grants import SetMember
from services.kit.store.scope import (
    Asked,
    Binding,
    NoOffice,
    Placed,
    Scope,
    scope_of,
    scoped,
    unbind,
    widen,
    within,
)
from tests.callers import grant
from tests.clock import NOW, TODAY

VILLAGE, BESIDE, ELSEWHERE = "520621001005", "520621001006", "520622001001"
SET, UNIT = UUID(int=7), UUID(int=8)
PLACES = {"division": VILLAGE, "set": str(SET), "unit": str(UNIT), "department": "medical", "figures": "520621"}
HELD = Scope("x", TODAY, (VILLAGE,), (SET,), (UNIT,), ("medical",), ("520621",))
ALWAYS = Range(date(2026, 1, 1), None)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["households"]


@pytest.fixture
def bound(engine: Engine) -> Iterator[Session]:
    """As a request's: x asks, in the roles of a right."""
    with open_session(engine) as session:
        session.info["binding"] = Binding(lambda: Asked("x", frozenset({"cadre", "captain"})), TODAY)
        yield session


def told(session: Session, name: str) -> str:
    return str(session.execute(text(f"SELECT coalesce(current_setting('shouwang.{name}', true), '')")).scalar_one())


def test_each_kind_of_grant_is_found_and_told_to_the_database(engine: Engine, bound: Session) -> None:
    for kind, place in PLACES.items():
        grant(engine, "x", "captain", place, kind)
    assert scope_of(bound) == HELD
    assert {name: told(bound, f"{name}s".replace("figuress", "figures")) for name in PLACES} == {
        kind: f"{{{place}}}" for kind, place in PLACES.items()
    }
    assert (told(bound, "holder"), told(bound, "today")) == ("x", TODAY.isoformat())


@pytest.mark.parametrize(
    ("holder", "role", "said"),
    [
        ("y", "cadre", {}),
        ("x", "county", {}),
        ("x", "cadre", {"revoked": True}),
        ("x", "cadre", {"valid": Range(date(2026, 1, 1), TODAY)}),
        ("x", "cadre", {"valid": Range(TODAY + timedelta(days=1), None)}),
    ],
)
def test_what_is_another_s_or_not_of_today_counts_for_nothing(
    engine: Engine, bound: Session, holder: str, role: str, said: dict[str, Any]
) -> None:
    grant(engine, holder, role, VILLAGE, **said)
    with pytest.raises(NoOffice) as refused:
        scope_of(bound)
    assert refused.value.status == 403
    assert told(bound, "divisions") == "{}"


@pytest.mark.parametrize(("kind", "place"), PLACES.items())
def test_a_grant_of_any_kind_is_an_office(engine: Engine, bound: Session, kind: str, place: str) -> None:
    grant(engine, "x", "cadre", place, kind)
    assert not scope_of(bound).is_empty


def test_a_transaction_asks_once_and_a_later_one_anew(engine: Engine, bound: Session) -> None:
    """A savepoint is no transaction of its own: what was unbound in it would be bound again."""
    with bound.begin():
        told(bound, "divisions")
        grant(engine, "x", "cadre", VILLAGE)
        unbind(bound)
        with bound.begin_nested():
            assert told(bound, "divisions") == '{""}'
    assert told(bound, "divisions") == f"{{{VILLAGE}}}"


@pytest.mark.parametrize("unbinds", [True, False])
def test_nothing_that_was_told_stays_on_the_connection(engine: Engine, unbinds: bool) -> None:
    """The next request on it may be anybody's."""
    for kind, place in PLACES.items():
        grant(engine, "x", "cadre", place, kind)
    alone = connect(engine.url, pool=1)
    with open_session(alone) as session:
        session.info["binding"] = Binding(lambda: Asked("x", frozenset({"cadre"})), TODAY)
        assert told(session, "divisions")
        if unbinds:
            unbind(session)
        session.commit()
    with open_session(alone) as session:
        names = ("holder", "today", "divisions", "sets", "units", "departments", "figures")
        assert [told(session, name) for name in names] == [""] * len(names)
    alone.dispose()


def test_unbinding_before_the_first_statement_takes_no_connection(bound: Session) -> None:
    widen(bound)
    assert not bound.in_transaction()


@pytest.mark.parametrize("begun", [True, False])
def test_an_unbound_request_sees_everything_and_keeps_its_scope(engine: Engine, bound: Session, begun: bool) -> None:
    grant(engine, "x", "cadre", VILLAGE)
    with bound.begin():
        if begun:
            told(bound, "divisions")
        widen(bound)
        assert told(bound, "divisions") == '{""}'
        assert scope_of(bound).divisions == (VILLAGE,)


@pytest.mark.parametrize(("bound", "divisions"), [(True, ""), (False, '{""}')])
def test_a_request_that_asks_for_no_right_sees_what_its_session_says(
    engine: Engine, bound: bool, divisions: str
) -> None:
    with open_session(engine) as session:
        session.info["binding"] = Binding(lambda: None, TODAY, bound)
        assert told(session, "divisions") == divisions


def test_a_worker_s_session_has_no_scope_and_says_nothing(engine: Engine) -> None:
    with open_session(engine) as session:
        assert told(session, "divisions") == ""
        with pytest.raises(KeyError):
            scope_of(session)


def test_a_division_covers_what_lies_below_it_and_nothing_beside_or_above() -> None:
    scope = Scope("x", TODAY, divisions=("520622", "520621001"))
    covered = [scope.covers(place) for place in ("520621001", VILLAGE, "520621002", "520621", ELSEWHERE)]
    assert covered == [True, True, False, False, True]
    assert Scope("x", TODAY).is_empty


HOMES = {name: uuid4() for name in (VILLAGE, BESIDE, ELSEWHERE)}
BY_PLACE = Placed(division=col(Household.village), subject=col(Household.id))
BY_SUBJECT, BY_UNIT = Placed(subject=col(Household.id)), Placed(unit=col(Household.id))


@pytest.fixture
def homes(households: Session) -> Session:
    for village, home in HOMES.items():
        row = Household(id=home, number=f"JK{village}", village=village, head_name="示甲", created_at=NOW)
        households.add(row)
    households.commit()
    return households


def member(session: Session, village: str, valid: Range[date] = ALWAYS, revoked: bool = False) -> None:
    row = SetMember(set_id=SET, subject=HOMES[village], owner="households", valid=valid, version=1, revoked=revoked)
    session.merge(row)
    session.commit()


def reached(session: Session, placed: Placed, **scope: tuple[object, ...]) -> set[str]:
    statement = select(col(Household.village)).where(within(Scope("x", TODAY, **scope), placed))  # type: ignore[arg-type]
    return set(session.scalars(statement))


def test_rows_are_found_by_the_beginning_of_their_division(homes: Session) -> None:
    assert reached(homes, BY_PLACE, divisions=("520621",)) == {VILLAGE, BESIDE}
    assert reached(homes, BY_PLACE, divisions=(BESIDE, ELSEWHERE)) == {BESIDE, ELSEWHERE}
    assert reached(homes, BY_PLACE, divisions=("001005", "5206210010__", "%")) == set()


def test_rows_are_found_by_a_set_that_has_them_today(homes: Session) -> None:
    member(homes, VILLAGE)
    member(homes, BESIDE, valid=Range(date(2026, 1, 1), TODAY))
    member(homes, ELSEWHERE, revoked=True)
    assert reached(homes, BY_PLACE, sets=(SET,)) == {VILLAGE}
    assert reached(homes, BY_PLACE, sets=(SET,), divisions=(ELSEWHERE,)) == {VILLAGE, ELSEWHERE}
    assert reached(homes, BY_PLACE, sets=(UNIT,)) == set()
    assert reached(homes, BY_UNIT, sets=(SET,)) == set()


def test_rows_are_found_by_their_unit(homes: Session) -> None:
    assert reached(homes, BY_UNIT, units=(HOMES[BESIDE], UNIT)) == {BESIDE}
    assert reached(homes, BY_SUBJECT, units=(HOMES[BESIDE],), divisions=("52",)) == set()


@pytest.mark.parametrize("placed", [Placed(), BY_PLACE, BY_UNIT])
def test_nothing_is_found_for_who_holds_nothing(homes: Session, placed: Placed) -> None:
    assert reached(homes, placed) == set()
    assert reached(homes, Placed(), divisions=("",), sets=(SET,), units=(UNIT,)) == set()


def test_a_statement_is_scoped_by_what_its_session_was_told(engine: Engine, homes: Session, bound: Session) -> None:
    grant(engine, "x", "cadre", VILLAGE)
    assert set(bound.scalars(scoped(bound, select(col(Household.village)), BY_PLACE))) == {VILLAGE}
