"""Whose ID numbers these are: asked by our own alerts for the clues of departments, thousands at once.

Nothing of a person goes back, and nobody else may ask: whether a number is in the register is itself a secret.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlmodel import Session

from services.households.policy import allow
from services.households.register.id_numbers import NotAnIdNumber, read_id_number
from services.kit.post.events import source_of
from services.kit.store.db import UnboundSessionDep
from services.kit.store.fields import Seal
from services.kit.store.sets import as_array
from services.kit.web.repeat import repeatable

router = APIRouter(prefix=f"{source_of('households')}/matches", tags=["facts"])

MOST = 2_500

# A record that was merged into another one stands for that; who has died or left is in no household today.
HOLDERS = text(
    """
    SELECT asked.place, home.id, home.village, asked.name IS NULL OR name_folded(kept.name) = name_folded(asked.name)
                                               OR name_folded(held.name) = name_folded(asked.name)
    FROM unnest(CAST(:places AS int[]), CAST(:indexes AS bytea[]), CAST(:names AS text[]))
         AS asked (place, id_index, name)
    JOIN person held ON held.id_index = asked.id_index
    JOIN person kept ON kept.id = coalesce(held.same_as, held.id)
    LEFT JOIN membership m ON m.person_id = kept.id AND upper_inf(m.valid)
    LEFT JOIN household home ON home.id = m.household_id AND home.ended_on IS NULL
    """
)


class PersonIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id_number: Annotated[str, Field(min_length=15, max_length=18, title="证件号码")]
    name: Annotated[str | None, Field(min_length=1, max_length=60, title="姓名")] = None


class MatchesIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    persons: Annotated[list[PersonIn], Field(min_length=1, max_length=MOST, title="待匹配人员")]


class MatchOut(BaseModel):
    """`ambiguous`: the number is held by somebody of another name, whose household this is."""

    outcome: Literal["matched", "ambiguous", "unknown"]
    household: UUID | None = None
    village: str | None = None


class MatchesOut(BaseModel):
    """In the order they were asked."""

    matches: list[MatchOut]


@router.post("", dependencies=[allow("household:match")], openapi_extra=repeatable("nothing is stored"))
def match_persons(body: MatchesIn, request: Request, session: UnboundSessionDep) -> MatchesOut:
    matches = [MatchOut(outcome="unknown")] * len(body.persons)
    seal, demo = request.app.state.seal, request.app.state.settings.demo_people
    for place, match in found_among(session, seal, body.persons, demo=demo):
        matches[place] = match
    return MatchesOut(matches=matches)


def found_among(
    session: Session, seal: Seal, persons: Sequence[PersonIn], *, demo: bool
) -> Iterator[tuple[int, MatchOut]]:
    """Under every key we have, for rows may be moving from one to the next."""
    seal = seal.with_keys_of_now()
    asked = [
        (place, index, person.name)
        for place, person in enumerate(persons)
        for index in indexes_of(seal, person.id_number, demo=demo)
    ]
    places, indexes, names = zip(*asked, strict=True) if asked else ((), (), ())
    told = {"places": as_array(places), "indexes": as_array(indexes), "names": as_array(names)}
    for place, household, village, named in session.execute(HOLDERS, told):
        if household:
            yield place, MatchOut(outcome="matched" if named else "ambiguous", household=household, village=village)


def indexes_of(seal: Seal, told: str, *, demo: bool) -> list[bytes]:
    try:
        return seal.indexes(read_id_number(told, demo=demo).text)
    except NotAnIdNumber:
        return []
