"""How often somebody may try a password: per name and address first, so that nobody is locked out by his name.

Every try is booked as failed before the password is looked at, and taken back when it was right: a thousand at once
count as a thousand. The rows are in the database, for every process and after a restart alike; names nobody has count
as those somebody has, so the refusal tells nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.county.models import SignInTries
from services.county.settings import SignInSettings
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.web.errors import DomainError


class TooManyTries(DomainError):
    """`retry_after` in seconds."""

    status = 429
    zh = "尝试次数过多，请稍后再试。"
    en = "Too many tries. Please wait before the next."

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = max(1, int(retry_after) + 1)


@dataclass(frozen=True)
class Try:
    """Where a try is counted: under the name from the address, under the name, under the address."""

    pair: bytes
    name: bytes
    address: bytes

    @classmethod
    def of(cls, seal: Seal, username: str, address: str) -> "Try":
        name = username.strip().lower()
        return cls(
            *(
                seal.index(f"sign-in|{what}")
                for what in (f"both|{address}|{name}", f"name|{name}", f"address|{address}")
            )
        )


def book(engine: Engine, one: Try, limits: SignInSettings, now: datetime) -> None:
    """Refuses with `TooManyTries`; what was refused is not counted, or waiting would never end."""
    with open_session(engine) as session, session.begin():
        rows = counted(session, one, now)
        pair, name, address = rows[one.pair], rows[one.name], rows[one.address]
        window = timedelta(seconds=limits.window)
        for row in rows.values():
            if now - row.since >= window:
                row.failed, row.since = 0, now
        for row, most in ((pair, limits.tries), (address, limits.tries_per_address)):
            if row.failed >= most:
                raise TooManyTries((row.since + window - now).total_seconds())
        wait = timedelta(seconds=limits.pause) - (now - name.heard_at)
        if name.failed >= limits.tries_per_name and not is_known(pair, limits, now) and wait > timedelta(0):
            raise TooManyTries(wait.total_seconds())
        for row in rows.values():
            row.failed, row.heard_at = row.failed + 1, now


def is_known(pair: SignInTries, limits: SignInSettings, now: datetime) -> bool:
    """Whoever has signed in from an address is not slowed down there by what strangers do elsewhere."""
    return pair.succeeded_at is not None and now - pair.succeeded_at < timedelta(seconds=limits.address_known)


def forgive(engine: Engine, one: Try, now: datetime) -> None:
    """It went well: the name starts anew, here and elsewhere. The address loses this try alone, or one right password
    would buy an attacker two hundred more."""
    with open_session(engine) as session, session.begin():
        rows = counted(session, one, now)
        rows[one.pair].failed, rows[one.pair].succeeded_at = 0, now
        rows[one.name].failed = 0
        rows[one.address].failed = max(0, rows[one.address].failed - 1)


def counted(session: Session, one: Try, now: datetime) -> dict[bytes, SignInTries]:
    """The three rows, locked in one order so that two tries never wait for each other."""
    keys = sorted((one.pair, one.name, one.address))
    missing = [{"key": key, "failed": 0, "since": now, "heard_at": now} for key in keys]
    session.execute(insert(SignInTries).on_conflict_do_nothing(), missing)
    wanted = select(SignInTries).where(col(SignInTries.key).in_(keys)).order_by(col(SignInTries.key))
    return {row.key: row for row in session.scalars(wanted.with_for_update())}
