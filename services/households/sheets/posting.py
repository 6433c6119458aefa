"""Where a sheet was put up, or to whom it was handed, when and by whom."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.sheets import Sheet, SheetPosting
from services.households.policy import allow
from services.households.sheets.reach import sheet_in_reach
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/sheets/{sheet_id}/postings", tags=["sheets"])

PUBLIC = {"door", "board"}
Place = Literal["door", "board", "indoors", "handed_over"]


class PostingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    place: Annotated[Place, Field(title="张贴或交付（门口、公示栏、室内、交户主）")]
    posted_on: Annotated[WrittenDay, Field(title="日期")]


class PostingOut(PostingIn):
    id: UUID
    posted_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, row: SheetPosting) -> Self:
        return cls.model_validate(row.model_dump(include={*cls.model_fields}))


class PostedForAnother(DomainError):
    status = 409
    zh = "这个编号已用于另一次张贴。"
    en = "That id stands for another posting already."


class NotToBeSeen(DomainError):
    status = 409
    zh = "只有张贴版可以贴在门口或公示栏。"
    en = "Only the variant for a wall may hang at a door or on a board."


class PostedOutOfTime(DomainError):
    zh = "张贴日期不能早于制发日期，也不能晚于今天。"
    en = "A sheet is put up no earlier than it was issued and no later than today."


@router.put("/{posting_id}", dependencies=[allow("sheet:issue")], openapi_extra=repeatable("path"))
def put_sheet_posting(
    sheet_id: UUID, posting_id: UUID, body: PostingIn, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> PostingOut:
    sheet = sheet_in_reach(session, sheet_id, lock=True)
    held = session.get(SheetPosting, posting_id)
    if held:
        if held.sheet_id != sheet.id or (held.place, held.posted_on) != (body.place, body.posted_on):
            raise PostedForAnother
        return PostingOut.of(held)
    refuse(sheet, body, today)
    row = SheetPosting(id=posting_id, sheet_id=sheet.id, **body.model_dump(), posted_by=caller.subject, recorded_at=now)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # of a sheet that is out of reach, or the same at the same moment
        raise PostedForAnother from error
    session.refresh(row)
    return PostingOut.of(row)


def refuse(sheet: Sheet, body: PostingIn, today: date) -> None:
    if body.place in PUBLIC and not sheet.wall:
        raise NotToBeSeen
    if not sheet.issued_on <= body.posted_on <= today:
        raise PostedOutOfTime


def postings_of(session: Session, sheet_id: UUID) -> list[PostingOut]:
    mine = select(SheetPosting).where(col(SheetPosting.sheet_id) == sheet_id)
    ordered = mine.order_by(col(SheetPosting.posted_on), col(SheetPosting.id))
    return [PostingOut.of(row) for row in session.scalars(ordered)]
