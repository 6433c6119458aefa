"""Check-ins written down, any number in one transaction: rights, verdicts, days, facts, events and the audit.

The statements run for many callers at once and see every row, so the rights of each are a join in them: who is the
cadre's own account, and whose grants reach the cadre today.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from services.attendance.coordinates import Point
from services.attendance.days import day_of, settle_days
from services.attendance.facts import presence_changed
from services.attendance.postings import POSTINGS, Posted, home_on
from services.attendance.switches import ASKED, Switches
from services.attendance.verdict import Verdict, verdict_of
from services.kit.store.audit import Line
from services.kit.store.lanes import Ask, Row, Work, append
from services.kit.store.scope import NoOffice
from services.kit.web.errors import DomainError, NotAllowed, NotThere

RECORDED = "check_in.recorded"


class NotACadre(DomainError):
    status = 403
    zh = "您的账号没有关联驻村干部。"
    en = "Your account is not linked to a cadre."


class SentBefore(DomainError):
    status = 409
    zh = "这个编号已用于另一次内容不同的登记。"
    en = "That id stands for another check-in already."


@dataclass(frozen=True)
class Recorder:
    """Who sends check-ins in, the roles whose grants count for it, whether they may for others; and when, in the
    county's zone."""

    who: str
    roles: tuple[str, ...]
    for_others: bool
    now: datetime


@dataclass(frozen=True)
class Sighting:
    """A check-in as sent, its point in WGS-84. `named`: the cadre, where it is not the sender's own by silence."""

    id: UUID
    at: datetime
    point: Point | None
    accuracy: float | None
    datum: str
    named: UUID | None


@dataclass(frozen=True)
class Entry:
    """A check-in as it is written down."""

    id: UUID
    cadre_id: UUID
    recorded_by: str
    at: datetime
    received_at: datetime
    day: date
    point: Point | None
    accuracy: float | None
    datum: str
    village: str | None
    verdict: Verdict
    near: str = ""  # the village it is told about: that day's, or where the cadre was latest
    team_id: UUID | None = None


@dataclass
class Recorded:
    """`known`: it had been written down before. `status` of its day, as it stands after all of the transaction."""

    entry: Entry
    known: bool
    status: str


Outcome: TypeAlias = Recorded | DomainError


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
        "whos": [who for who, *_ in callers],
        "named": [named for _, named, *_ in callers],
        "roles": [roles for _, _, roles, _ in callers],
        "todays": [today for *_, today in callers],
    }
    ids = [one.id for sending in sent for one in sending.sightings]
    return [Ask(LOCK, asked), Ask(PEOPLE, asked), Ask(KNOWN, {"ids": ids}), ASKED]


def key_of(recorder: Recorder, sent: Sighting) -> tuple[str, UUID | None, str, date]:
    return recorder.who, sent.named, " ".join(recorder.roles), recorder.now.date()


LOCK = """
    SELECT id FROM cadre WHERE id = ANY (%(named)s::uuid[]) OR account = ANY (%(whos)s::text[])
    ORDER BY id FOR NO KEY UPDATE
"""
# Of whoever sends, for whom: is it their own, do their grants reach the cadre, do they hold any at all?
PEOPLE = (
    """
    WITH asked AS (
        SELECT a.*, string_to_array(a.roles, ' ') AS counted,
               coalesce(a.named, (SELECT own.id FROM cadre own WHERE own.account = a.who)) AS cadre
        FROM unnest(%(whos)s::text[], %(named)s::uuid[], %(roles)s::text[], %(todays)s::date[])
            AS a (who, named, roles, today)
    )
    SELECT a.who, a.named, a.roles, a.today, c.id AS cadre, coalesce(c.account = a.who, false) AS own, posted.postings,
           c.account IS DISTINCT FROM a.who AND EXISTS (
               SELECT FROM access_grant g WHERE g.holder = a.who AND g.role = ANY (a.counted)
               AND NOT g.revoked AND g.valid @> a.today) AS office,
           c.account IS DISTINCT FROM a.who AND EXISTS (
               SELECT FROM access_grant g WHERE g.holder = a.who AND g.role = ANY (a.counted)
               AND NOT g.revoked AND g.valid @> a.today
               AND (g.kind = 'division' AND starts_with(posted.postings -> 0 ->> 1, g.place)
                    OR g.kind = 'unit' AND g.place = c.unit_id::text)) AS reached
    FROM asked a
    LEFT JOIN cadre c ON c.id = a.cadre
    LEFT JOIN LATERAL ("""  # noqa: S608  # our own words
    + POSTINGS
    + """) AS posted (postings) ON true
    """
)
KNOWN = """
    SELECT c.*, d.status FROM check_in c JOIN day_status d USING (cadre_id, day) WHERE c.id = ANY (%(ids)s::uuid[])
"""


@dataclass(frozen=True)
class Person:
    """A cadre as one caller means and reaches them."""

    cadre: UUID | None
    own: bool
    office: bool
    reached: bool
    postings: Sequence[Posted]


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


def cadre_meant(person: Person, recorder: Recorder, sent: Sighting) -> UUID:
    """Naming somebody else takes a right, and that they are within reach; one's own is taken in however long after one
    has left."""
    if sent.named is None and person.cadre is None:
        raise NotACadre
    if not person.own and not recorder.for_others:
        raise NotAllowed("check-in:record")
    if not person.own and not person.office:
        raise NoOffice
    if person.cadre is None or not (person.own or person.reached):
        raise NotThere
    return person.cadre


def echoed(before: Recorded, sent: Sighting, cadre: UUID) -> Recorded:
    """The same id with the same content is the first write's echo; with another content it is a mistake."""
    entry = before.entry
    kept = (entry.cadre_id, entry.at, entry.datum, entry.accuracy, entry.point)
    if kept != (cadre, sent.at, sent.datum, sent.accuracy, sent.point):
        raise SentBefore
    return before


def person_of(row: Mapping[str, Any]) -> Person:
    postings = [Posted.read(one) for one in row["postings"] or ()]
    return Person(row["cadre"], row["own"], row["office"], row["reached"], postings)


def entry_of(row: Mapping[str, Any]) -> Entry:
    point = Point(row["latitude"], row["longitude"]) if row["latitude"] is not None else None
    names = ("id", "cadre_id", "recorded_by", "at", "received_at", "day", "accuracy", "datum", "village", "verdict")
    return Entry(point=point, **{name: row[name] for name in names})


def write(fresh: Sequence[Entry]) -> list[Ask]:
    """An id that two lanes write for two cadres at once is refused by its key: the second is then run anew."""
    inside = {(one.team_id, one.cadre_id, one.day) for one in fresh if one.team_id and one.verdict == "inside"}
    teams = sorted({team for team, _, _ in inside})
    news = [Ask(LOCK_TEAMS, {"teams": teams})] if teams else []
    told = [presence_changed(inside, fresh[0].received_at)] if teams else []
    days = settle_days({(one.cadre_id, one.day) for one in fresh})
    entries = json.dumps([as_json(one) for one in fresh])
    return [*news, Ask(STORE, {"entries": entries, "recorded": RECORDED}), days, *told]


def as_json(one: Entry) -> dict[str, Any]:
    latitude, longitude = one.point or (None, None)
    return {
        "id": str(one.id), "cadre_id": str(one.cadre_id), "recorded_by": one.recorded_by, "at": one.at.isoformat(),
        "received_at": one.received_at.isoformat(), "day": one.day.isoformat(), "latitude": latitude,
        "longitude": longitude, "accuracy": one.accuracy, "datum": one.datum, "village": one.village,
        "verdict": one.verdict, "near": one.near, "team_id": str(one.team_id),
    }  # fmt: skip


# Before the first write to any part of a team: its facts are then computed by one writer at a time.
LOCK_TEAMS = "SELECT id FROM team WHERE id = ANY (%(teams)s::uuid[]) ORDER BY id FOR NO KEY UPDATE"
STORE = """
    WITH sent AS (
        SELECT * FROM jsonb_to_recordset(CAST(%(entries)s AS jsonb)) AS one (
            id uuid, cadre_id uuid, recorded_by text, at timestamptz, received_at timestamptz, day date,
            latitude float8, longitude float8, accuracy float8, datum text, village text, verdict text, near text,
            team_id uuid)
    ), stored AS (
        INSERT INTO check_in (id, cadre_id, recorded_by, at, received_at, day, latitude, longitude, accuracy, datum,
                              village, verdict)
        SELECT id, cadre_id, recorded_by, at, received_at, day, latitude, longitude, accuracy, datum, village, verdict
        FROM sent
    )
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT uuid_at(received_at), %(recorded)s, id::text, near, received_at,
           jsonb_build_object('cadre_id', cadre_id, 'team_id', team_id)
    FROM sent
    RETURNING id
"""
