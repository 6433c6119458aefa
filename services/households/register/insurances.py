"""Which insurance a member has in a year, who paid for it and how much: 医保, 大病, 养老 and what else there is."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from services.households.facts import facts_changed
from services.households.models.people import PersonInsurance
from services.households.policy import allow
from services.households.register.members import member_of
from services.households.register.told import (
    Asked,
    AskedDep,
    DoneIn,
    DoneOut,
    TellingDep,
    newest_first,
    newest_for,
    record_for,
)
from services.kit.store.db import SessionDep
from services.kit.web.edits import EDITED, SEEN, EditDep
from services.kit.web.errors import DomainError, found
from services.kit.web.repeat import repeatable
from services.kit.web.written import WRITTEN_NUMBER

router = APIRouter(prefix="/v1/households/{household_id}/members/{person_id}/insurances", tags=["members"])

Kind = Literal[
    "resident", "employee", "serious_illness", "medical_aid", "commercial", "resident_pension", "employee_pension"
]
KIND = "险种（居民医保、职工医保、大病保险、医疗救助、商业补充、居民养老、职工养老）"
Year = Annotated[int, Path(ge=2000, le=2100, title="年度")]
PaidBy = Literal["self", "proxy", "fund"]
Fen = Annotated[int, Field(ge=0, le=10**9), WRITTEN_NUMBER]


class InsuranceIn(DoneIn):
    """Amounts in fen. A proxy is a cadre or a neighbour who paid in; a fund bears the premium for good."""

    enrolled: Annotated[bool, Field(strict=True, title="参保")]
    paid_by: Annotated[PaidBy | None, Field(title="缴费方式（自缴、代缴、资助）")] = None
    amount: Annotated[Fen | None, Field(title="缴费金额（分）")] = None
    receipt: Annotated[str | None, Field(min_length=1, max_length=60, title="票据号")] = None


class InsuranceOut(DoneOut):
    year: int
    kind: str
    enrolled: bool
    paid_by: str | None
    amount: int | None
    receipt: str | None


class PaidWithoutInsurance(DomainError):
    zh = "未参保的，不填缴费方式、金额和票据号。"
    en = "Nobody pays for an insurance that the person does not have."


class InsuranceYearNotCome(DomainError):
    zh = "年度最晚为明年。"
    en = "Next year's insurance is the last that can have been paid."


@router.put(
    "/{year}/{kind}", dependencies=[allow("household:write")], openapi_extra=repeatable("path"), responses=EDITED
)
def put_insurance(
    household_id: UUID,
    person_id: UUID,
    year: Year,
    kind: Annotated[Kind, Path(title=KIND)],
    body: InsuranceIn,
    telling: TellingDep,
) -> InsuranceOut:
    """Of this year's medical insurance the facts speak from then on."""
    member_of(telling.session, Asked(telling.today), household_id, person_id, lock=True)
    if year > telling.today.year + 1:
        raise InsuranceYearNotCome
    if not body.enrolled and (body.paid_by or body.amount is not None or body.receipt):
        raise PaidWithoutInsurance
    of = {"person_id": person_id, "year": year, "kind": kind}
    record_for(telling, PersonInsurance, of, body, InsuranceOut.of)
    facts_changed(telling.session, [household_id], telling.now)
    stands = InsuranceOut.of(newest_for(telling.session, PersonInsurance, of))
    telling.edit.told(stands)
    return stands


@router.get("", dependencies=[allow("household:read")])
def list_insurances(
    household_id: UUID,
    person_id: UUID,
    session: SessionDep,
    asked: AskedDep,
    year: Annotated[int | None, Query(ge=2000, le=2100, title="年度")] = None,
) -> list[InsuranceOut]:
    """What counts, the newest year first."""
    member_of(session, asked, household_id, person_id)
    of: dict[str, Any] = {"person_id": person_id} | ({"year": year} if year else {})
    key: Any = (col(PersonInsurance.year).desc(), col(PersonInsurance.kind))
    wanted = newest_first(PersonInsurance, of, asked.known_at).order_by(None)
    of_each = wanted.ext(distinct_on(col(PersonInsurance.year), col(PersonInsurance.kind)))
    rows = session.scalars(of_each.order_by(*key, col(PersonInsurance.seq).desc()).limit(200))
    return [InsuranceOut.of(row) for row in rows]


@router.get("/{year}/{kind}", dependencies=[allow("household:read")], responses=SEEN)
def get_insurance(
    household_id: UUID,
    person_id: UUID,
    year: Year,
    kind: Annotated[Kind, Path(title=KIND)],
    session: SessionDep,
    asked: AskedDep,
    edit: EditDep,
) -> InsuranceOut:
    member_of(session, asked, household_id, person_id)
    of = {"person_id": person_id, "year": year, "kind": kind}
    told = InsuranceOut.of(found(newest_for(session, PersonInsurance, of, asked.known_at)))
    edit.told(told)
    return told
