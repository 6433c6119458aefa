"""What is sent when a step of a case is taken: one form for each kind of step, told apart by `kind`."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

Count = Annotated[int, Field(ge=0, le=10_000), WRITTEN_NUMBER]
Name = Annotated[str, Field(min_length=1, max_length=60, title="姓名")]
Risk = Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2})?$")]
Reason = Annotated[str, Field(min_length=1, max_length=500, title="理由")]
Findings = Annotated[str, Field(min_length=1, max_length=2_000, title="核实情况")]
Decision = Annotated[Literal["passed", "refused"], Field(title="决定")]
Category = Annotated[str | None, Field(max_length=40, pattern=r"^[a-z_]+$", title="对象类别")]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DoerIn(Form):
    """Whoever did it, who need not be who records it. `cadre_id` is attendance's, where they are in a team."""

    name: Name
    cadre_id: Annotated[UUID | None, Field(title="干部")] = None


class DocumentIn(Form):
    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", title="材料种类")]
    number: Annotated[str, Field(min_length=1, max_length=100, title="文号或编号")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", title="SHA-256 摘要")]


class LetterIn(Form):
    """How a letter of authorisation was signed. For who is under 18, or grown and without capacity, a guardian signs;
    for who cannot, a proxy, with the reason. `guardian` is somebody outside the household, by name and relation."""

    how: Annotated[Literal["in_writing", "electronic", "thumb_print"], Field(title="签署方式")]
    guardian: Annotated[str | None, Field(min_length=1, max_length=60, title="户外监护人姓名")] = None
    guardian_relation: Annotated[str | None, Field(min_length=1, max_length=40, title="监护人与本人的关系")] = None
    guardian_document_no: Annotated[str | None, Field(min_length=1, max_length=100, title="监护依据文号")] = None
    proxy: Annotated[str | None, Field(min_length=1, max_length=60, title="代签人")] = None
    proxy_because: Annotated[str | None, Field(min_length=1, max_length=200, title="代签原因")] = None


class SignatureIn(LetterIn):
    """A member of the household. A guardian of the household is named by `guardian_id`."""

    person_id: Annotated[UUID, Field(title="成员")]
    guardian_id: Annotated[UUID | None, Field(title="监护人（本户成员）")] = None


class RelatedIn(Form):
    """Somebody outside the household whom the comparison covers too: a child who lives apart, a legal supporter."""

    name: Name
    relation: Annotated[str, Field(min_length=1, max_length=40, title="关系")]


class RelatedSignatureIn(LetterIn, RelatedIn):
    """Somebody outside the household: named as the comparison will name them."""


class StepTaken(Form):
    """`id` is the client's own. `corrects` names an entry of the same kind that this one sets right: the case then
    stays where it is."""

    id: UUID
    done_on: Annotated[WrittenDay, Field(title="办理日期")]
    done_by: Annotated[list[DoerIn], Field(min_length=1, max_length=20, title="办理人")]
    documents: Annotated[list[DocumentIn], Field(max_length=20, title="材料")] = []
    corrects: Annotated[UUID | None, Field(title="更正的记录")] = None


class Decided(StepTaken):
    decision: Decision = "passed"
    reason: Annotated[str | None, Field(min_length=1, max_length=500, title="理由")] = None


class VisitIn(Decided):
    kind: Literal["visit", "elimination_visit"]
    done_by: Annotated[list[DoerIn], Field(min_length=2, max_length=20, title="入户人员")]
    findings: Findings
    category: Category = None


class AuthorisationIn(Decided):
    """`valid_until` is the last day the letters are good for; where the county's days end sooner, those count."""

    kind: Literal["authorisation"]
    valid_until: Annotated[WrittenDay | None, Field(title="授权截止日（含）")] = None
    signatures: Annotated[list[SignatureIn], Field(max_length=50, title="签署人")]
    related: Annotated[list[RelatedSignatureIn], Field(max_length=50, title="户外签署人")] = []


class ComparisonIn(Decided):
    kind: Literal["comparison"]
    findings: Findings
    related: Annotated[list[RelatedIn], Field(max_length=50, title="户外相关人员")] = []


class ReviewIn(Decided):
    kind: Literal["review", "elimination_review"]
    attendance: Annotated[Count, Field(title="到会人数")]
    votes_for: Annotated[Count, Field(title="同意")]
    votes_against: Annotated[Count, Field(title="反对")]
    minutes_no: Annotated[str, Field(min_length=1, max_length=100, title="会议记录编号")]


class NoticeIn(StepTaken):
    """Put up on `done_on`. The telephone is an office's."""

    kind: Literal["notice", "elimination_notice"]
    complaint_phone: Annotated[str, Field(pattern=r"^[0-9-]{3,20}$", title="监督电话")]


class NoticeEndedIn(Decided):
    """Taken down on `done_on`."""

    kind: Literal["notice_ended", "elimination_notice_ended"]
    objections: Annotated[Count, Field(title="异议件数")]


class OfficeIn(Decided):
    kind: Literal["township", "county", "elimination_township", "elimination_county"]
    category: Category = None


class PlainIn(StepTaken):
    kind: Literal["announcement", "elimination_announcement", "measures", "refusal_told"]


class EntryIn(StepTaken):
    kind: Literal["entry"]
    national_number: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{6,40}$", title="国家系统户编号")]
    identified_month: Annotated[str, Field(pattern=r"^20[0-9]{2}(0[1-9]|1[0-2])$", title="识别监测时间（YYYYMM）")]


class MeasureDoneIn(StepTaken):
    kind: Literal["measure_done"]
    measure_id: Annotated[UUID, Field(title="帮扶措施")]


class FollowUpIn(StepTaken):
    """By a visit that attendance holds, whose id is enough; else who came and what they found."""

    kind: Literal["follow_up"]
    done_by: Annotated[list[DoerIn], Field(max_length=20, title="办理人")] = []
    findings: Annotated[str | None, Field(min_length=1, max_length=2_000, title="核实情况")] = None
    visit_id: Annotated[UUID | None, Field(title="走访记录")] = None


class UrgentIn(Form):
    """Help cannot wait: whoever may open the green channel says so, until when the procedure is done, and why."""

    done_by: Annotated[list[DoerIn], Field(min_length=1, max_length=20, title="决定人")]
    documents: Annotated[list[DocumentIn], Field(max_length=20, title="材料")] = []
    reason: Reason
    procedure_due_on: Annotated[WrittenDay, Field(title="补办手续期限")]


class EpisodeIn(Form):
    """The case that a new risk opens; its id is the client's own."""

    case_id: Annotated[UUID, Field(title="新案卷编号")]
    risks: Annotated[list[Risk], Field(min_length=1, max_length=5, title="风险类型")]
    urgent: Annotated[UrgentIn | None, Field(title="绿色通道（先行救助）")] = None


class AfterCareIn(FollowUpIn):
    """A follow-up after the risk was eliminated. A new risk names the case that it opens."""

    kind: Literal["after_care"]  # type: ignore[assignment]
    outcome: Annotated[Literal["steady", "new_risk"], Field(title="回访结论")]
    episode: Annotated[EpisodeIn | None, Field(title="新一轮案卷")] = None


class EliminationIn(StepTaken):
    """By help: since when income has been steady, and whether large spending is solved, as those who visited say."""

    kind: Literal["elimination"]
    mode: Annotated[Literal["by_help", "by_itself"], Field(title="消除方式")]
    reason: Reason
    income_steady_since: Annotated[WrittenDay | None, Field(title="收入稳定起始日")] = None
    rigid_spending_solved: Annotated[bool | None, Field(strict=True, title="刚性支出问题已解决")] = None


class AppealIn(StepTaken):
    kind: Literal["appeal"]
    reason: Reason


class AppealDecidedIn(Decided):
    """`passed` grants the appeal: the case goes on at the step that refused it."""

    kind: Literal["appeal_decided"]


class GreenChannelIn(StepTaken):
    kind: Literal["green_channel"]
    reason: Reason
    procedure_due_on: Annotated[WrittenDay, Field(title="补办手续期限")]


class EndIn(StepTaken):
    kind: Literal["household_gone", "wrongly_included", "elimination_taken_back"]
    reason: Reason


class SkipIn(StepTaken):
    kind: Literal["skip"]
    skipped: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", title="省略的步骤")]
    reason: Reason


StepIn: TypeAlias = Annotated[
    VisitIn
    | AuthorisationIn
    | ComparisonIn
    | ReviewIn
    | NoticeIn
    | NoticeEndedIn
    | OfficeIn
    | PlainIn
    | EntryIn
    | MeasureDoneIn
    | FollowUpIn
    | AfterCareIn
    | EliminationIn
    | AppealIn
    | AppealDecidedIn
    | GreenChannelIn
    | EndIn
    | SkipIn,
    Field(discriminator="kind"),
]
