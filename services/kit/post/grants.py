"""How grants travel: an owner announces that it has changed some, and who keeps a copy pulls what is new."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Engine
from sqlmodel import Session

from services.kit.post.events import CloudEvent, emit, source_of
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler, enqueue
from services.kit.store.db import SessionDep, open_session
from services.kit.store.grants import GrantsOut, changed_since, copied_kind, copy_grants
from services.kit.store.reference import copied_version

CHANGED = "grant.changed"
READ_GRANTS = "grant:read"  # our own services alone
PULL_GRANTS = "pull-grants"


def grants(service: str, allow: Callable[[str], Any]) -> APIRouter:
    """What others copy of this owner's grants."""
    router = APIRouter(prefix=f"{source_of(service)}/grants", tags=["grants"], dependencies=[allow(READ_GRANTS)])

    @router.get("")
    def list_grants(session: SessionDep, since: Annotated[int, Query(ge=0, le=2**62)] = 0) -> GrantsOut:
        """`since` is the version of the caller's copy; 0 gives everything."""
        return changed_since(session, service, since)

    return router


def announce_grants(session: Session, owner: str, version: int, now: datetime) -> None:
    emit(session, CHANGED, owner, now, data={"version": version})


def on_grant_changed(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """HTTP happens outside transactions: the pull is a job. An owner's events are signed by it alone."""
    for owner in {event.source.rpartition("/")[2] for event in events}:
        enqueue(session, PULL_GRANTS, owner, now)


def pull_grants(engine: Engine, peer: Peer) -> None:
    with open_session(engine) as session:
        since = copied_version(session, copied_kind(peer.name))
    answer = peer.get(f"{source_of(peer.name)}/grants", since=since)
    with open_session(engine) as session, session.begin():
        copy_grants(session, peer.name, answer)


def pulls_grants(engine: Engine, owners: Mapping[str, Peer]) -> dict[str, JobHandler]:
    return {PULL_GRANTS: lambda owner, _: pull_grants(engine, owners[owner])}
