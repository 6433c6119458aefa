"""Tokens that no longer count before their ten minutes are over: told to all as a kind of reference."""

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.county.reference import announce
from services.kit.clock import ahead
from services.kit.store.reference import next_version
from services.kit.store.tables import Revocation
from services.kit.web.auth import LEEWAY, LIFETIME

KIND = "revocations"
MARGIN = timedelta(seconds=15)  # a token may be signed while we are at it, and by a process whose clock is ahead


def revoke(session: Session, subject: str, now: datetime) -> datetime:
    """The moment before which the subject's tokens do not count. It lies a little ahead; a token signed afterwards
    says it was issued at that moment, which every service takes."""
    moment = (now - ahead()).replace(microsecond=0) + MARGIN  # tokens go by the world's clock
    version = next_version(session, KIND)
    told = {
        "not_before": moment,
        "expires_at": moment + timedelta(seconds=LIFETIME + LEEWAY),
        "version": version,
    }
    write = insert(Revocation).values(subject=subject, **told)
    session.execute(write.on_conflict_do_update(index_elements=["subject"], set_=told))
    announce(session, KIND, version, now)
    return moment
