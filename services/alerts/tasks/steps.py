"""What somebody does with a task: takes notice of it, puts it off, hands it on, or says what a visit has shown."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay

Because = Literal["away", "road_closed", "disaster", "illness", "busy_season", "other_visit_planned"]
Risk = Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2})?$")]
Risks = Annotated[list[Risk], Field(max_length=5, title="风险类型")]


class StepOfTask(BaseModel):
    """`id` is the client's own and makes the write repeatable."""

    model_config = ConfigDict(extra="forbid")

    id: UUID


class AcknowledgedIn(StepOfTask):
    """Somebody has read it and takes it up."""

    step: Literal["acknowledged"]


class PostponedIn(StepOfTask):
    """Until a day, for a reason of the list. The county says how far beyond the due day (`task_postponement`); a new
    reason ends it."""

    step: Literal["postponed"]
    until: Annotated[WrittenDay, Field(title="延期至")]
    because: Annotated[Because, Field(title="延期原因")]


class HandedOverIn(StepOfTask):
    """To the village, its township or its county: those who hold that place have it from now on, and all who reach the
    household see it still."""

    step: Literal["handed_over"]
    to: Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="转给（区划代码）")]


class VerdictIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", title="来源")]
    source_id: UUID
    verdict: Annotated[Literal["confirmed", "dismissed"], Field(title="核实结果")]


class AnsweredIn(StepOfTask):
    """What a visit has shown of some of the reasons, or of all. Who went there (`done_by`, a cadre of attendance) may
    not be who writes it down. What is confirmed opens a case of the household, for which its risks are named; what is
    dismissed stays quiet until a fact behind it changes. `source`: alert, visit_clue, clue (of a department),
    declaration (of the household itself)."""

    step: Literal["answered"]
    done_on: Annotated[WrittenDay, Field(title="入户日期")]
    done_by: Annotated[UUID | None, Field(title="入户人")] = None
    visit_id: Annotated[UUID | None, Field(title="走访编号")] = None
    verdicts: Annotated[list[VerdictIn], Field(min_length=1, max_length=50, title="逐项核实结果")]
    risks: Risks = []


class CaseAskedAgainIn(StepOfTask):
    """Where the register has refused to open the case: with other risks, or when what kept it is out of the way."""

    step: Literal["case_asked_again"]
    risks: Annotated[Risks, Field(min_length=1)]


StepIn = Annotated[
    AcknowledgedIn | PostponedIn | HandedOverIn | AnsweredIn | CaseAskedAgainIn, Field(discriminator="step")
]


class TaskStepSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一条办理记录。"
    en = "That id stands for another step already."


class TaskClosed(DomainError):
    status = 409
    zh = "任务已办结，不需要再办理。"
    en = "The task is closed. Nothing is left to be done."


class PostponedTooFar(DomainError):
    """`detail` is the last day it may be put off to."""

    status = 409
    zh = "延期超过规定的上限，或早于今天。"
    en = "A task is not put off so far, nor to a day that has gone."


class HandedOutOfLine(DomainError):
    zh = "只能转给农户所在的村、乡镇或县。"
    en = "A task is handed to the village of the household, its township or its county."


class VisitStillToCome(DomainError):
    zh = "入户日期不能晚于今天。"
    en = "A visit is told when it has been made."


class VisitOfAnotherTask(DomainError):
    status = 409
    zh = "这次走访不是对本任务的农户所作。"
    en = "That visit was not made for this task."


class ReasonNotOpen(DomainError):
    status = 409
    zh = "事由不属于本任务、已经终结，或重复。"
    en = "A reason is none of this task, has ended, or stands twice."


class RisksWanting(DomainError):
    zh = "核实属实的须写明风险类型；都不属实的不写。"
    en = "What is confirmed names its risks, and what is dismissed has none."


class CaseNotRefused(DomainError):
    status = 409
    zh = "没有被登记册退回的立案申请。"
    en = "No case was refused, so none is asked for again."


def refuse_day(day: date, today: date) -> None:
    if day > today:
        raise VisitStillToCome
