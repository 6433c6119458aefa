"""The procedure a county follows: steps in order as data. Which profile holds where, since when and by which document
is the standard `case_profile`."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col

from services.households.cases.words import word
from services.households.models.cases import CaseProfile, CaseProfileStep
from services.households.policy import allow
from services.kit.store.db import SessionDep, open_session
from services.kit.store.reference import StandardKey, StandardMissing, standards_on

router = APIRouter(prefix="/v1/case-profiles", tags=["cases"])

SHIPPED = Path(__file__).parent / "profiles.toml"
PROFILE = StandardKey("case_profile", "number", "流程编号", "监测对象认定流程", "Which procedure cases follow")
LONGEST = 3_660  # days or months; nothing here lasts longer, and a calendar does not reach further
AFTER_CARE, AFTER_CARE_ENDED = "after_care", "after_care_ended"
ROLES_OF = {"village": ["cadre", "captain"], "township": ["township"], "county": ["county", "approver"]}


class StepOfProfile(BaseModel):
    """`level`: how wide the office of whoever takes the step is at least. `documents`: kinds of paper it wants."""

    key: str
    zh: str
    phase: str
    level: str
    roles: list[str]
    documents: list[str]
    days: int | None
    unit: str | None
    since: str | None
    may_skip: bool


class ProfileOut(BaseModel):
    key: str
    version: int
    number: int
    title_zh: str
    title_en: str
    division: str
    categories: list[str]
    steps: list[StepOfProfile]


class UnknownProfile(StandardMissing):
    zh = "标准 case_profile 的值不是该地任何流程的编号。"
    en = "The standard case_profile names a procedure that does not exist there."


# Beside every procedure: how long and how often is said by standards (after_care.py).
FOLLOWED_AFTERWARDS = CaseProfileStep(
    profile_key="", profile_version=0, position=0, key=AFTER_CARE, phase="anytime", level="village", documents=[],
    roles=["cadre", "captain", "assistant", "township"],
)  # fmt: skip


@dataclass(frozen=True)
class Procedure:
    """A profile as the domain walks it."""

    key: str
    version: int
    categories: tuple[str, ...]
    steps: tuple[CaseProfileStep, ...]

    def step(self, key: str) -> CaseProfileStep | None:
        return next((step for step in (*self.steps, FOLLOWED_AFTERWARDS) if step.key == key), None)

    def chain(self, phase: str) -> tuple[str, ...]:
        return tuple(step.key for step in self.steps if step.phase == phase)

    def after(self, key: str) -> str | None:
        """The step that follows in the same phase."""
        step = self.step(key)
        chain = self.chain(step.phase) if step else ()
        return dict(pairwise(chain)).get(key)


@router.get("", dependencies=[allow("case:read")])
def list_case_profiles(session: SessionDep) -> list[ProfileOut]:
    """Every procedure in its newest version, the counties' own too. A case keeps the one it was opened under."""
    newest = {profile.key: profile for profile in in_order(session)}
    return [shown(session, profile) for profile in newest.values()]


def shown(session: Session, profile: CaseProfile) -> ProfileOut:
    steps = steps_of(session, profile.key, profile.version)
    told = [StepOfProfile(zh=word("step", step.key).zh, **step.model_dump()) for step in steps]
    return ProfileOut(**profile.model_dump(), steps=told)


def in_order(session: Session) -> Sequence[CaseProfile]:
    return session.scalars(select(CaseProfile).order_by(col(CaseProfile.number), col(CaseProfile.version))).all()


def steps_of(session: Session, key: str, version: int) -> Sequence[CaseProfileStep]:
    mine = (col(CaseProfileStep.profile_key) == key, col(CaseProfileStep.profile_version) == version)
    return session.scalars(select(CaseProfileStep).where(*mine).order_by(col(CaseProfileStep.position))).all()


def procedure(session: Session, key: str, version: int) -> Procedure:
    profile = session.get_one(CaseProfile, (key, version))
    return Procedure(key, version, tuple(profile.categories), tuple(steps_of(session, key, version)))


def procedure_of(session: Session, village: str, day: date) -> tuple[Procedure, str]:
    """What holds for a village on a day, and the document that says so."""
    for row in standards_on(session, PROFILE.key, day):
        if village.startswith(row.division):
            mine = [one for one in in_order(session) if one.number == row.value and village.startswith(one.division)]
            if not mine:
                raise UnknownProfile(f"{PROFILE.key} · {row.division}")
            return procedure(session, mine[-1].key, mine[-1].version), row.document_no
    raise StandardMissing(f"{PROFILE.key} · {village} · {day.isoformat()}")


def ship(engine: Engine, now: datetime, path: Path = SHIPPED) -> int:
    """Take over the shipped profiles: a new version where anything of one has changed. How many were written."""
    with open_session(engine) as session, session.begin():
        session.execute(text("LOCK TABLE case_profile IN SHARE ROW EXCLUSIVE MODE"))  # two processes start together
        held = {profile.key: profile for profile in in_order(session)}
        shipped = tomllib.loads(path.read_text())["profile"]
        return sum(take_over(session, profile, held.get(profile["key"]), now) for profile in shipped)


def take_over(session: Session, told: dict[str, Any], held: CaseProfile | None, now: datetime) -> bool:
    version = held.version + 1 if held else 1
    steps = [step_of(told["key"], version, position, step) for position, step in enumerate(told["step"])]
    kept = [content(step) for step in steps_of(session, held.key, held.version)] if held else None
    head = {"number": told["number"], "title_zh": told["zh"], "title_en": told["en"], "categories": told["categories"]}
    if held and all(getattr(held, k) == v for k, v in head.items()) and kept == [content(step) for step in steps]:
        return False
    session.add(CaseProfile(key=told["key"], version=version, created_at=now, **head))
    session.flush()
    session.add_all(steps)
    return True


def step_of(profile: str, version: int, position: int, told: dict[str, Any]) -> CaseProfileStep:
    """A step without a word of its own stops the start, not a request."""
    word("step", told["key"])
    roles = told.get("roles", ROLES_OF[told["level"]])
    kept = {"profile_key": profile, "profile_version": version, "position": position, "roles": roles}
    return CaseProfileStep(**(told | kept))


def whole(value: Decimal) -> int:
    """Of days or months, as a standard says them."""
    return min(int(value), LONGEST)


def content(step: CaseProfileStep) -> dict[str, Any]:
    return step.model_dump(exclude={"profile_version"})
