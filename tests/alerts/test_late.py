"""A scheduler that was off for weeks: each month is certified, the missed one from what was known then, as late."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col

from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.sweep.late import ended
from services.kit.post.peers import Peer
from tests.alerts.conftest import open_alerts, told
from tests.alerts.neighbours import Nobody, change, households_service, register_whole
from tests.alerts.sweeping import at, claimed, walk, written
from tests.conftest import NOW

SEPTEMBER, OCTOBER, NOVEMBER = (date(2026, month, 1) for month in (9, 10, 11))


@pytest.fixture
def owners(engines: dict[str, Engine], tmp_path: Path) -> Mapping[str, Peer]:
    return {"households": households_service(engines["households"], tmp_path), "attendance": Nobody()}


def learned(session: Session, moment: datetime) -> None:
    """As if all that is known had been learned then."""
    for table in ("fact_history", "household_facts"):
        session.execute(text(f"UPDATE {table} SET learned_at = :moment, known_since = :moment"), {"moment": moment})  # noqa: S608  # ours
    session.commit()


def certificates(session: Session) -> dict[date, Mapping[str, Any]]:
    swept = session.scalars(select(Sweep).order_by(col(Sweep.period)))
    return {sweep.period: sweep.certificate or {} for sweep in swept}


def certified_in_september(session: Session, owners: Mapping[str, Peer]) -> None:
    claimed(session, at(date(2026, 9, 20)))
    walk(session, owners, 3, at(date(2026, 9, 20)))


def test_after_forty_days_both_months_are_claimed_and_certified_and_the_older_is_late(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    register_whole(households)
    certified_in_september(swept, owners)
    assert claimed(swept, NOW) == [OCTOBER, NOVEMBER]
    assert claimed(swept, NOW) == []
    walk(swept, owners, 6)
    assert {period: said["late"] for period, said in certificates(swept).items()} == {
        SEPTEMBER: False,
        OCTOBER: True,
        NOVEMBER: False,
    }
    assert all(said["balances"] for said in certificates(swept).values())


def test_a_late_month_is_judged_by_what_was_known_at_its_end_and_opens_nothing(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    family = register_whole(households, safe_water=False)
    unclear = register_whole(households, safe_water=None)
    certified_in_september(swept, owners)
    learned(swept, datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    change(households, family, safe_water=True)
    told(swept, UUID(int=9), uninsured_members=1)
    claimed(swept, NOW)
    walk(swept, owners, 6)
    late, present = certificates(swept)[OCTOBER], certificates(swept)[NOVEMBER]
    assert (late["register"], late["judged"], late["not_judgeable"]) == (2, 1, 1)
    assert late["open_alerts"] == {"water-unsafe": 1}
    assert late["not_judgeable_for_want_of"] == {"safe_water": 1}
    assert set(late["changed"]["household"].values()) == {0}
    assert late["cut_at"] == ended(OCTOBER, NOW).isoformat() == "2026-11-01T00:00:00+00:00"
    assert (present["open_alerts"], present["register"]) == ({}, 2)
    assert open_alerts(swept, family) == []
    gaps = swept.execute(
        select(col(SweepGap.subject), col(Sweep.period)).join(Sweep, col(Sweep.id) == col(SweepGap.sweep_id))
    )
    assert {period for subject, period in gaps if subject == unclear} == {SEPTEMBER, OCTOBER, NOVEMBER}


def test_what_was_learned_after_a_month_is_no_part_of_it(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    register_whole(households, safe_water=False)
    certified_in_september(swept, owners)
    learned(swept, ended(OCTOBER, NOW) + timedelta(microseconds=1))
    claimed(swept, NOW)
    walk(swept, owners, 6)
    late = certificates(swept)[OCTOBER]
    assert (late["register"], late["open_alerts"], late["balances"]) == (0, {}, True)


def test_a_late_month_writes_no_alert_whichever_comes_first(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    register_whole(households, safe_water=False)
    certified_in_september(swept, owners)
    claimed(swept, NOW)
    swept.execute(text("UPDATE sweep SET due_at = due_at + interval '1 hour' WHERE period = :late"), {"late": OCTOBER})
    swept.commit()
    walk(swept, owners, 3)
    before = written(swept, ["alert", "finding"])
    walk(swept, owners, 3, NOW + timedelta(hours=1))
    assert written(swept, ["alert", "finding"]) == before
    assert certificates(swept)[OCTOBER]["late"]


def test_a_county_s_first_sweep_misses_nothing(swept: Session) -> None:
    assert claimed(swept, NOW) == [NOVEMBER]


def test_a_year_off_is_claimed_month_by_month(swept: Session) -> None:
    claimed(swept, at(date(2026, 3, 20)))
    swept.execute(text("UPDATE sweep SET period = '2025-08-01'"))
    swept.commit()
    periods = claimed(swept, NOW)
    assert (periods[0], periods[-1], len(periods)) == (date(2025, 9, 1), NOVEMBER, 15)
