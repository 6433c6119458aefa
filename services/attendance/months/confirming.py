"""A captain confirms the month of the team, as it was read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.attendance.models.months import MonthSheet
from services.attendance.models.teams import Team
from services.attendance.months.sheets import MonthPath, MonthSheetOut, its_sheet, month_of, refuse_unless_over
from services.attendance.policy import allow
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.scope import scope_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/month-sheets/{month}/teams/{team_id}", tags=["months"])


class ConfirmationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", title="月报摘要")]


class SheetChanged(DomainError):
    status = 409
    zh = "月报内容已有变化或已定稿，请重新查看后再确认。"
    en = "The sheet has changed, or is frozen. Read it again before you confirm it."


@router.put("/confirmation", dependencies=[allow("month:confirm")], openapi_extra=repeatable("path"))
def put_month_confirmation(
    month: MonthPath, team_id: UUID, body: ConfirmationIn, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> MonthSheetOut:
    """After the month is over. Where a team has no captain its office confirms, and another freezes. Confirmed the same
    way before, it stays as it was."""
    first = month_of(month)
    team = session.get(Team, team_id, with_for_update={"key_share": True})  # two confirmations wait for each other
    if team is None or not scope_of(session).covers(team.village):
        raise NotThere
    refuse_unless_over(session, first, now.date())
    sheet = its_sheet(session, caller, team_id, first, now.date())
    if sheet.digest != body.digest:
        raise SheetChanged
    if sheet.state in ("open", "changed"):
        held = MonthSheet(team_id=team_id, month=first, village=team.village, digest=body.digest,
                          confirmed_by=caller.subject, confirmed_at=now)  # fmt: skip
        session.merge(held)
        session.flush()
    return its_sheet(session, caller, team_id, first, now.date())
