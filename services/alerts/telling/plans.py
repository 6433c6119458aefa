"""What is to be done with the messages that are due, by their people's wishes of this moment: read in sets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session, col

from services.alerts.models.telling import Addressee, Telling
from services.alerts.telling.addresses import NEEDED, opened
from services.alerts.telling.channels.letter import Letter
from services.alerts.telling.own_texts import own_texts
from services.alerts.telling.quiet import awake, quiet_in, quiet_of
from services.alerts.telling.standing import STILL
from services.alerts.telling.texts import Language, Line, message
from services.kit.store.fields import Seal, SealBroken

# One row for each kind, place and rule of a message: of a thousand notices a few are left.
LINES = text(
    f"""
    SELECT said.telling, said.kind, said.division, coalesce(division.name, said.division) AS place,
           coalesce(rule.title_zh, '') AS zh, coalesce(rule.title_en, '') AS en, said.number, said.notices
    FROM (SELECT t.id AS telling, kind, division, rule, CAST(sum(number) AS int) AS number,
                 CAST(count(*) AS int) AS notices
          FROM telling AS t JOIN notice ON (notice.recipient, notice.urgent) = (t.recipient, t.urgent)
                                           AND xid >= t.after_xid AND xid < t.until_xid
          WHERE t.id = ANY (:tellings) AND {STILL} GROUP BY 1, 2, 3, 4) AS said
    LEFT JOIN division ON division.code = said.division
    LEFT JOIN LATERAL (
        SELECT title_zh, title_en FROM rule
        WHERE key = said.rule AND mode <> 'shadow' AND starts_with(said.division, rule.division)
        ORDER BY version DESC LIMIT 1
    ) AS rule ON true
    ORDER BY notices DESC, said.division, said.kind, said.rule
    """  # noqa: S608  # our own words
)
IN_OFFICE = text(
    "SELECT DISTINCT holder FROM access_grant"
    " WHERE holder = ANY (:people) AND NOT revoked AND valid @> CAST(:today AS date)"
)


@dataclass(frozen=True)
class Plan:
    """Put off, or sent by a channel, or, without either, left to the inbox: also what is finished by now."""

    telling: Telling
    put_off: datetime | None = None
    channel: str = ""
    letter: Letter | None = None


@dataclass(frozen=True)
class Wishes:
    """Of those in office today, by account; and what their messages say, in both languages."""

    people: Mapping[str, Addressee]
    lines: Mapping[UUID, Mapping[Language, Sequence[Line]]]


def plans_for(
    session: Session, seal: Seal, channels: Sequence[str], due: Sequence[Telling], now: datetime
) -> Iterator[Plan]:
    wishes = read_wishes(session, due, now.date())
    nights = {county: quiet_in(session, county, now.date()) for county in {one.county for one in due}}
    for telling in due:
        person = wishes.people.get(telling.recipient)
        reached = next(reachable_by(seal, channels, telling, person), None) if person else None
        if person is None or reached is None or not wishes.lines[telling.id]["zh"]:
            yield Plan(telling)
        elif (wakes := awake(now, quiet_of(person, nights[telling.county]))) > now:
            yield Plan(telling, put_off=wakes)
        else:
            language: Language = "en" if person.language == "en" else "zh"
            said = message(wishes.lines[telling.id][language], language, urgent=telling.urgent)
            yield Plan(telling, channel=reached[0], letter=Letter(telling.id, reached[1], said, telling.urgent))


def read_wishes(session: Session, due: Sequence[Telling], today: date) -> Wishes:
    """Who holds no office any more is sent nothing."""
    recipients = [one.recipient for one in due]
    serving = session.scalars(IN_OFFICE, {"people": recipients, "today": today}).all()
    people = session.scalars(select(Addressee).where(col(Addressee.account).in_(serving)))
    lines: dict[UUID, dict[Language, list[Line]]] = defaultdict(lambda: {"zh": [], "en": []})
    own, who = own_texts(session, recipients, today), {one.id: one.recipient for one in due}
    for telling, kind, division, place, zh, en, number, notices in session.execute(LINES, {"tellings": list(who)}):
        titles: dict[Language, str] = {"zh": zh, "en": en}
        for language, title in titles.items():
            words = own.of(who[telling], kind, division, language)
            lines[telling][language].append(Line(kind, place, title, number, notices, words))
    return Wishes({person.account: person for person in people}, lines)


def reachable_by(seal: Seal, channels: Sequence[str], telling: Telling, person: Addressee) -> Iterator[tuple[str, str]]:
    """The channels that are left, each with the address it needs. Addresses that do not open reach nobody."""
    try:
        addresses = opened(seal, person)
    except SealBroken:
        return
    for channel in person.channels:
        if channel in channels and channel not in telling.given_up and NEEDED[channel] in addresses:
            yield channel, addresses[NEEDED[channel]]
