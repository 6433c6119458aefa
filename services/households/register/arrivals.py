"""Households brought in one by one, any number in one transaction: whose places hold them, what is taken, and then
households, persons, memberships, facts, events and the audit, each in one statement.

The statements see every row, for a number must be nobody's in the whole county; the grants of each caller are asked
beside them. Of two that bring the same at once one is refused, or answered as the first was if it is a copy.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.households.models.register import ID_NUMBER, PHONE
from services.households.register.arrival_statements import (
    FACTS,
    GRANTS,
    HELD,
    HOUSEHOLDS,
    KNOWN,
    MEMBERSHIPS,
    PERSONS,
    REPEATS,
    TAKEN,
    TURN,
)  # fmt: skip
from services.households.register.newcomers import MemberElsewhere, NewHousehold, NumberTaken, Told
from services.kit.store.audit import Line
from services.kit.store.fields import Seal
from services.kit.store.lanes import Ask, Row, Work, append
from services.kit.store.scope import Asked, NoOffice
from services.kit.store.sets import as_array
from services.kit.web.errors import DomainError, NotThere
from services.kit.web.repeat import KEPT_FOR

OPERATION = "POST /v1/households"


@dataclass(frozen=True)
class Arrival:
    """`said` is the id as it was written and `sent` the whole request: what a copy of it is known by."""

    asked: Asked
    now: datetime
    household: NewHousehold
    members: list[Told] | DomainError
    seal: Seal
    said: str
    sent: str
    answer: str
    line: Line

    @property
    def key(self) -> tuple[str, bytes]:
        return self.asked.holder, self.seal.index(self.said)

    @property
    def caller(self) -> tuple[str, str, str]:
        return self.asked.holder, " ".join(sorted(self.asked.roles)), self.now.date().isoformat()

    def numbers(self) -> dict[int, str]:
        told = [] if isinstance(self.members, DomainError) else self.members
        return {place: one.number for place, one in enumerate(told) if one.number}


def bring_in(sent: Sequence[Arrival], slot: str) -> Work[DomainError | None]:
    """What kept each out; None where it is here."""
    grants, known, taken, held = (yield look(sent))[-4:]
    desk = Desk(grants, known, taken, held)
    told = [desk.settled(arrival) for arrival in sent]
    lines = [arrival.line for arrival, refusal in zip(sent, told, strict=True) if refusal is None]
    asked = write(desk.fresh) if desk.fresh else []
    yield [*asked, append(slot, lines)] if lines else []
    return told


def look(sent: Sequence[Arrival]) -> list[Ask]:
    callers, keys = {one.caller for one in sent}, {one.key for one in sent}
    homes = [one.household for one in sent]
    indexes = {index for one in sent for number in one.numbers().values() for index in one.seal.indexes(number)}
    members = [member.id for home in homes for member in home.members]
    whos, roles, todays = (as_array(column) for column in zip(*callers, strict=True))
    holders, said = (as_array(column) for column in zip(*keys, strict=True))
    houses = {"ids": as_array(home.id for home in homes), "numbers": as_array(home.number for home in homes)}
    return [
        *([Ask(TURN, {"turn": ID_NUMBER.turn})] if indexes else []),  # whoever brings a person looks first
        Ask(GRANTS, {"holders": whos, "roles": roles, "todays": todays}),
        Ask(KNOWN, {"holders": holders, "keys": said, "operation": OPERATION, "now": sent[0].now}),
        Ask(TAKEN, houses),
        Ask(HELD, {"ids": as_array(members), "indexes": as_array(indexes)}),
    ]


class Desk:
    """What is known of a group, and of those in it who came first."""

    def __init__(self, grants: Sequence[Row], known: Sequence[Row], taken: Sequence[Row], held: Sequence[Row]) -> None:
        self._places = {(row["holder"], row["roles"], row["today"]): row for row in grants}
        self._known = {(row["subject"], row["key"]): row["request"] for row in known}
        self._taken = {said for row in taken for said in (row["id"], row["number"])}
        self._persons = {row["id"] for row in held}
        self._numbers = {row["id_index"] for row in held}
        self.fresh: list[Arrival] = []

    def settled(self, arrival: Arrival) -> DomainError | None:
        try:
            self._take_in(arrival)
        except DomainError as refusal:
            return refusal
        return None

    def _take_in(self, arrival: Arrival) -> None:
        held, home = self._places[arrival.caller], arrival.household
        if not held["offices"]:
            raise NoOffice
        if not any(home.village.startswith(place) for place in held["divisions"]):
            raise NotThere
        request = arrival.seal.index(arrival.sent)
        if self._known.get(arrival.key) == request:
            return
        if isinstance(arrival.members, DomainError):
            raise arrival.members
        persons = [member.id for member in home.members]
        if (
            {home.id, home.number} & self._taken
            or self._persons.intersection(persons)
            or len({*persons}) < len(persons)
        ):
            raise NumberTaken
        self._refuse_known(arrival)  # last: who asks whether a number is known brings a household in where it is not
        self._known[arrival.key] = request
        self._taken |= {home.id, home.number}
        self._persons.update(persons)
        self._numbers.update(index for n in arrival.numbers().values() for index in arrival.seal.indexes(n))
        self.fresh.append(arrival)

    def _refuse_known(self, arrival: Arrival) -> None:
        numbers = arrival.numbers()
        said = Counter(numbers.values())
        known = [
            place
            for place, number in numbers.items()
            if said[number] > 1 or self._numbers.intersection(arrival.seal.indexes(number))
        ]
        if known:
            raise MemberElsewhere(" ".join(f"/members/{place}" for place in known))


def write(fresh: Sequence[Arrival]) -> list[Ask]:
    persons = [row for arrival in fresh for row in persons_of(arrival)]
    now = fresh[0].now
    asked = [Ask(HOUSEHOLDS, columns([household_of(one) for one in fresh]))]
    if persons:
        asked += [Ask(PERSONS, columns(persons)), Ask(MEMBERSHIPS, columns(persons))]
    ids = as_array(one.household.id for one in fresh)
    return [
        *asked,
        Ask(FACTS, {"ids": ids, "year": now.year, "today": now.date(), "now": now}),
        Ask(REPEATS, columns(map(kept, fresh))),
    ]


def columns(rows: Any) -> dict[str, str]:
    """One array for each column."""
    listed = list(rows)
    return {name: as_array([row[name] for row in listed]) for name in listed[0]}


def household_of(arrival: Arrival) -> Row:
    home = arrival.household
    phone = arrival.seal.close(home.phone, PHONE.place(home.id)) if home.phone else None
    told = home.model_dump(exclude={"phone", "members"})
    return told | {"sealed_phone": phone, "created_at": arrival.now}


def persons_of(arrival: Arrival) -> Iterator[Row]:
    assert not isinstance(arrival.members, DomainError)
    for member, told in zip(arrival.household.members, arrival.members, strict=True):
        yield {
            "id": member.id,
            "name": member.name,
            "sealed_id_number": sealed(arrival.seal, member.id, told.number),
            "id_index": arrival.seal.index(told.number) if told.number else None,
            "birth_date": told.birth_date,
            "sex": told.sex,
            "membership": uuid4(),
            "household_id": arrival.household.id,
            "relation": member.relation,
            "since": arrival.now.date(),
        }


def sealed(seal: Seal, person: UUID, number: str | None) -> bytes | None:
    return seal.close(number, ID_NUMBER.place(person)) if number else None


def kept(arrival: Arrival) -> Row:
    """As kit/store/answers.py keeps a first answer. Its reach is not: it repeats what was sent, and no more."""
    holder, key = arrival.key
    place = f"repeat.sealed_answer:{holder}:{OPERATION}:{key.hex()}"
    return {
        "subject": holder,
        "operation": OPERATION,
        "key": key,
        "request": arrival.seal.index(arrival.sent),
        "status": 201,
        "sealed_answer": arrival.seal.close(json.dumps({"headers": [], "body": arrival.answer, "reach": ""}), place),
        "created_at": arrival.now,
        "expires_at": arrival.now + timedelta(seconds=KEPT_FOR.total_seconds()),
    }
