"""How a service wires itself: subscribes to what its inbox handles, and follows the county's frame."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Engine
from sqlmodel import Session

from services.kit.post.events import CloudEvent, source_of
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import pull_grants, pulls_grants
from services.kit.post.inbox import Handlers, inbox_secret
from services.kit.post.peers import Peer
from services.kit.settings import Settings
from services.kit.store.claim import JobHandler, enqueue, work_a_job
from services.kit.store.db import open_session
from services.kit.store.reference import KINDS, copied_version, copy_reference
from services.kit.store.work import Loop, Step

PULL_REFERENCE = "pull-reference"
HOURLY = 3600.0
REVOCATIONS = "revocations"
EVERY = 15.0  # seconds between two looks for revocations: an event may be late, and who was sent away must not stay


def on_reference_changed(session: Session, events: Sequence[CloudEvent], now: datetime) -> None:
    """HTTP happens outside transactions: the pull is a job."""
    for kind in {event.subject for event in events} & KINDS.keys():
        enqueue(session, PULL_REFERENCE, kind, now)


def wire(service: str, own_url: str, client_secret: str, types: Iterable[str], owner: Peer) -> None:
    """PUT our subscription to an owner; the same id each time, so that doing it again changes nothing."""
    subscription_id = uuid5(NAMESPACE_URL, f"{source_of(owner.name)}/subscriptions/{service}")
    owner.put(
        f"{source_of(owner.name)}/subscriptions/{subscription_id}",
        {
            "url": f"{own_url}{source_of(service)}/inbox/{owner.name}",
            "types": sorted(types),
            "batch": True,
            "secret": inbox_secret(client_secret, owner.name),
        },
    )


def pull_reference(engine: Engine, county: Peer, kind: str) -> None:
    """Bring our copy of one kind up to the county's version."""
    with open_session(engine) as session:
        since = copied_version(session, kind)
    answer = county.get(f"/v1/reference/{kind}", since=since)
    with open_session(engine) as session, session.begin():
        copy_reference(session, kind, answer["rows"], answer["version"])


def following(
    settings: Settings,
    engine: Engine,
    handlers: Handlers,
    owners: Mapping[str, Peer],
    jobs: Mapping[str, JobHandler] | None = None,
) -> list[Loop]:
    """The loops of a service that listens: wired to each owner by itself at start and hourly, so that one that is away
    holds up no other; its pulls and other jobs worked as they come."""

    def wire_and_pull(owner: str) -> Step:
        def step(now: datetime) -> int:
            types = handlers[owner]
            wire(settings.service, settings.own_url, settings.secret("client_secret"), types, owners[owner])
            for kind in KINDS if "reference.changed" in types else ():
                pull_reference(engine, owners[owner], kind)
            if GRANT_CHANGED in types:
                pull_grants(engine, owners[owner])
            return 0

        return step

    def pull_revocations(now: datetime) -> int:
        pull_reference(engine, owners["county"], REVOCATIONS)
        return 0

    pulls: dict[str, JobHandler] = {PULL_REFERENCE: lambda kind, _: pull_reference(engine, owners["county"], kind)}
    known = pulls | pulls_grants(engine, owners) | dict(jobs or {})
    return [
        *(Loop(f"wire to {owner}", wire_and_pull(owner), idle=HOURLY) for owner in handlers),
        Loop("revocations", pull_revocations, idle=EVERY),
        Loop("jobs", lambda now: work_a_job(engine, known, now), idle=0.1, slowest=0.25),
    ]
