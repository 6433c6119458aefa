"""A leave as it is sent and as it is told."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.attendance.leave.words import Because, Code, Kind, Level, Outcome, State
from services.attendance.models.leave import Leave
from services.attendance.visits.contents import Moment
from services.kit.store.tables import CalendarDate
from services.kit.web.written import WrittenDay


class LeaveIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `cadre_id` only by who may record for others.
    `corrects` names the leave this one takes the place of once it is approved; the whole leave is sent again."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    kind: Annotated[Kind, Field(title="类别")]
    first_day: Annotated[WrittenDay, Field(title="起始日")]
    last_day: Annotated[WrittenDay, Field(title="截止日")]
    reason: Annotated[str | None, Field(min_length=1, max_length=500, title="事由")] = None
    cover_id: Annotated[UUID | None, Field(title="代班人")] = None
    cadre_id: Annotated[UUID | None, Field(title="请假人")] = None
    corrects: Annotated[UUID | None, Field(title="更正的请假")] = None


class LeaveLine(BaseModel):
    """Without its reason. `days` as the county counts them; `awaits` is who decides next; `overdue`: the day to be back
    (`due_back`) has passed and no return was recorded."""

    id: UUID
    corrects: UUID | None
    cadre_id: UUID
    cover_id: UUID | None
    team_id: UUID
    village: str
    kind: Kind
    official: bool
    first_day: date
    last_day: date
    days: int
    chain: list[Level]
    document_no: str
    state: State
    awaits: Level | None
    due_back: date
    returned_on: date | None
    overdue: bool
    requested_by: str
    requested_at: Moment


class DecisionOut(BaseModel):
    level: Level
    outcome: Outcome
    code: Code | None
    decided_by: str
    decided_at: Moment


class ReturnOut(BaseModel):
    """`day` is the first day back. The last of them counts."""

    id: UUID
    day: CalendarDate
    because: Because | None
    recorded_by: str
    recorded_at: Moment


class LeaveOut(LeaveLine):
    """`days_of_year`: days of leave that begin in that year, with this one; `year_cap`: how many a document wants
    pointed out, which refuses nothing. The reason is told to the cadre and to who may read reasons."""

    reason: str | None
    days_of_year: int
    year_cap: int | None
    decisions: list[DecisionOut]
    returns: list[ReturnOut]


def line_of(leave: Leave, due_back: date, today: date) -> LeaveLine:
    awaits = leave.chain[leave.approvals] if leave.state == "requested" else None
    overdue = leave.state == "approved" and today > due_back
    said = {"awaits": awaits, "due_back": due_back, "overdue": overdue}
    return LeaveLine.model_validate(leave.model_dump() | said)
