"""A rule that somebody writes: kept apart from those that judge, and read by whom it would concern."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.alerts.models.rules import RuleDraft
from services.alerts.models.watch import Rule
from services.alerts.policy import allow
from services.alerts.reach import reachable_drafts
from services.alerts.rules.catalogue import SUBJECTS
from services.alerts.rules.rules import EFFECTIVE, INHERITED, SHADOW, newest_rules, read_rule
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.web.audited import tell
from services.kit.web.auth import CallerDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import KEPT_FOR, Repeatable, repeatable

router = APIRouter(prefix="/v1/rule-drafts", tags=["rules"], route_class=Repeatable)

Moment = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]
Key = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z0-9]+)*$", max_length=80, title="规则代码")]
Place = Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}([0-9]{2})?)?$", title="省、市或县区划代码")]
Title = Annotated[str, Field(min_length=1, max_length=80)]
Sentence = Annotated[str, Field(min_length=1, max_length=500)]


class RuleTextIn(BaseModel):
    """What is watched, in the language of docs/rules.md, and how it is explained: `{…}` stands for a value."""

    model_config = ConfigDict(extra="forbid")

    about: Annotated[str, Field(pattern=r"^[a-z]{1,40}$", title="对象")]
    severity: Annotated[Literal["high", "medium", "low"], Field(title="级别")]
    condition: Annotated[str, Field(min_length=1, max_length=2000, title="条件")]
    title_zh: Annotated[Title, Field(title="名称")]
    title_en: Title
    explain_zh: Annotated[Sentence, Field(title="理由")]
    explain_en: Sentence


class RuleDraftIn(BaseModel):
    """`mode`: effective; shadow judges in sweeps and tells nobody; retired: it judges nobody there any more; inherited:
    the wider place's judges there again. The last two go without `text`: it is that of the version which holds."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    division: Place
    key: Key
    mode: Annotated[Literal["effective", "shadow", "retired", "inherited"], Field(title="方式")] = "effective"
    text: Annotated[RuleTextIn | None, Field(title="规则内容")] = None


State = Literal["draft", "awaits_approval", "refused", "in_force"]


class RuleDraftOut(BaseModel):
    """`state`: draft, awaits_approval, refused, in_force (from `since` on, as `version`). `measured`: what it would
    change, counted when it was put forward."""

    id: UUID
    division: str
    key: str
    mode: str
    state: State
    text: RuleTextIn
    written_by: str
    written_at: Moment
    since: date | None
    measured: dict[str, Any] | None
    proposed_at: Moment | None
    approved: bool | None
    because: str | None
    decided_by: str | None
    decided_at: Moment | None
    version: int | None

    @classmethod
    def of(cls, draft: RuleDraft) -> Self:
        whole = draft.model_dump()
        text = RuleTextIn.model_construct(**{name: whole[name] for name in RuleTextIn.model_fields})
        return cls.model_validate(whole | {"text": text.model_dump(), "state": state_of(draft)})


class DraftSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份规则草稿。"
    en = "That id stands for another draft already."


class RuleTextWanting(DomainError):
    zh = "生效或试运行的草稿须写明规则内容；停用或恢复沿用上级的不写。"
    en = "A draft that judges has a text; one that ends a rule has none."


class NothingToEnd(DomainError):
    """`detail` is the rule's key."""

    status = 409
    zh = "该地没有这条规则可停用，或没有自己的版本可恢复沿用。"
    en = "No rule of that key is there to be retired, or no version of the place's own to be given up."


class RuleAboutAnother(DomainError):
    """`detail` is what the rule of that key is about."""

    status = 409
    zh = "这个代码的规则针对另一类对象。"
    en = "The rule of that key is about another kind of subject."


class TitleHoldsNumber(DomainError):
    zh = "规则名称会写进发给个人的提醒，不能含证件、电话、银行卡等号码。"
    en = "A title is told in messages: no number of a person, a telephone or an account belongs in it."


LONG_NUMBER = re.compile(r"\d{7}")  # seven digits: more than any amount in yuan, fewer than any telephone number
BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s.·—–-]+(?=\d)")


@router.post("", status_code=201, dependencies=[allow("rule:write")], openapi_extra=repeatable("body.id", KEPT_FOR))
def create_rule_draft(
    body: RuleDraftIn, request: Request, session: SessionDep, caller: CallerDep, now: Now
) -> RuleDraftOut:
    """It judges nobody. What cannot be understood is refused with the words at fault and those that exist; a change is
    another draft."""
    if not scope_of(session).covers(body.division):
        raise NotThere
    draft = drafted(session, body, caller.subject, now)
    read_rule(as_rule(draft, 0))
    held = session.get(RuleDraft, body.id)
    if held is None:
        session.add(draft)
        tell(request, draft.id, division=draft.division)
        try:
            session.flush()
        except IntegrityError as error:  # the same id, at the same moment or of another place
            raise DraftSentBefore from error
        return RuleDraftOut.of(draft)
    if any(getattr(held, name) != getattr(draft, name) for name in WRITTEN):
        raise DraftSentBefore
    return RuleDraftOut.of(held)


WRITTEN = ("division", "key", "mode", "written_by", *RuleTextIn.model_fields)


def drafted(session: Session, body: RuleDraftIn, written_by: str, now: datetime) -> RuleDraft:
    judging = body.mode in (EFFECTIVE, SHADOW)
    if judging != (body.text is not None):
        raise RuleTextWanting
    if body.text:
        refuse_numbers(body.text.title_zh, body.text.title_en)
    text = body.text.model_dump() if body.text else text_of(ending(session, body))
    if text["about"] not in SUBJECTS:
        raise RuleAboutAnother(", ".join(SUBJECTS))
    other = session.scalar(
        select(col(Rule.about)).where(col(Rule.key) == body.key, col(Rule.about) != text["about"]).limit(1)
    )
    if other:
        raise RuleAboutAnother(other)
    asked = body.model_dump(include={"id", "division", "key", "mode"})
    return RuleDraft(**asked, **text, written_by=written_by, written_at=now)


def refuse_numbers(*titles: str) -> None:
    """However they are set apart. A name nobody can tell from other words: of that the second person reads."""
    if any(LONG_NUMBER.search(BETWEEN_DIGITS.sub("", title)) for title in titles):
        raise TitleHoldsNumber


def ending(session: Session, body: RuleDraftIn) -> Rule:
    """The version that judges there, which is to do so no more. Before it has begun too."""
    held = (rule for about in SUBJECTS for rule in newest_rules(session, about, body.division))
    rule = next((rule for rule in held if rule.key == body.key), None)
    if body.mode == INHERITED:
        own = (col(Rule.key) == body.key, col(Rule.division) == body.division)
        rule = session.scalar(select(Rule).where(*own).order_by(col(Rule.version).desc()).limit(1))
    if rule is None:
        raise NothingToEnd(body.key)
    return rule


def text_of(rule: Rule | RuleDraft) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in RuleTextIn.model_fields}


def as_rule(draft: RuleDraft, version: int) -> Rule:
    """As it would be one; not stored."""
    return Rule(
        key=draft.key,
        version=version,
        division=draft.division,
        mode=draft.mode,
        since=draft.since or date.max,
        created_at=draft.written_at,
        draft_id=draft.id,
        written_by=draft.written_by,
        **text_of(draft),
    )


@router.get("", dependencies=[allow("rule:read")])
def list_rule_drafts(
    session: SessionDep,
    paging: PagingDep,
    division: Annotated[str, Query(pattern=r"^([0-9]{2}([0-9]{2}([0-9]{2})?)?)?$", title="区划代码")] = "",
    key: Annotated[str | None, Query(max_length=80, title="规则代码")] = None,
) -> Page[RuleDraftOut]:
    """Of the places above, at and below the caller's; the latest first."""
    wanted = select(RuleDraft).where(reachable_drafts(scope_of(session)), col(RuleDraft.division).startswith(division))
    if key:
        wanted = wanted.where(col(RuleDraft.key) == key)
    rows, following = paging.read(session, wanted, col(RuleDraft.written_at), col(RuleDraft.id), descending=True)
    return Page(rows=[RuleDraftOut.of(draft) for (draft,) in rows], next=following)


@router.get("/{draft_id}", dependencies=[allow("rule:read")])
def get_rule_draft(draft_id: UUID, session: SessionDep) -> RuleDraftOut:
    return RuleDraftOut.of(reachable_draft(session, draft_id))


def reachable_draft(session: Session, draft_id: UUID, *, lock: bool = False) -> RuleDraft:
    wanted = select(RuleDraft).where(col(RuleDraft.id) == draft_id, reachable_drafts(scope_of(session)))
    return found(session.scalar(wanted.with_for_update() if lock else wanted))


def state_of(draft: RuleDraft) -> State:
    if draft.version is not None:
        return "in_force"
    if draft.approved is False:
        return "refused"
    return "awaits_approval" if draft.proposed_at else "draft"
