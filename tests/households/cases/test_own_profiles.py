"""A county orders its own procedure: what is accepted can be walked to its ends, the rest is refused by name."""

import tomllib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from services.households.cases import profiles
from services.households.cases.course import Standing, onward
from services.households.cases.own_profiles import ProfileIn, steps_in
from services.households.cases.profiles import Procedure
from services.households.cases.soundness import DISPENSABLE, IN_ORDER, faults, phases
from tests.callers import Headers, Office
from tests.clock import TODAY
from tests.households.cases.conftest import COUNTY, Walk, code, end_standard, set_standard

PATH = "/v1/case-profiles/own-example"
FIELDS = ("key", "level", "documents", "days", "unit", "since", "may_skip")
Steps = list[dict[str, Any]]


def shipped_steps() -> Steps:
    told = tomllib.loads(profiles.SHIPPED.read_text())["profile"][0]["step"]
    return [{name: step[name] for name in FIELDS if name in step} for step in told]


def body_of(steps: Steps, **changed: Any) -> dict[str, Any]:
    told = {"division": COUNTY, "title_zh": "示例县流程", "title_en": "Example", "categories": ["prevention"]}
    return told | {"steps": steps} | changed


def without(*keys: str) -> Steps:
    return [step for step in shipped_steps() if step["key"] not in keys]


def changed(key: str, **said: Any) -> Steps:
    return [step | said if step["key"] == key else step for step in shipped_steps()]


def swapped(first: str, second: str) -> Steps:
    steps = {step["key"]: step for step in shipped_steps()}
    return [steps[{first: second, second: first}.get(key, key)] for key in steps]


@st.composite
def orders(draw: st.DrawFn) -> Steps:
    """Any order that keeps what must come before what, with any of the dispensable steps left out."""
    left = without(*draw(st.sets(st.sampled_from(sorted(DISPENSABLE)))))
    keys = {step["key"] for step in left}
    before = [pair for chain in IN_ORDER for pair in pairwise(key for key in chain if key in keys)]
    chosen: Steps = []
    while left:
        held = {later for earlier, later in before if earlier in {step["key"] for step in left}}
        free = [step for step in left if step["key"] not in held and not waits_for_its_first(step["key"], left)]
        step = draw(st.sampled_from(free))
        left.remove(step)
        chosen.append(step)
    return chosen


def waits_for_its_first(key: str, left: Steps) -> bool:
    return phases()[key] == "eliminate" and key != "elimination" and any(s["key"] == "elimination" for s in left)


def procedure_in(steps: Steps) -> Procedure:
    rows = steps_in("own-example", 1, ProfileIn.model_validate(body_of(steps)))
    assert list(faults(rows)) == []
    return Procedure("own-example", 1, ("prevention",), tuple(rows))


@settings(max_examples=200, deadline=None)
@given(steps=orders())
def test_what_is_accepted_leads_to_safety_and_every_refusal_to_an_appeal(steps: Steps) -> None:
    procedure = procedure_in(steps)
    standing = Standing(next_step=procedure.chain("identify")[0])
    for key in procedure.chain("identify"):
        if key in ("review", "township", "county"):
            refused = onward(procedure, standing, key, refused=True)
            for step in ("refusal_told", "appeal", "appeal_decided"):
                refused = onward(procedure, refused, step)
            assert (refused.state, refused.next_step) == ("identifying", key)
        standing = onward(procedure, standing, key)
    assert (standing.state, standing.identified) == ("monitored", True)
    for key in procedure.chain("eliminate"):
        standing = onward(procedure, standing, key)
    assert (standing.state, standing.next_step) == ("ended", None)
    assert onward(procedure, standing, "elimination_taken_back").state == "monitored"


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (without("authorisation"), "missing: authorisation"),
        (without("appeal"), "missing: appeal"),
        ([*shipped_steps(), shipped_steps()[0]], "twice: visit"),
        ([*shipped_steps(), {"key": "quota", "level": "county"}], "unknown: quota"),
        (swapped("authorisation", "comparison"), "order: authorisation, comparison"),
        (swapped("notice_ended", "county"), "order: notice_ended, county"),
        (swapped("elimination", "elimination_visit"), "order: elimination"),
        (changed("notice", may_skip=True), "skipped: notice"),
        (changed("county", level="township"), "level: county"),
        (changed("appeal_decided", level="village"), "level: appeal_decided"),
        (changed("visit", unit=None), "days: visit"),
        (changed("visit", since="identified"), "days: visit"),
    ],
    ids=["unasked", "unheard", "twice", "unknown", "compared-first", "told-late", "begins-late", "untold", "narrow",
         "judge-of-own", "half-timed", "timed-from-later"],
)  # fmt: skip
def test_what_owes_a_household_too_little_is_refused_by_name(
    walk: Walk, office: Office, steps: Steps, fault: str
) -> None:
    answer = walk.http.put(PATH, json=body_of(steps), headers=office("ordering", "county"))
    assert (*code(answer), answer.json()["detail"]) == (422, "profile-unsound", fault)


@pytest.fixture
def put(walk: Walk, office: Office) -> Callable[..., Any]:
    clerk = office("ordering", "county")

    def send(steps: Steps, tag: str = "", who: Headers = clerk, **said: Any) -> Any:
        return walk.http.put(PATH, json=body_of(steps, **said), headers=who | ({"If-Match": tag} if tag else {}))

    return send


def test_a_county_orders_its_own_and_open_cases_keep_theirs(
    walk: Walk, frame: Session, put: Callable[..., Any]
) -> None:
    short = without("review", "township", "announcement")
    made = put(short)
    assert (made.status_code, made.json()["number"], made.json()["version"]) == (200, 101, 1)
    end_standard(frame, "case_profile", TODAY)
    set_standard(frame, "case_profile", 101, TODAY)
    opened = walk.open().json()
    assert (opened["profile_key"], opened["next_step"]) == ("own-example", "visit")

    assert code(put(shipped_steps())) == (428, "seen-nothing")
    assert put(short).json()["version"] == 1  # sent again
    changed = put(shipped_steps(), made.headers["etag"])
    assert (changed.json()["number"], changed.json()["version"]) == (101, 2)
    seen = walk.http.get(PATH, headers=walk.people["village"])
    assert (seen.json(), seen.headers["etag"]) == (changed.json(), changed.headers["etag"])
    assert walk.http.get(f"/v1/cases/{walk.id}", headers=walk.people["village"]).json()["profile_version"] == 1
    listed = walk.http.get("/v1/case-profiles", headers=walk.people["county"]).json()
    assert {"own-example", "2026"} <= {profile["key"] for profile in listed}


def test_a_procedure_is_written_and_followed_in_its_own_county_alone(
    walk: Walk, frame: Session, office: Office, put: Callable[..., Any]
) -> None:
    elsewhere = office("elsewhere", "county", place="520622")
    assert code(put(shipped_steps(), who=elsewhere)) == (404, "not-there")
    made = put(shipped_steps(), who=elsewhere, division="520622")
    assert made.status_code == 200
    assert code(put(without("review"), made.headers["etag"])) == (404, "not-there")  # not even by moving it here
    end_standard(frame, "case_profile", TODAY)
    set_standard(frame, "case_profile", 101, TODAY)
    assert code(walk.open()) == (409, "unknown-profile")
