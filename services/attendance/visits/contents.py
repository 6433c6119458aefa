"""A visit as it is sent. One with nothing but its id, household and moment says: met at home, all as it was."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.attendance.models.visits import Visit
from services.attendance.presence.check_ins import FIRST, LAST
from services.attendance.visits.words import NOT_MADE, Because, Contact, Duty, Finding, Met
from services.kit.web.errors import DomainError
from services.kit.web.written import WrittenDay, WrittenMoment


def sorted_once(values: list[str]) -> list[str]:
    return sorted(set(values))


Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]  # told in UTC, however it was sent


class VisitIn(BaseModel):
    """`id` is the client's own and makes the write repeatable. `cadre_id` only by who may record for others.
    `corrects` names the visit this one takes the place of; the whole visit is sent again."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    household_id: Annotated[UUID, Field(title="农户")]
    at: Annotated[WrittenMoment, Field(ge=FIRST, lt=LAST, title="走访时间")]
    contact: Annotated[Contact, Field(title="联系方式")] = "home"
    met: Annotated[list[Met], Field(max_length=5, title="见到的人"), AfterValidator(sorted_once)] = []
    undone: Annotated[list[Duty], Field(max_length=5, title="未做到的事项"), AfterValidator(sorted_once)] = []
    findings: Annotated[list[Finding], Field(max_length=15, title="发现的变化"), AfterValidator(sorted_once)] = []
    away_since: Annotated[WrittenDay | None, Field(title="外出起始日")] = None
    away_to: Annotated[str | None, Field(pattern=r"^[0-9]{2,12}$", title="外出地代码")] = None
    note: Annotated[str | None, Field(min_length=1, max_length=1000, title="备注")] = None
    cadre_id: Annotated[UUID | None, Field(title="走访人")] = None
    corrects: Annotated[UUID | None, Field(title="更正的走访")] = None
    because: Annotated[Because | None, Field(title="更正原因")] = None


class VisitLine(BaseModel):
    """Without its note. `first_id` is the same for a visit and all that correct it."""

    id: UUID
    first_id: UUID
    version: int
    corrects: UUID | None
    because: Because | None
    household_id: UUID
    village: str
    cadre_id: UUID
    recorded_by: str
    at: Moment
    day: date
    contact: Contact
    met: list[Met]
    undone: list[Duty]
    findings: list[Finding]
    away_since: date | None
    away_to: str | None


def line_of(visit: Visit) -> VisitLine:
    return VisitLine.model_validate(visit.model_dump())


class VisitInTheFuture(DomainError):
    zh = "走访时间不能晚于今天，请核对设备时钟。"
    en = "A visit is not of a day that has not come. Look at the device's clock."


class NobodyWasReached(DomainError):
    zh = "未联系上或外出的，不能填写见到的人；未联系上的，也不能填写发现的变化。"
    en = "Where nobody was reached nobody was met, and nothing was found."


class CorrectionIncomplete(DomainError):
    zh = "更正须写明更正哪次走访和更正原因；未发生的走访不能有发现的变化。"
    en = "A correction names the visit it corrects and why; a visit that was not made has found nothing."


def refuse_visit(sent: VisitIn, day: date, today: date) -> None:
    if day > today:
        raise VisitInTheFuture
    nobody, not_even_news = sent.contact in ("not_reached", "away"), sent.contact == "not_reached"
    if (nobody and sent.met) or (not_even_news and sent.findings):
        raise NobodyWasReached
    if (sent.corrects is None) != (sent.because is None) or (sent.because == NOT_MADE and sent.findings):
        raise CorrectionIncomplete
