"""Letters of authorisation: who signs before anything is compared, who signs for whom, and until when a letter is good.
Source: docs/cases.md."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from services.households.cases.entries import latest, participants_of
from services.households.cases.profiles import whole
from services.households.cases.steps import AuthorisationIn, LetterIn, RelatedIn, SignatureIn
from services.households.models.cases import Case
from services.households.models.register import Household, Person
from services.households.register.safeguards import NotAMember, members_of
from services.kit.store.reference import StandardKey, standards_on
from services.kit.web.errors import DomainError

LETTER_DAYS = StandardKey("authorisation_days", "number", "日", "授权书有效天数", "Days a letter is good for")
OF_AGE = 18  # 民法典第十七条


class NotSignedByEverybody(DomainError):
    """`detail` is how many adults have not signed."""

    status = 409
    zh = "还有成年成员没有签署授权。"
    en = "Grown members of the household have not signed."


class RelatedNotSigned(DomainError):
    """`detail` is how many of those the comparison names have not signed."""

    status = 409
    zh = "还有户外相关人员没有签署授权，不能比对。"
    en = "Related persons outside the household have not signed, and are not compared."


class LetterRunOut(DomainError):
    """`detail` is the last day it was good for."""

    status = 409
    zh = "授权书已过有效期，请重新签署后再比对。"
    en = "The letter of authorisation has run out: have it signed anew before anything is compared."


class LetterWithoutEnd(DomainError):
    zh = "授权书须写明截止日，且不早于签署日。"
    en = "A letter says until when it is good, and not until a day before it was signed."


class ProxyWithoutReason(DomainError):
    zh = "代签须同时写明代签人和原因。"
    en = "A proxy is named with the reason, and a reason with the proxy."


class NobodyOfAgeKnown(DomainError):
    status = 409
    zh = "登记册中没有这户的成年成员，无法核对授权。"
    en = "The register knows no grown member of this household, so nobody could have signed."


class GuardianMissing(DomainError):
    zh = "未成年成员须由监护人签署。"
    en = "For a member under age a guardian signs."


class GuardianHalfNamed(DomainError):
    zh = "监护人是本户成员的，写成员编号；是户外人员的，写姓名和关系；两者只写其一。"
    en = "A guardian is a member by id, or somebody outside by name and relation; one of the two."


class GuardianUnfit(DomainError):
    zh = "监护人须是本户另一名能自行签署的成年成员。"
    en = "A guardian of the household is another grown member, who signs for themselves."


class GuardianWithoutGround(DomainError):
    zh = "成年人由监护人签署的，须写明监护依据（法院判决或指定监护文书）的文号。"
    en = "A guardian signs for somebody grown on the ground of a ruling, whose number is given."


class SignedTwice(DomainError):
    zh = "同一成员只能签署一次。"
    en = "A member signs once."


def check_letters(session: Session, household: Household, body: AuthorisationIn) -> None:
    check_signatures(body, members_of(session, household.id))
    last = body.valid_until or last_by_county(session, household, body.done_on)
    if last is None or last < body.done_on:
        raise LetterWithoutEnd


def check_signatures(body: AuthorisationIn, members: Sequence[Person]) -> None:
    signed = {signature.person_id: signature for signature in body.signatures}
    known = {person.id: person for person in members}
    outside = {(one.name, one.relation) for one in body.related}
    if len(signed) < len(body.signatures) or len(outside) < len(body.related):
        raise SignedTwice
    if any((one.proxy is None) != (one.proxy_because is None) for one in (*body.signatures, *body.related)):
        raise ProxyWithoutReason
    if not signed.keys() <= known.keys():
        raise NotAMember
    refuse_missing(members, set(signed), body.done_on)
    for one in (*body.signatures, *body.related):
        check_guardian(one)
    for signature in body.signatures:
        check_guarded(signature, signed, known, body.done_on)


def check_guardian(letter: LetterIn) -> None:
    inside = letter.guardian_id if isinstance(letter, SignatureIn) else None
    said = letter.guardian_relation or letter.guardian_document_no
    if (letter.guardian and (inside or not letter.guardian_relation)) or (said and not (letter.guardian or inside)):
        raise GuardianHalfNamed


def check_guarded(
    signature: SignatureIn, signed: Mapping[UUID, SignatureIn], known: Mapping[UUID, Person], day: date
) -> None:
    """For who is under age somebody signs; for who is grown nobody does without a ruling (民法典第二十三、二十四条)."""
    grown = of_age(known[signature.person_id], day)
    guarded = signature.guardian or signature.guardian_id
    if not grown and not guarded:
        raise GuardianMissing
    if grown and guarded and not signature.guardian_document_no:
        raise GuardianWithoutGround
    if signature.guardian_id:
        guardian, own = known.get(signature.guardian_id), signed.get(signature.guardian_id)
        own_guardian = own and (own.guardian or own.guardian_id)
        if guardian is None or not of_age(guardian, day) or own_guardian or guardian.id == signature.person_id:
            raise GuardianUnfit


def refuse_missing(members: Sequence[Person], signed: set[object], day: date) -> None:
    adults = {person.id for person in members if of_age(person, day)}
    if not adults:
        raise NobodyOfAgeKnown
    if adults - signed:
        raise NotSignedByEverybody(str(len(adults - signed)))


def refuse_unsigned(
    session: Session, case: Case, household: Household, day: date, related: Sequence[RelatedIn] = ()
) -> None:
    """Everybody whose affairs are looked into has signed: whoever has joined the household since, and those outside."""
    letter = latest(session, case.id, "authorisation")
    papers = participants_of(session, [letter.id]) if letter else []
    if letter:
        by_county = last_by_county(session, household, letter.done_on)
        last = min((end for end in (letter.valid_until, by_county) if end), default=day)
        if day > last:
            raise LetterRunOut(last.isoformat())
    outside = {(one.name, one.relation) for one in papers if one.capacity == "related"}
    if wanting := {(one.name, one.relation) for one in related} - outside:
        raise RelatedNotSigned(str(len(wanting)))
    signed: set[object] = {one.person_id for one in papers}
    joined = select(col(Person.same_as)).where(col(Person.id).in_(signed), col(Person.same_as).is_not(None))
    signed |= set(session.scalars(joined))  # signed under a record that went into another since
    refuse_missing(members_of(session, household.id), signed, day)


def last_by_county(session: Session, household: Household, signed_on: date) -> date | None:
    """Where a county has set how long a letter is good for; the day it was signed does not count."""
    for row in standards_on(session, LETTER_DAYS.key, signed_on):
        if household.village.startswith(row.division):
            return signed_on + timedelta(days=whole(row.value))
    return None


def of_age(person: Person, day: date) -> bool:
    """On the eighteenth birthday; who was born on 29 February is of age on 1 March."""
    born = person.birth_date
    return (day.year - OF_AGE, day.month, day.day) >= (born.year, born.month, born.day)
