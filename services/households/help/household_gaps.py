"""缺什么补什么: which risks and failing safeguards no measure answers, and which measures answer none. Risks are
those of the plan and of the open case."""

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.help.measures import State, measures_of
from services.households.help.plans import newest_version
from services.households.help.risks import answers, labels
from services.households.models.cases import Case
from services.households.models.facts import HouseholdFacts
from services.households.models.help import Measure
from services.households.policy import allow
from services.households.reach import reachable
from services.kit.store.db import SessionDep, Today

router = APIRouter(prefix="/v1/households/{household_id}/gaps", tags=["help"])


Source = Literal["plan", "case", "register"]


class Unanswered(BaseModel):
    """A risk the plan or the open case names (the plan is asked first), or a safeguard that fails by the register."""

    risk: str
    zh: str
    said_by: Source


class Groundless(BaseModel):
    """A measure against nothing, or against what is neither in the plan, nor in the open case, nor failing."""

    measure_id: UUID
    policy_key: str
    risk: str | None


class HouseholdGaps(BaseModel):
    """`not_known`: safeguards nobody has told us enough of."""

    unanswered: list[Unanswered]
    groundless: list[Groundless]
    not_known: list[str]


@router.get("", dependencies=[allow("household:read")])
def get_gaps(household_id: UUID, session: SessionDep, today: Today) -> HouseholdGaps:
    """By the newest plan, the open case and today's facts. A measure that was dropped or has ended answers nothing; one
    that is done and has ended is not called groundless: its risk may be gone because of it."""
    reachable(session, household_id)
    words = labels(session)
    failing = safeguards_of(session, household_id)
    risks = risks_of(session, household_id, today) | {key: "register" for key, fails in failing.items() if fails}
    measures = [row for row in measures_of(session, household_id) if row.state != State.DROPPED]
    running = [row for row in measures if row.ends_on is None or row.ends_on >= today]
    return HouseholdGaps(
        unanswered=[
            Unanswered(risk=risk, zh=words[risk], said_by=who)
            for risk, who in risks.items()
            if not any(answers(row.risk, risk) for row in running)
        ],
        groundless=groundless(measures, list(risks)),
        not_known=[key for key, fails in failing.items() if fails is None],
    )


def risks_of(session: Session, household_id: UUID, today: date) -> dict[str, Source]:
    """By who names them first."""
    plan = newest_version(session, household_id, today)
    mine = select(Case).where(col(Case.household_id) == household_id, col(Case.closed_on).is_(None))
    case = session.scalar(mine)
    planned: dict[str, Source] = dict.fromkeys(plan.risks if plan else [], "plan")
    return {**dict.fromkeys(case.risks if case else [], "case"), **planned}


def groundless(measures: Sequence[Measure], risks: Sequence[str]) -> list[Groundless]:
    return [
        Groundless(measure_id=row.id, policy_key=row.policy_key, risk=row.risk)
        for row in measures
        if row.risk is None or (row.state != State.DONE and not any(answers(row.risk, risk) for risk in risks))
    ]


def safeguards_of(session: Session, household_id: UUID) -> dict[str, bool | None]:
    """Whether each fails; None where it is not known."""
    facts = session.get(HouseholdFacts, household_id)
    if facts is None:
        return dict.fromkeys(("school", "insurance", "house", "water"))
    return {
        "school": some(facts.dropped_out_members),
        "insurance": some(facts.uninsured_members),
        "house": None if facts.safe_house is None else not facts.safe_house,
        "water": None if facts.safe_water is None else not facts.safe_water,
    }


def some(count: int | None) -> bool | None:
    return None if count is None else count > 0
