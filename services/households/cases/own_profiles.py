"""A county's own procedure beside the shipped ones: its steps reordered, left out, timed and signed as its document
says. It holds where the standard `case_profile` names its number, and from then on for cases that open."""

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.cases.profiles import (
    LONGEST,
    ROLES_OF,
    ProfileOut,
    content,
    shown,
    steps_of,
)
from services.households.cases.soundness import faults, phases
from services.households.models.cases import CaseProfile, CaseProfileStep
from services.households.policy import allow
from services.kit.store.db import Now, SessionDep
from services.kit.store.scope import scope_of
from services.kit.store.sealed import take_turn
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, NotThere, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER

router = APIRouter(prefix="/v1/case-profiles", tags=["cases"])

FIRST_NUMBER = 101  # of a county's own; the shipped ones are below
KEY = r"^own-[a-z0-9]{1,30}(-[a-z0-9]{1,30}){0,4}$"
ProfileKey = Annotated[str, InPath(pattern=KEY, title="流程代码")]
Key = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Days = Annotated[int, Field(ge=1, le=LONGEST), WRITTEN_NUMBER]
Role = Literal["cadre", "captain", "assistant", "township", "county", "approver"]


class StepOfProfileIn(BaseModel):
    """What is left out is as wide as `level` says and as untimed as can be. `documents`: kinds of paper it wants."""

    model_config = ConfigDict(extra="forbid")

    key: Annotated[Key, Field(title="步骤")]
    level: Annotated[Literal["county", "township", "village"], Field(title="办理层级")]
    roles: Annotated[list[Role] | None, Field(min_length=1, max_length=6, title="办理角色")] = None
    documents: Annotated[list[Key], Field(max_length=10, title="须附材料")] = []
    days: Annotated[Days | None, Field(title="时限")] = None
    unit: Annotated[Literal["working_days", "calendar_days", "months"] | None, Field(title="时限单位")] = None
    since: Annotated[Literal["ground", "previous", "identified"] | None, Field(title="起算")] = None
    may_skip: Annotated[bool, Field(strict=True, title="可省略")] = False


class ProfileIn(BaseModel):
    """`division`: the county (six digits) it is of, or a wider place."""

    model_config = ConfigDict(extra="forbid")

    division: Annotated[str, Field(pattern=r"^[0-9]{2}([0-9]{2}){0,2}$", title="所属区划")]
    title_zh: Annotated[str, Field(min_length=1, max_length=60, title="名称")]
    title_en: Annotated[str, Field(min_length=1, max_length=120, title="英文名称")]
    categories: Annotated[
        list[Literal["unstable", "marginal", "sudden_hardship", "prevention"]],
        Field(min_length=1, max_length=4, title="对象类别"),
    ]
    steps: Annotated[list[StepOfProfileIn], Field(min_length=1, max_length=60, title="步骤")]


class ProfileUnsound(DomainError):
    """`detail` names the rule and the step: unknown, twice, missing, order, skipped, level, days."""

    zh = "流程不成立：缺少或重复步骤、次序不当、层级过低、不得省略，或时限不完整。"
    en = "No procedure: a step is missing, twice, out of order, too low, not to be skipped, or timed by half."


@router.put("/{key}", dependencies=[allow("case-profile:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_case_profile(key: ProfileKey, body: ProfileIn, session: SessionDep, edit: EditDep, now: Now) -> ProfileOut:
    """A change makes a new version; open cases keep theirs. Within the caller's own county."""
    take_turn(session, "case-profile")  # numbers are given out in turn
    held = newest(session, key)
    if not all(scope_of(session).covers(place) for place in {body.division, *({held.division} if held else ())}):
        raise NotThere
    steps = steps_in(key, held.version + 1 if held else 1, body)
    for fault in faults(steps):
        raise ProfileUnsound(fault)
    before = shown(session, held) if held else None
    same = held is not None and is_same(session, held, body, steps)
    edit.check(before, before if same else body)
    if held is None or not same:
        held = write_version(session, held, body, steps, now)
    profile = before if before and same else shown(session, held)
    edit.told(profile)
    return profile


@router.get("/{key}", dependencies=[allow("case:read")], responses=SEEN)
def get_case_profile(key: ProfileKey, session: SessionDep, edit: EditDep) -> ProfileOut:
    """A county's own, in its newest version. Everybody who reads cases reads all procedures."""
    profile = shown(session, found(newest(session, key)))
    edit.told(profile)
    return profile


def newest(session: Session, key: str) -> CaseProfile | None:
    versions = select(CaseProfile).where(col(CaseProfile.key) == key).order_by(col(CaseProfile.version).desc())
    return session.scalars(versions.limit(1)).first()


def steps_in(key: str, version: int, body: ProfileIn) -> list[CaseProfileStep]:
    return [
        CaseProfileStep(
            profile_key=key,
            profile_version=version,
            position=position,
            phase=phases().get(step.key, ""),
            **step.model_dump(exclude={"roles"}),
            roles=list(step.roles or ROLES_OF[step.level]),
        )
        for position, step in enumerate(body.steps)
    ]


def is_same(session: Session, held: CaseProfile, body: ProfileIn, steps: list[CaseProfileStep]) -> bool:
    head = body.model_dump(exclude={"steps"})
    kept = [content(step) for step in steps_of(session, held.key, held.version)]
    return held.model_dump(include=set(head)) == head and kept == [content(step) for step in steps]


def write_version(
    session: Session, held: CaseProfile | None, body: ProfileIn, steps: list[CaseProfileStep], now: Now
) -> CaseProfile:
    given = session.scalar(select(func.max(CaseProfile.number))) or 0
    number = held.number if held else max(FIRST_NUMBER, given + 1)
    head = body.model_dump(exclude={"steps"})
    profile = CaseProfile(
        key=steps[0].profile_key, version=steps[0].profile_version, number=number, created_at=now, **head
    )
    session.add(profile)
    session.flush()
    session.add_all(steps)
    session.flush()
    return profile
