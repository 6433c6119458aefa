"""What is held about a household, and what was decided: for the household itself, by its code."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session, col

from services.households.declarations.hearing import HEARD, VILLAGER, WrittenCode
from services.households.declarations.status import State
from services.households.income.statements import StatementOut
from services.households.income.statements import shown as shown_statement
from services.households.masks import shown_id_number
from services.households.models.facts import HouseholdFacts
from services.households.models.income import Statement
from services.households.models.register import PHONE, Household, Membership, Person
from services.households.models.voices import REASON, SelfDeclaration
from services.households.register.households import id_number_of
from services.households.register.tags import TagOut
from services.households.register.tags import shown as shown_tags
from services.households.views.codes import household_of
from services.households.views.corrections import CorrectionOut, corrections_of
from services.households.views.help_held import (
    CaseHeld,
    MeasureHeld,
    ReceivedHeld,
    cases_held,
    measures_held,
    received_held,
)
from services.kit.store.db import Today, UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.web.audited import acts, tell
from services.kit.web.masks import masked
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/household-views", tags=["household views"])


class ViewAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: WrittenCode


class PersonHeld(BaseModel):
    """Of the ID number only the region: the paper with the code may be read by others."""

    name: str
    relation: str
    birth_date: date
    sex: str
    id_number_masked: str | None
    schooling: str | None
    insured: bool | None
    since: date | None


class DeclarationHeld(BaseModel):
    number: str
    state: State
    due_on: date | None
    reason: str | None


class HeldOut(BaseModel):
    """Tags say what was decided, from when to when and on which ground; facts are what rules look at, in fen."""

    number: str
    village: str
    group_name: str
    head_name: str
    phone_masked: str | None
    housing_grade: str | None
    safe_water: bool | None
    members: Annotated[list[PersonHeld], Field(title="家庭成员")]
    tags: Annotated[list[TagOut], Field(title="认定情况及依据")]
    statements: Annotated[list[StatementOut], Field(title="收支申报")]
    facts: Annotated[dict[str, object] | None, Field(title="监测所用数据")]
    cases: Annotated[list[CaseHeld], Field(title="监测案卷各步骤及理由")]
    measures: Annotated[list[MeasureHeld], Field(title="帮扶措施")]
    received: Annotated[list[ReceivedHeld], Field(title="已享受政策")]
    declarations: Annotated[list[DeclarationHeld], Field(title="自主申报")]
    corrections: Annotated[list[CorrectionOut], Field(title="更正和投诉")]


@router.post("", dependencies=[HEARD], openapi_extra=repeatable("nothing is stored"))
def read_household_view(body: ViewAsked, request: Request, session: UnboundSessionDep, today: Today) -> HeldOut:
    """As often as its holder likes until its last day. Each look is in the audit, and so is each wrong code."""
    acts(request, VILLAGER)
    seal = request.app.state.seal
    household = household_of(session, seal, body.code, today)
    tell(request, household.id, division=household.village)
    phone = seal.open(household.sealed_phone, PHONE.place(household.id)) if household.sealed_phone else None
    return HeldOut(
        **household.model_dump(include={"number", "village", "group_name", "head_name", "housing_grade", "safe_water"}),
        phone_masked=masked(phone, first=3, last=4) if phone else None,
        members=members_held(session, seal, household),
        tags=shown_tags(session, household.id),
        statements=statements_of(session, household.id),
        facts=facts_of(session, household.id),
        cases=cases_held(session, seal, household.id),
        measures=measures_held(session, household.id),
        received=received_held(session, household.id),
        declarations=declarations_of(session, seal, household.id),
        corrections=corrections_of(session, seal, household.id),
    )


def members_held(session: Session, seal: Seal, household: Household) -> list[PersonHeld]:
    here = (col(Membership.household_id) == household.id, func.upper_inf(col(Membership.valid)))
    members = select(Person, Membership).join(Membership, col(Membership.person_id) == Person.id).where(*here)
    return [
        PersonHeld(
            **person.model_dump(include={"name", "birth_date", "sex", "schooling", "insured"}),
            relation=membership.relation,
            id_number_masked=shown_id_number(id_number_of(seal, person)),
            since=membership.valid.lower,
        )
        for person, membership in session.execute(members.order_by(col(Person.birth_date), col(Person.id)))
    ]


def statements_of(session: Session, household_id: UUID) -> list[StatementOut]:
    mine = select(Statement).where(col(Statement.household_id) == household_id)
    newest = mine.order_by(col(Statement.period_to).desc(), col(Statement.seq).desc()).limit(60)
    return [shown_statement(session, statement) for statement in session.scalars(newest)]


def facts_of(session: Session, household_id: UUID) -> dict[str, object] | None:
    facts = session.get(HouseholdFacts, household_id)
    return facts.model_dump(mode="json", exclude={"subject", "division", "changed", "version"}) if facts else None


def declarations_of(session: Session, seal: Seal, household_id: UUID) -> list[DeclarationHeld]:
    mine = select(SelfDeclaration).where(col(SelfDeclaration.household_id) == household_id)
    return [
        DeclarationHeld.model_validate(
            row.model_dump(include={"number", "state", "due_on"})
            | {"reason": seal.open(row.sealed_reason, REASON.place(row.id)) if row.sealed_reason else None}
        )
        for row in session.scalars(mine.order_by(col(SelfDeclaration.received_at)).limit(60))
    ]
