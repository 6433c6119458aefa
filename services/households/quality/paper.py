"""A household's paper card held against the register: by whom, on which day, and what differed."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.quality import PaperCheck, PaperDifference
from services.households.models.register import Household
from services.households.policy import allow
from services.households.reach import HOUSEHOLDS, reachable
from services.households.register.told import AskedDep, ToldInTheFuture
from services.households.search.filters import Place, lies_in
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.scope import scoped
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(tags=["quality"], route_class=Repeatable)

CardField = Literal[
    "head", "members", "group", "phone", "class", "housing", "water", "schooling", "insurance", "income", "measures",
    "policies", "contact", "other",
]  # fmt: skip


class DifferenceIn(BaseModel):
    """The field and what is to be mended; never what stood there."""

    model_config = ConfigDict(extra="forbid")

    field: Annotated[CardField, Field(title="不一致的栏目")]
    to_mend: Annotated[Literal["paper", "register", "unclear"], Field(title="应更正何处")]


class PaperCheckIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. Without differences the card and the register agree."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    checked_on: Annotated[WrittenDay, Field(title="核对日期")]
    doer: Annotated[str | None, Field(min_length=1, max_length=60, title="核对人（空即录入人本人）")] = None
    card_number: Annotated[str | None, Field(min_length=1, max_length=60, title="明白卡编号")] = None
    differences: Annotated[list[DifferenceIn], Field(max_length=14, title="不一致之处")] = []


class PaperCheckOut(BaseModel):
    id: UUID
    checked_on: date
    doer: str
    recorded_by: str
    card_number: str | None
    differences: list[DifferenceIn]


class UncheckedOut(BaseModel):
    """`checked_on` is the last time, empty where there was none."""

    household_id: UUID
    number: Annotated[str, Field(title="户编号")]
    village: str
    checked_on: Annotated[date | None, Field(title="上次核对日期")]


class FieldTwice(DomainError):
    zh = "同一栏目只能填一次。"
    en = "A field of the card is named once."


class CheckedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次核对。"
    en = "That id stands for another look at a card already."


@router.post(
    "/v1/households/{household_id}/paper-checks",
    status_code=201,
    dependencies=[allow("quality:answer")],
    openapi_extra=repeatable("body.id", KEPT_FOR),
)
def create_paper_check(
    household_id: UUID,
    body: PaperCheckIn,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> PaperCheckOut:
    household = reachable(session, household_id, lock=True)
    refuse(body, today)
    check = PaperCheck(
        **body.model_dump(include={"id", "checked_on", "card_number"}),
        household_id=household_id,
        doer=body.doer or caller.subject,
        recorded_by=caller.subject,
        recorded_at=now,
    )
    session.add(check)
    try:
        session.flush()
    except IntegrityError as error:
        raise CheckedBefore from error
    session.add_all(PaperDifference(check_id=body.id, **one.model_dump()) for one in body.differences)
    session.flush()
    tell(request, body.id, household_id, division=household.village)
    return shown(session, check)


def refuse(body: PaperCheckIn, today: date) -> None:
    if body.checked_on > today:
        raise ToldInTheFuture
    if len({one.field for one in body.differences}) < len(body.differences):
        raise FieldTwice


@router.get("/v1/households/{household_id}/paper-checks", dependencies=[allow("quality:read")])
def list_paper_checks(
    household_id: UUID, session: SessionDep, paging: PagingDep, asked: AskedDep
) -> Page[PaperCheckOut]:
    """The latest first: those made by the day, as far as they were written down by the moment."""
    reachable(session, household_id)
    made = (col(PaperCheck.household_id) == household_id, col(PaperCheck.checked_on) <= asked.as_of)
    mine = select(PaperCheck).where(*made)
    if asked.known_at:
        mine = mine.where(col(PaperCheck.recorded_at) <= asked.known_at)
    rows, following = paging.read(session, mine, col(PaperCheck.checked_on), col(PaperCheck.seq), descending=True)
    return Page(rows=[shown(session, row) for (row,) in rows], next=following)


@router.get("/v1/unchecked-cards", dependencies=[allow("quality:read")])
def list_unchecked_cards(
    session: SessionDep,
    paging: PagingDep,
    village: Annotated[Place, Query()],
    since: Annotated[WrittenDay, Query(title="自哪一天起未核对")],
) -> Page[UncheckedOut]:
    """Households whose card nobody has looked at since that day, that day among them. By number."""
    mine = select(PaperCheck).where(col(PaperCheck.household_id) == Household.id)
    last = select(func.max(col(PaperCheck.checked_on))).where(col(PaperCheck.household_id) == Household.id)
    wanted = select(Household, last.scalar_subquery()).where(
        *lies_in(col(Household.village), village),
        col(Household.ended_on).is_(None),
        ~exists(mine.where(col(PaperCheck.checked_on) >= since)),
    )
    rows, following = paging.read(session, scoped(session, wanted, HOUSEHOLDS), col(Household.number))
    told = [UncheckedOut(household_id=h.id, number=h.number, village=h.village, checked_on=day) for h, day in rows]
    return Page(rows=told, next=following)


def shown(session: Session, check: PaperCheck) -> PaperCheckOut:
    of = select(PaperDifference).where(col(PaperDifference.check_id) == check.id).order_by(col(PaperDifference.field))
    told = [DifferenceIn.model_validate(row.model_dump(exclude={"check_id"})) for row in session.scalars(of)]
    kept = {"id", "checked_on", "doer", "recorded_by", "card_number"}
    return PaperCheckOut(**check.model_dump(include=kept), differences=told)
