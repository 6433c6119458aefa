"""What somebody found by a checklist, as it is sent and read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.households.checklists.definitions import ItemKey, Subject
from services.households.models.checklists import ChecklistAnswer, ChecklistVerdict
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

ChecklistKey: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$", title="检查表代码")]
Mode: TypeAlias = Literal["self", "cross", "inspection"]
Says: TypeAlias = Literal["met", "not_met", "not_applicable", "unknown"]
# As it is stored, so that a repeat is told the first answer's bytes.
Moment: TypeAlias = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    item: ItemKey
    verdict: Annotated[Says, Field(title="结论（达标、不达标、不适用、不清楚）")]
    note: Annotated[str | None, Field(min_length=1, max_length=300, title="说明")] = None


class AnswerIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. What is answered by the register, or not looked at, is
    left out. `division`: the village; of a household or a person it is theirs, and need not be said. A team or a site
    has a `label`."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    checklist: ChecklistKey
    division: Annotated[str | None, Field(pattern=r"^[0-9]{12}$", title="村（社区）代码")] = None
    household_id: Annotated[UUID | None, Field(title="农户")] = None
    person_id: Annotated[UUID | None, Field(title="人")] = None
    label: Annotated[str | None, Field(min_length=1, max_length=60, title="队或点的名称")] = None
    day: Annotated[WrittenDay, Field(title="检查日")]
    mode: Annotated[Mode, Field(title="方式（自查、交叉检查、督查）")]
    done_by: Annotated[str, Field(min_length=1, max_length=60, title="检查人或检查组")]
    verdicts: Annotated[list[Verdict], Field(min_length=1, max_length=100, title="各项结论")]


class AnswerOut(BaseModel):
    """`division`: the village it is of."""

    id: UUID
    checklist: str
    subject: Subject
    division: str
    household_id: UUID | None
    person_id: UUID | None
    label: str | None
    day: CalendarDate
    mode: Mode
    done_by: str
    verdicts: list[Verdict]
    recorded_by: str
    recorded_at: Moment

    @classmethod
    def of(cls, row: ChecklistAnswer, verdicts: Sequence[ChecklistVerdict]) -> Self:
        said = [one.model_dump(exclude={"answer_id"}) for one in verdicts]
        return cls.model_validate(row.model_dump() | {"verdicts": said})


class NoSuchChecklist(DomainError):
    zh = "该地当日没有启用这张检查表。"
    en = "No such checklist holds there on that day."


class NoSuchItem(DomainError):
    """`detail` names them."""

    zh = "检查表没有这些检查项，或同一项写了两次。"
    en = "The checklist does not ask that, or an item stands twice."


class NotItsSubject(DomainError):
    zh = "检查对象与检查表不符：村写 division，户写 household_id，人写 person_id，队和点写 division 和 label。"
    en = "Not whom the checklist is of: a village, a household, a person, or a team or site with its label."


class CheckedInTheFuture(DomainError):
    zh = "检查日不能晚于今天。"
    en = "Nothing was checked on a day to come."


class AnswerRecordedBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份内容不同的检查。"
    en = "That id stands for another answer already."
