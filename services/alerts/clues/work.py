"""What the worker does of clues: batches taken in, and persons looked up, apart from its other jobs."""

from sqlalchemy import Engine

from services.alerts.clues.matching import MATCH, Matching
from services.alerts.clues.taking import TAKE, Taking
from services.kit.post.peers import Peer
from services.kit.store.claim import JobHandler, work_a_job
from services.kit.store.fields import Seal
from services.kit.store.work import Loop


def clue_work(engine: Engine, seal: Seal, households: Peer, *, demo: bool) -> Loop:
    handlers: dict[str, JobHandler] = {
        TAKE: lambda key, now: Taking(engine, seal, households, demo).take(key, now),
        MATCH: lambda key, now: Matching(engine, seal, households).match(key, now),
    }
    return Loop("clues", lambda now: work_a_job(engine, handlers, now), idle=0.1, slowest=0.5)
