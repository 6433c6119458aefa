"""What is said of an issue and of its steps, and how it is shown."""

from datetime import date, datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.households.issues.kinds import Kind, Source
from services.households.models.issues import SAID, STEP_SAID, Issue, IssueStep
from services.kit.store.fields import Seal
from services.kit.store.tables import CalendarDate
from services.kit.web.written import WrittenDay

State: TypeAlias = Literal["open", "closed", "withdrawn", "merged"]
Satisfaction: TypeAlias = Literal["satisfied", "basically", "not", "not_asked"]
OwnerId: TypeAlias = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,60}$", title="承办人账号")]
Words: TypeAlias = Annotated[str, Field(min_length=2, max_length=1_000)]
Evidence: TypeAlias = Annotated[str | None, Field(min_length=1, max_length=200, title="佐证")]


class Owner(BaseModel):
    """`id`: the account of whoever must see to it, who then sees a restricted one."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Literal["person", "unit"], Field(title="责任人或责任单位")]
    id: OwnerId | None = None
    label: Annotated[str, Field(min_length=1, max_length=60, title="名称")]


class Result(BaseModel):
    """What was done, and what whoever raised it says of that."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Words, Field(title="办理结果")]
    evidence: Evidence = None
    satisfaction: Annotated[Satisfaction, Field(title="反映人满意度")] = "not_asked"


class IssueIn(BaseModel):
    """`due_on` where somebody has set a day; else the county's standard does. `put_right`: at once, on the spot."""

    model_config = ConfigDict(extra="forbid")

    division: Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="所在地")]
    household_id: Annotated[UUID | None, Field(title="所属农户")] = None
    kind: Annotated[Kind, Field(title="类别")]
    source: Annotated[Source, Field(title="来源")]
    source_ref: Annotated[str | None, Field(pattern=r"^[!-~]{1,100}$", title="来源编号")] = None
    raised_on: Annotated[WrittenDay, Field(title="提出日")]
    text: Annotated[Words, Field(title="问题内容")]
    owner: Annotated[Owner, Field(title="承办")]
    due_on: Annotated[WrittenDay | None, Field(title="办结期限")] = None
    put_right: Annotated[Result | None, Field(title="现场销号")] = None


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: Annotated[WrittenDay, Field(title="日期")]
    text: Annotated[Words, Field(title="说明或理由")]


class Note(Step):
    """Something was done; `escalated`: put before those above, a meeting for one."""

    kind: Literal["note", "escalated"]
    evidence: Evidence = None


class OwnerChanged(Step):
    kind: Literal["owner"]
    owner: Owner


class DueChanged(Step):
    kind: Literal["due"]
    due_on: Annotated[WrittenDay, Field(title="新期限")]


class Closed(Step):
    kind: Literal["closed"]
    evidence: Evidence = None
    satisfaction: Annotated[Satisfaction, Field(title="反映人满意度")] = "not_asked"


class Turned(Step):
    """Opened again; or it was none."""

    kind: Literal["reopened", "withdrawn"]


class Merged(Step):
    kind: Literal["merged"]
    into: Annotated[UUID, Field(title="并入的问题")]


StepSaid: TypeAlias = Annotated[
    Note | OwnerChanged | DueChanged | Closed | Turned | Merged, Field(discriminator="kind")
]


class SaidOfStep(BaseModel):
    said: StepSaid


class IssueLine(BaseModel):
    """Nothing of what was said. `number` is the county's own within `year`."""

    id: UUID
    year: int
    number: int
    division: str
    household_id: UUID | None
    kind: Kind
    restricted: bool
    source: Source
    source_ref: str | None
    raised_on: CalendarDate
    owner: Owner
    due_on: date | None
    state: State
    on_the_spot: bool
    ended_on: date | None
    satisfaction: Satisfaction | None
    merged_into: UUID | None
    overdue: bool

    @classmethod
    def of(cls, row: Issue, today: date) -> Self:
        owner = {"kind": row.owner_kind, "id": row.owner_id, "label": row.owner_label}
        late = row.state == "open" and row.due_on is not None and row.due_on < today
        return cls.model_validate(row.model_dump() | {"owner": owner, "overdue": late})


class StepOut(BaseModel):
    id: UUID
    said: StepSaid
    done_by: str
    done_at: datetime


class IssueOut(IssueLine):
    text: str
    put_right: Result | None
    recorded_by: str
    recorded_at: datetime
    steps: list[StepOut]


def said_of(seal: Seal, row: Issue) -> IssueIn:
    return IssueIn.model_validate_json(seal.open(row.sealed_said, SAID.place(row.id)))


def said_in(seal: Seal, row: IssueStep) -> StepSaid:
    return SaidOfStep.model_validate_json(seal.open(row.sealed_said, STEP_SAID.place(row.id))).said
