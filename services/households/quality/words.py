"""Somebody looked at what a check found, and says that it is right and why: it is silent until its values change."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError

from services.households.models.quality import QualityWord
from services.households.policy import allow
from services.households.quality.findings import CheckKey, FindingOut, found_now, shown, tag_of
from services.households.reach import reachable
from services.kit.store.db import Now, SessionDep, Today
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/households/{household_id}/quality-words", tags=["quality"], route_class=Repeatable)


class WordIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `values_tag` is the one that was shown."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    check: CheckKey
    subject: UUID
    values_tag: Annotated[str, Field(min_length=1, max_length=40, title="所依据数值的标记")]
    because: Annotated[str, Field(min_length=2, max_length=200, title="属实的理由")]
    doer: Annotated[str | None, Field(min_length=1, max_length=60, title="核实人（空即录入人本人）")] = None


class NotFoundAnyMore(DomainError):
    status = 409
    zh = "这项疑点现已不存在，或其数值已变化，请重新查看。"
    en = "The check no longer finds this, or finds it with other values. Please look again."


class SaidBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份说明。"
    en = "That id stands for another word already."


@router.post("", status_code=201, dependencies=[allow("quality:answer")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_quality_word(
    household_id: UUID, body: WordIn, request: Request, session: SessionDep, caller: CallerDep, today: Today, now: Now
) -> FindingOut:
    """Of what the check finds at this moment, with the values that were seen."""
    household, seal = reachable(session, household_id, lock=True), request.app.state.seal
    meant = [
        one
        for one in found_now(session, household, today)
        if (one.check.key, one.subject, tag_of(seal, one.told)) == (body.check, body.subject, body.values_tag)
    ]
    if not meant:
        raise NotFoundAnyMore
    word = QualityWord(
        id=body.id,
        check_key=body.check,
        household_id=household_id,
        subject=body.subject,
        told=list(meant[0].told),
        because=body.because,
        doer=body.doer or caller.subject,
        recorded_by=caller.subject,
        recorded_at=now,
    )
    session.add(word)
    try:
        session.flush()
    except IntegrityError as error:
        raise SaidBefore from error
    tell(request, body.id, household_id, division=household.village, check=body.check)
    return shown(session, seal, caller, meant)[0]
