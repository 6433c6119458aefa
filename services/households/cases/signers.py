"""Who may take a step: a role and an office as wide as the profile says; and never the same person for two offices."""

from datetime import date

from sqlalchemy import text
from sqlmodel import Session

from services.households.cases.entries import entries_of, participants_of
from services.households.models.cases import Case, CaseProfileStep
from services.households.models.register import Household
from services.kit.web.auth import Caller
from services.kit.web.errors import DomainError

WIDTH = {"village": 12, "township": 9, "county": 6}  # digits of the place an office is held for, at most
OTHER_OFFICE = {
    "county": "township",
    "township": "county",
    "elimination_county": "elimination_township",
    "elimination_township": "elimination_county",
}

HOLDS = text(
    """
    SELECT EXISTS (
        SELECT FROM access_grant g
        WHERE g.holder = :holder AND g.role = ANY (:roles) AND NOT g.revoked AND g.valid @> CAST(:today AS date)
          AND (g.kind = 'division' AND starts_with(:village, g.place) AND length(g.place) <= :width
               OR g.kind = 'set' AND :level = 'village' AND EXISTS (
                   SELECT FROM set_member m
                   WHERE m.set_id = CAST(g.place AS uuid) AND m.subject = :household AND NOT m.revoked
                     AND m.valid @> CAST(:today AS date))))
    """
)


class NotYourStep(DomainError):
    """`detail` names the level that takes it."""

    status = 403
    zh = "这一步不由您办理。"
    en = "This step is not yours to take."


class SameSigner(DomainError):
    status = 409
    zh = "乡镇审核和县级审定不能由同一人办理。"
    en = "Nobody signs for the township and for the county."


def refuse_stranger(session: Session, caller: Caller, step: CaseProfileStep, household: Household, today: date) -> None:
    asked = {
        "holder": caller.subject,
        "roles": sorted(caller.roles & set(step.roles)),
        "today": today.isoformat(),
        "village": household.village,
        "household": household.id,
        "level": step.level,
        "width": WIDTH[step.level],
    }
    if not session.execute(HOLDS, asked).scalar_one():
        raise NotYourStep(step.level)


def refuse_same_signer(session: Session, case: Case, key: str, caller: Caller, cadres: set[str]) -> None:
    """Neither by account nor as the cadre who is named as having done it."""
    others = [entry for entry in entries_of(session, case.id) if entry.step == OTHER_OFFICE.get(key)]
    named = {str(p.cadre_id) for p in participants_of(session, [entry.id for entry in others]) if p.cadre_id}
    if caller.subject in {entry.recorded_by for entry in others} or named & cadres:
        raise SameSigner
