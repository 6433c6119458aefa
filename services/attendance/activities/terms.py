"""Which kinds of activities there are and which labels: dated lists that a county adds to, renames and ends, each entry
by its document. The nearest place comes first. A label gives no right and changes no rule."""

import tomllib
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import literal, select
from sqlmodel import Session, col

from services.attendance.models.activities import ActivityTerm
from services.attendance.policy import allow
from services.kit.store.db import SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.store.tables import CalendarDate
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WrittenDay

router = APIRouter(prefix="/v1/activity-terms", tags=["activities"])

Term: TypeAlias = Literal["kind", "label"]
TermKey: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
InTerms: TypeAlias = Annotated[Term, InPath(title="清单")]
Key: TypeAlias = Annotated[str, InPath(pattern=r"^[a-z][a-z0-9_]{1,39}$", title="代码")]
Place: TypeAlias = Annotated[str, InPath(pattern=r"^[0-9]{2}([0-9]{2}([0-9]{2}([0-9]{3})?)?)?$", title="区划代码")]
Division: TypeAlias = Annotated[str, Query(pattern=r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$", title="区划代码")]


class TermIn(BaseModel):
    """`until`: the first day on which it is no longer taken."""

    model_config = ConfigDict(extra="forbid")

    zh: Annotated[str, Field(min_length=1, max_length=40, title="名称")]
    en: Annotated[str, Field(min_length=1, max_length=80, title="英文名称")]
    since: Annotated[WrittenDay, Field(title="启用日")]
    until: Annotated[WrittenDay | None, Field(title="停用日")] = None
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class TermOut(BaseModel):
    """`division` and `document_no` are empty where it is a shipped one."""

    division: str
    term: Term
    key: str
    zh: str
    en: str
    since: CalendarDate
    until: CalendarDate | None
    document_no: str


class TermEndsBeforeItBegins(DomainError):
    zh = "停用日必须晚于启用日。"
    en = "It ends after the day it begins."


class NotInTheList(DomainError):
    zh = "清单中没有这一天有效的这个类别或标签。"
    en = "The list has no such kind or label on that day."


SHIPPED = [
    TermOut(division="", term="kind", key=key, since=date(2000, 1, 1), until=None, document_no="", **said)
    for key, said in tomllib.loads((Path(__file__).parent / "terms.toml").read_text()).items()
]


@router.get("", dependencies=[allow("activity-term:read")])
def list_activity_terms(session: SessionDep, division: Division) -> list[TermOut]:
    """Those that count in a place, kinds and labels by key; the ended ones too."""
    return sorted(terms_of(session, division).values(), key=lambda one: (one.term, one.key))


@router.get("/{division}/{term}/{key}", dependencies=[allow("activity-term:read")], responses=SEEN)
def get_activity_term(division: Place, term: InTerms, key: Key, session: SessionDep, edit: EditDep) -> TermOut:
    """What this very place has set."""
    shown = shown_of(found(session.get(ActivityTerm, (division, term, key))))
    edit.told(shown)
    return shown


@router.put(
    "/{division}/{term}/{key}",
    dependencies=[allow("activity-term:write")],
    openapi_extra=repeatable("path"),
    responses=EDITED,
)
def put_activity_term(
    division: Place,
    term: InTerms,
    key: Key,
    body: TermIn,
    session: SessionDep,
    edit: EditDep,
) -> TermOut:
    """The place's own: from now on it comes before that of a place above."""
    if not scope_of(session).covers(division):
        raise NotThere
    if body.until and body.until <= body.since:
        raise TermEndsBeforeItBegins
    take_turn(session, "activity-terms")
    held = session.get(ActivityTerm, (division, term, key))
    wanted = ActivityTerm(division=division, term=term, key=key, **body.model_dump())
    shown = shown_of(wanted)
    edit.check(held and shown_of(held), shown)
    session.merge(wanted)
    edit.told(shown)
    return shown


def shown_of(term: ActivityTerm) -> TermOut:
    return TermOut.model_validate(term.model_dump())


def terms_of(session: Session, division: str) -> Mapping[tuple[str, str], TermOut]:
    """The nearest place's come last and so first."""
    here = literal(division).startswith(col(ActivityTerm.division))
    rows = session.scalars(select(ActivityTerm).where(here).order_by(col(ActivityTerm.division)))
    return {(one.term, one.key): one for one in (*SHIPPED, *map(shown_of, rows))}


def refuse_unlisted(
    session: Session, division: str, day: date, kind: str, labels: Iterable[str], before: Collection[str]
) -> None:
    """What was said `before` stays said, though the list has ended it since."""
    known = terms_of(session, division)
    for said in (("kind", kind), *(("label", label) for label in labels)):
        listed = known.get(said)
        holds = listed and listed.since <= day and (listed.until is None or day < listed.until)
        if said[1] not in before and not holds:
            raise NotInTheList(said[1])
