"""简报 as people read them: a draft at any time, and what was signed, as it was signed. Places stand in the order of
their codes; nobody is named and nothing is ranked."""

from datetime import UTC, date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.alerts.models.reports import Report
from services.alerts.policy import allow
from services.alerts.reach import REPORTS
from services.alerts.reporting.contents import Figures
from services.alerts.reporting.figures import figures_of
from services.alerts.reporting.periods import Span, last_day, period_of
from services.kit.post.facts import COUNTY
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.scope import scope_of, scoped
from services.kit.store.sealed import take_turn
from services.kit.store.signing import digest_of
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/reports", tags=["reports"], route_class=Repeatable)

Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
Place = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]


class ReportIn(BaseModel):
    """`corrects` names the newest report of the period that was signed, where there is one."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    division: Place
    span: Annotated[Span, Field(title="周报或月报")]
    first: Annotated[WrittenDay, Field(title="第一天")]
    corrects: Annotated[UUID | None, Field(title="更正的报告")] = None


class ReportLine(BaseModel):
    """`asked_by` is empty where the county's setting had it made ready."""

    id: UUID
    division: str
    span: Span
    first: date
    last: date
    version: int
    corrects: UUID | None
    asked_by: str | None
    asked_at: Moment
    signed_by: str | None
    signed_at: Moment | None

    @classmethod
    def of(cls, report: Report) -> Self:
        return cls.model_validate(report.model_dump() | {"last": last_day(as_span(report), report.first)})


class ReportOut(ReportLine):
    """`digest` stands for the figures: whoever signs sends it back. It changes as long as the period lasts."""

    digest: str
    figures: Figures


class ReportSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份报告。"
    en = "That id stands for another report already."


class ReportBegunAlready(DomainError):
    """`detail` names the draft."""

    status = 409
    zh = "这一期已有未签发的草稿。"
    en = "There is a draft of that period already."


class AnotherWasSigned(DomainError):
    """`detail` names the newest one that was signed, if there is one."""

    status = 409
    zh = "这一期已经签发的报告须在 corrects 中写明最新一份；没有签发过的不写。"
    en = "Name the newest signed report of that period as the one to correct, and none where none was signed."


@router.post("", status_code=201, dependencies=[allow("report:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_report(body: ReportIn, session: UnboundSessionDep, caller: CallerDep, now: Now) -> ReportOut:
    """Of a period that has begun. The register is asked for its cases within a minute, and every hour until it is
    signed."""
    if not scope_of(session).covers(body.division):
        raise NotThere
    period_of(body.span, body.first, now)
    take_turn(session, f"report {body.division} {body.span} {body.first}")
    held = session.get(Report, body.id)
    if held is None:
        held = begin(session, body, caller.subject, now)
    elif body.model_dump() != held.model_dump(include=set(ReportIn.model_fields)):
        raise ReportSentBefore
    return shown(session, held, now)


def begin(session: Session, asked: ReportIn, asked_by: str, now: datetime) -> Report:
    mine = (col(Report.division) == asked.division, col(Report.span) == asked.span, col(Report.first) == asked.first)
    newest = session.scalar(select(Report).where(*mine).order_by(col(Report.version).desc()).limit(1))
    if newest and newest.signed_at is None:
        raise ReportBegunAlready(str(newest.id))
    if (newest.id if newest else None) != asked.corrects:
        raise AnotherWasSigned(str(newest.id) if newest else "")
    version, county = (newest.version + 1 if newest else 1), asked.division[:COUNTY]
    report = Report(**asked.model_dump(), county=county, version=version, asked_by=asked_by, asked_at=now)
    session.add(report)
    try:
        session.flush()
    except IntegrityError as error:  # the same id for another period, at the same moment
        raise ReportSentBefore from error
    return report


@router.get("", dependencies=[allow("report:read")])
def list_reports(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^([0-9]{6}([0-9]{3}([0-9]{3})?)?)?$", title="区划代码")] = "",
    span: Annotated[Span | None, Query(title="周报或月报")] = None,
) -> Page[ReportLine]:
    """The newest period first."""
    wanted = scoped(session, select(Report), REPORTS).where(col(Report.division).startswith(division))
    if span:
        wanted = wanted.where(col(Report.span) == span)
    rows, following = paging.read(session, wanted, col(Report.first), col(Report.id), descending=True)
    return Page(rows=[ReportLine.of(report) for (report,) in rows], next=following)


@router.get("/{report_id}", dependencies=[allow("report:read")])
def get_report(report_id: UUID, session: UnboundSessionDep, now: Now) -> ReportOut:
    return shown(session, reachable_report(session, report_id), now)


def reachable_report(session: Session, report_id: UUID, *, lock: bool = False) -> Report:
    wanted = scoped(session, select(Report).where(col(Report.id) == report_id), REPORTS)
    return found(session.scalar(wanted.with_for_update() if lock else wanted))


def shown(session: Session, report: Report, now: datetime) -> ReportOut:
    """Signed figures as they were signed; those of a draft as they stand."""
    if report.figures is not None:
        figures = Figures.model_validate(report.figures)
    else:
        figures = figures_of(session, report, period_of(as_span(report), report.first, now))
    digest = report.digest or digest_of(figures.model_dump(mode="json"))
    return ReportOut(**ReportLine.of(report).model_dump(), digest=digest, figures=figures)


def as_span(report: Report) -> Span:
    return "week" if report.span == "week" else "month"
