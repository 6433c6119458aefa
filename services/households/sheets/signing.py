"""Who signed a sheet, in what capacity and how. What they signed is told by its digest."""

import json
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.models.sheets import SIGNER, Sheet, SheetSignature
from services.households.policy import allow
from services.households.sheets.reach import sheet_in_reach
from services.kit.store.db import Now, SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/sheets/{sheet_id}/signatures", tags=["sheets"])

Capacity = Literal["head", "member", "guardian", "proxy"]
Way = Literal["handwritten", "thumb_print"]
Words = Annotated[str, Field(min_length=1, max_length=60)]


class SignatureIn(BaseModel):
    """`digest` is of the sheet that was signed, as it stands on it. A proxy says why, a thumb-print names a witness;
    nobody else says either."""

    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", title="校验值")]
    capacity: Annotated[Capacity, Field(title="签字人身份")]
    way: Annotated[Way, Field(title="签字方式")] = "handwritten"
    name: Annotated[Words, Field(title="签字人姓名")]
    proxy_because: Annotated[Words | None, Field(title="代签原因")] = None
    witness: Annotated[Words | None, Field(title="见证人")] = None
    signed_on: Annotated[WrittenDay, Field(title="签字日期")]


class SignatureOut(SignatureIn):
    id: UUID
    recorded_by: str
    recorded_at: datetime

    @classmethod
    def of(cls, row: SheetSignature, seal: Seal) -> Self:
        words = json.loads(seal.open(row.sealed_words, SIGNER.place(row.id)))
        return cls.model_validate(row.model_dump(include={*cls.model_fields}) | words)


class SignedForAnother(DomainError):
    status = 409
    zh = "这个编号已用于另一份签字。"
    en = "That id stands for another signature already."


class SomethingElseSigned(DomainError):
    status = 409
    zh = "所签内容与这份单据不一致，或已有新的单据取代。"
    en = "What was signed is not this sheet, or another has taken its place."


class SignatureUnclear(DomainError):
    zh = "代签须写原因，按手印须有见证人，其他情形都不填。"
    en = "A proxy says why and a thumb-print names a witness; otherwise neither is told."


class SignedInTheFuture(DomainError):
    zh = "签字日期不能早于制发日期，也不能晚于今天。"
    en = "A sheet is signed no earlier than it was issued and no later than today."


@router.put("/{signature_id}", dependencies=[allow("sheet:issue")], openapi_extra=repeatable("path"))
def put_sheet_signature(
    sheet_id: UUID,
    signature_id: UUID,
    body: SignatureIn,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    today: Today,
    now: Now,
) -> SignatureOut:
    sheet, seal = sheet_in_reach(session, sheet_id, lock=True), request.app.state.seal
    held = session.get(SheetSignature, signature_id)
    if held:
        return the_same(held, sheet, body, seal)
    refuse(sheet, body, today)
    words = json.dumps(body.model_dump(include={"name", "proxy_because", "witness"}), ensure_ascii=False)
    row = SheetSignature(
        id=signature_id,
        sheet_id=sheet.id,
        **body.model_dump(include={"capacity", "way", "signed_on", "digest"}),
        sealed_words=seal.close(words, SIGNER.place(signature_id)),
        recorded_by=caller.subject,
        recorded_at=now,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # of a sheet that is out of reach, or the same at the same moment
        raise SignedForAnother from error
    session.refresh(row)
    return SignatureOut.of(row, seal)


def the_same(held: SheetSignature, sheet: Sheet, body: SignatureIn, seal: Seal) -> SignatureOut:
    told = SignatureOut.of(held, seal)
    if held.sheet_id != sheet.id or told.model_dump(include={*SignatureIn.model_fields}) != body.model_dump():
        raise SignedForAnother
    return told


def refuse(sheet: Sheet, body: SignatureIn, today: date) -> None:
    if sheet.replaced_by or body.digest != sheet.digest:
        raise SomethingElseSigned
    asked = (body.capacity == "proxy", body.way == "thumb_print")
    if asked != (body.proxy_because is not None, body.witness is not None):
        raise SignatureUnclear
    if not sheet.issued_on <= body.signed_on <= today:
        raise SignedInTheFuture


def signatures_of(session: Session, sheet_id: UUID) -> list[SheetSignature]:
    mine = select(SheetSignature).where(col(SheetSignature.sheet_id) == sheet_id)
    return list(session.scalars(mine.order_by(col(SheetSignature.signed_on), col(SheetSignature.id))))
