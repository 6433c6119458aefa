"""Visits are written down, any number in one transaction: each stored, known or refused by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.attendance.models.visits import NOTE, Visit
from services.attendance.presence.recorders import NotACadre
from services.attendance.visits.contents import VisitIn, refuse_visit
from services.attendance.visits.known import Known
from services.attendance.visits.telling import tell_visits
from services.kit.store.fields import Seal
from services.kit.store.sets import among
from services.kit.web.errors import DomainError, NotAllowed, NotThere


class VisitSentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次内容不同的走访。"
    en = "That id stands for another visit already."


class CorrectedAlready(DomainError):
    status = 409
    zh = "这次走访已被更正，请先查看最新的一版再更正。"
    en = "That visit has been corrected already. Look at the newest one and correct that."


@dataclass(frozen=True)
class Recorder:
    """Who sends visits in, whether they may for others, and when, in the county's zone."""

    who: str
    for_others: bool
    now: datetime


@dataclass(frozen=True)
class Stored:
    visit: Visit
    known: bool


Outcome: TypeAlias = Stored | DomainError


def record_visits(
    session: Session, seal: Seal, known: Known, recorder: Recorder, sent: Sequence[VisitIn]
) -> list[Outcome]:
    """In the order they were sent in. What corrects another of the same batch may come before it."""
    book = Book(seal, known, recorder)
    outcomes: dict[int, Outcome] = {}
    for at in in_order(sent):
        outcomes[at] = book.outcome(sent[at])
    written = write(session, book.fresh)
    for at, outcome in outcomes.items():  # an id that somebody else took at the same moment, out of our sight
        if isinstance(outcome, Stored) and outcome.visit.id in book.taken and outcome.visit.id not in written:
            outcomes[at] = CorrectedAlready() if sent[at].corrects else VisitSentBefore()
    tell_visits(session, sorted(written), recorder.now)
    return [outcomes[at] for at in range(len(sent))]


def in_order(sent: Sequence[VisitIn]) -> Iterable[int]:
    """What others of the batch correct comes before them."""
    waiting, here = list(range(len(sent))), {one.id for one in sent}
    while waiting:
        ready = [at for at in waiting if sent[at].corrects not in here or sent[at].corrects == sent[at].id]
        yield from ready or waiting  # they correct each other: each is refused
        here -= {sent[at].id for at in ready or waiting}
        waiting = [at for at in waiting if at not in (ready or waiting)]


class Book:
    """What was known before, and what is to be written."""

    def __init__(self, seal: Seal, known: Known, recorder: Recorder) -> None:
        self._seal, self._known, self._recorder = seal, known, recorder
        self.fresh: list[Visit] = []
        self.taken: set[UUID] = set()

    def outcome(self, sent: VisitIn) -> Outcome:
        try:
            return self._stored(sent)
        except DomainError as refused:
            return refused

    def _stored(self, sent: VisitIn) -> Stored:
        cadre = self._cadre_meant(sent)
        day = sent.at.astimezone(self._recorder.now.tzinfo).date()
        before = self._known.stored.get(sent.id)
        if before:
            self._refuse_unless_the_same(before, sent, cadre)
            return Stored(before, True)
        refuse_visit(sent, day, self._recorder.now.date())
        village = self._known.places.village_of(sent.household_id, day)
        first, version = self._corrected(sent, cadre)
        note = self._seal.close(sent.note, NOTE.place(sent.id)) if sent.note else None
        visit = Visit(
            **sent.model_dump(exclude={"note", "cadre_id"}), first_id=first, version=version, cadre_id=cadre,
            recorded_by=self._recorder.who, village=village, received_at=self._recorder.now, day=day, sealed_note=note,
        )  # fmt: skip
        self._known.stored[sent.id] = visit
        self._known.corrected.update({sent.corrects} if sent.corrects else ())
        self.fresh.append(visit)
        self.taken.add(visit.id)
        return Stored(visit, False)

    def _cadre_meant(self, sent: VisitIn) -> UUID:
        """Naming somebody else takes a right, and that they are within reach."""
        meant = sent.cadre_id or self._known.own
        if meant is None:
            raise NotACadre
        if meant != self._known.own and not self._recorder.for_others:
            raise NotAllowed("visit:record")
        if meant not in self._known.cadres:
            raise NotThere
        return meant

    def _corrected(self, sent: VisitIn, cadre: UUID) -> tuple[UUID, int]:
        """The first of those that follow each other, and the number of this one."""
        if sent.corrects is None:
            return sent.id, 1
        before = self._known.stored.get(sent.corrects)
        if before is None or before.household_id != sent.household_id or before.cadre_id != cadre:
            raise NotThere
        if before.id in self._known.corrected:
            raise CorrectedAlready
        return before.first_id, before.version + 1

    def _refuse_unless_the_same(self, before: Visit, sent: VisitIn, cadre: UUID) -> None:
        """The same id with the same content is the first write's echo; with another content it is a mistake."""
        wanted = sent.model_dump(exclude={"note"}) | {"cadre_id": cadre}
        note = self._seal.open(before.sealed_note, NOTE.place(before.id)) if before.sealed_note else None
        if wanted != {name: getattr(before, name) for name in wanted} or note != sent.note:
            raise VisitSentBefore


def write(session: Session, fresh: Sequence[Visit]) -> set[UUID]:
    """Those that are stored: an id or a correction that is there already keeps its row."""
    if not fresh:
        return set()
    rows = [visit.model_dump() for visit in fresh]
    stored = insert(Visit).values(rows).on_conflict_do_nothing().returning(col(Visit.id))
    written = set(session.scalars(stored))
    written -= take_back(session, fresh, written)
    session.execute(TELL_FINDINGS, {"visits": list(written)})
    session.execute(WITHDRAW_FINDINGS, {"visits": list(written)})
    return written


def take_back(session: Session, fresh: Sequence[Visit], written: set[UUID]) -> set[UUID]:
    """Those that correct one which was not stored: they would correct the other visit of that id, out of our sight."""
    lost = {visit.id for visit in fresh} - written
    orphans: set[UUID] = set()
    for visit in fresh:  # what is corrected comes first
        if visit.id in written and not lost.isdisjoint({visit.first_id, visit.corrects}):
            orphans.add(visit.id)
            lost.add(visit.id)
    if orphans:
        session.execute(delete(Visit).where(among(col(Visit.id), orphans)))
    return orphans


# Several of one chain may come in one batch: the last counts.
NEWEST = """
    WITH newest AS (
        SELECT DISTINCT ON (first_id) first_id, findings FROM visit
        WHERE id = ANY (CAST(:visits AS uuid[])) ORDER BY first_id, version DESC
    )
"""
TELL_FINDINGS = text(
    NEWEST  # noqa: S608  # our own words
    + """
    INSERT INTO visit_finding AS held (first_id, kind, state)
    SELECT first_id, unnest(findings), 'told' FROM newest
    ON CONFLICT (first_id, kind) DO UPDATE SET state = 'told' WHERE held.state = 'withdrawn'
    """
)
WITHDRAW_FINDINGS = text(
    NEWEST  # noqa: S608  # our own words
    + """
    UPDATE visit_finding SET state = 'withdrawn' FROM newest
    WHERE visit_finding.first_id = newest.first_id AND state = 'told' AND NOT kind = ANY (findings)
    """
)
