"""Before judging: find what was missed by comparing digests with the owner, place by place, and pull only that."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select, text
from sqlmodel import Session

from services.alerts.facts.learn import FACTS, forget
from services.alerts.intake.pull import pages_of
from services.alerts.intake.take_in import take_in
from services.alerts.judging.judge import lock_out_learning, lock_out_sweeps
from services.alerts.rules.catalogue import SUBJECTS
from services.kit.post.events import source_of
from services.kit.post.facts import COUNTY, digests_of, table_of
from services.kit.post.peers import Peer
from services.kit.store.claim import fence
from services.kit.store.db import open_session

ROUNDS = 10

Digests = Mapping[str, Mapping[str, Any]]


class NotSettled(Exception):
    """The owner's register changed in every round. The step is tried again."""


def reconcile(
    engine: Engine, owners: Mapping[str, Peer], about: str, county: str, now: datetime
) -> tuple[int, datetime]:
    """Bring our copy to the owner's. How many subjects the owner had at the cut, and when ours were the same ones."""
    for _ in range(ROUNDS):
        theirs = owner_digests(owners, about, county)
        with open_session(engine) as session:
            ours = our_digests(session, about, county)
        pull_places(
            engine, owners, about, [p for p in theirs.keys() | ours.keys() if theirs.get(p) != ours.get(p)], now
        )
        cut = same_subjects(engine, about, county, theirs)
        if cut:
            return sum(digest["count"] for digest in theirs.values()), cut
    raise NotSettled(f"{about} {county}")


def owner_digests(owners: Mapping[str, Peer], about: str, county: str) -> Digests:
    owner = SUBJECTS[about].owner
    rows = owners[owner].get(f"{source_of(owner)}/facts/{about}/digest", division=county)
    return {row["division"]: row for row in rows}


def our_digests(session: Session, about: str, county: str) -> Digests:
    rows = session.execute(digests_of(table_of(FACTS[about]), county)).mappings()
    return {row["division"]: dict(row) for row in rows}


def pull_places(engine: Engine, owners: Mapping[str, Peer], about: str, places: Sequence[str], now: datetime) -> None:
    """Everybody the owner has there. Only when all places are read is whoever is left over gone, and not just moved."""
    with open_session(engine) as session:
        started: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    kept = {place: list(pull_place(engine, owners, about, place, now)) for place in sorted(places)}
    for place, subjects in kept.items():
        with open_session(engine) as session, session.begin():
            lock_out_sweeps(session, [place[:COUNTY]])
            forget(session, about, place, subjects, known_before=started, now=now)
            fence(session)


def pull_place(engine: Engine, owners: Mapping[str, Peer], about: str, place: str, now: datetime) -> Iterator[UUID]:
    for page in pages_of(owners, about, place):
        with open_session(engine) as session, session.begin():
            take_in(session, about, page, now)
            fence(session)
        yield from (told.subject for told in page)


def same_subjects(engine: Engine, about: str, county: str, theirs: Digests) -> datetime | None:
    """Compared while nothing can be learned: who is first known after this moment came after the cut."""
    with open_session(engine) as session, session.begin():
        lock_out_learning(session, county)
        ours = our_digests(session, about, county)
        same = ours.keys() == theirs.keys() and all(
            (ours[place]["count"], ours[place]["members"]) == (told["count"], told["members"])
            for place, told in theirs.items()
        )
        moment: datetime = session.execute(select(text("clock_timestamp()"))).scalar_one()
        return moment if same else None


def came_since(session: Session, about: str, county: str, cut: datetime) -> list[UUID]:
    table = table_of(FACTS[about])
    wanted = select(table.c.subject).where(table.c.county == county, table.c.known_since > cut)
    return list(session.scalars(wanted.order_by(table.c.subject)))


def went_since(session: Session, about: str, county: str, cut: datetime) -> list[UUID]:
    """Of those who were there at the cut."""
    gone = text(
        "SELECT subject FROM departed WHERE county = :county AND kind = :kind AND at > :cut AND known_since <= :cut"
        " ORDER BY subject"
    )
    return list(session.scalars(gone, {"county": county, "kind": about, "cut": cut}))
