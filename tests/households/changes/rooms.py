"""What other rooms hold of a family, written as rows, and the rules of it that hold whatever becomes of the family."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.cases.clocks import run_clock
from services.households.changes.cases_along import open_case
from services.households.help.actors import Actor
from services.households.help.plans import PlanOut, newest_version, write_plan
from services.households.models.cases import Case
from services.households.models.help import ACCOUNT, Measure, Received
from services.households.models.issues import Issue
from services.households.models.people import PersonInsurance
from services.households.models.register import Household, HouseholdSet, Tag
from services.households.models.voices import Correction, SelfDeclaration, ViewCode
from services.households.register.household_sets import OWNER
from services.kit.store.fields import Seal
from services.kit.store.grants import SetMember
from services.kit.store.tables import Standard
from tests.clock import NOW, TODAY
from tests.households.open_cases import case_of, profile

START = TODAY - timedelta(days=10)
VILLAGE = "520621001005"
ACTOR: Any = Actor(kind="cadre", id=UUID(int=42), label="示甲")
STATES: dict[str, dict[str, Any]] = {
    "new": {},
    "announced": {"state": "identifying", "next_step": "county", "identified_on": START},
    "monitored": {"state": "monitored", "next_step": None, "identified_on": START},
    "eliminating": {"state": "eliminating", "next_step": "county", "identified_on": START - timedelta(days=1)},
    "refused": {"state": "refused", "next_step": "visit", "closed_on": START},
    "watched": {
        "state": "ended",
        "next_step": None,
        "identified_on": START,
        "closed_on": START,
        "end_kind": "eliminated_by_help",
        "after_care_until": TODAY + timedelta(days=90),
        "after_care_every": 1,
        "after_care_document_no": "示例",
    },
}
FAR = "the measure of a case of another household is still to be done"

BROKEN = {
    "something of a case is open or to be done in a household that has ended": (
        "SELECT c.id FROM monitored_case c JOIN household h ON h.id = c.household_id"
        " WHERE h.ended_on IS NOT NULL AND (c.closed_on IS NULL OR c.next_step IS NOT NULL"
        "   OR (c.after_care_until IS NOT NULL AND c.after_care_end IS NULL))"
    ),
    "a household has two open cases": (
        "SELECT household_id FROM monitored_case WHERE closed_on IS NULL GROUP BY household_id HAVING count(*) > 1"
    ),
    "a clock runs of a case that is settled": (
        "SELECT k.id FROM case_clock k JOIN monitored_case c ON c.id = k.case_id"
        " WHERE k.done_on IS NULL AND c.closed_on IS NOT NULL AND c.next_step IS NULL"
        " AND NOT (k.step = 'after_care' AND c.after_care_until IS NOT NULL AND c.after_care_end IS NULL)"
    ),
    "a case ended in one that is not": (
        "SELECT c.id FROM monitored_case c WHERE (c.end_kind = 'merged_into') <> (c.merged_into IS NOT NULL)"
        " OR c.merged_into = c.id"
    ),
    "an identified household with an open case is not tagged": (
        "SELECT c.id FROM monitored_case c WHERE c.closed_on IS NULL AND c.identified_on IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM tag t WHERE t.household_id = c.household_id AND t.key = 'monitored'"
        "                 AND upper_inf(t.valid))"
    ),
    "something is still to be done for a household that has ended": (
        "SELECT m.id FROM measure m JOIN household h ON h.id = m.household_id"
        " WHERE h.ended_on IS NOT NULL AND m.state IN ('planned', 'under_way')"
    ),
    "something is still to be done for somebody who is not of the household": (
        "SELECT m.id FROM measure m WHERE m.state IN ('planned', 'under_way') AND m.person_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM membership p WHERE p.person_id = m.person_id"
        "                 AND p.household_id = m.household_id AND upper_inf(p.valid))"
    ),
    FAR: (
        "SELECT m.id FROM measure m JOIN monitored_case c ON c.id = m.case_id"
        " WHERE m.state IN ('planned', 'under_way') AND c.household_id <> m.household_id"
    ),
    "the plan of a living household names a measure of another": (
        "SELECT p.measure_id FROM plan_measure p JOIN measure m ON m.id = p.measure_id"
        " JOIN household h ON h.id = p.household_id AND h.ended_on IS NULL"
        " WHERE p.version = (SELECT max(version) FROM plan WHERE household_id = p.household_id)"
        " AND m.household_id <> p.household_id"
    ),
    "somebody receives in a household they have left for another": (
        "SELECT r.id FROM received r JOIN membership p ON p.person_id = r.person_id AND upper_inf(p.valid)"
        " WHERE r.withdrawn_at IS NULL AND upper_inf(r.valid) AND r.household_id <> p.household_id"
    ),
    "a household that has ended goes on receiving": (
        "SELECT r.id FROM received r JOIN household h ON h.id = r.household_id"
        " WHERE h.ended_on IS NOT NULL AND upper_inf(r.valid) AND lower(r.valid) < h.ended_on"
    ),
    "what goes on is not what went before": (
        "SELECT r.id FROM received r JOIN received b ON b.id = r.continues"
        " WHERE upper(b.valid) IS DISTINCT FROM lower(r.valid) OR b.policy_key <> r.policy_key"
    ),
    "something goes on twice": (
        "SELECT continues FROM received WHERE continues IS NOT NULL GROUP BY continues HAVING count(*) > 1"
    ),
    "an amount stands in two records of one thing": (
        "SELECT policy_key FROM received GROUP BY policy_key HAVING count(amount) <> 1"
    ),
    "a code opens a household that has ended": (
        "SELECT c.id FROM view_code c JOIN household h ON h.id = c.household_id"
        " WHERE h.ended_on IS NOT NULL AND c.ended_at IS NULL"
    ),
    "a villager waits for an answer of a household that went into another": (
        "SELECT v.id FROM self_declaration v JOIN household h ON h.id = v.household_id"
        " WHERE h.into_id IS NOT NULL AND v.state = 'received'"
        " UNION ALL SELECT v.id FROM correction v JOIN household h ON h.id = v.household_id"
        " WHERE h.into_id IS NOT NULL AND v.answered_at IS NULL"
    ),
    "what is to be put right is of a household that went into another, or lies where its household does not": (
        "SELECT i.id FROM issue i JOIN household h ON h.id = i.household_id"
        " WHERE i.state = 'open' AND (h.into_id IS NOT NULL OR i.division <> h.village)"
    ),
    "what has ended has gone along": (
        "SELECT i.id FROM issue i WHERE i.state <> 'open' AND i.division || i.household_id <> i.source_ref"
    ),
    "somebody answers for a household that has ended": (
        "SELECT m.subject FROM set_member m JOIN household h ON h.id = m.subject"
        " WHERE h.ended_on IS NOT NULL AND NOT m.revoked"
    ),
    "something is told of a record that was joined with another": (
        "SELECT i.id FROM person_insurance i JOIN person p ON p.id = i.person_id WHERE p.same_as IS NOT NULL"
    ),
}
SUMS = text("SELECT (SELECT coalesce(sum(amount), 0) FROM received), (SELECT coalesce(sum(amount), 0) FROM measure),"
            " (SELECT count(*) FROM measure), (SELECT count(*) FROM person_insurance)")  # fmt: skip


def frame(session: Session) -> None:
    """What a case cannot open without."""
    profile(session)
    told: dict[str, Any] = {"unit": "日", "document_no": "示例〔2026〕1号", "version": 1}
    valid = Range(date(2020, 1, 1), None)
    session.add(Standard(key="case_warning_days", division="520621", valid=valid, value=Decimal(2), **told))
    session.add(HouseholdSet(id=UUID(int=1), name="示例", division="520621", created_by="clerk", created_at=NOW))


def write_case(session: Session, home: UUID, state: str, ago: int) -> None:
    """None where one is open."""
    if open_case(session, home) and state != "refused":
        return
    newest = select(func.max(col(Case.episode))).where(col(Case.household_id) == home)
    ground = START - timedelta(days=ago)
    said = STATES[state] | {"ground_on": ground, "risks": ["01", "0201"] if ago % 2 else ["07"], "green": ago == 3}
    case = case_of(session, home, episode=(session.scalar(newest) or 0) + 1, **said)
    step = "after_care" if state == "watched" else "procedure" if case.green else "county"
    run_clock(session, case, VILLAGE, step, START, 5, "calendar_days")
    tagged = select(Tag).where(col(Tag.household_id) == home, col(Tag.key) == "monitored")
    if case.identified_on and not case.closed_on and session.scalar(tagged) is None:
        session.add(Tag(household_id=home, key="monitored", valid=Range(START, None), source="示例"))


def write_measure(session: Session, home: UUID, person: UUID | None, state: str, amount: int, ago: int) -> None:
    case = open_case(session, home) if ago % 2 else None
    day = TODAY - timedelta(days=ago)
    done: dict[str, Any] = {"done_on": day, "ends_on": TODAY if ago > 5 else None} if state == "done" else {}
    dropped: dict[str, Any] = {"dropped_because": "示例"} if state == "dropped" else {}
    session.add(
        Measure(
            id=uuid4(),
            household_id=home,
            person_id=person,
            case_id=case.id if case else None,
            policy_key="示例",
            state=state,
            due=TODAY,
            amount=amount,
            recorded_by="clerk",
            created_at=NOW,
            **done,
            **dropped,
            **ACTOR.as_columns(),
        )
    )


def write_received(
    session: Session, seal: Seal, home: UUID, person: UUID | None, since: int, until: int | None, paid: int
) -> int:
    """Answers the amount. A policy of its own tells it from all others."""
    key = uuid4()
    begun = TODAY - timedelta(days=since)
    ended = TODAY + timedelta(days=until) if until is not None else None
    session.add(
        Received(id=key, household_id=home, person_id=person, policy_key=str(key), valid=Range(begun, ended),
                 amount=since * 100 + 1, paid_on=TODAY - timedelta(days=paid) if paid else None, source="示例",
                 sealed_account=seal.close("62220000", ACCOUNT.place(key)), recorded_by="clerk", created_at=NOW)
    )  # fmt: skip
    return since * 100 + 1


def write_plan_of(session: Session, home: UUID) -> None:
    held = newest_version(session, home)
    mine = select(col(Measure.id)).where(col(Measure.household_id) == home)
    told = PlanOut(version=held.version + 1 if held else 1, since=held.since if held else START, reason="示例",
                   goal="示例", risks=["07"], responsible=ACTOR, measures=list(session.scalars(mine)))  # fmt: skip
    write_plan(session, home, told, "clerk", NOW)


def speak(session: Session, home: UUID) -> None:
    """What waits for an answer, a code, and the household in a set."""
    number = uuid4()
    if session.scalar(select(ViewCode).where(col(ViewCode.household_id) == home, col(ViewCode.ended_at).is_(None))):
        return
    session.add_all(
        [
            ViewCode(id=uuid4(), household_id=home, code_index=number.bytes, issued_by="clerk", issued_at=NOW,
                     last_day=TODAY),
            SelfDeclaration(id=number, number=str(number), village=VILLAGE, household_id=home, received_at=NOW),
            Correction(household_id=home, kind="correction", sealed_text=b"", filed_at=NOW),
        ]
    )  # fmt: skip
    session.merge(SetMember(set_id=UUID(int=1), subject=home, owner=OWNER, valid=Range(START, None), version=1))


def write_issue(session: Session, home: UUID, ended: bool) -> None:
    number = uuid4()
    village = session.scalars(select(col(Household.village)).where(col(Household.id) == home)).one()
    session.add(
        Issue(id=number, county="520621", year=2026, number=number.int % 10**9, division=village, household_id=home,
              kind="demand", restricted=False, source="visit", source_ref=f"{village}{home}", raised_on=START,
              sealed_said=b"", owner_kind="unit", owner_label="示例", state="closed" if ended else "open",
              on_the_spot=False, ended_on=TODAY if ended else None, recorded_by="clerk", recorded_at=NOW)
    )  # fmt: skip


def insure(session: Session, person: UUID) -> None:
    told: dict[str, Any] = {"doer": "示甲", "recorded_by": "clerk", "recorded_at": NOW}
    session.add(PersonInsurance(person_id=person, year=2026, kind="resident", enrolled=True, **told))
