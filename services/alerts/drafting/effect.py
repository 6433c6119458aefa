"""A draft is put in force from a day: by whoever wrote it where it touches few, else with a second person's word."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.alerts.drafting.drafts import RuleDraftOut, as_rule, reachable_draft
from services.alerts.drafting.preview import Counts, counted, side_by_side, total
from services.alerts.facts.learn import FACTS
from services.alerts.intake.take_in import JUDGE_AGAIN
from services.alerts.judging.judge import bench_of
from services.alerts.models.rules import RuleDraft
from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.rules.catalogue import RULE_GUARD
from services.alerts.rules.rules import EFFECTIVE, MOST, SHADOW, newest_rules, next_version, read_rule
from services.alerts.telling.notices import tell as tell_people
from services.kit.post.events import emit
from services.kit.post.facts import COUNTY, table_of
from services.kit.store.claim import enqueue
from services.kit.store.db import Now, SessionDep
from services.kit.store.reference import ruling
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/rule-drafts", tags=["rules"])

CHANGED = "rule.changed"


class ProposalIn(BaseModel):
    """The first day on which it judges."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[WrittenDay, Field(title="生效日")]


class DecisionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    approved: Annotated[bool, Field(strict=True, title="是否同意")]
    because: Annotated[str | None, Field(min_length=1, max_length=500, title="意见")] = None


class NotYourDraft(DomainError):
    status = 403
    zh = "只有起草人可以提出生效。"
    en = "Only who has written a draft puts it forward."


class OwnDraft(DomainError):
    status = 403
    zh = "起草人不能审批自己的规则，须由另一人审批。"
    en = "Nobody approves what they have written: it takes a second person."


class DraftPutForward(DomainError):
    status = 409
    zh = "草稿已经提出，生效日不能更改；需要更改的另起一份草稿。"
    en = "The draft has been put forward, and for another day. Write another one."


class NothingToDecide(DomainError):
    status = 409
    zh = "草稿没有待审批的事项，或已由他人审批。"
    en = "Nothing of that draft waits for a decision, or somebody has decided it."


class RuleSinceGone(DomainError):
    zh = "规则不能从已经过去的日子起生效。"
    en = "A rule does not judge from a day that has gone."


class RuleSinceBeforeAnother(DomainError):
    """`detail` is the first day of the newest version."""

    status = 409
    zh = "该地已有更晚生效的版本，新版本不能早于它。"
    en = "A version of that place begins later; the next one does not begin before it."


class TooManyRulesThere(DomainError):
    """`detail` is how many can judge one kind of subject in a county."""

    status = 409
    zh = "一个县针对同一类对象的规则数已到上限。"
    en = "As many rules judge that kind of subject in the county as can."


@router.put("/{draft_id}/proposal", dependencies=[allow("rule:write")], openapi_extra=repeatable("path"))
def put_rule_proposal(
    draft_id: UUID, body: ProposalIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> RuleDraftOut:
    """Counts what it would touch today. Up to the guard (`rule_guard`, a standard) it is in force at once, from that
    day; a shadow, which tells nobody, always is. Above it waits for a second person. Sent again, nothing changes."""
    draft = draft_to_act_on(session, draft_id)
    if draft.written_by != caller.subject:
        raise NotYourDraft
    if draft.proposed_at:
        if draft.since != body.since:
            raise DraftPutForward
        return RuleDraftOut.of(draft)
    refuse_day(session, draft, body.since, now.date())
    guard = ruling(session, RULE_GUARD, draft.division, now.date())
    figures = measured(session, draft, body.since, now)
    touched = max(figures.flagged, figures.no_longer_flagged)
    needs_approval = draft.mode != SHADOW and touched * 100 > guard.value * figures.subjects
    draft.since, draft.proposed_at = body.since, now
    draft.measured = figures.model_dump() | {
        "guard": str(guard.value),
        "document_no": guard.document_no,
        "needs_approval": needs_approval,
    }
    if needs_approval:
        session.flush()
        tell_people(session, "rule_waiting", [draft.id], now)
    else:
        put_in_force(session, draft, None, now)
    tell(request, draft.id, division=draft.division, touched=touched, subjects=figures.subjects)
    session.flush()
    return RuleDraftOut.of(draft)


@router.put("/{draft_id}/decision", dependencies=[allow("rule:approve")], openapi_extra=repeatable("path"))
def put_rule_decision(
    draft_id: UUID, body: DecisionIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> RuleDraftOut:
    """By anybody but who has written it, once. Approved after its day it is in force from today."""
    draft = draft_to_act_on(session, draft_id)
    if draft.written_by == caller.subject:
        raise OwnDraft
    if draft.decided_at:
        if (draft.decided_by, draft.approved) != (caller.subject, body.approved):
            raise NothingToDecide
        return RuleDraftOut.of(draft)
    if draft.since is None or draft.version is not None:
        raise NothingToDecide
    draft.approved, draft.because = body.approved, body.because
    draft.decided_by, draft.decided_at = caller.subject, now
    if body.approved:
        draft.since = max(draft.since, now.date())
        refuse_day(session, draft, draft.since, now.date())
        measured(session, draft, draft.since, now)  # what it needs may have gone since
        put_in_force(session, draft, caller.subject, now)
    tell(request, draft.id, division=draft.division, approved=int(body.approved))
    session.flush()
    return RuleDraftOut.of(draft)


def draft_to_act_on(session: Session, draft_id: UUID) -> RuleDraft:
    """Below its place it is read and no more."""
    draft = reachable_draft(session, draft_id, lock=True)
    if not scope_of(session).covers(draft.division):
        raise NotThere
    take_turn(session, f"rule {draft.key}")
    return draft


def refuse_day(session: Session, draft: RuleDraft, since: date, today: date) -> None:
    if since < today:
        raise RuleSinceGone
    own = (col(Rule.key) == draft.key, col(Rule.division) == draft.division)
    last = session.scalar(select(func.max(col(Rule.since))).where(*own))
    if last and since < last:
        raise RuleSinceBeforeAnother(last.isoformat())


def measured(session: Session, draft: RuleDraft, since: date, now: datetime) -> Counts:
    """Of all its counties together, each with its own standards. Refuses what could not judge there on that day: for
    want of a standard, or of room in a mask."""
    rows: list[Mapping[Any, Any]] = []
    for county in counties_of(session, draft):
        judging = {rule.key for rule in newest_rules(session, draft.about, county, since)}
        if draft.mode == EFFECTIVE and len(judging | {draft.key}) > MOST:
            raise TooManyRulesThere(str(MOST))
        bench_of(session, draft.about, county, [read_rule(as_rule(draft, 0))], since, now)
        held = side_by_side(session, draft, county, now)
        rows += session.execute(counted(held, county)).mappings().all()
    return total(rows)


def counties_of(session: Session, draft: RuleDraft) -> list[str]:
    """Of whose subjects something is known, and the county itself."""
    county = table_of(FACTS[draft.about]).c.county
    known = set(session.scalars(select(county).where(county.startswith(draft.division)).group_by(county)))
    return sorted(known | ({draft.division} if len(draft.division) == COUNTY else set()))


def put_in_force(session: Session, draft: RuleDraft, approved_by: str | None, now: datetime) -> None:
    """A version of its own, from its day on. On that day everything there is judged anew, unchanged or not."""
    rule = as_rule(draft, next_version(session, draft.key))
    rule.created_at, rule.approved_by, draft.version = now, approved_by, rule.version
    session.add(rule)
    if rule.since <= now.date() and rule.mode != SHADOW:
        for county in counties_of(session, draft):
            enqueue(session, JUDGE_AGAIN, county, now)
    told = {"rule": rule.key, "version": rule.version, "mode": rule.mode, "since": rule.since.isoformat()}
    emit(session, CHANGED, draft.id, now, division=draft.division, data=told)
