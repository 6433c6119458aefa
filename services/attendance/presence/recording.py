"""Check-ins written down, any number in one transaction: rights, verdicts, days, facts, events and the audit.

The statements run for many callers at once and see every row, so the rights of each are a join in them: who is the
cadre's own account, and whose grants reach the cadre today.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.attendance.presence.days import day_of
from services.attendance.presence.entries import Entry, Outcome, Recorded, Sighting, entry_of, write
from services.attendance.presence.recorders import LOCK, PEOPLE, Person, Recorder, cadre_meant, key_of, person_of
from services.attendance.presence.switches import ASKED, Switches
from services.attendance.presence.verdict import verdict_of
from services.attendance.teams.postings import home_on
from services.kit.store.audit import Line
from services.kit.store.lanes import Ask, Row, Work, append
from services.kit.store.sets import as_array
from services.kit.web.errors import DomainError


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次内容不同的登记。"
    en = "That id stands for another check-in already."


@dataclass(frozen=True)
class Sending:
    """What one request sends in, and the line it leaves. None: its refusal leaves one elsewhere."""

    recorder: Recorder
    sightings: Sequence[Sighting]
    line: Callable[[Sequence[Outcome]], Line | None]


def record(sent: Sequence[Sending], slot: str) -> Work[list[Outcome]]:
    """Stores each check-in once, by its id: sent again it is known, and with another content refused."""
    people, known, held = (yield look(sent))[1:]
    book = Book(people, known, Switches(held))
    told = [[book.outcome(sending.recorder, one) for one in sending.sightings] for sending in sent]
    lines = [line for sending, outcomes in zip(sent, told, strict=True) if (line := sending.line(outcomes))]
    asked = write(list(book.fresh.values())) if book.fresh else []
    asked += [append(slot, lines)] if lines else []
    settled = next((rows for rows in (yield asked) if rows and "status" in rows[0]), [])
    book.settle(settled)
    return told


def look(sent: Sequence[Sending]) -> list[Ask]:
    """Locks the cadres, in order, before anything of them is read: repeats wait for each other here."""
    callers = {key_of(sending.recorder, one) for sending in sent for one in sending.sightings}
    asked = {
        "whos": as_array(who for who, *_ in callers),
        "named": as_array(named for _, named, *_ in callers),
        "roles": as_array(roles for _, _, roles, _ in callers),
        "todays": as_array(today for *_, today in callers),
    }
    ids = as_array(one.id for sending in sent for one in sending.sightings)
    return [Ask(LOCK, asked), Ask(PEOPLE, asked), Ask(KNOWN, {"ids": ids}), ASKED]


KNOWN = """
    SELECT c.*, d.status FROM check_in c JOIN day_status d USING (cadre_id, day) WHERE c.id = ANY (%(ids)s::uuid[])
"""


class Book:
    """What was seen in the first look, and what is to be written."""

    def __init__(self, people: Iterable[Row], known: Iterable[Row], switches: Switches) -> None:
        self._people = {(r["who"], r["named"], r["roles"], r["today"]): person_of(r) for r in people}
        self._known = {row["id"]: Recorded(entry_of(row), True, row["status"]) for row in known}
        self._switches = switches
        self._told: list[Recorded] = list(self._known.values())
        self.fresh: dict[UUID, Entry] = {}

    def outcome(self, recorder: Recorder, sent: Sighting) -> Outcome:
        try:
            return self._recorded(recorder, sent)
        except DomainError as refused:
            return refused

    def settle(self, days: Iterable[Row]) -> None:
        """What the days have come to."""
        statuses = {(row["cadre_id"], row["day"]): row["status"] for row in days}
        for one in self._told:
            one.status = statuses.get((one.entry.cadre_id, one.entry.day), one.status)

    def _recorded(self, recorder: Recorder, sent: Sighting) -> Recorded:
        person = self._people[key_of(recorder, sent)]
        cadre = cadre_meant(person, recorder, sent)
        before = self._known.get(sent.id)
        if before:
            return echoed(before, sent, cadre)
        entry = self._judged(person, cadre, recorder, sent)
        recorded = Recorded(entry, False, "")
        self.fresh[sent.id], self._known[sent.id] = entry, Recorded(entry, True, "")
        self._told += [recorded, self._known[sent.id]]
        return recorded

    def _judged(self, person: Person, cadre: UUID, recorder: Recorder, sent: Sighting) -> Entry:
        """By the hour the cadre's place has set; against the station of the village of that day, as it stands now."""
        here, today = sent.at.astimezone(recorder.now.tzinfo), recorder.now.date()
        place = home_on(person.postings, here.date()).village
        if person.own:
            self._switches.refuse_unless_on(place, here.date(), today)
        day = day_of(here, self._switches.day_starts_at(place, here.date(), today))
        home = home_on(person.postings, day)
        station = home.station if home.holds else None
        verdict = verdict_of(station, sent.point, sent.accuracy, at=sent.at, now=recorder.now)
        return Entry(
            sent.id, cadre, recorder.who, sent.at, recorder.now, day, sent.point, sent.accuracy, sent.datum,
            home.village if home.holds else None, verdict, home.village, home.team_id,
        )  # fmt: skip


def echoed(before: Recorded, sent: Sighting, cadre: UUID) -> Recorded:
    """The same id with the same content is the first write's echo; with another content it is a mistake."""
    entry = before.entry
    kept = (entry.cadre_id, entry.at, entry.datum, entry.accuracy, entry.point)
    if kept != (cadre, sent.at, sent.datum, sent.accuracy, sent.point):
        raise SentBefore
    return before
