"""Before a sweep judges, what was lost on the way is found at the owner and repaired. The owner is the real app."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.sweep.reconcile import reconcile
from tests.alerts.conftest import COUNTY, VILLAGE, open_alerts, told
from tests.alerts.neighbours import Neighbour, change, delete, households_service, register
from tests.conftest import NOW

HIGHER_CODE = "520621002001"


@pytest.fixture
def owner(engines: dict[str, Engine], tmp_path: Path) -> Neighbour:
    return households_service(engines["households"], tmp_path)


def reconciled(session: Session, owner: Neighbour) -> int:
    """How many the owner has."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    count, _ = reconcile(engine, {"households": owner}, HOUSEHOLD, COUNTY, NOW)
    session.rollback()
    return count


def copies(session: Session) -> dict[UUID, tuple[str, int, bool | None]]:
    rows = session.execute(text("SELECT subject, division, version, safe_water FROM household_facts"))
    return {subject: (division, version, water) for subject, division, version, water in rows}


def everything(session: Session) -> list[Any]:
    session.rollback()
    return [
        sorted(map(str, session.execute(text(f"SELECT ctid, xmin, * FROM {table}")).all()))  # noqa: S608  # ours
        for table in ("household_facts", "departed", "alert", "finding", "event")
    ]


def test_households_nobody_told_us_of_are_found_and_judged(
    watched: Session, households: Session, owner: Neighbour
) -> None:
    dry, well = register(households), register(households, safe_water=True, village=HIGHER_CODE)
    assert reconciled(watched, owner) == 2
    assert copies(watched) == {dry: (VILLAGE, 1, False), well: (HIGHER_CODE, 1, True)}
    assert open_alerts(watched, dry) == ["water-unsafe"]
    assert open_alerts(watched, well) == []


def test_a_change_whose_event_was_lost_is_repaired(watched: Session, households: Session, owner: Neighbour) -> None:
    repaired, worse = register(households), register(households, safe_water=True)
    reconciled(watched, owner)
    change(households, repaired, safe_water=True)
    change(households, worse, housing_grade="D")
    reconciled(watched, owner)
    assert open_alerts(watched, repaired) == []
    assert open_alerts(watched, worse) == ["house-unsafe"]


def test_only_the_village_that_differs_is_read_again(watched: Session, households: Session, owner: Neighbour) -> None:
    register(households)
    elsewhere = register(households, village=HIGHER_CODE)
    reconciled(watched, owner)
    change(households, elsewhere, safe_water=True)
    reconciled(watched, owner)
    assert owner.asked == [VILLAGE, HIGHER_CODE, HIGHER_CODE]


def test_a_second_reconcile_changes_nothing(watched: Session, households: Session, owner: Neighbour) -> None:
    for village in (VILLAGE, HIGHER_CODE):
        register(households, village=village)
    reconciled(watched, owner)
    first = everything(watched)
    assert reconciled(watched, owner) == 2
    assert everything(watched) == first


def test_a_household_its_owner_no_longer_has_is_forgotten_and_its_alert_closes(
    watched: Session, households: Session, owner: Neighbour
) -> None:
    kept, gone = register(households), register(households)
    reconciled(watched, owner)
    delete(households, [gone])
    assert reconciled(watched, owner) == 1
    assert copies(watched).keys() == {kept}
    assert open_alerts(watched, kept) == ["water-unsafe"]
    assert open_alerts(watched, gone) == []
    assert departed(watched) == [gone]
    assert kinds_of_events(watched) == ["alert.closed", "alert.opened", "alert.opened"]


def test_the_last_household_of_a_village_is_forgotten_too(
    watched: Session, households: Session, owner: Neighbour
) -> None:
    gone = register(households, village=HIGHER_CODE)
    reconciled(watched, owner)
    delete(households, [gone])
    assert reconciled(watched, owner) == 0
    assert copies(watched) == {}


def test_a_household_heard_of_while_its_village_was_read_is_not_taken_for_gone(
    watched: Session, households: Session, owner: Neighbour
) -> None:
    register(households)
    owner.meanwhile = lambda: told(watched, register(households), safe_water=False)
    assert reconciled(watched, owner) == 2
    assert (len(copies(watched)), departed(watched)) == (2, [])


@pytest.mark.parametrize("village", ["520621000001", HIGHER_CODE])
def test_a_household_that_moved_keeps_its_alert(
    watched: Session, households: Session, owner: Neighbour, village: str
) -> None:
    moved = register(households)
    reconciled(watched, owner)
    change(households, moved, village=village)
    reconciled(watched, owner)
    assert copies(watched) == {moved: (village, 2, False)}
    assert (kinds_of_events(watched), departed(watched)) == (["alert.opened"], [])
    assert list(watched.scalars(text("SELECT division FROM task WHERE closed_at IS NULL"))) == [village]


def departed(session: Session) -> list[UUID]:
    return list(session.scalars(text("SELECT subject FROM departed")))


def kinds_of_events(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT type FROM event WHERE type LIKE 'alert.%' ORDER BY type")))
