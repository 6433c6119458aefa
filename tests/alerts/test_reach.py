"""Which rows are reached: as the service's own role, so that the first barrier stands alone."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.alerts import reach
from services.alerts.models.facts import HouseholdFacts
from services.alerts.models.rules import RuleDraft, ShadowFinding
from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.models.watch import Rule
from services.kit.store.db import open_session
from services.kit.store.grants import SetMember
from services.kit.store.scope import Asked, Binding, Scope, within
from services.kit.web.errors import NotThere
from tests.callers import grant
from tests.clock import NOW, TODAY

COUNTY, VILLAGE, ELSEWHERE = "520621", "520621001005", "520622001001"
SET, HOME = UUID(int=7), UUID(int=1)
HELD: Mapping[str, Scope] = {
    "its village": Scope("x", TODAY, divisions=(VILLAGE,)),
    "its county": Scope("x", TODAY, divisions=(COUNTY,)),
    "its household": Scope("x", TODAY, sets=(SET,)),
    "its county's figures": Scope("x", TODAY, figures=(COUNTY,)),
    "a village elsewhere": Scope("x", TODAY, divisions=(ELSEWHERE,), sets=(UUID(int=9),)),
}
OF_THE_HOUSEHOLD = {"its village", "its county", "its household"}
OF_THE_PROVINCE = {"its village", "its county", "a village elsewhere"}
OF_FIGURES = {"its village", "its county", "its county's figures"}


@pytest.fixture
def swept(alerts: Session) -> UUID:
    sweep = Sweep(county=COUNTY, period=date(2026, 11, 1), due_at=NOW)
    other = Sweep(county=COUNTY, period=date(2026, 10, 1), due_at=NOW)
    alerts.add_all([other, sweep])
    alerts.flush()
    gap: dict[str, Any] = {"division": VILLAGE, "rules": [], "missing": []}
    alerts.add(SweepGap(sweep_id=sweep.id, subject=HOME, **gap))
    alerts.add(ShadowFinding(rule_key="示例", rule_version=1, sweep_id=sweep.id, subject=HOME, division=VILLAGE))
    alerts.add(HouseholdFacts(subject=HOME, county=COUNTY, division=VILLAGE, version=1))
    alerts.add(SetMember(set_id=SET, subject=HOME, owner="alerts", valid=Range(TODAY, None), version=1))
    alerts.commit()
    return sweep.id


def those_who_reach(session: Session, wanted: Any, reached: Any) -> set[str]:
    return {name for name, scope in HELD.items() if session.scalars(wanted.where(reached(scope))).all()}


@pytest.mark.parametrize(
    ("model", "placed"),
    [(HouseholdFacts, reach.FACTS), (SweepGap, reach.GAPS), (ShadowFinding, reach.SHADOWS)],
    ids=["facts", "gaps", "shadows"],
)
def test_a_household_is_reached_by_its_place_and_by_its_set(
    alerts: Session, swept: UUID, model: Any, placed: Any
) -> None:
    by = those_who_reach(alerts, select(model), lambda scope: within(scope, placed))
    assert by == OF_THE_HOUSEHOLD


def test_a_sweep_is_reached_by_whom_it_covers_and_where_figures_may_be_read(alerts: Session, swept: UUID) -> None:
    assert those_who_reach(alerts, select(Sweep), reach.reachable_sweeps) == OF_FIGURES
    assert {name for name, scope in HELD.items() if reach.covers_figures(scope, COUNTY)} == OF_FIGURES


def written(division: str) -> dict[str, Any]:
    said = dict.fromkeys(("key", "severity", "condition", "title_zh", "title_en", "explain_zh", "explain_en"), "示例")
    return said | {"about": "household", "mode": "shadow", "division": division}


@pytest.mark.parametrize(("place", "reached"), [
    ("", set(HELD)),
    ("52", OF_THE_PROVINCE),
    (COUNTY, {"its village", "its county"}),
    (VILLAGE, {"its village", "its county"}),
    ("530000", set()),
], ids=["the product's", "its province's", "its county's", "its village's", "another province's"])  # fmt: skip
def test_a_rule_of_a_place_is_read_in_the_place_above_it_and_below(
    alerts: Session, place: str, reached: set[str]
) -> None:
    alerts.add(Rule(version=1, since=TODAY, created_at=NOW, **written(place)))
    alerts.add(RuleDraft(written_by="示例", written_at=NOW, **written(place)))
    alerts.flush()
    assert those_who_reach(alerts, select(Rule), reach.reachable_rules) == reached
    if place:
        assert those_who_reach(alerts, select(RuleDraft), reach.reachable_drafts) == reached


def test_one_sweep_is_found_by_its_id_and_within_reach_alone(
    alerts: Session, swept: UUID, engines: dict[str, Engine]
) -> None:
    for holder, place in (("x", VILLAGE), ("y", ELSEWHERE)):
        grant(engines["alerts"], holder, "township", place)
        with open_session(engines["alerts"]) as asking:
            asking.info["binding"] = Binding(partial(Asked, holder, frozenset({"township"})), TODAY)
            if place == VILLAGE:
                every = asking.scalars(select(col(Sweep.id))).all()
                assert {reach.reachable_sweep(asking, one).id for one in every} == set(every)
                assert len(every) == 2
            for missing in (UUID(int=9), *([swept] if place == ELSEWHERE else ())):
                with pytest.raises(NotThere):
                    reach.reachable_sweep(asking, missing)
