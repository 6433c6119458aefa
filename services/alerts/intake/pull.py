"""Reading facts back from their owner in pages: after a bulk write, and where a sweep finds something was missed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Engine

from services.alerts.facts.learn import Told, read_told
from services.alerts.intake.take_in import take_in
from services.alerts.rules.catalogue import SUBJECTS
from services.kit.post.events import source_of
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler, fence
from services.kit.store.db import open_session

PULL_FACTS = "pull-facts"
PAGE = 2_000


def key_of(about: str, division: str, since: str) -> str:
    return f"{about} {division} {since}"


def pulls_facts(engine: Engine, owners: Mapping[str, Peer]) -> Mapping[str, JobHandler]:
    def pull(key: str, now: datetime) -> None:
        about, division, since = key.split(" ")
        for page in pages_of(owners, about, division, since):
            with open_session(engine) as session, session.begin():
                take_in(session, about, page, now)
                fence(session)  # whoever slept could bring back a subject that has gone since

    return {PULL_FACTS: pull}


def pages_of(owners: Mapping[str, Peer], about: str, division: str, since: str = "0") -> Iterator[Sequence[Told]]:
    """Each page is a request of its own; the last has no `after`."""
    owner = SUBJECTS[about].owner
    after: str | None = None
    while True:
        path = f"{source_of(owner)}/facts/{about}"
        page = owners[owner].get(path, division=division, since=since, after=after, limit=PAGE)
        yield [read_told(about, r["subject"], r["division"], r["version"], r["facts"]) for r in page["rows"]]
        after = page["after"]
        if after is None:
            return
