"""What an inspector found in a village on a day is appended; a later finding corrects it, none is overwritten."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import exists, select, text
from sqlmodel import Session, col

from services.attendance.inspections.contents import (
    FindingIn,
    FindingOut,
    InspectionClosed,
    InspectionNotDrawn,
    said_of,
    shown,
)
from services.attendance.inspections.drawing import keeps_townships_out, kept_out, own_places
from services.attendance.inspections.inspections import readable
from services.attendance.inspections.issues import ask_for_issue
from services.attendance.models.inspections import (
    FOUND,
    Inspection,
    InspectionFinding,
    InspectionIssue,
    InspectionSighting,
)
from services.attendance.policy import allow, may
from services.attendance.reach import reachable_findings
from services.attendance.teams.cadres import cadre_with_account
from services.kit.store.db import Now, SessionDep, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.sets import among
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/inspections/{inspection_id}/findings", tags=["inspections"])

POSTED = text(
    """
    SELECT p.cadre_id FROM posting p JOIN team t ON t.id = p.team_id
    WHERE t.village = :village AND p.valid @> CAST(:day AS date) AND p.cadre_id = ANY (CAST(:cadres AS uuid[]))
    """
)


class FindingSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一条督查记录。"
    en = "That id stands for another finding already."


class FindingCorrectedAlready(DomainError):
    status = 409
    zh = "这条督查记录已被更正，请更正最新的一条。"
    en = "That finding has been corrected already. Correct the newest one."


class VillageNotDrawn(DomainError):
    zh = "这次督查没有抽到这个村。"
    en = "That village was not drawn for that inspection."


class OwnVillage(DomainError):
    status = 409
    zh = "督查人员不能检查本人所在的村。"
    en = "Nobody inspects a village of their own."


class FindingDayWrong(DomainError):
    zh = "检查日须在督查期内，不晚于今天；整改期限不能早于检查日。"
    en = "It was found on a day of the inspection, not after today, and is not to be repaired before that day."


class FindingNotSaid(DomainError):
    zh = "需整改的须写明情况和问题，其他情况不写问题；一切正常之外须写明情况。"
    en = (
        "What is to be repaired has its words and its issue, nothing else has an issue; all but what is well has words."
    )


class NotPostedThere(DomainError):
    zh = "查验名单中有人这一天不在这个村的工作队，或写了两次。"
    en = "Somebody who was looked for is not of that village's team on that day, or is named twice."


@router.put("/{finding_id}", dependencies=[allow("inspection:record")], openapi_extra=repeatable("path"))
def put_inspection_finding(
    inspection_id: UUID, finding_id: UUID, body: FindingIn, request: Request, session: UnboundSessionDep,
    caller: CallerDep, now: Now,
) -> FindingOut:  # fmt: skip
    """By one of its inspectors, or from their paper by the office that ordered it. Sent again it changes nothing."""
    seal: Seal = request.app.state.seal
    one = recordable(session, inspection_id, caller)
    take_turn(session, f"inspection-finding:{finding_id}")
    held = session.get(InspectionFinding, finding_id)
    if held is None:
        refuse_finding(session, one, body, now.date())
        refuse_own(session, one, body, caller.subject)
        held = record(session, seal, one, finding_id, body, caller.subject, now)
    elif held.inspection_id != one.id or said_of(seal, held) != body:
        raise FindingSentBefore
    return told(session, seal, [held], words=True)[0]


@router.get("", dependencies=[allow("inspection:read")])
def list_inspection_findings(
    inspection_id: UUID,
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    village: Annotated[str, Query(pattern=r"^([0-9]{12})?$", title="村代码")] = "",
) -> Page[FindingOut]:
    """By day; the corrected ones too. Of the caller's villages, once the inspection is closed. Who was met
    there is told as days are: a member reads of themself."""
    one = readable(session, inspection_id, caller)
    seen = reachable_findings(scope_of(session), while_open=may(caller, "inspection:read-open"))
    wanted = select(InspectionFinding).join(Inspection, col(Inspection.id) == col(InspectionFinding.inspection_id))
    wanted = wanted.where(col(InspectionFinding.inspection_id) == one.id, seen)
    if village:
        wanted = wanted.where(col(InspectionFinding.village) == village)
    rows, following = paging.read(session, wanted, col(InspectionFinding.day), col(InspectionFinding.id))
    mine = caller.subject in one.inspectors
    words = mine or may(caller, "inspection-words:read")
    page = told(session, request.app.state.seal, [row for (row,) in rows], words=words)
    if not (mine or may(caller, "month:read-all")):
        page = of_oneself(session, page, caller.subject)
    return Page(rows=page, next=following)


def recordable(session: Session, inspection_id: UUID, caller: Caller) -> Inspection:
    """Locked: it is not closed meanwhile."""
    one = found(session.get(Inspection, inspection_id, with_for_update=True))
    office = may(caller, "inspection:write") and scope_of(session).covers(one.division)
    if caller.subject not in one.inspectors and not office:
        raise NotThere
    return one


def refuse_finding(session: Session, one: Inspection, sent: FindingIn, today: date) -> None:
    if one.closed_at or one.withdrawn_at:
        raise InspectionClosed
    if one.drawn_at is None:
        raise InspectionNotDrawn
    if sent.village not in one.villages:
        raise VillageNotDrawn
    due = sent.issue and sent.issue.due_on
    if not one.first_day <= sent.day <= min(one.last_day, today) or (due and due < sent.day):
        raise FindingDayWrong
    if (sent.verdict == "repair") != (sent.issue is not None) or (sent.verdict != "well" and sent.text is None):
        raise FindingNotSaid
    refuse_strangers(session, sent)


def refuse_strangers(session: Session, sent: FindingIn) -> None:
    named = {seen.cadre_id for seen in sent.seen}
    asked = {"village": sent.village, "day": sent.day, "cadres": list(named)}
    if len(named) < len(sent.seen) or set(session.scalars(POSTED, asked)) != named:
        raise NotPostedThere


def refuse_own(session: Session, one: Inspection, sent: FindingIn, who: str) -> None:
    """Postings may have changed since it was drawn."""
    own = own_places(session, [who], sent.day, sent.day)
    if kept_out(sent.village, own, townships=keeps_townships_out(session, one.division, sent.day)):
        raise OwnVillage


def record(
    session: Session, seal: Seal, one: Inspection, finding_id: UUID, sent: FindingIn, who: str, now: datetime
) -> InspectionFinding:
    before = corrected(session, one, sent)
    row = InspectionFinding(
        id=finding_id, inspection_id=one.id, **sent.model_dump(include={"village", "day", "verdict", "corrects"}),
        first_id=before.first_id if before else finding_id, version=before.version + 1 if before else 1,
        sealed_said=seal.close(sent.model_dump_json(), FOUND.place(finding_id)), recorded_by=who, recorded_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(InspectionSighting(finding_id=row.id, **seen.model_dump()) for seen in sent.seen)
    ask_for_issue(session, one, row, now)
    session.flush()
    return row


def corrected(session: Session, one: Inspection, sent: FindingIn) -> InspectionFinding | None:
    """Of the same village of the same inspection, and the newest."""
    if sent.corrects is None:
        return None
    before = session.get(InspectionFinding, sent.corrects)
    if before is None or (before.inspection_id, before.village) != (one.id, sent.village):
        raise NotThere
    if session.scalar(select(exists().where(col(InspectionFinding.corrects) == before.id))):
        raise FindingCorrectedAlready
    return before


def told(session: Session, seal: Seal, rows: Sequence[InspectionFinding], *, words: bool) -> list[FindingOut]:
    """Two statements for any number."""
    later = corrected_of(session, [row.id for row in rows])
    issues = issues_of(session, {row.first_id for row in rows})
    return [shown(seal, row, issues[row.first_id], standing=row.id not in later, words=words) for row in rows]


def of_oneself(session: Session, page: Sequence[FindingOut], who: str) -> list[FindingOut]:
    """A member reads of nobody else who was there, as of the days."""
    own = cadre_with_account(session, who)
    kept = [[seen for seen in one.seen if own and seen.cadre_id == own.id] for one in page]
    return [one.model_copy(update={"seen": seen}) for one, seen in zip(page, kept, strict=True)]


def corrected_of(session: Session, findings: Collection[UUID]) -> set[UUID | None]:
    wanted = select(col(InspectionFinding.corrects)).where(among(col(InspectionFinding.corrects), findings))
    return set(session.scalars(wanted))


def issues_of(session: Session, chains: Collection[UUID]) -> Mapping[UUID, list[InspectionIssue]]:
    """Of findings that correct each other: what was not refused comes last."""
    wanted = select(InspectionIssue).where(among(col(InspectionIssue.first_id), chains))
    its: dict[UUID, list[InspectionIssue]] = defaultdict(list)
    refused_first = (col(InspectionIssue.state) != "refused", col(InspectionIssue.asked_at))
    for one in session.scalars(wanted.order_by(*refused_first, col(InspectionIssue.finding_id))):
        its[one.first_id].append(one)
    return its
