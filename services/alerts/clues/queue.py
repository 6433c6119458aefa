"""待匹配线索: whom the register does not know, or knows under another name, waits for the county's office. It names the
household, or discards the clue with a code that the department reads."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.alerts.clues.answering import answer
from services.alerts.clues.answers import ClueOut, Moment, reachable_clue
from services.alerts.clues.current import judge, tell_matched
from services.alerts.models.clues import ID_NUMBER, NAME, Clue
from services.alerts.models.facts import HouseholdFacts
from services.alerts.policy import allow
from services.alerts.reach import DEPARTMENT_CLUES, FACTS
from services.alerts.tasks.later import fold_soon
from services.kit.store.db import Now, SessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scoped
from services.kit.store.tables import CalendarDate
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, found
from services.kit.web.masks import masked
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(tags=["clues"], dependencies=[allow("clue:match")])

REGION = 6  # digits of an ID number that are shown, as households shows them
Discard = Literal["nobody_of_this_county", "died", "moved_away", "not_rural", "data_wrong"]


class UnmatchedOut(BaseModel):
    """`candidate`: the household of whoever holds that number under another name."""

    id: UUID
    department: str
    kind: str
    state: Literal["unmatched", "ambiguous"]
    name: str | None
    id_number_masked: str
    place: Annotated[str | None, Field(title="报送的乡镇或村")]
    candidate: UUID | None
    data_on: CalendarDate
    received_at: Moment


class MatchIn(BaseModel):
    """A household, or why there is none."""

    model_config = ConfigDict(extra="forbid")

    household: Annotated[UUID | None, Field(title="农户")] = None
    discarded: Annotated[Discard | None, Field(title="不予匹配的原因")] = None


class OneOfTheTwo(DomainError):
    zh = "要么指定农户，要么写明不予匹配的原因。"
    en = "Name either the household or why there is none."


class MatchedAlready(DomainError):
    status = 409
    zh = "这条线索已匹配、已处理或已撤回。"
    en = "It has been matched, decided, or was withdrawn."


@router.get("/v1/unmatched-clues")
def list_unmatched_clues(
    request: Request,
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^[0-9]{6}$", title="县级区划代码")],
    state: Annotated[Literal["unmatched", "ambiguous"] | None, Query(title="状态")] = None,
) -> Page[UnmatchedOut]:
    """The oldest first. The number is masked; the name helps to find the person in the register."""
    states = [state] if state else ["unmatched", "ambiguous"]
    wanted = scoped(session, select(Clue), DEPARTMENT_CLUES).where(
        col(Clue.division).startswith(division), col(Clue.state).in_(states)
    )
    rows, following = paging.read(session, wanted, col(Clue.received_at), col(Clue.id))
    seal = request.app.state.seal
    return Page(rows=[shown(seal, clue) for (clue,) in rows], next=following)


@router.put("/v1/clues/{clue_id}/match", openapi_extra=repeatable("path"))
def put_clue_match(
    clue_id: UUID, body: MatchIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> ClueOut:
    """By hand, to a household within reach; or never. The same decision again changes nothing."""
    if (body.household is None) == (body.discarded is None):
        raise OneOfTheTwo
    clue = reachable_clue(session, clue_id, lock=True)
    if clue.state not in ("unmatched", "ambiguous"):
        if clue.matched_by == caller.subject and (clue.household, clue.state == "discarded") == (
            body.household,
            body.discarded is not None,
        ):
            return ClueOut.of(clue)
        raise MatchedAlready
    clue.matched_by = caller.subject
    if body.discarded:
        answer(session, [clue], "discarded", body.discarded, caller.subject, now)
    elif body.household:
        match(session, clue, body.household, now)
        tell(request, body.household)
    return ClueOut.of(clue)


def match(session: Session, clue: Clue, household: UUID, now: datetime) -> None:
    within = scoped(session, select(col(HouseholdFacts.division)), FACTS)
    clue.division = found(session.scalar(within.where(col(HouseholdFacts.subject) == household)))
    clue.household, clue.candidate, clue.state, clue.matched_at = household, None, "matched", now
    clue.sealed_name = None
    session.flush()
    judge(session, clue.county, [clue.id], now)
    tell_matched(session, [clue.id], now)
    fold_soon(session, clue.county, now)
    session.refresh(clue)


def shown(seal: Seal, clue: Clue) -> UnmatchedOut:
    told = clue.model_dump(include=set(UnmatchedOut.model_fields))
    name = seal.open(clue.sealed_name, NAME.place(clue.id)) if clue.sealed_name else None
    number = seal.open(clue.sealed_id_number or b"", ID_NUMBER.place(clue.id))
    return UnmatchedOut.model_validate(told | {"name": name, "id_number_masked": masked(number, first=REGION)})
