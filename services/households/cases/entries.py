"""The entries of a case: written once, read in the order they were written."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from services.households.cases.steps import AuthorisationIn, ComparisonIn, StepIn
from services.households.masks import shown_name
from services.households.models.cases import FINDINGS, REASON, CaseDocument, CaseEntry, CaseParticipant
from services.households.register.past import NOW_KNOWN, Past
from services.kit.store.fields import Seal
from services.kit.web.auth import Caller
from services.kit.web.errors import DomainError

NAMES = ("name", "guardian", "proxy")
LISTS = {"kind", "done_by", "documents", "signatures", "related", "reason", "findings", "episode"}


class ParticipantOut(BaseModel):
    capacity: str
    name: str
    person_id: UUID | None
    cadre_id: UUID | None
    how: str | None
    guardian: str | None
    guardian_id: UUID | None
    guardian_relation: str | None
    guardian_document_no: str | None
    proxy: str | None
    proxy_because: str | None
    relation: str | None


class DocumentOut(BaseModel):
    kind: str
    number: str
    digest: str


class EntryOut(BaseModel):
    """What is empty does not belong to the step. Findings and reasons are shown to who works on cases."""

    id: UUID
    step: str
    done_on: date
    decision: str | None
    corrects: UUID | None
    reason: str | None
    findings: str | None
    category: str | None
    attendance: int | None
    votes_for: int | None
    votes_against: int | None
    minutes_no: str | None
    complaint_phone: str | None
    objections: int | None
    national_number: str | None
    identified_month: str | None
    measure_id: UUID | None
    visit_id: UUID | None
    mode: str | None
    income_steady_since: date | None
    rigid_spending_solved: bool | None
    procedure_due_on: date | None
    skipped: str | None
    valid_until: date | None
    outcome: str | None
    recorded_by: str
    recorded_at: datetime
    participants: list[ParticipantOut]
    documents: list[DocumentOut]


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一份内容不同的办理记录。"
    en = "That id stands for another step or case already."


class NoticeGivenBefore(DomainError):
    status = 409
    zh = "一次纳入只公示一次。"
    en = "There is one notice in an episode."


class CorrectedBefore(DomainError):
    status = 409
    zh = "这条记录已被更正；请更正最新的一条。"
    en = "That entry has been corrected already; correct the newest one."


def write_entry(session: Session, seal: Seal, case_id: UUID, body: StepIn, *, by: str, now: datetime) -> CaseEntry:
    if session.get(CaseEntry, body.id):
        raise SentBefore
    words = {
        "sealed_reason": sealed(seal, REASON.place(body.id), getattr(body, "reason", None)),
        "sealed_findings": sealed(seal, FINDINGS.place(body.id), getattr(body, "findings", None)),
    }
    kept = body.model_dump(exclude=LISTS) | words
    entry = CaseEntry(case_id=case_id, step=body.kind, recorded_by=by, recorded_at=now, **kept)
    session.add(entry)
    try:
        session.flush()
    except IntegrityError as error:
        raise refusal_of(error) from error
    session.add_all(CaseDocument(entry_id=entry.id, position=n, **d.model_dump()) for n, d in enumerate(body.documents))
    session.add_all(CaseParticipant(entry_id=entry.id, position=n, **p) for n, p in enumerate(people_in(body)))
    return entry


def sealed(seal: Seal, place: str, said: str | None) -> bytes | None:
    return seal.close(said, place) if said else None


def refusal_of(error: IntegrityError) -> DomainError:
    said = str(error.orig)
    if "case_entry_noticed_once" in said:
        return NoticeGivenBefore()
    return CorrectedBefore() if "case_entry_corrected" in said else SentBefore()


def people_in(body: StepIn) -> Iterable[dict[str, Any]]:
    yield from ({"capacity": "doer"} | doer.model_dump() for doer in body.done_by)
    if isinstance(body, AuthorisationIn):
        yield from ({"capacity": "member", "name": ""} | signed.model_dump() for signed in body.signatures)
    if isinstance(body, AuthorisationIn | ComparisonIn):
        yield from ({"capacity": "related"} | related.model_dump() for related in body.related)


def entries_of(session: Session, case_id: UUID, past: Past = NOW_KNOWN) -> Sequence[CaseEntry]:
    """Of steps done by a day, as far as they were recorded by a moment."""
    wanted = select(CaseEntry).where(col(CaseEntry.case_id) == case_id).order_by(col(CaseEntry.seq))
    if past.as_of:
        wanted = wanted.where(col(CaseEntry.done_on) <= past.as_of)
    if past.known_at:
        wanted = wanted.where(col(CaseEntry.known_since) <= past.known_at)
    return session.scalars(wanted).all()


def latest(session: Session, case_id: UUID, step: str) -> CaseEntry | None:
    """What holds of a step: a correction comes after what it corrects."""
    wanted = select(CaseEntry).where(col(CaseEntry.case_id) == case_id, col(CaseEntry.step) == step)
    return session.scalars(wanted.order_by(col(CaseEntry.seq).desc()).limit(1)).first()


def participants_of(session: Session, entries: Sequence[UUID]) -> Sequence[CaseParticipant]:
    wanted = select(CaseParticipant).where(col(CaseParticipant.entry_id).in_(entries))
    return session.scalars(wanted.order_by(col(CaseParticipant.position))).all()


def documents_of(session: Session, entries: Sequence[UUID]) -> Sequence[CaseDocument]:
    wanted = select(CaseDocument).where(col(CaseDocument.entry_id).in_(entries))
    return session.scalars(wanted.order_by(col(CaseDocument.position))).all()


def entries_shown(
    session: Session, seal: Seal, caller: Caller, case_id: UUID, in_full: bool, past: Past = NOW_KNOWN
) -> list[EntryOut]:
    entries = entries_of(session, case_id, past)
    ids = [entry.id for entry in entries]
    people, papers = participants_of(session, ids), documents_of(session, ids)
    return [
        EntryOut(
            **entry.model_dump(exclude={"sealed_reason", "sealed_findings"}),
            reason=opened(seal, REASON.place(entry.id), entry.sealed_reason) if in_full else None,
            findings=opened(seal, FINDINGS.place(entry.id), entry.sealed_findings) if in_full else None,
            participants=[participant(caller, one) for one in people if one.entry_id == entry.id],
            documents=[DocumentOut(**one.model_dump()) for one in papers if one.entry_id == entry.id],
        )
        for entry in entries
    ]


def opened(seal: Seal, place: str, kept: bytes | None) -> str | None:
    return seal.open(kept, place) if kept else None


def participant(caller: Caller, one: CaseParticipant) -> ParticipantOut:
    shown = {name: said and shown_name(caller, said) for name in NAMES if (said := getattr(one, name)) is not None}
    return ParticipantOut(**(one.model_dump() | shown))
