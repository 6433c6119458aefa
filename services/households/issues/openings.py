"""Another of our own services opens issues here: what an inspection found asks to be put right. Asked for with that
service's own credentials, in the name of who found it; any number in one transaction, each answered by itself."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.households.issues.contents import IssueIn, said_of
from services.households.issues.issues import IssueElsewhere, IssueRaisedBefore, raise_issue, refuse_days
from services.households.models.issues import Issue
from services.households.models.register import Household
from services.households.policy import allow
from services.kit.post.events import source_of
from services.kit.store.db import Now, Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.store.sets import among
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import repeatable

router = APIRouter(prefix=f"{source_of('households')}/issue-openings", tags=["issues"])


class IssueOpeningIn(IssueIn):
    """`raised_by` is the account of who found it."""

    id: UUID
    raised_by: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", title="发现人")]


class IssueOpeningsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    openings: Annotated[list[IssueOpeningIn], Field(min_length=1, max_length=200)]


class IssueOpeningOut(BaseModel):
    """Its number, or the code of the refusal."""

    id: UUID
    year: int | None = None
    number: int | None = None
    code: str | None = None


class IssueOpeningsOut(BaseModel):
    """In the order they were sent in."""

    openings: list[IssueOpeningOut]


@router.post("", dependencies=[allow("issue:open")], openapi_extra=repeatable("body.openings.id"))
def create_issue_openings(
    body: IssueOpeningsIn, request: Request, session: UnboundSessionDep, today: Today, now: Now
) -> IssueOpeningsOut:
    """Asked again under the same id it answers with the same issue, whatever has become of it since."""
    for issue_id in sorted({one.id for one in body.openings}):
        take_turn(session, f"issue:{issue_id}")
    villages, seal = villages_of(session, body.openings), request.app.state.seal
    answers = [answered(session, seal, one, villages, today, now) for one in body.openings]
    return IssueOpeningsOut(openings=answers)


def villages_of(session: Session, openings: Sequence[IssueOpeningIn]) -> Mapping[UUID, str]:
    """Locked: none of them moves while its issue is written down."""
    named = {one.household_id for one in openings if one.household_id}
    mine = select(Household).where(among(col(Household.id), named)).order_by(col(Household.id))
    return {row.id: row.village for row in session.scalars(mine.with_for_update())}


def answered(
    session: Session, seal: Seal, one: IssueOpeningIn, villages: Mapping[UUID, str], today: date, now: datetime
) -> IssueOpeningOut:
    try:
        row = opened(session, seal, one, villages, today, now)
    except DomainError as refused:
        return IssueOpeningOut(id=one.id, code=refused.code())
    return IssueOpeningOut(id=row.id, year=row.year, number=row.number)


def opened(
    session: Session, seal: Seal, one: IssueOpeningIn, villages: Mapping[UUID, str], today: date, now: datetime
) -> Issue:
    said = IssueIn.model_validate(one.model_dump(exclude={"id", "raised_by"}))
    held = session.get(Issue, one.id)
    if held is None:
        if said.household_id and said.household_id not in villages:
            raise NotThere
        if said.household_id and villages[said.household_id] != said.division:
            raise IssueElsewhere
        refuse_days(said, today)
        return raise_issue(session, seal, one.id, said, one.raised_by, today, now)
    if held.recorded_by != one.raised_by or said_of(seal, held) != said:
        raise IssueRaisedBefore
    return held
