"""What a report holds: numbers and places, never a person. A figure that cannot be known is empty, and never 0.

Places stand in the order of their codes. What is `open` or `overdue` was so when the period ended, or is so now while
it lasts; everything else is what happened within it."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field

from services.alerts.reporting.periods import Span

Unknown: TypeAlias = Literal[
    "sweep", "judged", "due_days", "finished_tasks", "days_to_visit", "villages", "cases", "case_due_days", "visiting"
]  # fmt: skip


class OfAlerts(BaseModel):
    opened: Annotated[int, Field(title="新增预警")] = 0
    closed: Annotated[int, Field(title="解除预警")] = 0
    open: Annotated[int, Field(title="未解除预警")] = 0


class OfARule(OfAlerts):
    rule_key: str
    about: str
    zh: str
    en: str


class OfASweep(BaseModel):
    """A sweep that was certified in the period. `judged` is empty in a report of a township: a certificate is of a
    whole county. `not_judged` of the place, and for want of which facts."""

    period: Annotated[date, Field(title="筛查月份")]
    certified_at: datetime
    late: bool
    registered: Annotated[int | None, Field(title="登记户数")]
    judged: Annotated[int | None, Field(title="已判定户数")]
    not_judged: Annotated[int, Field(title="未能判定户数")]
    for_want_of: dict[str, int]


class OfTasks(BaseModel):
    """Done: somebody judged a reason of it. Over: all its reasons ended by themselves. `no_due_day`: open ones of which
    no standard says by when."""

    opened: Annotated[int, Field(title="新增任务")] = 0
    done: Annotated[int, Field(title="办结任务")] = 0
    over: Annotated[int, Field(title="事由自行消除")] = 0
    confirmed: Annotated[int, Field(title="核实属实")] = 0
    dismissed: Annotated[int, Field(title="核实排除")] = 0
    open: Annotated[int, Field(title="未办结任务")] = 0
    overdue: Annotated[int, Field(title="超期任务")] = 0
    no_due_day: Annotated[int, Field(title="未设期限")] = 0


class OfVisits(BaseModel):
    """Reasons that were first gone to in the period, and the calendar days since they were found."""

    reasons: Annotated[int, Field(title="已入户事由")]
    median: Annotated[float | None, Field(title="入户天数中位数")]
    p90: Annotated[float | None, Field(title="九成入户天数")]


class OfADepartment(BaseModel):
    """A clue that has no household yet counts for the county alone."""

    department: str
    received: Annotated[int, Field(title="收到线索")]
    matched: Annotated[int, Field(title="匹配到户")]
    confirmed: Annotated[int, Field(title="核实属实")]
    answered: Annotated[int, Field(title="已答复")]


class OfVisitClues(BaseModel):
    told: Annotated[int, Field(title="走访线索")]
    accepted: Annotated[int, Field(title="采纳")]
    refused: Annotated[int, Field(title="不采纳")]


class OfCases(BaseModel):
    opened: Annotated[int, Field(title="新开案卷")] = 0
    identified: Annotated[int, Field(title="新纳入监测")] = 0
    refused: Annotated[int, Field(title="未予纳入")] = 0
    eliminated: Annotated[int, Field(title="风险消除")] = 0
    ended: Annotated[int, Field(title="其他终止")] = 0
    open: Annotated[int, Field(title="在办案卷")] = 0
    overdue: Annotated[int, Field(title="环节超期案卷")] = 0


class OfAStep(BaseModel):
    """Cases that wait for this step, or, where `step` is empty, for none; and those of which its days are over."""

    step: str | None
    zh: str
    en: str
    open: int
    overdue: int


class CasesOfAVillage(OfCases):
    division: str


class CaseFigures(BaseModel):
    """As the register has told them. `no_due_day`: steps whose due day no calendar says."""

    total: OfCases
    no_due_day: int
    steps: list[OfAStep]
    villages: list[CasesOfAVillage]


class OfVisiting(BaseModel):
    """走访: visits that met somebody; households by the best that came of theirs; and of those that somebody
    answers for on the last day, how many were met."""

    visits: Annotated[int, Field(title="走访次数")] = 0
    met: Annotated[int, Field(title="走访见面户数")] = 0
    contacted: Annotated[int, Field(title="只电话等联系户数")] = 0
    not_reached: Annotated[int, Field(title="未联系上户数")] = 0
    paired: Annotated[int, Field(title="结对户数")] = 0
    paired_met: Annotated[int, Field(title="结对户见面户数")] = 0


class VisitingOfAVillage(OfVisiting):
    division: str


class OfARound(BaseModel):
    """摸排: `households` is the sum of the five that follow. As it stood when attendance was asked."""

    id: UUID
    name: str
    first_day: date
    last_day: date
    state: Literal["open", "closed"]
    households: Annotated[int, Field(title="应摸排户数")]
    met: Annotated[int, Field(title="见面")]
    contacted: Annotated[int, Field(title="只电话等联系")]
    away: Annotated[int, Field(title="外出")]
    not_reached: Annotated[int, Field(title="未联系上")]
    not_tried: Annotated[int, Field(title="尚未走访")]


class VisitFigures(BaseModel):
    """As attendance has told them."""

    until: datetime
    total: OfVisiting
    villages: list[VisitingOfAVillage]
    rounds: list[OfARound]


class OfCoverage(BaseModel):
    """Of the copies that alerts holds of the register when it is asked. Empty: no list of villages is known."""

    households: Annotated[int, Field(title="已有信息户数")]
    villages: Annotated[int | None, Field(title="村数")]
    without_households: Annotated[list[str] | None, Field(title="没有任何农户信息的村")]


class OfAPlace(BaseModel):
    """Below the place of the report: a township or a village. `not_judged` of the period's last sweep."""

    division: str
    name: str | None
    households: int = 0
    not_judged: int | None = None
    alerts: OfAlerts
    tasks: OfTasks
    cases: OfCases | None = None
    visiting: OfVisiting | None = None


class Figures(BaseModel):
    division: str
    name: Annotated[str | None, Field(title="地名")]
    span: Span
    first: date
    last: date
    until: Annotated[datetime, Field(title="数据截至")]
    cases_until: datetime | None
    sweeps: list[OfASweep]
    alerts: OfAlerts
    rules: list[OfARule]
    tasks: OfTasks
    visits: OfVisits
    departments: list[OfADepartment]
    visit_clues: OfVisitClues
    cases: OfCases | None
    steps: list[OfAStep]
    visiting_until: datetime | None = None
    visiting: OfVisiting | None = None
    rounds: list[OfARound] = []
    coverage: OfCoverage
    places: list[OfAPlace]
    unknown: Annotated[list[Unknown], Field(title="无法得知的数字")]
