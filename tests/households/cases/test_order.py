"""Whatever is tried in whatever order: a case walks its procedure and no other way. The law is written here a second
time, from the procedure's list, and held against what the service answers."""

import tomllib
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.households.cases import profiles
from services.households.cases.clocks import UNITS
from services.households.cases.course import Standing, onward
from services.households.cases.profiles import FOLLOWED_AFTERWARDS, Procedure, step_of
from services.households.cases.steps import StepIn
from services.households.cases.words import words
from services.kit.web.errors import DomainError
from tests.clock import NOW
from tests.households.cases.conftest import OWN, Walk, settle

SHIPPED = tomllib.loads(profiles.SHIPPED.read_text())["profile"]
KINDS = sorted({step["key"] for profile in SHIPPED for step in profile["step"]})
EFFECTIVE = "elimination_county"


def shipped(number: int) -> Procedure:
    told = SHIPPED[number - 1]
    steps = tuple(step_of(told["key"], 1, n, step) for n, step in enumerate(told["step"]))
    return Procedure(told["key"], 1, tuple(told["categories"]), steps)


def chain(number: int, phase: str) -> list[str]:
    return [step["key"] for step in SHIPPED[number - 1]["step"] if step["phase"] == phase]


class Law:
    """What the procedure's list says, read as a list."""

    def __init__(self, number: int) -> None:
        self.identify = chain(number, "identify")
        self.skippable = {step["key"] for step in SHIPPED[number - 1]["step"] if step.get("may_skip")}


@pytest.mark.parametrize("number", [1, 2])
@settings(max_examples=300, deadline=None)
@given(tries=st.lists(st.tuples(st.sampled_from(KINDS), st.booleans(), st.booleans()), max_size=60))
def test_no_sequence_leaves_the_order_of_the_procedure(number: int, tries: list[tuple[str, bool, bool]]) -> None:
    """Tried at random and, every second time, what comes next: so that the far end is reached too."""
    procedure, law = shipped(number), Law(number)
    standing = Standing(next_step=chain(number, "identify")[0])
    passed: list[str] = []
    for n, (kind, refused, skip) in enumerate(tries):
        wanted = (standing.next_step or "elimination") if n % 4 else kind
        try:
            after = onward(procedure, standing, wanted, refused=refused, skips=wanted if skip else "")
        except DomainError:
            continue
        if skip:
            assert wanted in law.skippable
        hold(law, procedure, standing, after, wanted, refused)
        passed += [wanted] if not refused else []
        standing = after
    ordered = [kind for kind in passed if kind in law.identify]
    assert ordered == law.identify[: len(ordered)]


def hold(law: Law, procedure: Procedure, was: Standing, now: Standing, kind: str, refused: bool) -> None:
    phase = next(step.phase for step in procedure.steps if step.key == kind)
    if phase == "identify":
        assert kind == was.next_step
        assert not was.identified or kind in law.identify[law.identify.index("county") + 1 :]
        assert now.identified == (was.identified or (kind == "county" and not refused))
    if phase == "eliminate":
        assert was.identified
        assert kind == was.next_step or (kind == "elimination" and was.state == "monitored")
        assert (now.state == "ended") == ((kind == EFFECTIVE and not refused) or was.state == "ended")
    if now.state == "ended" and was.state != "ended":
        assert kind in (EFFECTIVE, "household_gone", "wrongly_included")
    if was.state in ("ended", "refused") and now.state not in ("ended", "refused"):
        assert kind in ("elimination_taken_back", "appeal_decided")
    if kind in ("measures", "measure_done", "follow_up"):
        assert now == was
        assert was.identified or was.green


TRIED = [*chain(1, "identify"), *chain(1, "refuse"), "elimination", "measure_done", "household_gone"]


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(tries=st.lists(st.tuples(st.sampled_from(TRIED), st.booleans()), min_size=8, max_size=14), two=st.booleans())
def test_nor_does_any_sequence_of_requests(walk: Walk, frame: Session, tries: list[Any], two: bool) -> None:
    """Over HTTP, each example with a household of its own. What is answered 201 is what the law lets through."""
    walk.home = settle(frame, f"JK{walk.id or 0}{len(tries)}{two}", "示甲")
    assert walk.open().status_code == 201
    procedure = shipped(1)
    standing = Standing(next_step="visit")
    for n, (kind, refused) in enumerate(tries):
        wanted = standing.next_step or kind if n % 2 else kind
        changed: dict[str, Any] = (
            {"decision": "refused", "reason": "示例"} if refused and wanted in ("visit", "township") else {}
        )
        answer = walk.take(wanted, **changed)
        try:
            lawful = onward(procedure, standing, wanted, refused=bool(changed))
        except DomainError:
            assert answer.status_code == 409, (wanted, answer.text)
            continue
        assert answer.status_code == 201 or answer.json()["code"] == "gates-closed", (wanted, answer.text)
        standing = lawful if answer.status_code == 201 else standing
        seen = walk.seen()
        assert (seen["state"], seen["next_step"]) == (standing.state, standing.next_step)


def test_every_step_of_a_shipped_procedure_has_its_form_its_word_and_a_known_clock() -> None:
    forms = {kind for form in get_args(get_args(StepIn)[0]) for kind in get_args(form.model_fields["kind"].annotation)}
    assert set(KINDS) == forms - {"skip", FOLLOWED_AFTERWARDS.key}  # both stand beside every procedure
    assert {*KINDS, FOLLOWED_AFTERWARDS.key} <= words("step").keys()
    for step in (step for profile in SHIPPED for step in profile["step"]):
        timed = [name in step for name in ("days", "unit", "since")]
        assert all(timed) or not any(timed), step["key"]
        assert step.get("unit", "months") in (*UNITS, "months")
    assert set(OWN) <= forms


def test_every_category_of_a_shipped_procedure_has_its_word() -> None:
    assert {category for profile in SHIPPED for category in profile["categories"]} <= words("category").keys()


def test_a_procedure_that_changes_is_a_new_version_and_one_that_does_not_is_none(
    walk: Walk, engines: dict[str, Any], tmp_path: Any
) -> None:
    engine = engines["households"]
    changed = tmp_path / "profiles.toml"
    changed.write_text(profiles.SHIPPED.read_text().replace("days = 15", "days = 14"))
    assert profiles.ship(engine, NOW) == 0  # the app shipped its own when it started
    assert profiles.ship(engine, NOW, changed) == 2
    listed = walk.http.get("/v1/case-profiles", headers=walk.people["village"]).json()
    assert [(profile["key"], profile["version"]) for profile in listed] == [("three-classes", 2), ("2026", 2)]
    assert next(step["days"] for step in listed[0]["steps"] if step["key"] == "county") == 14
