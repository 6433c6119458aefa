"""The households of a round, gathered once. Attendance keeps no register: it reads the one there is, in pages, by a
job, for a county has more households than a request may wait for. What is read are the register's facts: every living
household has them, with its village and whether it is monitored or formerly poor."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlmodel import Session

from services.attendance.models.visits import VisitRound
from services.kit.post.events import source_of
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler, fence
from services.kit.store.db import open_session
from services.kit.store.sets import as_array

FREEZE = "freeze-visit-round"
PAGE = 2_000

ADD = text(
    """
    INSERT INTO round_task (round_id, household_id, village)
    SELECT :round, household, village
    FROM unnest(CAST(:households AS uuid[]), CAST(:villages AS text[])) AS told (household, village)
    ON CONFLICT (round_id, household_id) DO UPDATE SET village = excluded.village
    """
)
OPEN = text("UPDATE visit_round SET opened_at = :now WHERE id = :round AND opened_at IS NULL")


def freezes_rounds(engine: Engine, register: Peer) -> Mapping[str, JobHandler]:
    def freeze(key: str, now: datetime) -> None:
        with open_session(engine) as session:
            one = session.get(VisitRound, UUID(key))
        if one is None or one.opened_at:
            return
        for page in pages_of(register, one.division):
            with open_session(engine) as session, session.begin():
                add_tasks(session, one, page)
                fence(session)
        with open_session(engine) as session, session.begin():
            session.execute(OPEN, {"round": one.id, "now": now})
            fence(session)

    return {FREEZE: freeze}


def pages_of(register: Peer, division: str) -> Iterator[Sequence[Mapping[str, Any]]]:
    """By the household's id: a page neither loses nor repeats what stays. The last has no `after`."""
    after: str | None = None
    while True:
        path = f"{source_of('households')}/facts/household"
        page = register.get(path, division=division, after=after, limit=PAGE)
        yield page["rows"]
        after = page["after"]
        if after is None:
            return


def add_tasks(session: Session, one: VisitRound, page: Sequence[Mapping[str, Any]]) -> None:
    meant = [row for row in page if one.tag is None or row["facts"][one.tag]]
    told = {
        "households": as_array(UUID(row["subject"]) for row in meant),
        "villages": as_array(str(row["division"]) for row in meant),
    }
    session.execute(ADD, told | {"round": one.id})
