"""一清单: what a household has had the good of, by policy."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.help.policies import Fen, PolicyKey, policy_on
from services.households.models.help import ACCOUNT, Received
from services.households.models.register import Membership
from services.households.policy import allow
from services.households.reach import reachable
from services.households.register.past import NOW_KNOWN, Past, PastDep
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.masks import masked
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/households/{household_id}/received", tags=["help"], route_class=Repeatable)


class ReceivedIn(BaseModel):
    """The days are those it was for: a yearly payment holds for its year. Without `until` it goes on."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    policy_key: PolicyKey
    person_id: Annotated[UUID | None, Field(title="成员")] = None
    since: Annotated[WrittenDay, Field(title="享受起始日")]
    until: Annotated[WrittenDay | None, Field(title="享受截止日（含）")] = None
    amount: Annotated[Fen | None, Field(title="金额（分）")] = None
    paid_on: Annotated[WrittenDay | None, Field(title="发放日")] = None
    account: Annotated[str | None, Field(pattern=r"^[0-9]{8,30}$", title="发放账号")] = None
    source: Annotated[str, Field(min_length=1, max_length=100, title="依据")]


class ReceivedOut(BaseModel):
    id: UUID
    policy_key: str
    person_id: UUID | None
    since: date
    until: date | None
    amount: int | None
    paid_on: date | None
    account_masked: str | None
    source: str
    recorded_by: str
    created_at: datetime
    withdrawn_because: str | None

    @classmethod
    def of(cls, row: Received, seal: Seal, past: Past = NOW_KNOWN) -> Self:
        """What is sealed is of now alone."""
        told = row.sealed_account if not past.known_at else None
        account = seal.open(told, ACCOUNT.place(row.id)) if told else None
        days = {"since": row.valid.lower, "until": last_of(row.valid)}
        shown = {"account_masked": masked(account, first=0, last=4) if account else None}
        return cls.model_validate(row.model_dump(include={*cls.model_fields}) | days | shown)


class ReceivedUpsideDown(DomainError):
    zh = "截止日不能早于起始日，发放日不能晚于今天。"
    en = "It ends on or after the day it begins, and nothing is paid after today."


class NoSuchPolicy(DomainError):
    zh = "目录中没有这一天有效的该项政策。"
    en = "The catalogue has no such policy on that day."


class PersonNotNamed(DomainError):
    zh = "这项政策给予个人，请写明是哪位成员。"
    en = "That policy is given to persons: say to which member."


class NeverAMember(DomainError):
    zh = "所写的人不是这户的成员。"
    en = "That person is no member of this household."


class RecordedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一条内容不同的记录。"
    en = "That id stands for another record already."


@router.post(
    "", status_code=201, dependencies=[allow("household:write")], openapi_extra=repeatable("body.id", KEPT_FOR)
)
def create_received(
    household_id: UUID,
    body: ReceivedIn,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> ReceivedOut:
    """A mistake is withdrawn, with its reason, and recorded anew."""
    reachable(session, household_id, lock=True)
    refuse_received(session, household_id, body, today)
    seal: Seal = request.app.state.seal.pinned()
    sealed = seal.close(body.account, ACCOUNT.place(body.id)) if body.account else None
    row = Received(
        household_id=household_id,
        valid=Range(body.since, body.until, bounds="[]"),
        sealed_account=sealed,
        recorded_by=caller.subject,
        created_at=now,
        **body.model_dump(exclude={"since", "until", "account"}),
    )
    held = session.get(Received, body.id)
    if held:
        refuse_another(held, row, body, seal)
        return ReceivedOut.of(held, seal)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the id is that of a record elsewhere
        raise RecordedBefore from error
    session.refresh(row)
    return ReceivedOut.of(row, seal)


@router.get("", dependencies=[allow("household:read")])
def list_received(
    household_id: UUID, request: Request, session: SessionDep, paging: PagingDep, past: PastDep
) -> Page[ReceivedOut]:
    """The newest first; what was withdrawn too, with its reason. As of a day: what had begun by then."""
    reachable(session, household_id)
    held = past.of(Received, household_id)
    began = func.lower(col(held.valid))
    mine = past.told(select(held).where(col(held.household_id) == household_id))
    if past.as_of:
        mine = mine.where(began <= past.as_of)
    rows, following = paging.read(session, mine, began, col(held.id), descending=True)
    return Page(rows=[ReceivedOut.of(row, request.app.state.seal, past) for (row,) in rows], next=following)


def last_of(valid: Range[date]) -> date | None:
    """The last day of it; a range of days is kept without its end."""
    return date.fromordinal(valid.upper.toordinal() - 1) if valid.upper else None


def refuse_received(session: Session, household_id: UUID, body: ReceivedIn, today: date) -> None:
    upside_down = body.until is not None and not body.since <= body.until < date.max  # no day follows the last one
    if upside_down or (body.paid_on and body.paid_on > today):
        raise ReceivedUpsideDown
    policy = policy_on(session, body.policy_key, body.since)
    if policy is None:
        raise NoSuchPolicy
    if policy.given_to == "person" and body.person_id is None:
        raise PersonNotNamed
    if body.person_id and not ever_a_member(session, household_id, body.person_id):
        raise NeverAMember


def ever_a_member(session: Session, household_id: UUID, person_id: UUID) -> bool:
    here = (col(Membership.household_id) == household_id, col(Membership.person_id) == person_id)
    return session.scalar(select(col(Membership.id)).where(*here).limit(1)) is not None


def refuse_another(held: Received, row: Received, body: ReceivedIn, seal: Seal) -> None:
    """The same id with the same content is the first write's echo. By whom and when is the first one's."""
    said = {"household_id", "person_id", "policy_key", "amount", "paid_on", "source"}
    account = seal.open(held.sealed_account, ACCOUNT.place(held.id)) if held.sealed_account else None
    days = (held.valid.lower, last_of(held.valid)) == (body.since, body.until)
    if held.model_dump(include=said) != row.model_dump(include=said) or not days or account != body.account:
        raise RecordedBefore
