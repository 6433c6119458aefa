"""A monitored household may be safe by now: every gate of its elimination that can be told from the records is open, so
somebody goes and sees. What people answer for themselves is asked when they propose; nothing is proposed by itself.
Looked at once a day; said once that the gates are open, and once that they no longer are or the case went on."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.households.cases.gates import Answers, elimination_gates
from services.households.models.cases import Case, CaseGatesLooked
from services.households.models.register import Household
from services.kit.post.events import emit
from services.kit.store.db import open_session
from services.kit.store.work import Loop

MET, NO_LONGER = "case.gates_met", "case.gates_no_longer_met"
ANSWERED_BY_PEOPLE = {"income_steady", "rigid_spending"}
EVERY = 300.0  # seconds
AT_ONCE = 50

DUE = text(
    """
    SELECT m.id FROM monitored_case m LEFT JOIN case_gates_looked l ON l.case_id = m.id
    WHERE CASE WHEN m.state = 'monitored' THEN l.looked_on IS DISTINCT FROM :today ELSE l.met IS NOT NULL END
    ORDER BY m.id LIMIT :most FOR UPDATE OF m SKIP LOCKED
    """
)


def tells_of_gates(engine: Engine) -> Loop:
    return Loop("case gates", lambda now: tell_of_gates(engine, now), idle=EVERY)


def tell_of_gates(engine: Engine, now: datetime) -> int:
    """What was seen and the event are one transaction. Answers how many cases were looked at."""
    with open_session(engine) as session, session.begin():
        due = session.scalars(DUE, {"today": now.date(), "most": AT_ONCE}).all()
        for case_id in due:
            look(session, case_id, now)
    return len(due)


def look(session: Session, case_id: UUID, now: datetime) -> None:
    case = session.get_one(Case, case_id)
    household = session.get_one(Household, case.household_id)
    seen = session.get(CaseGatesLooked, case_id) or CaseGatesLooked(case_id=case_id, looked_on=now.date())
    seen.looked_on = now.date()
    is_open = case.state == "monitored" and all_open(session, case, household, now)
    if is_open and seen.met is None:
        seen.met = uuid4()
        say(session, MET, case, household, seen.met, now)
    elif seen.met and not is_open:
        say(session, NO_LONGER, case, household, seen.met, now)
        seen.met = None
    session.add(seen)


def all_open(session: Session, case: Case, household: Household, now: datetime) -> bool:
    gates = elimination_gates(session, case, household, Answers(), now.date())
    return all(gate.holds for gate in gates if gate.key not in ANSWERED_BY_PEOPLE)


def say(session: Session, kind: str, case: Case, household: Household, met: UUID, now: datetime) -> None:
    data = {"household": str(household.id), "met": str(met)}
    emit(session, kind, case.id, now, division=household.village, data=data)
