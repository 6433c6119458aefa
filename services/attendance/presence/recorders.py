"""Who sends check-ins in, and whom each means: rights are joined in the statement, for many callers at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.attendance.presence.entries import Sighting
from services.attendance.teams.postings import POSTINGS, Posted
from services.kit.store.scope import NoOffice
from services.kit.web.errors import DomainError, NotAllowed, NotThere


class NotACadre(DomainError):
    status = 403
    zh = "您的账号没有关联驻村干部。"
    en = "Your account is not linked to a cadre."


@dataclass(frozen=True)
class Recorder:
    """Who sends check-ins in, the roles whose grants count for it, whether they may for others; and when, in the
    county's zone."""

    who: str
    roles: tuple[str, ...]
    for_others: bool
    now: datetime


@dataclass(frozen=True)
class Person:
    """A cadre as one caller means and reaches them."""

    cadre: UUID | None
    own: bool
    office: bool
    reached: bool
    postings: Sequence[Posted]


def key_of(recorder: Recorder, sent: Sighting) -> tuple[str, UUID | None, str, date]:
    return recorder.who, sent.named, " ".join(recorder.roles), recorder.now.date()


def person_of(row: Mapping[str, Any]) -> Person:
    postings = [Posted.read(one) for one in row["postings"] or ()]
    return Person(row["cadre"], row["own"], row["office"], row["reached"], postings)


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
