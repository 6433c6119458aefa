"""A record of a village as it is sent and read: what the village is, has, was given, resolved, and who is what."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.households.models.villages import VillageRecord, VillageRecordEnding
from services.kit.web.errors import DomainError
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

Kind: TypeAlias = Literal["status", "honour", "facility", "role", "plan", "rule", "target"]
What: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]  # looked up where it is written
Village: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村（社区）代码")]
Title: TypeAlias = Annotated[str, Field(min_length=1, max_length=100, title="名称")]
Words: TypeAlias = Annotated[str | None, Field(min_length=1, max_length=4000, title="内容")]
Heads: TypeAlias = Annotated[int, Field(ge=0, le=100_000), WRITTEN_NUMBER]
DocumentNo: TypeAlias = Annotated[str, Field(min_length=1, max_length=100, title="文号")]
# As it is stored, so that a repeat is told the first answer's bytes.
Moment: TypeAlias = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]

SETS = {"status": "village_status", "facility": "facility", "role": "village_role"}  # whose codes `what` takes


class Adopted(BaseModel):
    """By which meeting. `in_favour` of those `present`, where they were counted."""

    model_config = ConfigDict(extra="forbid")

    day: Annotated[WrittenDay, Field(title="通过日")]
    meeting: Annotated[
        Literal["villagers", "representatives", "committee", "party_branch"],
        Field(title="会议（村民会议、村民代表会议、村民委员会、村党支部）"),
    ]
    present: Annotated[Heads | None, Field(title="到会人数")] = None
    in_favour: Annotated[Heads | None, Field(title="同意人数")] = None


class Record(BaseModel):
    """`id` is the client's own and makes the write repeatable. `until`: the last day. `replaces`: the one of the same
    kind that this one follows from its own `since` on: the next state of a facility, the next version of a plan."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    division: Village
    since: Annotated[WrittenDay, Field(title="起始日")]
    until: Annotated[WrittenDay | None, Field(title="截止日（含）")] = None
    document_no: DocumentNo | None = None
    replaces: Annotated[UUID | None, Field(title="接替的一条")] = None


class StatusIn(Record):
    """What the village is by a document: out of poverty, a village to be helped first."""

    kind: Literal["status"]
    what: Annotated[What, Field(title="身份")]
    document_no: DocumentNo


class HonourIn(Record):
    """Of a village, a township or the county."""

    kind: Literal["honour"]
    division: Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
    title: Title
    level: Annotated[Literal["township", "county", "city", "province", "nation"], Field(title="授予级别")]
    given_by: Annotated[str | None, Field(min_length=1, max_length=60, title="授予单位")] = None


class FacilityIn(Record):
    """`title` where it has a name of its own."""

    kind: Literal["facility"]
    what: Annotated[What, Field(title="设施")]
    title: Title | None = None
    state: Annotated[
        Literal["in_use", "below_standard", "being_built", "out_of_use"],
        Field(title="状态（正常使用、不达标、在建、停用）"),
    ]


class RoleIn(Record):
    """Who in the village is what: somebody of the register by `person_id`, anybody else by `label`."""

    kind: Literal["role"]
    what: Annotated[What, Field(title="身份")]
    person_id: Annotated[UUID | None, Field(title="登记册中的人")] = None
    label: Annotated[str | None, Field(min_length=1, max_length=60, title="姓名（不在登记册中的）")] = None


class PlanIn(Record):
    kind: Literal["plan"]
    title: Title
    text: Words = None
    adopted: Annotated[Adopted | None, Field(title="通过情况")] = None


class RuleIn(Record):
    """A rule the villagers gave themselves (村规民约), and the meeting that adopted it."""

    kind: Literal["rule"]
    title: Title
    text: Words = None
    adopted: Annotated[Adopted, Field(title="通过情况")]
    posted_on: Annotated[WrittenDay | None, Field(title="张贴日")] = None


class TargetIn(Record):
    """So many households, persons or both by the end of a year, with the reason, who was asked before, and the document
    that approved it. A target that changes is another one that replaces it."""

    kind: Literal["target"]
    title: Annotated[str, Field(min_length=1, max_length=100, title="目标")]
    year: Annotated[int, Field(ge=2000, le=2100, title="年度"), WRITTEN_NUMBER]
    households: Annotated[Heads | None, Field(title="户数")] = None
    persons: Annotated[Heads | None, Field(title="人数")] = None
    text: Annotated[str, Field(min_length=1, max_length=4000, title="理由")]
    adopted: Annotated[Adopted | None, Field(title="征求意见的会议")] = None
    document_no: DocumentNo


RecordIn: TypeAlias = Annotated[
    StatusIn | HonourIn | FacilityIn | RoleIn | PlanIn | RuleIn | TargetIn, Field(discriminator="kind")
]


class EndingIn(BaseModel):
    """`id` is the client's own. `day`: the first on which it holds no longer. `mistaken`: it never held, and is shown
    on no day."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    day: Annotated[WrittenDay, Field(title="不再有效之日")]
    because: Annotated[str, Field(min_length=2, max_length=200, title="原因")]
    mistaken: Annotated[bool, Field(strict=True, title="登记有误")] = False


class EndingOut(EndingIn):
    recorded_by: str
    recorded_at: Moment


class Kept(BaseModel):
    """`said`: the record as it was sent. `household_id`: of the person of a role, at the time. `replaced_by` follows it
    from that one's own `since` on."""

    said: RecordIn
    version: int
    household_id: UUID | None
    replaced_by: UUID | None
    ending: EndingOut | None
    recorded_by: str
    recorded_at: Moment

    @classmethod
    def of(cls, row: VillageRecord, ending: VillageRecordEnding | None, replaced_by: UUID | None) -> Self:
        said = {"said": said_of(row), "ending": ending and ending.model_dump(exclude={"record_id"})}
        told = row.model_dump(include={"version", "household_id", "recorded_by", "recorded_at"})
        return cls.model_validate(told | said | {"replaced_by": replaced_by})


class NotThoseDays(DomainError):
    zh = "截止日不能早于起始日；除规划外，起始日、通过日、张贴日不能晚于今天。"
    en = "An end is not before the beginning; nothing but a plan begins, is adopted or posted on a day to come."


class WhoIsUnclear(DomainError):
    zh = "写登记册中的人，或写不在登记册中的人的姓名，不能两者都写或都不写。"
    en = "Somebody of the register, or the name of somebody else: one of them, and not both."


class TargetOfNothing(DomainError):
    zh = "目标写户数或人数，至少一项。"
    en = "A target is of so many households, of so many persons, or of both."


class VotesDoNotFit(DomainError):
    zh = "同意人数不能多于到会人数。"
    en = "Not more can be in favour than are present."


class CannotReplaceThat(DomainError):
    """`detail` says which it is."""

    status = 409
    zh = "接替的一条须为同村同类，起始日更早，未被接替，未终止。"
    en = "What is replaced is of the same village and kind, began earlier, is not replaced yet and has not ended."


class AnotherRecord(DomainError):
    status = 409
    zh = "这个编号已用于另一条内容不同的登记。"
    en = "That id stands for another record already."


class HasEnded(DomainError):
    status = 409
    zh = "这一条已经终止或已被接替。"
    en = "That record has ended, or another one replaces it."


class EndsOnNoSuchDay(DomainError):
    zh = "终止日须在起始日之后（登记有误的除外），且不能晚于今天。"
    en = "A record ends after the day it began, unless it was a mistake, and not on a day to come."


MODELS: dict[str, type[Record]] = {
    "status": StatusIn, "honour": HonourIn, "facility": FacilityIn, "role": RoleIn, "plan": PlanIn, "rule": RuleIn,
    "target": TargetIn,
}  # fmt: skip


def said_of(row: VillageRecord) -> dict[str, Any]:
    adopted = row.adopted_on and {"day": row.adopted_on, **row.model_dump(include={*Adopted.model_fields} - {"day"})}
    told = row.model_dump() | {"adopted": adopted}
    return {name: told[name] for name in MODELS[row.kind].model_fields}


def columns_of(sent: Record) -> dict[str, Any]:
    """As they are kept."""
    said = sent.model_dump()
    adopted = said.pop("adopted", None) or {}
    return said | ({"adopted_on": adopted.pop("day")} | adopted if adopted else {})
