"""The notice in the village: exactly what may hang on a wall. Never an ID number, a telephone of the family, an
account, an illness, a child's name. Source: docs/cases.md."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from services.households.cases.cases import reachable_case
from services.households.cases.contents import notice_may_end
from services.households.cases.entries import latest
from services.households.cases.letters import of_age
from services.households.cases.words import word
from services.households.masks import shown_name
from services.households.models.cases import Case, CaseEntry
from services.households.models.register import Household, Person
from services.households.policy import allow
from services.households.register.code_sets import words_of
from services.households.register.own_codes import RISK
from services.households.register.safeguards import members_of
from services.kit.store.db import SessionDep
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.masks import masked

router = APIRouter(prefix="/v1/cases", tags=["cases"])

OTHER = "其他困难"
SAID_AS_OTHER = frozenset({"01", "03", "04", "05", "99"})  # illness, disability, lack of labour, accidents; and others


class NoticeOut(BaseModel):
    """The whitelist: nothing else is here, and what would tell of somebody's health is "other difficulties"."""

    head_name: str
    group_name: str
    persons: int
    category: str | None
    difficulties: list[str]
    posted_on: date
    until: date | None
    complaint_phone: str


class NoNoticeYet(DomainError):
    status = 409
    zh = "还没有登记张贴公示。"
    en = "No notice has been put up yet."


@router.get("/{case_id}/notice", dependencies=[allow("case:read")])
def get_case_notice(case_id: UUID, session: SessionDep, caller: CallerDep) -> NoticeOut:
    """In Chinese, as it hangs. Of an elimination, once that is posted."""
    case, household = reachable_case(session, case_id)
    posted = newest(latest(session, case.id, kind) for kind in ("notice", "elimination_notice"))
    members = members_of(session, household.id)
    return NoticeOut(
        head_name=shown_name(caller, head_shown(household, members, posted.done_on)),
        group_name=household.group_name,
        persons=len(members),
        category=word("category", case.category).zh if case.category else None,
        difficulties=difficulties(case),
        posted_on=posted.done_on,
        until=notice_may_end(session, household.village, posted.done_on),
        complaint_phone=posted.complaint_phone or "",
    )


def newest(posted: Iterable[CaseEntry | None]) -> CaseEntry:
    known = [entry for entry in posted if entry]
    if not known:
        raise NoNoticeYet
    return known[-1]


def head_shown(household: Household, members: Sequence[Person], day: date) -> str:
    """A child at the head of a household is named by nobody; of namesakes one who is under age is enough."""
    minor = any(person.name == household.head_name and not of_age(person, day) for person in members)
    return masked(household.head_name, first=1) if minor else household.head_name


def difficulties(case: Case) -> list[str]:
    """Of a county's own risk no more than of the one it lies under: nobody knows what its name would tell."""
    words = words_of(RISK)
    said = {OTHER if risk[:2] in SAID_AS_OTHER else words.get(risk) or words[risk[:2]] for risk in case.risks}
    return sorted(said, key=lambda shown: (shown == OTHER, shown))
