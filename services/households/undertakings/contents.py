"""Projects, loans, agreements, memberships and their steps, as they are sent and read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.households.models.undertakings import Undertaking, UndertakingStep
from services.kit.store.tables import CalendarDate
from services.kit.web.errors import DomainError
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

Kind: TypeAlias = Literal["project", "loan", "agreement", "membership"]
State: TypeAlias = Literal[
    "in_library", "approved", "begun", "accepted", "closed", "dropped", "holds", "ended", "repaid", "written_off",
]  # fmt: skip
Step: TypeAlias = Literal["approved", "begun", "accepted", "closed", "dropped", "extended", "written_off", "ended"]
Fen: TypeAlias = Annotated[int, Field(ge=0, le=10**15, title="金额（分）"), WRITTEN_NUMBER]
Label: TypeAlias = Annotated[str, Field(min_length=1, max_length=60)]
DocumentNo: TypeAlias = Annotated[str | None, Field(min_length=1, max_length=100, title="文号")]
# As it is stored, so that a repeat is told the first answer's bytes.
Moment: TypeAlias = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]

# Which steps each kind may take, and which of them are its last.
STEPS: Mapping[str, Sequence[str]] = {
    "project": ("approved", "begun", "accepted", "closed", "dropped", "extended"),
    "loan": ("extended", "written_off"),
    "agreement": ("extended", "ended"),
    "membership": ("ended",),
}
LAST = ("closed", "dropped", "written_off", "ended")
IN_ORDER = ("approved", "begun", "accepted", "closed")  # of a project: each once, and none before another


class Begun(BaseModel):
    """`id` is the client's own and makes the write repeatable."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    since: Annotated[WrittenDay, Field(title="起始日")]
    document_no: DocumentNo = None


class ProjectIn(Begun):
    """An entry of the project library. `amount` is planned; what is paid are ledger entries that name the project."""

    kind: Literal["project"]
    division: Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]
    title: Annotated[str, Field(min_length=1, max_length=100, title="项目名称")]
    what: Annotated[
        Literal["industry", "infrastructure", "services", "employment", "housing", "other"],
        Field(title="类型（产业、基础设施、公共服务、就业、住房、其他）"),
    ]
    amount: Annotated[Fen, Field(title="计划总投资（分）")]
    fund_source: Annotated[str | None, Field(min_length=1, max_length=100, title="资金来源")] = None
    party: Annotated[Label | None, Field(title="绑定单位")] = None
    until: Annotated[WrittenDay | None, Field(title="计划完成日")] = None


class LoanIn(Begun):
    """What is still owed is the principal less what ledger entries of repayment that name it come to."""

    kind: Literal["loan"]
    household_id: Annotated[UUID, Field(title="农户")]
    what: Annotated[
        Literal["subsidised", "mutual_fund", "student", "other"],
        Field(title="类型（贴息小额信贷、互助资金、助学贷款、其他）"),
    ]
    amount: Annotated[int, Field(ge=1, le=10**15, title="本金（分）"), WRITTEN_NUMBER]
    party: Annotated[Label, Field(title="放款机构")]
    until: Annotated[WrittenDay, Field(title="到期日")]


class AgreementIn(Begun):
    """Of a household, or of one of its members. `amount` is of a year."""

    kind: Literal["agreement"]
    household_id: Annotated[UUID | None, Field(title="农户")] = None
    person_id: Annotated[UUID | None, Field(title="人")] = None
    what: Annotated[
        Literal["public_post", "lease", "insurance", "family_doctor", "order", "labour", "other"],
        Field(title="类型（公益性岗位、土地流转、保险、家庭医生签约、订单、务工、其他）"),
    ]
    party: Annotated[Label, Field(title="签约对方")]
    amount: Annotated[Fen | None, Field(title="每年金额（分）")] = None
    until: Annotated[WrittenDay | None, Field(title="截止日（含）")] = None


class MembershipIn(Begun):
    """In a cooperative: with shares, with labour, or with both."""

    kind: Literal["membership"]
    household_id: Annotated[UUID, Field(title="农户")]
    party: Annotated[Label, Field(title="合作社")]
    amount: Annotated[Fen | None, Field(title="股金（分）")] = None
    labour: Annotated[bool, Field(strict=True, title="投劳")] = False


UndertakingIn: TypeAlias = Annotated[ProjectIn | LoanIn | AgreementIn | MembershipIn, Field(discriminator="kind")]
MODELS: Mapping[str, type[Begun]] = {
    "project": ProjectIn, "loan": LoanIn, "agreement": AgreementIn, "membership": MembershipIn,
}  # fmt: skip


class StepIn(BaseModel):
    """`id` is the client's own. `until`: the new last day, of what is extended alone."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    step: Annotated[Step, Field(title="步骤（批准、开工、验收、完结、取消、展期或续签、核销、终止）")]
    day: Annotated[WrittenDay, Field(title="日期")]
    until: Annotated[WrittenDay | None, Field(title="新的截止日")] = None
    document_no: DocumentNo = None
    note: Annotated[str | None, Field(min_length=1, max_length=300, title="说明")] = None


class StepOut(StepIn):
    recorded_by: str
    recorded_at: Moment


class Paid(BaseModel):
    """What the entries that name it come to in a calendar year, by nature and fund; in fen."""

    year: int
    nature: str
    fund_source: str | None
    amount: int


class UndertakingOut(BaseModel):
    """`said` as it was sent. `until`: the last day as extended since. `balance` and `overdue` are of loans: what is
    still owed on the day, and whether it was due before."""

    said: UndertakingIn
    division: str
    household_id: UUID | None
    state: State
    until: CalendarDate | None
    balance: int | None
    overdue: bool | None
    paid: list[Paid]
    steps: list[StepOut]
    recorded_by: str
    recorded_at: Moment

    @classmethod
    def of(cls, row: Undertaking, steps: Sequence[UndertakingStep], paid: Sequence[Paid], day: date) -> Self:
        """On a day: steps after it have not been taken."""
        taken = [one for one in steps if one.day <= day]
        until = next((one.until for one in reversed(taken) if one.until), row.until)
        balance = None
        if row.kind == "loan":
            balance = (row.amount or 0) - sum(one.amount for one in paid if one.nature == "repaid")
        state = state_of(row, taken, until, balance, day)
        overdue = None if balance is None else state == "holds" and balance > 0 and (until or day) < day
        told = row.model_dump(include={"division", "household_id", "recorded_by", "recorded_at"})
        said = {"said": said_of(row), "state": state, "until": until, "balance": balance, "overdue": overdue}
        shown = [one.model_dump(exclude={"undertaking_id", "number"}) for one in taken]
        return cls.model_validate(told | said | {"paid": paid, "steps": shown})


def state_of(
    row: Undertaking, taken: Sequence[UndertakingStep], until: date | None, balance: int | None, day: date
) -> str:
    moved = [one.step for one in taken if one.step != "extended"]
    if moved:
        return moved[-1]
    if row.kind == "project":
        return "in_library"
    if balance is not None:
        return "holds" if balance > 0 else "repaid"
    return "ended" if until and until < day else "holds"


def said_of(row: Undertaking) -> dict[str, Any]:
    """As it was sent: of a person the household was found."""
    told = row.model_dump(include={*MODELS[row.kind].model_fields})
    return told | ({"household_id": None} if row.person_id else {})


class UndertakingDaysWrong(DomainError):
    zh = "起始日不能晚于今天，截止日不能早于起始日。"
    en = "It does not begin on a day to come, nor end before it begins."


class WhoseAgreement(DomainError):
    zh = "协议写农户或写人，只写一项。"
    en = "An agreement is of a household, or of a person: one of them."


class AnotherUndertaking(DomainError):
    status = 409
    zh = "这个编号已用于另一项内容不同的登记。"
    en = "That id stands for something else already."


class NotItsStep(DomainError):
    """`detail` says which steps it may take."""

    status = 409
    zh = "现在不能走这一步：这类没有这一步，已经走过，或者已经结束。"
    en = "Not its step: it has none such, has taken it already, or has ended."


class StepDaysWrong(DomainError):
    zh = "日期不能早于起始日和上一步，不能晚于今天；只有展期或续签写新的截止日，且须晚于原截止日。"
    en = "Not before its beginning or the step before, nor to come; what is extended alone has a new, later last day."


class EntryOfAnother(DomainError):
    zh = "这笔台账与所属的项目、贷款、协议或社员关系不符：所在地、农户或性质不同，或日期早于起始日。"
    en = "The entry does not fit what it names: another place, household or nature, or a day before it began."
