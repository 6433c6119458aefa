"""What a phone sends and what it is told of each: one item is one thing somebody did or saw, under an id of its own."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, WithJsonSchema

from services.attendance.leave.contents import LeaveIn
from services.attendance.leave.returns import ReturnIn
from services.attendance.presence.check_in_batches import MOST, ItemProblem
from services.attendance.presence.check_ins import CheckInIn
from services.attendance.presence.day_corrections import DayCorrectionIn
from services.attendance.visits.contents import Moment, VisitIn
from services.kit.web.written import WRITTEN_NUMBER

ItemKind: TypeAlias = Literal["check_in", "visit", "leave", "leave_return", "day_correction"]
Outcome: TypeAlias = Literal["stored", "duplicate", "waiting", "conflict", "refused"]
Version = Annotated[int, Field(ge=1, le=1000, title="内容版本"), WRITTEN_NUMBER]


class LeaveReturnIn(ReturnIn):
    """A return sent by itself names its leave in its path; here it names it."""

    leave_id: Annotated[UUID, Field(title="请假")]


Body: TypeAlias = CheckInIn | VisitIn | LeaveIn | LeaveReturnIn | DayCorrectionIn
READ: Mapping[ItemKind, TypeAdapter[Any]] = {
    "check_in": TypeAdapter(CheckInIn),
    "visit": TypeAdapter(VisitIn),
    "leave": TypeAdapter(LeaveIn),
    "leave_return": TypeAdapter(LeaveReturnIn),
    "day_correction": TypeAdapter(DayCorrectionIn),
}


class SyncItem(BaseModel):
    """`body` as the operation for one of its kind takes it, in the form `v`; of a return with its `leave_id`."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[ItemKind, Field(title="种类")]
    v: Version
    body: Annotated[dict[str, Any], Field(title="内容")]


BODIES = [{"$ref": f"#/components/schemas/{name}"} for name in ("CheckInIn", "VisitIn", "LeaveIn", "DayCorrectionIn")]
ITEM = SyncItem.model_json_schema()
ITEM["properties"]["body"] = {"title": "内容", "anyOf": [*BODIES, LeaveReturnIn.model_json_schema()]}
EACH = {"type": "array", "items": ITEM, "minItems": 1, "maxItems": MOST}


class SyncIn(BaseModel):
    """One that is malformed is refused by itself: it must not keep the others on the phone."""

    model_config = ConfigDict(extra="forbid")

    items: Annotated[list[Any], Field(min_length=1, max_length=MOST, title="待上传记录"), WithJsonSchema(EACH)]


class Difference(BaseModel):
    """A field in which what was sent differs from what is there. `base`: as it was in what both set out from."""

    field: str
    mine: Any
    theirs: Any
    base: Any


class Conflict(BaseModel):
    """`theirs` is the id of what is there. Nothing was overwritten: a person looks at both, and sends a correction of
    `theirs` or lets it be."""

    theirs: UUID
    fields: list[Difference]


class ItemLine(BaseModel):
    """`index` counts from 0 in what was sent. Take off the phone what was stored or is a duplicate; keep the others:
    one that waits is sent again (after `waits_for`, where it is named), of the rest a person decides. `words`: what a
    check-in came to."""

    index: int
    id: UUID | None
    outcome: Outcome
    waits_for: UUID | None = None
    conflict: Conflict | None = None
    problem: ItemProblem | None = None
    words: str | None = None


class SyncOut(BaseModel):
    """By `server_time` a phone knows how far its own clock is off."""

    server_time: Moment
    rows: list[ItemLine]
