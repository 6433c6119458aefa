"""Who hands over and who takes sign the sheet they have read; who cannot, has signed a paper that the office holds."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlmodel import Session, col

from services.attendance.handovers.handovers import HandoverDone, reachable_handover
from services.attendance.handovers.sheet import Because, HandoverSheetOut, Hash, compute, parties, shown
from services.attendance.models.handovers import Handover, HandoverSignature
from services.attendance.models.teams import Cadre
from services.attendance.pairings.pairings import NotToOneself
from services.attendance.policy import allow
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/handovers/{handover_id}", tags=["handovers"])


class HandoverSignatureIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hash: Hash


class PaperSignatureIn(HandoverSignatureIn):
    because: Annotated[Because, Field(title="不能本人签字的原因")]
    paper_no: Annotated[str, Field(min_length=1, max_length=100, title="纸质交接单编号")]


class HandoverSheetChanged(DomainError):
    status = 409
    zh = "交接单内容已有变化，请重新查看后再签字。"
    en = "The sheet has changed. Read it again before you sign it."


class SignsWithTheirAccount(DomainError):
    status = 403
    zh = "只能用本人账号签字；代为登记须由办公室凭纸质交接单办理。"
    en = "One signs with the own account alone. Who cannot, signs a paper that the office enters."


class HasAnAccount(DomainError):
    status = 409
    zh = "此人已有账号，不能以没有账号为由代签。"
    en = "They have an account: that they have none is no reason."


@router.put("/signatures/{cadre_id}", dependencies=[allow("handover:sign")], openapi_extra=repeatable("path"))
def put_handover_signature(
    handover_id: UUID,
    cadre_id: UUID,
    body: HandoverSignatureIn,
    session: UnboundSessionDep,
    caller: CallerDep,
    now: Now,
) -> HandoverSheetOut:
    """By who hands over, or takes, with the own account; over the sheet as it is now. Signed before, it stays."""
    row, cadre = signs(session, handover_id, cadre_id)
    if cadre.account != caller.subject:
        raise SignsWithTheirAccount
    return sign(session, row, HandoverSignature(handover_id=row.id, cadre_id=cadre.id, signed_by=caller.subject,
                                                signed_at=now, **body.model_dump()))  # fmt: skip


@router.put("/paper-signatures/{cadre_id}", dependencies=[allow("handover:write")], openapi_extra=repeatable("path"))
def put_paper_signature(
    handover_id: UUID, cadre_id: UUID, body: PaperSignatureIn, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> HandoverSheetOut:
    """By an office over the village that has no part in it: they are gone, ill, dead or have no account, and a paper
    stands in for them."""
    row, cadre = signs(session, handover_id, cadre_id)
    refuse_office(session, row, caller.subject)
    if body.because == "no_account" and cadre.account:
        raise HasAnAccount
    return sign(session, row, HandoverSignature(handover_id=row.id, cadre_id=cadre.id, signed_by=caller.subject,
                                                signed_at=now, **body.model_dump()))  # fmt: skip


def signs(session: Session, handover_id: UUID, cadre_id: UUID) -> tuple[Handover, Cadre]:
    """Locked: signing, changing and taking effect wait for each other."""
    row = reachable_handover(session, handover_id, lock=True)
    cadre = session.get(Cadre, cadre_id)
    if cadre is None or cadre.id not in parties(row):
        raise NotThere
    return row, cadre


def refuse_office(session: Session, row: Handover, account: str) -> None:
    """An office acts where it holds the village, and never in a hand-over that is its own."""
    if not scope_of(session).covers(row.village):
        raise NotThere
    own = select(col(Cadre.id)).where(col(Cadre.id).in_(parties(row)), col(Cadre.account) == account)
    if session.scalar(own):
        raise NotToOneself


def sign(session: Session, row: Handover, signed: HandoverSignature) -> HandoverSheetOut:
    before = session.get(HandoverSignature, (row.id, signed.cadre_id))
    if before and (before.hash, before.because, before.paper_no) == (signed.hash, signed.because, signed.paper_no):
        return shown(session, row)
    if row.effected_at:
        raise HandoverDone
    if signed.hash != compute(session, row).hash:
        raise HandoverSheetChanged
    session.merge(signed)
    session.flush()
    session.expire_all()  # told as it will be read: moments in the database's zone
    return shown(session, row)
