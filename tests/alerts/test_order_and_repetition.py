"""Events in any order, twice, in any posts, or found by a sweep alone: what is known and what is open is the same."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import Session, col

from services.alerts.facts.learn import Told, learn
from services.alerts.inbox import HANDLERS
from services.alerts.intake.take_in import take_in
from services.alerts.judging.judge import convene, judge_county
from services.alerts.models.watch import Alert, Finding
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import rules_on
from services.kit.post.events import CloudEvent
from services.kit.post.facts import CHANGED
from services.kit.post.inbox import receive
from tests.alerts.conftest import COUNTY, STANDARDS, VILLAGE, told
from tests.alerts.oracle import World, answer
from tests.alerts.written import modest
from tests.conftest import NOW, TODAY

SPACE = UUID(int=7)
WORLD = World({key: {COUNTY: value} for key, value in STANDARDS.items()}, {}, TODAY)
LINE = STANDARDS["monitoring_line"]
FLAG = st.none() | st.booleans()
FACTS = st.fixed_dictionaries(
    {
        "persons": st.sampled_from([None, 0, 1, 3]),
        "net_income": st.none() | st.sampled_from([0, LINE - 1, LINE, 3 * LINE - 1, 3 * LINE]),
        "medical_self_paid": st.none() | st.sampled_from([499_999, 500_000, 2_000_000]),
        "uninsured_members": st.sampled_from([None, 0, 2]),
        "monitored": FLAG,
        "formerly_poor": FLAG,
        "safe_house": FLAG,
    }
)
few = settings(modest, max_examples=10)
ELSEWHERE = "520621002001"
PLACES = st.sampled_from([VILLAGE, ELSEWHERE])


@dataclass(frozen=True)
class Version:
    """One state of a household, as its owner announces it."""

    subject: UUID
    number: int
    division: str
    facts: Mapping[str, Any]

    @property
    def event(self) -> CloudEvent:
        return CloudEvent(
            id=uuid5(SPACE, f"{self.subject}:{self.number}"),
            source="/v1/services/households",
            type=CHANGED,
            subject=str(self.subject),
            division=self.division,
            time=NOW,
            data={"kind": HOUSEHOLD, "version": self.number, "facts": dict(self.facts)},
        )

    @property
    def told(self) -> Told:
        return Told(self.subject, self.division, self.number, self.facts)


def lives() -> st.SearchStrategy[list[Version]]:
    """Two to four households, each with two or three versions, oldest first."""
    life = st.lists(st.tuples(PLACES, FACTS), min_size=2, max_size=3)
    return st.lists(life, min_size=2, max_size=4).map(
        lambda all_lives: [
            Version(UUID(int=who + 1), number + 1, place, facts)
            for who, one in enumerate(all_lives)
            for number, (place, facts) in enumerate(one)
        ]
    )


Arrival: TypeAlias = tuple[list[Version], list[list[Version]]]


@st.composite
def posts(draw: st.DrawFn) -> Arrival:
    """Lives in order, and the same as they arrived: shuffled, repeated, cut into posts anywhere."""
    told = draw(lives())
    arrived = draw(st.permutations(told + draw(st.lists(st.sampled_from(told), max_size=4))))
    cuts = sorted({0, len(arrived), *draw(st.lists(st.integers(0, len(arrived)), max_size=4))})
    return told, [list(arrived[start:end]) for start, end in pairwise(cuts)]


@contextmanager
def undoing(session: Session) -> Iterator[None]:
    """One example leaves nothing to the next, also when it fails."""
    try:
        yield
    finally:
        session.rollback()


def hear(session: Session, arrived: Sequence[Sequence[Version]]) -> None:
    for post in arrived:
        receive(session, "households", [version.event for version in post], HANDLERS["households"], NOW)


def known(session: Session) -> list[Any]:
    """All we were told; not when we first heard of it."""
    wanted = text(
        "SELECT to_jsonb(household_facts) - '{known_since,learned_at}'::text[] FROM household_facts ORDER BY subject"
    )
    return list(session.scalars(wanted))


Standing: TypeAlias = dict[tuple[str, UUID], Any]


def standing(session: Session) -> Standing:
    """Open alerts and the evidence they rest on."""
    wanted = select(Alert, Finding).join(Finding, col(Finding.id) == col(Alert.finding_id))
    rows = session.execute(wanted.where(col(Alert.closed_at).is_(None)))
    return {(alert.rule_key, alert.subject): finding.evidence["basis"] for alert, finding in rows}


def due(session: Session, told: Sequence[Version]) -> dict[tuple[str, UUID], Any]:
    """By the exact reading: TRUE, FALSE or unknown for each rule and the newest version of each household."""
    newest = {version.subject: version for version in told}
    return {
        (rule.key, version.subject): answer(rule.condition, version.facts, version.division, WORLD)
        for rule in rules_on(session, HOUSEHOLD, TODAY)
        for version in newest.values()
    }


def row_versions(session: Session) -> list[Any]:
    """Every row a judgement could write: one written again stands elsewhere."""
    return [
        list(session.execute(text(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY ctid")))  # noqa: S608  # ours
        for table in ("alert", "finding", "event")
    ]


def settled(alerts: Standing, answers: Mapping[tuple[str, UUID], Any]) -> Standing:
    """Without those whose rule is unknown now: they stay as they stood, which is a matter of what was heard before."""
    return {which: basis for which, basis in alerts.items() if answers[which] is not None}


@few
@given(posts())
def test_order_repetition_and_posts_do_not_matter(watched: Session, arrival: Arrival) -> None:
    told, arrived = arrival
    answers = due(watched, told)
    with undoing(watched):
        hear(watched, [[version] for version in told])
        in_order = known(watched), settled(standing(watched), answers)
    with undoing(watched):
        hear(watched, arrived)
        assert (known(watched), settled(standing(watched), answers)) == in_order
    assert in_order[1].keys() == {which for which, holds in answers.items() if holds}


@few
@given(posts())
def test_a_sweep_finds_what_the_events_found(watched: Session, arrival: Arrival) -> None:
    told, arrived = arrival
    answers = due(watched, told)
    with undoing(watched):
        hear(watched, arrived)
        by_events = settled(standing(watched), answers)
    with undoing(watched):
        learn(watched, HOUSEHOLD, [version.told for version in told])
        judge_county(watched, convene(watched, HOUSEHOLD, COUNTY, TODAY, NOW))
        assert standing(watched) == by_events


@few
@given(posts())
def test_a_sweep_after_the_events_writes_nothing_and_neither_does_a_second(watched: Session, arrival: Arrival) -> None:
    with undoing(watched):
        hear(watched, arrival[1])
        heard = row_versions(watched)
        for _ in range(2):
            judge_county(watched, convene(watched, HOUSEHOLD, COUNTY, TODAY, NOW))
            assert row_versions(watched) == heard


@few
@given(lives())
def test_an_unknown_answer_leaves_open_what_an_answer_before_had_opened(watched: Session, told: list[Version]) -> None:
    """Heard in order, an alert is open when the last answer that was not unknown was TRUE."""
    expected: dict[tuple[str, UUID], bool] = {}
    for version in told:
        for which, holds in due(watched, [version]).items():
            expected[which] = expected.get(which, False) if holds is None else bool(holds)
    with undoing(watched):
        hear(watched, [[version] for version in told])
        assert standing(watched).keys() == {which for which, holds in expected.items() if holds}


def test_a_household_that_moves_takes_its_open_alert_along(watched: Session) -> None:
    family = told(watched, safe_water=False)
    take_in(watched, HOUSEHOLD, [Told(family, ELSEWHERE, 2, {"safe_water": False})], NOW)
    assert watched.scalars(select(col(Alert.division))).all() == [ELSEWHERE]
