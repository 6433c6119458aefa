"""Whatever becomes of households, in whatever order: the rules hold after every step, of the register and of what other
rooms hold of a family; and what was read of a past day at a past moment is read again."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from pydantic import TypeAdapter
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.changes.change import Doing
from services.households.changes.changes import Change, carry_out
from services.households.changes.village_mergers import VillageMerger, merge_villages
from services.households.facts import COMPUTED, facts_changed, facts_changed_in_bulk
from services.households.models.changes import HouseholdChange
from services.households.models.register import Household, Membership, Person, Tag
from services.households.register.households import as_it_was, tags
from services.households.register.past import Past
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope
from services.kit.web.errors import DomainError, NotThere
from tests.clock import NOW, TODAY
from tests.households.changes import rooms
from tests.households.conftest import valid

VILLAGES = ("520621001005", "520621001006", "520621002001")
START = TODAY - timedelta(days=10)
READ: TypeAdapter[Any] = TypeAdapter(Change)
Pick = st.integers(0, 10**6)
Days = st.integers(0, 10)

BROKEN = {
    "somebody is a member in a household that has ended": (
        "SELECT m.id FROM membership m JOIN household h ON h.id = m.household_id"
        " WHERE h.ended_on IS NOT NULL AND (upper_inf(m.valid) OR upper(m.valid) > h.ended_on)"
    ),
    "somebody is a member twice": (
        "SELECT person_id FROM membership WHERE upper_inf(valid) GROUP BY person_id HAVING count(*) > 1"
    ),
    "the dead or doubled are members": (
        "SELECT p.id FROM person p JOIN membership m ON m.person_id = p.id AND upper_inf(m.valid)"
        " WHERE p.died_on IS NOT NULL OR p.same_as IS NOT NULL"
    ),
    "a living household has no head, or two": (
        "SELECT h.id FROM household h LEFT JOIN membership m"
        " ON m.household_id = h.id AND upper_inf(m.valid) AND m.relation = '01'"
        " WHERE h.ended_on IS NULL GROUP BY h.id HAVING count(m.id) <> 1"
    ),
    "a household has a day with no managing village, or with two": (
        "SELECT h.id FROM household h CROSS JOIN generate_series(CAST(:start AS date), CAST(:today AS date),"
        " '1 day') AS d"
        " CROSS JOIN LATERAL (SELECT count(*) AS villages FROM ("
        "   SELECT 1 FROM managed_before b WHERE b.household_id = h.id AND b.valid @> CAST(d AS date)"
        "   UNION ALL SELECT 1 WHERE coalesce(h.managed_since, '-infinity') <= d) AS there) AS n"
        " WHERE n.villages <> CASE WHEN d >= coalesce((SELECT min(coalesce(lower(b.valid), '-infinity'))"
        "   FROM managed_before b WHERE b.household_id = h.id), h.managed_since, '-infinity') THEN 1 ELSE 0 END"
    ),
    "a tag of an ended household holds after its end": (
        "SELECT t.id FROM tag t JOIN household h ON h.id = t.household_id"
        " WHERE h.ended_on IS NOT NULL AND NOT t.valid <@ daterange(NULL, h.ended_on)"
    ),
    "a household went into none, or into itself": (
        "SELECT h.id FROM household h LEFT JOIN household i ON i.id = h.into_id"
        " WHERE h.into_id IS NOT NULL AND (i.id IS NULL OR i.id = h.id OR h.ended_on IS NULL)"
    ),
    "facts are kept of a household that has ended, or none of a living one": (
        "SELECT coalesce(h.id, f.subject) FROM (SELECT id FROM household WHERE ended_on IS NULL) h"
        " FULL JOIN household_facts f ON f.subject = h.id WHERE h.id IS NULL OR f.subject IS NULL"
    ),
}


class Families(RuleBasedStateMachine):
    """Changes of any kind on any households and days, most of them refused; each in a transaction of its own."""

    engine: Engine
    seal: Seal
    wipe: Callable[[], None]

    def __init__(self) -> None:
        super().__init__()
        self.wipe()
        self.numbers = 0
        self.made = 0
        self.readings: list[tuple[datetime, date | None, Any]] = []
        self.sums = [0, 0, 0, 0]
        with open_session(self.engine) as session, session.begin():
            rooms.frame(session)
            for n in range(3):
                self.family(session, f"JK{n}", VILLAGES[n % 2], 1 + n)

    def family(self, session: Session, number: str, village: str, size: int) -> None:
        home = Household(id=uuid4(), number=number, village=village, head_name="示甲", created_at=NOW)
        session.add(home)
        session.flush()
        for n in range(size):
            person = Person(id=uuid4(), name=f"示{number}{n}", birth_date=date(1980, 1, 1), sex="1")
            session.add(person)
            session.flush()
            relation = "99" if n else "01"
            held = Membership(household_id=home.id, person_id=person.id, relation=relation, valid=Range(START, None))
            session.add(held)
        if size == 1:
            session.add(Tag(household_id=home.id, key="monitored", valid=Range(START, None), source="示例"))
        self.fill_rooms(session, home.id, self.members(session, home.id), size)
        facts_changed(session, [home.id], NOW)

    def fill_rooms(self, session: Session, home: UUID, there: list[UUID], size: int) -> None:
        rooms.write_case(session, home, ("monitored", "new", "eliminating")[size - 1], size)
        for person in (None, *there):
            for state in ("planned", "done"):
                rooms.write_measure(session, home, person, state, size, 1)
            self.sums[0] += rooms.write_received(session, self.seal, home, person, size, None, size % 2)
        session.flush()
        rooms.write_plan_of(session, home)
        rooms.speak(session, home)
        for person in there:
            rooms.insure(session, person)
        self.sums[1:] = [
            self.sums[1] + 2 * size * (size + 1), self.sums[2] + 2 * (size + 1), self.sums[3] + size,
        ]  # fmt: skip

    def homes(self, session: Session) -> list[UUID]:
        return list(session.scalars(text("SELECT id FROM household WHERE ended_on IS NULL ORDER BY number")))

    def members(self, session: Session, home: UUID) -> list[UUID]:
        named = text("SELECT p.id FROM membership m JOIN person p ON p.id = m.person_id"
                     " WHERE household_id = :home AND upper_inf(valid) ORDER BY p.name, p.id")  # fmt: skip
        return list(session.scalars(named, {"home": home}))

    def attempt(self, build: Callable[[Session, list[UUID]], dict[str, Any] | None], ago: int) -> None:
        """Refused or carried out; a refusal leaves nothing."""
        with open_session(self.engine) as session, session.begin() as transaction:
            session.info["scope"] = Scope("clerk", TODAY, divisions=("",))
            homes = self.homes(session)
            said = build(session, homes) if homes else None
            if said is None:
                return
            about = {"id": uuid4(), "on": TODAY - timedelta(days=ago), "ground": "示例", "done_by": "示己"}
            body = READ.validate_python(about | said)
            doing = Doing(session, self.seal, True, body.id, body.on, TODAY, NOW)
            try:
                carry_out(doing, body, "clerk")
                self.made += 1
            except DomainError:
                transaction.rollback()

    def related(self, persons: list[UUID], head: bool) -> list[dict[str, Any]]:
        return [{"person_id": one, "relation": "01" if head and not n else "99"} for n, one in enumerate(persons)]

    @rule(home=Pick, ago=Days)
    def is_born(self, home: int, ago: int) -> None:
        child = {"name": f"示{self.numbers}子", "birth_date": TODAY - timedelta(days=10), "sex": "2",
                 "number_missing": "新生儿", "number_due_on": TODAY}  # fmt: skip
        self.numbers += 1
        self.attempt(lambda _, homes: {"kind": "birth", "household_id": homes[home % len(homes)], "person": child,
                                       "relation": "20"}, ago)  # fmt: skip

    @rule(home=Pick, who=Pick, ago=Days)
    def dies(self, home: int, who: int, ago: int) -> None:
        def build(session: Session, homes: list[UUID]) -> dict[str, Any] | None:
            there = self.members(session, homes[home % len(homes)])
            dead = there[who % len(there)]
            rest = [one for one in there if one != dead]
            return {"kind": "death", "person_id": dead, "relations": self.related(rest, head=who % 2 == 0)}

        self.attempt(build, ago)

    @rule(home=Pick, into=Pick, count=st.integers(1, 2), ago=Days)
    def some_move(self, home: int, into: int, count: int, ago: int) -> None:
        def build(session: Session, homes: list[UUID]) -> dict[str, Any] | None:
            former = homes[home % len(homes)]
            go = self.members(session, former)[-count:]
            said = {"household_id": former, "into_id": homes[into % len(homes)], "why": "other"}
            return {"kind": "transfer", "persons": self.related(go, head=False), **said}

        self.attempt(build, ago)

    @rule(home=Pick, count=st.integers(1, 2), ago=Days)
    def is_split(self, home: int, count: int, ago: int) -> None:
        self.numbers += 1
        number = f"FH{self.numbers}"

        def build(session: Session, homes: list[UUID]) -> dict[str, Any] | None:
            former = homes[home % len(homes)]
            go = self.members(session, former)[-count:]
            return {"kind": "split", "household_id": former, "number": number, "members": self.related(go, head=True)}

        self.attempt(build, ago)

    @rule(home=Pick, into=Pick, ago=Days)
    def is_merged(self, home: int, into: int, ago: int) -> None:
        def build(session: Session, homes: list[UUID]) -> dict[str, Any] | None:
            former = homes[home % len(homes)]
            come = self.related(self.members(session, former), head=False)
            return {"kind": "merge", "into_id": homes[into % len(homes)], "merged": [former], "relations": come}

        self.attempt(build, ago)

    @rule(home=Pick, village=st.sampled_from(VILLAGES), ago=Days)
    def moves(self, home: int, village: str, ago: int) -> None:
        self.attempt(
            lambda _, homes: {"kind": "move", "household_id": homes[home % len(homes)], "village": village}, ago
        )

    @rule(home=Pick, who=Pick, ago=Days)
    def leaves_and_comes_back(self, home: int, who: int, ago: int) -> None:
        left: list[UUID] = []

        def leaving(session: Session, homes: list[UUID]) -> dict[str, Any] | None:
            former = homes[home % len(homes)]
            there = self.members(session, former)
            left.append(there[who % len(there)])
            return {"kind": "departure", "household_id": former, "why": "other", "persons": left}

        self.attempt(leaving, ago)
        back = {"kind": "arrival", "why": "return", "person": {"person_id": left[0]}, "relation": "99"} if left else {}
        self.attempt(lambda _, homes: back | {"household_id": homes[who % len(homes)]} if back else None, ago // 2)

    @rule(home=Pick, other=Pick, numbered=st.booleans(), ago=Days)
    def is_registered_anew(self, home: int, other: int, numbered: bool, ago: int) -> None:
        self.numbers += 1
        number = valid(f"99000019800101{self.numbers % 1000:03}X")

        def build(session: Session, homes: list[UUID]) -> dict[str, Any] | None:
            kept = self.members(session, homes[home % len(homes)])[0]
            double = self.members(session, homes[other % len(homes)])[-1]
            told = {"id_number": number} if numbered else {"duplicate_id": double}
            return {"kind": "re_registration", "person_id": kept, **told}

        self.attempt(build, ago)

    @rule(home=Pick, ago=Days)
    @precondition(lambda self: self.made > 3)
    def is_gone(self, home: int, ago: int) -> None:
        self.attempt(
            lambda _, homes: {"kind": "ending", "household_id": homes[home % len(homes)], "why": "died_out"}, ago
        )

    @rule(former=st.sampled_from(VILLAGES), into=st.sampled_from(VILLAGES), ago=Days)
    def villages_merge(self, former: str, into: str, ago: int) -> None:
        if former == into:
            return
        with open_session(self.engine) as session, session.begin() as transaction:
            on = TODAY - timedelta(days=ago)
            body = VillageMerger(
                id=uuid4(), on=on, ground="示例", done_by="示己", from_villages=[former], into_village=into
            )
            told = body.model_dump(include={"id", "ground", "done_by"})
            session.add(
                HouseholdChange(kind="village_merger", effective_on=on, recorded_by="clerk", recorded_at=NOW, **told)
            )
            session.flush()
            try:
                moved = merge_villages(session, body)
                facts_changed_in_bulk(session, moved, NOW) if moved else None
            except DomainError:
                transaction.rollback()

    def write(self, home: int, what: Callable[[Session, UUID, list[UUID]], None]) -> None:
        """In another room, of a living household and who is there."""
        with open_session(self.engine) as session, session.begin():
            homes = self.homes(session)
            if homes:
                chosen = homes[home % len(homes)]
                what(session, chosen, self.members(session, chosen))
                facts_changed(session, [chosen], NOW)

    @rule(home=Pick, state=st.sampled_from(sorted(rooms.STATES)), ago=Days)
    def a_case_is_open(self, home: int, state: str, ago: int) -> None:
        self.write(home, lambda session, chosen, _: rooms.write_case(session, chosen, state, ago))

    @rule(home=Pick, who=Pick, state=st.sampled_from(["planned", "under_way", "done", "dropped"]), ago=Days)
    def is_helped(self, home: int, who: int, state: str, ago: int) -> None:
        def what(session: Session, chosen: UUID, there: list[UUID]) -> None:
            rooms.write_measure(session, chosen, one_of(there, who), state, who, ago)
            self.sums[1], self.sums[2] = self.sums[1] + who, self.sums[2] + 1

        self.write(home, what)

    @rule(home=Pick, who=Pick, since=Days, until=st.one_of(st.none(), Days), paid=Days)
    def receives(self, home: int, who: int, since: int, until: int | None, paid: int) -> None:
        def what(session: Session, chosen: UUID, there: list[UUID]) -> None:
            person = one_of(there, who)
            self.sums[0] += rooms.write_received(session, self.seal, chosen, person, since + 1, until, paid)

        self.write(home, what)

    @rule(home=Pick, who=Pick)
    def is_planned_heard_and_insured(self, home: int, who: int) -> None:
        def what(session: Session, chosen: UUID, there: list[UUID]) -> None:
            rooms.write_plan_of(session, chosen)
            rooms.speak(session, chosen)
            rooms.write_issue(session, chosen, ended=who % 3 == 0)
            if there:
                rooms.insure(session, there[who % len(there)])
                self.sums[3] += 1

        self.write(home, what)

    @rule(ago=st.one_of(st.none(), Days))
    def somebody_reads(self, ago: int | None) -> None:
        """Of a day, or just what is known; kept with the moment, by the clock that history is kept by."""
        with open_session(self.engine) as session:
            day = None if ago is None else TODAY - timedelta(days=ago)
            moment = session.execute(text("SELECT clock_timestamp()")).scalar_one()
            self.readings.append((moment, day, reading(session, Past(as_of=day))))

    @invariant()
    def the_rules_hold(self) -> None:
        with open_session(self.engine) as session:
            told = {"start": START - timedelta(days=5), "today": TODAY}
            for what, broken in {**BROKEN, **rooms.BROKEN}.items():
                asked = {name: value for name, value in told.items() if f":{name}" in broken}
                assert session.execute(text(broken), asked).all() == [], what
            assert list(session.execute(rooms.SUMS).one()) == self.sums
            homes = self.homes(session)
            kept = session.execute(text("SELECT subject, division, persons, monitored FROM household_facts")).all()
            fresh = session.execute(COMPUTED, {"ids": homes, "year": NOW.year, "today": NOW.date()}).mappings()
            assert sorted(kept) == sorted((f["subject"], f["division"], f["persons"], f["monitored"]) for f in fresh)

    def teardown(self) -> None:
        """Everything that was ever read is read again."""
        with open_session(self.engine) as session:
            for moment, day, was in self.readings:
                assert reading(session, Past(as_of=day, known_at=moment)) == was


def one_of(persons: list[UUID], who: int) -> UUID | None:
    """A member, or the household as a whole."""
    return persons[who % len(persons)] if persons and who % 3 else None


def reading(session: Session, past: Past) -> Any:
    """The whole register as the API reads it."""
    homes = session.scalars(text("SELECT id FROM household ORDER BY number")).all()
    return {home: one for home in homes if (one := of_household(session, home, past))}


def of_household(session: Session, home: UUID, past: Past) -> Any:
    try:
        household, village = as_it_was(session, home, past)
    except NotThere:
        return None
    membership = past.of(Membership, home)
    there = select(col(membership.person_id), col(membership.relation)).where(
        col(membership.household_id) == home, past.holds(membership.valid)
    )
    who = sorted(map(tuple, session.execute(there)))
    return household.head_name, household.number, village, household.ended_on, who, tags(session, home, past)


@pytest.fixture
def machine(
    engines: dict[str, Engine], seal: Seal, empty_everything: Callable[[], None]
) -> Iterator[type[RuleBasedStateMachine]]:
    Families.engine, Families.seal, Families.wipe = engines["households"], seal, staticmethod(empty_everything)
    yield Families
    empty_everything()


def test_whatever_becomes_of_households_the_rules_hold_and_the_past_stays(machine: type[Families]) -> None:
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
    few = settings(
        max_examples=20, stateful_step_count=25, deadline=None, phases=phases,
        suppress_health_check=list(HealthCheck), derandomize=True,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=few)
