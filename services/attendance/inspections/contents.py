"""An inspection as it is ordered and shown, and what is said of a village that was inspected."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.attendance.models.inspections import FOUND, Inspection, InspectionFinding, InspectionIssue
from services.attendance.visits.contents import Moment
from services.kit.store.fields import Seal
from services.kit.web.errors import DomainError
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

InspectionKind: TypeAlias = Literal["announced", "unannounced"]
Among: TypeAlias = Literal["villages", "team_villages"]
InspectionState: TypeAlias = Literal["ordered", "drawn", "closed", "withdrawn"]
NotHeld: TypeAlias = Literal["mistake", "postponed", "no_longer_needed"]
KeptOut: TypeAlias = Literal["own_village", "own_township"]
Verdict: TypeAlias = Literal["well", "noted", "repair", "not_inspected"]
IssueState: TypeAlias = Literal["waiting", "opened", "refused"]
# What an issue of households may be about: attendance's own copy, held against theirs by a test.
IssueKind: TypeAlias = Literal[
    "environment", "land", "demand", "rectification", "data", "work_style", "dispute", "family_dispute",
    "cadre_complaint", "other",
]  # fmt: skip
Satisfaction: TypeAlias = Literal["satisfied", "basically", "not", "not_asked"]
Village: TypeAlias = Annotated[str, Field(pattern=r"^[0-9]{12}$", title="村代码")]
Words: TypeAlias = Annotated[str, Field(min_length=2, max_length=1_000)]
HowMany: TypeAlias = Annotated[int, Field(ge=1, le=1_000, title="抽取村数"), WRITTEN_NUMBER]
Evidence: TypeAlias = Annotated[str | None, Field(min_length=1, max_length=200, title="佐证")]


class Inspector(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,60}$", title="账号")]
    name: Annotated[str, Field(min_length=1, max_length=60, title="姓名")]


class InspectionIn(BaseModel):
    """`among`: all villages of the place, or those that have a team."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[InspectionKind, Field(title="方式")]
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="依据文号")]
    division: Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="抽取范围")]
    among: Annotated[Among, Field(title="抽取对象")] = "team_villages"
    how_many: HowMany
    first_day: Annotated[WrittenDay, Field(title="起始日")]
    last_day: Annotated[WrittenDay, Field(title="截止日")]
    inspectors: Annotated[list[Inspector], Field(min_length=1, max_length=50, title="督查人员")]


class InspectionOut(InspectionIn):
    """`villages` in their turn by `seed`, which are empty until it is drawn. `number` is the county's own within
    `year`."""

    id: UUID
    year: int
    number: int
    state: InspectionState
    seed: str | None
    villages: list[str]
    ordered_by: str
    ordered_at: Moment
    drawn_by: str | None
    drawn_at: Moment | None
    closed_by: str | None
    closed_at: Moment | None
    withdrawn_because: NotHeld | None
    withdrawn_by: str | None
    withdrawn_at: Moment | None

    @classmethod
    def of(cls, row: Inspection) -> Self:
        said = row.model_dump(include=set(cls.model_fields) - {"inspectors"})
        return cls.model_validate(said | {"inspectors": inspectors_of(row), "state": state_of(row)})


class IssueResult(BaseModel):
    """What was done at once, and what whoever it concerns says of that."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Words, Field(title="办理结果")]
    evidence: Evidence = None
    satisfaction: Annotated[Satisfaction, Field(title="反映人满意度")] = "not_asked"


class IssueOwner(BaseModel):
    """`id`: the account of whoever must see to it."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[Literal["person", "unit"], Field(title="责任人或责任单位")]
    id: Annotated[str | None, Field(pattern=r"^[0-9A-Za-z_-]{1,60}$", title="承办人账号")] = None
    label: Annotated[str, Field(min_length=1, max_length=60, title="名称")]


class IssueAsked(BaseModel):
    """What is to be repaired is the finding's `text`. `put_right`: at once, on the spot."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[IssueKind, Field(title="类别")]
    owner: Annotated[IssueOwner, Field(title="承办")]
    due_on: Annotated[WrittenDay | None, Field(title="办结期限")] = None
    put_right: Annotated[IssueResult | None, Field(title="现场整改")] = None


class CadreSeen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cadre_id: UUID
    present: Annotated[bool, Field(strict=True, title="是否在村")]


class FindingIn(BaseModel):
    """`seen`: of the team's cadres, who was met in the village and who was not. `corrects`: the finding this one takes
    the place of."""

    model_config = ConfigDict(extra="forbid")

    village: Village
    day: Annotated[WrittenDay, Field(title="检查日")]
    verdict: Annotated[Verdict, Field(title="结论")]
    text: Annotated[Words | None, Field(title="情况")] = None
    seen: Annotated[list[CadreSeen], Field(max_length=50, title="在岗查验")] = []
    issue: Annotated[IssueAsked | None, Field(title="需整改的问题")] = None
    corrects: Annotated[UUID | None, Field(title="更正的记录")] = None


class IssueAnswered(BaseModel):
    """`waiting` until the register has answered; then its number, or the refusal's code. `id` is the finding's."""

    id: UUID
    state: IssueState
    year: int | None
    number: int | None
    code: str | None


class FindingOut(FindingIn):
    """Without `text` and `issue` where the caller reads none of the words, without others in `seen` where the caller
    reads only the own days. `standing`: no later one corrects it."""

    id: UUID
    first_id: UUID
    version: int
    standing: bool
    opened: IssueAnswered | None
    recorded_by: str
    recorded_at: Moment


class InspectionNotDrawn(DomainError):
    status = 409
    zh = "这次督查还没有抽取，或已撤销。"
    en = "That inspection is not drawn yet, or was withdrawn."


class InspectionClosed(DomainError):
    status = 409
    zh = "这次督查已办结或已撤销，不能再改。"
    en = "That inspection is closed or withdrawn, and stays as it is."


def inspectors_of(row: Inspection) -> list[Inspector]:
    both = zip(row.inspectors, row.inspector_names, strict=True)
    return [Inspector(account=account, name=name) for account, name in both]


def state_of(row: Inspection) -> InspectionState:
    if row.withdrawn_at:
        return "withdrawn"
    if row.closed_at:
        return "closed"
    return "drawn" if row.drawn_at else "ordered"


def said_of(seal: Seal, row: InspectionFinding) -> FindingIn:
    return FindingIn.model_validate_json(seal.open(row.sealed_said, FOUND.place(row.id)))


def shown(
    seal: Seal, row: InspectionFinding, issues: Sequence[InspectionIssue], *, standing: bool, words: bool
) -> FindingOut:
    said = said_of(seal, row).model_dump() | ({} if words else {"text": None, "issue": None})
    opened = next((IssueAnswered(id=one.finding_id, **one.model_dump()) for one in reversed(issues)), None)
    meta = row.model_dump(include={"id", "first_id", "version", "recorded_by", "recorded_at"})
    return FindingOut.model_validate(said | meta | {"standing": standing, "opened": opened})
