"""The catalogue of help: what there is, by whose document, from a day until a day, and who qualifies."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.households.models.help import Policy
from services.households.policy import allow
from services.households.register.own_codes import TAG, refuse_unknown
from services.households.register.tags import TagKey
from services.kit.store.db import SessionDep, Today
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.paging import Page, PagingDep
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER, WrittenDay

router = APIRouter(prefix="/v1/policies", tags=["help"])

# Families of measures in the national form; what is in none of them (扶志扶智) is other.
Family = Literal[
    "100A39", "100A40", "100A41", "100A42", "100A45", "100A46", "100A47", "100A48", "100A50", "100A51", "100A52",
    "100A53", "100A54", "100A55", "other",
]  # fmt: skip
KEY = r"^[a-z]{1,30}(-[a-z0-9]{1,30}){0,4}$"
PolicyKey = Annotated[str, Field(pattern=KEY, title="政策代码")]
Years = Annotated[int, Field(ge=0, le=150), WRITTEN_NUMBER]
Fen = Annotated[int, Field(ge=0, le=10**12), WRITTEN_NUMBER]


class PolicyIn(BaseModel):
    """The version that began on `since` is changed; a later `since` makes a new one and ends the one before it. An
    empty condition asks nothing. `division` is where it holds."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[WrittenDay, Field(title="起始日")]
    until: Annotated[WrittenDay | None, Field(title="失效日")] = None  # the first day it no longer holds
    division: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}){0,2}([0-9]{3}){0,2}$", title="适用区划")]
    name: Annotated[str, Field(min_length=1, max_length=60, title="名称")]
    department: Annotated[str, Field(min_length=1, max_length=60, title="主管部门")]
    family: Annotated[Family, Field(title="措施类别")]
    given_to: Annotated[Literal["household", "person"], Field(title="给予户或人")]
    tag: Annotated[TagKey | None, Field(title="须有标签")] = None
    monitored: Annotated[bool | None, Field(strict=True, title="须为（或不为）监测对象")] = None
    age_from: Annotated[Years | None, Field(title="年龄起（周岁）")] = None
    age_to: Annotated[Years | None, Field(title="年龄止（周岁，含）")] = None
    in_school: Annotated[bool | None, Field(strict=True, title="须在校（或不在校）")] = None
    document_no: Annotated[str, Field(min_length=1, max_length=100, title="文号")]


class PolicyOut(PolicyIn):
    key: PolicyKey

    @classmethod
    def of(cls, row: Policy) -> Self:
        days = {"since": row.valid.lower, "until": row.valid.upper}
        return cls.model_validate(row.model_dump(exclude={"id", "valid"}) | days)


class PolicyUpsideDown(DomainError):
    zh = "失效日须晚于起始日，年龄止不能小于年龄起。"
    en = "A policy ends after it begins, and its ages are in order."


class VersionsOverlap(DomainError):
    status = 409
    zh = "该政策此后已有新版本，请先改那个版本，或写明失效日。"
    en = "A later version of that policy has begun: change that one, or say until when this one holds."


@router.put("/{key}", dependencies=[allow("policy:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_policy(
    key: Annotated[str, InPath(pattern=KEY, title="政策代码")], body: PolicyIn, session: SessionDep, edit: EditDep
) -> PolicyOut:
    """Within the caller's own places. All its versions are read before one is changed."""
    if upside_down(body):
        raise PolicyUpsideDown
    refuse_unknown(session, TAG, [body.tag] if body.tag else [], body.division, body.since)
    take_turn(session, f"policy:{key}")
    held = versions(session, key)
    if not all(scope_of(session).covers(place) for place in {body.division, *(row.division for row in held)}):
        raise NotThere
    wanted = PolicyOut(key=key, **body.model_dump())
    shown = [PolicyOut.of(row) for row in held]
    edit.check(shown or None, shown if wanted in shown else [wanted])
    if wanted not in shown:
        write_version(session, held, wanted)
    edit.told([PolicyOut.of(row) for row in versions(session, key)])
    return wanted


@router.get("", dependencies=[allow("household:read")])
def list_policies(
    session: SessionDep,
    today: Today,
    paging: PagingDep,
    as_of: Annotated[WrittenDay | None, Query(title="当日有效")] = None,
) -> Page[PolicyOut]:
    """Those that hold on a day, by key. A catalogue: everybody who reads households reads all of it."""
    wanted = select(Policy).where(col(Policy.valid).contains(as_of or today))
    rows, following = paging.read(session, wanted, col(Policy.key))
    return Page(rows=[PolicyOut.of(row) for (row,) in rows], next=following)


@router.get("/{key}", dependencies=[allow("household:read")], responses=SEEN)
def list_versions_of_a_policy(
    key: Annotated[str, InPath(pattern=KEY, title="政策代码")], session: SessionDep, edit: EditDep
) -> list[PolicyOut]:
    shown = [PolicyOut.of(row) for row in versions(session, key)]
    edit.told(shown or None)
    return shown


def upside_down(body: PolicyIn) -> bool:
    ages = body.age_from is not None and body.age_to is not None and body.age_from > body.age_to
    return ages or (body.until is not None and body.until <= body.since)


def versions(session: Session, key: str) -> Sequence[Policy]:
    return session.scalars(select(Policy).where(col(Policy.key) == key).order_by(func.lower(col(Policy.valid)))).all()


def write_version(session: Session, held: Sequence[Policy], wanted: PolicyOut) -> None:
    """The turn is ours. What the new one would run into later is not cut off unasked."""
    same = next((row for row in held if row.valid.lower == wanted.since), None)
    row = same or Policy(**{"valid": Range(), **wanted.model_dump(exclude={"since", "until"})})
    if any(other is not row and runs_into(other.valid, wanted) for other in held):
        raise VersionsOverlap
    for other in held:
        if other is not row and other.valid.contains(wanted.since):
            other.valid = Range(other.valid.lower, wanted.since)
    session.flush()
    for name, value in wanted.model_dump(exclude={"since", "until", "key"}).items():
        setattr(row, name, value)
    row.valid = Range(wanted.since, wanted.until)
    session.add(row)
    session.flush()


def runs_into(later: Range[date], wanted: PolicyOut) -> bool:
    begins = later.lower
    return begins is not None and begins > wanted.since and (wanted.until is None or begins < wanted.until)


def policy_on(session: Session, key: str, day: date) -> Policy | None:
    return session.scalar(select(Policy).where(col(Policy.key) == key, col(Policy.valid).contains(day)))
