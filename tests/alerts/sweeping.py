"""Short ways to claim a sweep, walk it and see what it has written."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col

from services.alerts.models.sweep import Sweep
from services.alerts.sweep.steps import HOLD, Walk, sweep_some
from services.alerts.sweep.sweeps import claim_due
from services.kit.post.peers import Peer
from services.kit.store.claim import claim
from services.kit.store.db import open_session
from tests.conftest import NOW

KEY = Ed25519PrivateKey.generate()

STEP_BY_STEP = ["due", "reconciled", "judged", "certified"]


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


def claimed(session: Session, now: datetime) -> list[date]:
    with open_session(engine_of(session)) as own, own.begin():
        return [sweep.period for sweep in claim_due(own, now)]


def walk(session: Session, owners: Mapping[str, Peer], steps: int, now: datetime = NOW) -> Sweep:
    """The newest sweep after so many steps."""
    for _ in range(steps):
        assert sweep_some(walking(session, owners), now) == 1
    session.expire_all()
    session.rollback()
    return session.scalars(select(Sweep).order_by(col(Sweep.period).desc())).all()[0]


def walking(session: Session, owners: Mapping[str, Peer]) -> Walk:
    return Walk(engine_of(session), owners, KEY)


def taken(session: Session, now: datetime) -> Sweep:
    """By a worker of its own."""
    with open_session(engine_of(session)) as own:
        return claim(own, Sweep, now, hold=HOLD)[0]


def engine_of(session: Session) -> Engine:
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    return engine


def written(session: Session, tables: list[str]) -> list[Any]:
    session.rollback()
    return [
        sorted(map(str, session.execute(text(f"SELECT ctid, xmin, * FROM {table}")).all()))  # noqa: S608  # ours
        for table in tables
    ]
