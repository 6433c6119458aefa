"""A member's health and disability. Shown to those alone who visit or decide, one person at a time, in no list."""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from services.households.masks import shown_id_number
from services.households.models.people import CARD_NUMBER, PersonHealth
from services.households.models.register import Person
from services.households.policy import allow
from services.households.register.code_sets import Coded
from services.households.register.guesses import guessing
from services.households.register.id_numbers import NotAnIdNumber, read_id_number
from services.households.register.members import member_of
from services.households.register.told import (
    Asked,
    AskedDep,
    Telling,
    TellingDep,
    ToldIn,
    ToldOut,
    append,
    newest,
    newest_first,
    refuse_the_future,
    says,
    standing,
)
from services.kit.store.db import SessionDep
from services.kit.store.fields import Seal
from services.kit.web.auth import CallerDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError
from services.kit.web.repeat import repeatable

router = APIRouter(prefix="/v1/households/{household_id}/members/{person_id}/health", tags=["members"])

Condition = Annotated[str, Coded("health_condition")]
Category = Annotated[str, Coded("disability_category")]
Grade = Annotated[str, Coded("disability_grade")]
HEALTHY = "healthy"


class Health(BaseModel):
    model_config = ConfigDict(extra="forbid")

    conditions: Annotated[list[Condition] | None, Field(min_length=1, max_length=4, title="健康状况（可多选）")] = None
    disability_category: Annotated[Category | None, Field(title="残疾类别")] = None
    disability_grade: Annotated[Grade | None, Field(title="残疾等级")] = None


class HealthIn(Health, ToldIn):
    """Without a card number the card stays as it is, and goes with the disability. With one the version seen is asked
    for, and a row is written, unless the caller is the one who told that number: no answer says whether it was held."""

    card_number: Annotated[str | None, Field(pattern=r"^[0-9]{17}[0-9X][1-7][1-4]$", title="残疾人证号")] = None


class HealthOut(Health, ToldOut):
    card_number_masked: str | None = None


class HealthContradicted(DomainError):
    zh = "健康与其他健康状况不能并存，同一状况只填一次。"
    en = "Healthy stands alone, and each condition is told once."


class DisabilityHalfTold(DomainError):
    zh = "残疾类别和残疾等级须同时填写。"
    en = "A disability has both a category and a grade."


class CardDoesNotFit(DomainError):
    """GB/T 26341: the ID number, then the category, then the grade."""

    zh = "残疾人证号与本人证件号码、残疾类别或等级不符。"
    en = "The card's number does not fit the person's ID number, the category or the grade."


@router.put("", dependencies=[allow("health:write")], openapi_extra=repeatable("path"), responses=EDITED)
def put_health(
    household_id: UUID, person_id: UUID, body: HealthIn, request: Request, telling: TellingDep, caller: CallerDep
) -> HealthOut:
    session, seal = telling.session, request.app.state.seal
    person = member_of(session, Asked(telling.today), household_id, person_id, lock=True)
    refuse_the_future(telling, body)
    refuse_contradiction(body)
    of, values = {"person_id": person_id}, told_by(body)
    then, held = newest(session, PersonHealth, of, Asked(body.since)), standing(telling, PersonHealth, of)
    card = body.card_number or (card_of(seal, then) if body.disability_category else None)
    if not (says(then, values) and stands_for(telling, seal, then, of, body)):
        telling.edit.check(shown(seal, held) if held else None, body)
        if body.card_number:
            with guessing(request, caller.subject, CardDoesNotFit):
                refuse_card(seal, person, body, demo=request.app.state.settings.demo_people)
        append(telling, PersonHealth, of, body.doer, since=body.since, **values, **sealed(seal, card))
    stands = shown(seal, standing(telling, PersonHealth, of))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("health:read")], responses=SEEN)
def get_health(
    household_id: UUID, person_id: UUID, asked: AskedDep, request: Request, session: SessionDep, edit: EditDep
) -> HealthOut:
    member_of(session, asked, household_id, person_id)
    told = shown(request.app.state.seal, newest(session, PersonHealth, {"person_id": person_id}, asked))
    edit.told(told if told.since else None)
    return told


def told_by(body: HealthIn) -> dict[str, object]:
    told = body.model_dump(include=set(Health.model_fields))
    return told | {"conditions": sorted(body.conditions) if body.conditions else None}


def stands_for(telling: Telling, seal: Seal, then: PersonHealth | None, of: dict[str, UUID], body: HealthIn) -> bool:
    """Whether the card is the one that stands. Of a number that is sent, that is said to whoever told it first."""
    if body.card_number is None:
        return body.disability_category is not None or card_of(seal, then) is None
    rows = telling.session.scalars(newest_first(PersonHealth, of, None)).all()
    same = [row for row in rows if card_of(seal, row) == body.card_number]
    return then in same and same[-1].recorded_by == telling.who


def refuse_contradiction(body: HealthIn) -> None:
    conditions = body.conditions or []
    if len(set(conditions)) < len(conditions) or (HEALTHY in conditions and len(conditions) > 1):
        raise HealthContradicted
    if (body.disability_category is None) != (body.disability_grade is None):
        raise DisabilityHalfTold


def refuse_card(seal: Seal, person: Person, body: HealthIn, *, demo: bool) -> None:
    if not card_fits(seal, person.id_index, body, demo=demo):
        raise CardDoesNotFit


def card_fits(seal: Seal, id_index: bytes | None, body: HealthIn, *, demo: bool) -> bool:
    """Whose ID number we do not know may hold any card."""
    card = body.card_number or ""
    try:
        number = read_id_number(card[:18], demo=demo)
    except NotAnIdNumber:
        return False
    told = f"{body.disability_category}{body.disability_grade}"
    return card[18:] == told and (id_index is None or id_index in seal.indexes(number.text))


def sealed(seal: Seal, card: str | None) -> dict[str, object]:
    """Sealed for its row, whose id is chosen here."""
    row = uuid4()
    return {"id": row, "sealed_card_number": seal.close(card, CARD_NUMBER.place(row)) if card else None}


def card_of(seal: Seal, row: PersonHealth | None) -> str | None:
    if row is None or row.sealed_card_number is None:
        return None
    return seal.open(row.sealed_card_number, CARD_NUMBER.place(row.id))


def shown(seal: Seal, row: PersonHealth | None) -> HealthOut:
    return HealthOut.of(row).model_copy(update={"card_number_masked": shown_id_number(card_of(seal, row))})
