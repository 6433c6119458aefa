"""简报 in words: a report's figures in plain sentences, in Chinese and in English, for an office to go on with. Numbers
and places alone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.alerts.policy import allow
from services.alerts.reporting.reports import ReportOut, reachable_report, shown
from services.alerts.reporting.sentences import Language, lines_of, title_of
from services.kit.store.db import Now, UnboundSessionDep

router = APIRouter(prefix="/v1/reports", tags=["reports"])


class BulletinText(BaseModel):
    title: Annotated[str, Field(title="标题")]
    text: Annotated[str, Field(title="正文")]


class BulletinOut(BaseModel):
    """`signed` is false of a draft, which says so in its text too."""

    report_id: UUID
    version: int
    signed: bool
    zh: BulletinText
    en: BulletinText


@router.get("/{report_id}/bulletin", dependencies=[allow("report:read")])
def get_report_bulletin(report_id: UUID, session: UnboundSessionDep, now: Now) -> BulletinOut:
    """Of a signed report the same words each time."""
    report = shown(session, reachable_report(session, report_id), now)
    zh, en = (text_of(report, language) for language in ("zh", "en"))
    return BulletinOut(report_id=report.id, version=report.version, signed=report.signed_at is not None, zh=zh, en=en)


def text_of(report: ReportOut, language: Language) -> BulletinText:
    return BulletinText(title=title_of(report, language), text="\n".join(lines_of(report, language)))
