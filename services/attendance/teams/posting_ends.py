"""任职: who was sent where by whom, from a day until a day, and how it ended. A posting begins with a file of teams."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.attendance.facts import facts_changed_in_bulk, lock_teams
from services.attendance.grants.postings import grant_postings
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.pairings.pairings import NotToOneself
from services.attendance.policy import allow
from services.attendance.reach import reachable_postings
from services.attendance.teams.cadres import Role
from services.kit.store.db import Now, SessionDep, Today, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/postings", tags=["teams"])

Channel = Literal["central", "province", "city", "county", "township"]
Outcome = Literal["returned", "kept", "promoted", "transferred", "recalled", "other"]


class PostingIn(BaseModel):
    """What an office adds to a posting. `until`, with its outcome, ends it; both empty, it goes on."""

    model_config = ConfigDict(extra="forbid")

    channel: Annotated[Channel | None, Field(title="选派层级")]
    until: Annotated[WrittenDay | None, Field(title="离任日")]  # the first day it no longer holds
    outcome: Annotated[Outcome | None, Field(title="离任去向")]
    document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="离任文号")] = None


class PostingOut(PostingIn):
    """`since` is the first day. A posting that ended because its cadre joined another team has no outcome of its own
    until somebody says one."""

    id: UUID
    cadre_id: Annotated[UUID, Field(title="干部")]
    name: Annotated[str, Field(title="姓名")]
    team_id: Annotated[UUID, Field(title="工作队")]
    village: Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]
    role: Annotated[Role, Field(title="职务")]
    since: Annotated[date, Field(title="到任日")]

    @classmethod
    def of(cls, posting: Posting, cadre: Cadre, team: Team) -> Self:
        said = posting.model_dump(exclude={"valid", "end_document_no"})
        days = {"since": posting.valid.lower, "until": posting.valid.upper, "document_no": posting.end_document_no}
        return cls.model_validate(said | days | {"name": cadre.name, "village": team.village})


class EndIncomplete(DomainError):
    zh = "离任须写明离任日和去向；未离任的两项都不填。"
    en = "A posting that has ended says its day and outcome; one that goes on says neither."


class PostingEndsBeforeItBegins(DomainError):
    zh = "离任日必须晚于到任日。"
    en = "A posting ends after the day it begins."


class PostingEndsLater(DomainError):
    zh = "离任日还没有到，请到那一天再登记。"
    en = "That day has not come: the end of a posting is written when it has."


class PostedElsewhereThen(DomainError):
    status = 409
    zh = "这名干部在这段时间已有另一段任职。"
    en = "The cadre has another posting on some of those days."


@router.get("", dependencies=[allow("posting:read")])
def list_postings(
    session: SessionDep,
    paging: PagingDep,
    village_prefix: Annotated[str, Query(pattern=r"^(\d{6}(\d{3}(\d{3})?)?)?$", title="区划代码")] = "",
    team_id: UUID | None = None,
    cadre_id: UUID | None = None,
    day: Annotated[WrittenDay | None, Query(title="在任日期")] = None,
    outcome: Annotated[Outcome | None, Query(title="离任去向")] = None,
) -> Page[PostingOut]:
    """All there were, those that have ended too; with `day`, those that held on it."""
    wanted = postings(session).where(col(Team.village).startswith(village_prefix))
    named = {col(Posting.team_id): team_id, col(Posting.cadre_id): cadre_id, col(Posting.outcome): outcome}
    wanted = wanted.where(*(column == said for column, said in named.items() if said))
    if day:
        wanted = wanted.where(col(Posting.valid).contains(day))
    rows, following = paging.read(session, wanted, col(Posting.id))
    return Page(rows=[PostingOut.of(*row) for row in rows], next=following)


@router.get("/{posting_id}", dependencies=[allow("posting:read")], responses=SEEN)
def get_posting(posting_id: UUID, session: SessionDep, edit: EditDep) -> PostingOut:
    told = PostingOut.of(*reachable_posting(session, posting_id))
    edit.told(told)
    return told


@router.put("/{posting_id}", dependencies=[allow("posting:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_posting(
    posting_id: UUID,
    body: PostingIn,
    session: UnboundSessionDep,
    edit: EditDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> PostingOut:
    """From `until` on its cadre acts there no more. Households paired with them stay theirs until handed over:
    `/v1/left-pairings` names them. The days before stay as they are; what a frozen month says of later ones shows as a
    difference in the next."""
    posting, cadre, team = reachable_posting(session, posting_id)
    lock_teams(session, [team.id])
    session.refresh(posting, with_for_update=True)
    held = PostingOut.of(posting, cadre, team)
    wanted = held.model_copy(update=body.model_dump())
    edit.check(held, wanted)
    if wanted != held:
        if cadre.account == caller.subject:
            raise NotToOneself
        refuse(held, wanted, today)
        change(session, posting, wanted)
        grant_postings(session, [cadre.id], now)
        facts_changed_in_bulk(session, [team.id], now)
    edit.told(wanted)
    return wanted


def refuse(held: PostingOut, wanted: PostingOut, today: date) -> None:
    says_how = wanted.outcome or wanted.document_no
    ends_anew = wanted.until if wanted.until != held.until else None
    if (says_how and not wanted.until) or (ends_anew and not wanted.outcome):
        raise EndIncomplete
    if wanted.until and wanted.until <= wanted.since:
        raise PostingEndsBeforeItBegins
    if ends_anew and ends_anew > today:
        raise PostingEndsLater


def change(session: Session, posting: Posting, wanted: PostingOut) -> None:
    posting.channel, posting.outcome, posting.end_document_no = wanted.channel, wanted.outcome, wanted.document_no
    posting.valid = Range(wanted.since, wanted.until)
    try:
        session.flush()
    except IntegrityError as error:
        raise PostedElsewhereThen from error


def reachable_posting(session: Session, posting_id: UUID) -> tuple[Posting, Cadre, Team]:
    row: Any = session.execute(postings(session).where(col(Posting.id) == posting_id)).one_or_none()
    posting, cadre, team = found(row)
    return posting, cadre, team


def postings(session: Session) -> Select[Posting, Cadre, Team]:
    return (
        select(Posting, Cadre, Team)
        .join(Cadre, col(Cadre.id) == col(Posting.cadre_id))
        .join(Team, col(Team.id) == col(Posting.team_id))
        .where(reachable_postings(scope_of(session)))
    )
