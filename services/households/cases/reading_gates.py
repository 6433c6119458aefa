"""What stands in the way of a case's next step, in both languages."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlmodel import Session

from services.households.cases.cases import reachable_case
from services.households.cases.contents import notice_may_end
from services.households.cases.entries import latest
from services.households.cases.gates import Answers, GateOut, elimination_gates, proposed, said
from services.households.cases.letters import LetterRunOut, NobodyOfAgeKnown, NotSignedByEverybody, refuse_unsigned
from services.households.cases.profiles import Procedure, procedure
from services.households.cases.signers import NotYourStep, SameSigner, refuse_same_signer, refuse_stranger
from services.households.cases.words import word
from services.households.models.cases import Case
from services.households.models.register import Household
from services.households.policy import allow
from services.kit.store.db import SessionDep, Today
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError

router = APIRouter(prefix="/v1/cases", tags=["cases"])


LEVELS = {"village": "村", "township": "乡镇", "county": "县"}


class GatesOut(BaseModel):
    """`step`: the one that comes next; for a monitored household its elimination."""

    step: str | None
    zh: str
    en: str
    gates: list[GateOut]


@router.get("/{case_id}/gates", dependencies=[allow("case:read")])
def get_case_gates(
    case_id: UUID,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    mode: Annotated[Literal["by_help", "by_itself"], Query(title="消除方式")] = "by_help",
) -> GatesOut:
    """As of today. `mode` is asked of a household whose elimination nobody has proposed yet."""
    case, household = reachable_case(session, case_id)
    steps = procedure(session, case.profile_key, case.profile_version)
    step = case.next_step or (steps.chain("eliminate")[0] if case.state == "monitored" else None)
    if step is None:
        return GatesOut(step=None, zh="没有待办的步骤。", en="No step is to be taken.", gates=[])
    gates = signer_gates(session, case, household, steps, step, caller, today)
    gates += content_gates(session, case, household, step, today)
    if case.state in ("monitored", "eliminating"):
        answers = proposed(session, case) if case.state == "eliminating" else Answers(mode)
        gates += elimination_gates(session, case, household, answers, today)
    return GatesOut(step=step, zh=word("step", step).zh, en=word("step", step).en, gates=gates)


def signer_gates(
    session: Session, case: Case, household: Household, steps: Procedure, key: str, caller: Caller, today: date
) -> list[GateOut]:
    step = steps.step(key)
    gates = []
    if step:
        mine = not refuses((NotYourStep,), lambda: refuse_stranger(session, caller, step, household, today))
        gates.append(said("signer", mine, f"由您办理（{LEVELS[step.level]}）", f"yours to take ({step.level})"))
    apart = not refuses((SameSigner,), lambda: refuse_same_signer(session, case, key, caller, set()))
    return [*gates, said("two_signers", apart, "未由您为另一级签署", "you have not signed for the other office")]


def refuses(refusals: tuple[type[DomainError], ...], asked: Callable[[], None]) -> bool:
    try:
        asked()
    except refusals:
        return True
    return False


def content_gates(session: Session, case: Case, household: Household, key: str, today: date) -> list[GateOut]:
    if key == "comparison":
        unsigned = refuses(
            (NotSignedByEverybody, NobodyOfAgeKnown, LetterRunOut),
            lambda: refuse_unsigned(session, case, household, today),
        )
        return [said("authorised", not unsigned, "全部成年成员的授权有效", "every grown member's letter is good")]
    posted = latest(session, case.id, key.removesuffix("_ended")) if key.endswith("notice_ended") else None
    if posted:
        first = notice_may_end(session, household.village, posted.done_on)
        up = None if first is None else today >= first
        return [
            said("notice", up, f"公示期满（{first or '—'}）", f"the notice has been up long enough ({first or '—'})")
        ]
    return []
