"""Cases as rows, where a test is not about how they come to stand where they stand."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session

from services.households.models.cases import Case, CaseProfile, CaseProfileStep
from tests.clock import NOW

PROFILE = ("example", 1)
STEPS = (("visit", "identify", "ground"), ("county", "identify", "previous"), ("follow_up", "care", "identified"))


def profile(session: Session) -> None:
    key, version = PROFILE
    told: dict[str, Any] = {"number": 9, "title_zh": "示例", "title_en": "example", "categories": [], "created_at": NOW}
    session.add(CaseProfile(key=key, version=version, **told))
    session.flush()
    taken: dict[str, Any] = {"level": "village", "roles": ["cadre"], "documents": []}
    lasts: dict[str, Any] = {"days": 10, "unit": "calendar_days"}
    for n, (step, phase, since) in enumerate(STEPS):
        named: dict[str, Any] = {"profile_key": key, "profile_version": version, "position": n, "key": step}
        session.add(CaseProfileStep(**named, phase=phase, since=since, **taken, **lasts))
    session.flush()


def case_of(session: Session, household: UUID, **said: Any) -> Case:
    """Open, at its first step."""
    if session.get(CaseProfile, PROFILE) is None:
        profile(session)
    told: dict[str, Any] = {
        "id": uuid4(), "household_id": household, "episode": 1, "profile_key": PROFILE[0],
        "profile_version": PROFILE[1], "profile_document_no": "示例〔2026〕1号", "ground_kind": "clue",
        "ground_service": "alerts", "ground_id": uuid4(), "ground_on": date(2026, 3, 2), "risks": ["01"],
        "next_step": "visit", "opened_by": "clerk", "opened_at": NOW,
    }  # fmt: skip
    case = Case(**told | said)
    session.add(case)
    session.flush()
    return case
