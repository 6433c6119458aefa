"""提醒台账: what became of each notice, for the county: by which channels it was tried, when, and with what answer. No
address, and nothing of what was said."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session, col

from services.alerts.models.telling import Notice, Telling, TellingAttempt
from services.alerts.policy import allow
from services.kit.store.db import SessionDep
from services.kit.store.scope import Placed, scoped
from services.kit.store.sets import among
from services.kit.web.paging import Page, PagingDep

router = APIRouter(prefix="/v1/notice-log", tags=["notices"])

Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
State = Literal["waiting", "under_way", "told", "inbox", "given_up"]
OF_COUNTIES = Placed(division=func.left(col(Notice.division), 6))  # for whoever holds the county


class AttemptOut(BaseModel):
    """`status`: of the other side's answer, where it has one. `problem`: in our words, never in theirs."""

    channel: str
    at: Moment
    accepted: Annotated[bool, Field(title="是否送达")]
    status: Annotated[int | None, Field(title="对方状态码")]
    problem: str | None


class NoticeLogLine(BaseModel):
    """`state`: waiting (in no message yet), under_way, told (a channel took it), inbox (there alone: the person has no
    channel, or it was over by then), given_up (every channel has failed; the inbox has told). `message` had it."""

    id: UUID
    recipient: Annotated[str, Field(title="账号")]
    kind: str
    source: UUID
    division: str
    urgent: Annotated[bool, Field(title="是否即时提醒")]
    at: Moment
    message: UUID | None
    state: Annotated[State, Field(title="送达情况")]
    told_by: Annotated[str | None, Field(title="送达渠道")]
    attempts: list[AttemptOut]


@router.get("", dependencies=[allow("notice-log:read")])
def list_notice_log(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    recipient: Annotated[str | None, Query(max_length=64, title="账号")] = None,
    source: Annotated[UUID | None, Query(title="所提醒事项的编号")] = None,
    state: Annotated[State | None, Query(title="送达情况")] = None,
) -> Page[NoticeLogLine]:
    """By person, the newest first. Of a county's notices: for whoever holds the whole county."""
    wanted = select(Notice, Telling).outerjoin(Telling, OF_MESSAGE).where(col(Notice.division).startswith(division))
    if recipient:
        wanted = wanted.where(col(Notice.recipient) == recipient)
    if source:
        wanted = wanted.where(col(Notice.source) == source)
    if state:
        wanted = wanted.where(STATES[state])
    wanted = scoped(session, wanted, OF_COUNTIES)
    rows, following = paging.read(session, wanted, col(Notice.recipient), col(Notice.id), descending=True)
    tried = tries_of(session, [sent.id for _, sent in rows if sent])
    return Page(rows=[line(notice, sent, tried) for notice, sent in rows], next=following)


# A message has what its person was told by the transactions from one mark to the next.
OF_MESSAGE = and_(
    col(Telling.recipient) == col(Notice.recipient),
    col(Telling.urgent) == col(Notice.urgent),
    col(Notice.xid) >= col(Telling.after_xid),
    col(Notice.xid) < col(Telling.until_xid),
)
ENDED = col(Telling.done_at).is_not(None)
STATES: Mapping[State, ColumnElement[bool]] = {
    "waiting": col(Telling.id).is_(None),
    "under_way": and_(col(Telling.id).is_not(None), col(Telling.done_at).is_(None), col(Telling.dead_at).is_(None)),
    "told": and_(ENDED, col(Telling.told_by) != "inbox"),
    "inbox": and_(ENDED, col(Telling.told_by) == "inbox"),
    "given_up": col(Telling.dead_at).is_not(None),
}


def tries_of(session: Session, messages: Sequence[UUID]) -> Mapping[UUID, list[AttemptOut]]:
    wanted = select(TellingAttempt).where(among(col(TellingAttempt.telling_id), messages))
    tried: dict[UUID, list[AttemptOut]] = defaultdict(list)
    for one in session.scalars(wanted.order_by(col(TellingAttempt.at), col(TellingAttempt.id))):
        tried[one.telling_id].append(AttemptOut.model_validate(one.model_dump(include=set(AttemptOut.model_fields))))
    return tried


def line(notice: Notice, sent: Telling | None, tried: Mapping[UUID, list[AttemptOut]]) -> NoticeLogLine:
    known = notice.model_dump(include=set(NoticeLogLine.model_fields))
    message, told_by = (sent.id, sent.told_by) if sent else (None, None)
    attempts = tried[sent.id] if sent else []
    return NoticeLogLine(**known, message=message, state=state_of(sent), told_by=told_by, attempts=attempts)


def state_of(sent: Telling | None) -> State:
    if sent is None:
        return "waiting"
    if sent.dead_at:
        return "given_up"
    if sent.done_at is None:
        return "under_way"
    return "inbox" if sent.told_by == "inbox" else "told"
