"""A report is signed by somebody of the county who has seen its figures. From then on they stand as they were."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.alerts.policy import allow
from services.alerts.reporting.periods import period_of
from services.alerts.reporting.reports import ReportOut, as_span, reachable_report, shown
from services.kit.post.events import emit
from services.kit.store.db import Now, UnboundSessionDep
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/reports", tags=["reports"])

SIGNED = "report.signed"


class SignatureIn(BaseModel):
    """`digest` of the figures that were seen. `without_cases` and
    `without_visits` sign what the register, or attendance, has told nothing for."""

    model_config = ConfigDict(extra="forbid")

    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", title="所见数字的摘要")]
    without_cases: Annotated[bool, Field(strict=True, title="不含案卷数字")] = False
    without_visits: Annotated[bool, Field(strict=True, title="不含走访摸排数字")] = False


class ReportPeriodNotOver(DomainError):
    status = 409
    zh = "这一期还没有结束，不能签发。"
    en = "That period is not over yet."


class FiguresHaveChanged(DomainError):
    status = 409
    zh = "数字已有变化，请重新读取、核对后再签发。"
    en = "The figures have changed. Read them again before you sign."


class CasesNotTold(DomainError):
    status = 409
    zh = "还没有取得案卷数字。请稍后再签，或写明 without_cases 不含案卷数字签发。"
    en = "The register has not told its cases yet. Sign later, or say that you sign without_cases."


class VisitsNotTold(DomainError):
    status = 409
    zh = "还没有取得走访摸排数字。请稍后再签，或写明 without_visits 不含走访摸排数字签发。"
    en = "Attendance has not told its visits yet. Sign later, or say that you sign without_visits."


class ReportSignedAlready(DomainError):
    status = 409
    zh = "报告已签发，不能更改；有误的，另开一份更正。"
    en = "It was signed and stands as it is. What is wrong in it is put right by a report that corrects it."


@router.put("/{report_id}/signature", dependencies=[allow("report:sign")], openapi_extra=repeatable("path"))
def put_report_signature(
    report_id: UUID, body: SignatureIn, request: Request, session: UnboundSessionDep, caller: CallerDep, now: Now
) -> ReportOut:
    """Once. The same person's sent again changes nothing."""
    report = reachable_report(session, report_id, lock=True)
    if report.signed_at:
        if (report.digest, report.signed_by) != (body.digest, caller.subject):
            raise ReportSignedAlready
        return shown(session, report, now)
    if not period_of(as_span(report), report.first, now).over:
        raise ReportPeriodNotOver
    seen = shown(session, report, now)
    if seen.digest != body.digest:
        raise FiguresHaveChanged
    if "cases" in seen.figures.unknown and not body.without_cases:
        raise CasesNotTold
    if "visiting" in seen.figures.unknown and not body.without_visits:
        raise VisitsNotTold
    report.figures, report.digest = seen.figures.model_dump(mode="json"), seen.digest
    report.signed_by, report.signed_at = caller.subject, now
    told = {"span": report.span, "first": report.first.isoformat(), "version": report.version}
    emit(session, SIGNED, report.id, now, division=report.division, data=told)
    tell(request, report.id, division=report.division, version=report.version)
    session.flush()
    return shown(session, report, now)
