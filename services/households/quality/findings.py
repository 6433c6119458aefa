"""What the checks found: a list of a place as the last run left it, and a household as it stands this moment."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from services.households.masks import shown_name
from services.households.models.quality import QualityFinding, QualityWord
from services.households.models.register import Household, Person
from services.households.policy import allow
from services.households.quality.checks import Check, checks
from services.households.quality.ground import found_in_one
from services.households.reach import HOUSEHOLDS, reachable
from services.households.search.filters import Place, lies_in
from services.kit.store.db import SessionDep, Today
from services.kit.store.fields import Seal
from services.kit.store.scope import scoped
from services.kit.store.sets import among
from services.kit.web.auth import Caller, CallerDep
from services.kit.web.paging import Page, PagingDep

router = APIRouter(tags=["quality"])

READ = "quality:read"
CheckKey = Annotated[str, Field(pattern=r"^[a-z]{1,30}(-[a-z0-9]{1,30}){0,6}$", title="核查项")]
State = Literal["open", "right"]


class CheckOut(BaseModel):
    """`standards`: without them it says nothing. `source`: its code in the practice of offices."""

    key: str
    zh: str
    en: str
    why: str
    about: Literal["household", "person", "case"]
    standards: list[str]
    source: str


class ValueOut(BaseModel):
    zh: str
    value: str


class WordOut(BaseModel):
    because: Annotated[str, Field(title="属实的理由")]
    doer: str
    recorded_by: str
    recorded_at: datetime


class FindingOut(BaseModel):
    """`values_tag` stands for the values: a word about it repeats the tag, and holds for these alone. `right`: somebody
    gave one."""

    check: str
    zh: str
    en: str
    household_id: UUID
    number: Annotated[str, Field(title="户编号")]
    village: str
    about: Literal["household", "person", "case"]
    subject: UUID
    name: Annotated[str, Field(title="户主或成员姓名")]
    values: list[ValueOut]
    values_tag: Annotated[str, Field(title="所依据数值的标记")]
    since: Annotated[datetime | None, Field(title="首次发现")]
    right: WordOut | None


class CountOut(BaseModel):
    check: str
    zh: str
    open: Annotated[int, Field(title="待核实")]
    right: Annotated[int, Field(title="已说明属实")]


class Found(NamedTuple):
    """A finding, of a run or of this moment."""

    check: Check
    household: Household
    subject: UUID
    told: Sequence[str]
    since: datetime | None


@router.get("/v1/quality-checks", dependencies=[allow(READ)])
def list_quality_checks() -> list[CheckOut]:
    left_out = {"statement", "values", "names"}
    return [CheckOut.model_validate(check.model_dump(exclude=left_out)) for check in checks().values()]


@router.get("/v1/quality-findings", dependencies=[allow(READ)])
def list_quality_findings(
    request: Request,
    session: SessionDep,
    caller: CallerDep,
    paging: PagingDep,
    village: Annotated[Place, Query()],
    check: Annotated[CheckKey | None, Query()] = None,
    state: Annotated[State, Query(title="待核实或已说明属实")] = "open",
) -> Page[FindingOut]:
    """By household number, as the last run over the place left it. What somebody has called right is silent, until its
    values change."""
    wanted = select(QualityFinding, Household).join(Household, col(Household.id) == col(QualityFinding.household_id))
    narrowed = (*lies_in(col(Household.village), village), *in_state(state), *of_check(check))
    keys = (col(Household.number), col(QualityFinding.check_key), col(QualityFinding.subject))
    rows, following = paging.read(session, scoped(session, wanted.where(*narrowed), HOUSEHOLDS), *keys)
    found = [Found(checks()[row.check_key], home, row.subject, row.told, row.since) for row, home in rows]
    return Page(rows=shown(session, request.app.state.seal, caller, found), next=following)


@router.get("/v1/quality-counts", dependencies=[allow(READ)])
def list_quality_counts(session: SessionDep, village: Annotated[Place, Query()]) -> list[CountOut]:
    """Findings by check, as the last run over the place left them. Checks without any are left out."""
    wanted = select(col(QualityFinding.check_key), said_right().label("right"), func.count().label("many"))
    placed = wanted.join(Household, col(Household.id) == col(QualityFinding.household_id))
    grouped = placed.where(*lies_in(col(Household.village), village), known()).group_by("check_key", "right")
    counts: dict[str, dict[bool, int]] = {}
    for key, right, many in session.execute(scoped(session, grouped, HOUSEHOLDS)):
        counts.setdefault(key, {})[right] = many
    return [
        CountOut(check=key, zh=check.zh, open=counts[key].get(False, 0), right=counts[key].get(True, 0))
        for key, check in checks().items()
        if key in counts
    ]


@router.get("/v1/households/{household_id}/quality", dependencies=[allow(READ)])
def get_household_quality(
    household_id: UUID, request: Request, session: SessionDep, caller: CallerDep, today: Today
) -> list[FindingOut]:
    """Looked at now, whatever the last run has found. Of now alone: of any day before it is not asked."""
    household = reachable(session, household_id)
    found = found_now(session, household, today)
    return shown(session, request.app.state.seal, caller, found)


def found_now(session: Session, household: Household, today: date) -> list[Found]:
    told = {"household": household.id, "today": today}
    rows = session.execute(found_in_one(checks().values()), told)
    found = [Found(checks()[row.check_key], household, row.subject, row.told, None) for row in rows]
    return sorted(found, key=lambda one: (one.check.key, one.subject))


def said_right() -> ColumnElement[bool]:
    mine = select(QualityWord).where(
        col(QualityWord.household_id) == col(QualityFinding.household_id),
        col(QualityWord.check_key) == col(QualityFinding.check_key),
        col(QualityWord.subject) == col(QualityFinding.subject),
        col(QualityWord.told) == col(QualityFinding.told),
    )
    return exists(mine)


def in_state(state: State) -> list[ColumnElement[bool]]:
    return [said_right() if state == "right" else ~said_right()]


def known() -> ColumnElement[bool]:
    """Of a check that a release no longer has, rows may stand until the next run."""
    return col(QualityFinding.check_key).in_(checks())


def of_check(check: str | None) -> list[ColumnElement[bool]]:
    return [known()] if check is None else [known(), col(QualityFinding.check_key) == check]


def shown(session: Session, seal: Seal, caller: Caller, found: Sequence[Found]) -> list[FindingOut]:
    names, words = names_of(session, found), words_of(session, found)
    return [
        FindingOut(
            **one.check.model_dump(include={"zh", "en", "about"}),
            check=one.check.key,
            household_id=one.household.id,
            number=one.household.number,
            village=one.household.village,
            subject=one.subject,
            name=shown_name(caller, names.get(one.subject, one.household.head_name)),
            values=values_of(caller, one),
            values_tag=tag_of(seal, one.told),
            since=one.since,
            right=words.get((one.check.key, one.household.id, one.subject, tuple(one.told))),
        )
        for one in found
    ]


def values_of(caller: Caller, one: Found) -> list[ValueOut]:
    told = zip(one.check.values, one.told, strict=True)
    return [ValueOut(zh=zh, value=shown_name(caller, value) if one.check.names else value) for zh, value in told]


def tag_of(seal: Seal, told: Sequence[str]) -> str:
    """A keyed hash: it tells nothing of the values."""
    return base64.urlsafe_b64encode(seal.index(json.dumps(list(told)))[:15]).decode()


def names_of(session: Session, found: Iterable[Found]) -> Mapping[UUID, str]:
    persons = {one.subject for one in found if one.check.about == "person"}
    named = session.execute(select(col(Person.id), col(Person.name)).where(among(col(Person.id), persons)))
    return {row.id: row.name for row in named}


def words_of(session: Session, found: Iterable[Found]) -> Mapping[Any, WordOut]:
    """The latest word about each thing with these values."""
    homes = {one.household.id for one in found}
    said = select(QualityWord).where(among(col(QualityWord.household_id), homes)).order_by(col(QualityWord.recorded_at))
    return {
        (row.check_key, row.household_id, row.subject, tuple(row.told)): WordOut.model_validate(
            row.model_dump(include=set(WordOut.model_fields))
        )
        for row in session.scalars(said)
    }
