"""Whose household a clue is about: asked of households by number, thousands at once, by a job outside transactions.

The name is kept until the number has a household; the number, while readings of its clue may still come (purge.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.alerts.clues.current import LEVEL, held_against, tell_matched, thresholds
from services.alerts.models.clues import ID_NUMBER, NAME
from services.alerts.tasks.later import fold_soon
from services.kit.post.events import source_of
from services.kit.post.peers import Peer
from services.kit.store.claim import fence
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.sealed import take_turn
from services.kit.store.sets import as_array, write_set

MATCH = "match-clues"
MATCHES = f"{source_of('households')}/matches"
STATES = {"matched": "matched", "ambiguous": "ambiguous", "unknown": "unmatched"}
PAGE = 5_000
AT_ONCE = 2_500  # however long the names are, a request is smaller than a body may be

WAITING = text(
    """
    SELECT id, sealed_id_number, sealed_name FROM clue
    WHERE county = :county AND state = 'waiting' AND id > :after ORDER BY id LIMIT :page
    """
)
# One that an office or its sender has decided meanwhile stays as it is.
FOUND = text(
    f"""
    UPDATE clue SET state = 'matched', household = home, candidate = NULL, division = village, matched_at = :now,
                    sealed_name = NULL, level = judged.level
    FROM (SELECT c.id, home, village, {LEVEL} AS level
          FROM unnest(CAST(:id AS uuid[]), CAST(:household AS uuid[]), CAST(:village AS text[]))
               AS told (clue_id, home, village)
          JOIN clue c ON c.id = clue_id {held_against("home", "village")}) AS judged
    WHERE clue.id = judged.id AND state = 'waiting'
    RETURNING clue.id
    """  # noqa: S608  # our own
)
NOT_FOUND = text(
    """
    UPDATE clue SET state = CASE WHEN home IS NULL THEN 'unmatched' ELSE 'ambiguous' END, candidate = home
    FROM unnest(CAST(:id AS uuid[]), CAST(:household AS uuid[])) AS told (clue_id, home)
    WHERE id = clue_id AND state = 'waiting'
    """
)


class Match(NamedTuple):
    """`home`: the household of whoever holds the number, under whichever name."""

    state: str
    home: UUID | None
    village: str | None


class Asked(NamedTuple):
    """The name is gone where it had a household before, which has ended: then the number says it all."""

    id: UUID
    number: str
    name: str | None


@dataclass(frozen=True)
class Matching:
    engine: Engine
    seal: Seal
    households: Peer

    def match(self, county: str, now: datetime) -> None:
        """Every clue of a county that waits, page by page: each is asked, then settled in a transaction."""
        for page in self.waiting(county):
            told = ask(self.households, [(one.number, one.name) for one in page])
            with open_session(self.engine) as session, session.begin():
                settle(session, county, page, told, now)
                fence(session)

    def waiting(self, county: str) -> Iterator[Sequence[Asked]]:
        after = UUID(int=0)
        while True:
            with open_session(self.engine) as session:
                seal = self.seal.with_keys_of_now()
                rows = session.execute(WAITING, {"county": county, "after": after, "page": PAGE}).all()
                page = [opened(seal, *row) for row in rows]
            if page:
                yield page
                after = page[-1].id
            if len(page) < PAGE:
                return


def ask(households: Peer, persons: Sequence[tuple[str, str | None]]) -> list[Match]:
    """In the order they are asked."""
    asked = [{"id_number": number, "name": name} for number, name in persons]
    told = [
        one
        for start in range(0, len(asked), AT_ONCE)
        for one in households.post(MATCHES, {"persons": asked[start : start + AT_ONCE]})["matches"]
    ]
    return [
        Match(STATES[one["outcome"]], UUID(one["household"]) if one["household"] else None, one["village"])
        for one in told
    ]


def opened(seal: Seal, clue_id: UUID, number: bytes, name: bytes | None) -> Asked:
    told = seal.open(name, NAME.place(clue_id)) if name else None
    return Asked(clue_id, seal.open(number, ID_NUMBER.place(clue_id)), told)


def settle(session: Session, county: str, page: Sequence[Asked], told: Sequence[Match], now: datetime) -> None:
    take_turn(session, "clues")  # no reading comes between the look at the amount and its level
    found: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for one, match in zip(page, told, strict=True):
        row = {"id": one.id, "household": match.home, "village": match.village}
        (found if match.state == "matched" else others).append(row)
    write_set(session, NOT_FOUND, others, "id", "household")
    asked = {name: as_array(row[name] for row in found) for name in ("id", "household", "village")}
    matched = list(session.scalars(FOUND, asked | thresholds(session, county) | {"now": now}))
    tell_matched(session, matched, now)
    if matched:
        fold_soon(session, county, now)
