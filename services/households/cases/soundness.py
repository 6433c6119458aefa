"""What a county's own procedure must keep, however it orders, shortens or times the rest. A rule is here for what the
machine of the case stands on (course.py) and for what a household is owed: it is asked before it is compared, its
village hears of it before the county decides, a refusal can be appealed, an end can be taken back. docs/cases.md."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from services.households.cases.profiles import SHIPPED
from services.households.models.cases import CaseProfileStep

# May stand out of a procedure, and in one that has them, be skipped.
DISPENSABLE = frozenset({
    "review", "township", "announcement", "entry", "elimination_visit", "elimination_review", "elimination_township",
    "elimination_announcement",
})  # fmt: skip
IN_ORDER: Sequence[Sequence[str]] = (
    ("authorisation", "comparison", "county"),
    ("visit", "county"),
    ("review", "notice", "notice_ended", "county", "announcement"),
    ("township", "county", "entry"),
    ("elimination", "elimination_notice", "elimination_notice_ended", "elimination_county", "elimination_announcement"),
    ("elimination_visit", "elimination_county"),
    ("elimination_review", "elimination_notice"),
    ("elimination_township", "elimination_county"),
    ("refusal_told", "appeal", "appeal_decided"),
)
BEGINS = "elimination"  # leads out of the time of care, whatever follows it
WIDER: Mapping[str, str] = {  # by nobody whose office is narrower
    "comparison": "county", "county": "county", "elimination_county": "county", "household_gone": "county",
    "wrongly_included": "county", "elimination_taken_back": "county", "township": "township",
    "elimination_township": "township", "appeal_decided": "township", "green_channel": "township",
}  # fmt: skip
LEVELS = ("village", "township", "county")
SINCE = {"identify": {"ground", "previous"}, "care": {"identified"}, "eliminate": {"previous"}, "refuse": {"previous"}}


@cache
def phases() -> Mapping[str, str]:
    """Of every step there is: the shipped procedures have them all."""
    told = tomllib.loads(SHIPPED.read_text())["profile"]
    return {step["key"]: step["phase"] for profile in told for step in profile["step"]}


def faults(steps: Sequence[CaseProfileStep]) -> Iterator[str]:
    """`rule: step`, the first that is found first."""
    keys = [step.key for step in steps]
    yield from (f"unknown: {key}" for key in keys if key not in phases())
    yield from (f"twice: {key}" for key in sorted({key for key in keys if keys.count(key) > 1}))
    yield from (f"missing: {key}" for key in phases() if key not in keys and key not in DISPENSABLE)
    for chain in IN_ORDER:
        present = [key for key in chain if key in keys]
        yield from (f"order: {a}, {b}" for a, b in pairwise(present) if keys.index(a) > keys.index(b))
    if next((step.key for step in steps if step.phase == "eliminate"), BEGINS) != BEGINS:
        yield f"order: {BEGINS}"
    for step in steps:
        yield from faults_of(step)


def faults_of(step: CaseProfileStep) -> Iterator[str]:
    if step.may_skip and step.key not in DISPENSABLE:
        yield f"skipped: {step.key}"
    if LEVELS.index(step.level) < LEVELS.index(WIDER.get(step.key, "village")):
        yield f"level: {step.key}"
    timed = [step.days is not None, step.unit is not None, step.since is not None]
    if any(timed) != all(timed) or (step.since and step.since not in SINCE.get(step.phase, set())):
        yield f"days: {step.key}"
