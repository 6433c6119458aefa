"""A service that does not know who was sent away lets nobody in."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from services.kit.store.revoked import RevocationsUnknown, Revoked
from services.kit.store.tables import Revocation

LATER = timedelta(minutes=10)


def test_only_what_still_matters_is_kept_in_mind(alerts: Session, engines: dict[str, Engine]) -> None:
    now = datetime.now(UTC)
    for subject, ends in (("leaving", now + LATER), ("left", now - LATER)):
        alerts.add(Revocation(subject=subject, not_before=now, expires_at=ends, version=1))
    alerts.commit()
    revoked = Revoked(engines["alerts"].url)
    revoked.read()
    revoked.close()
    assert revoked.not_before("leaving") == pytest.approx(now.timestamp())
    assert revoked.not_before("left") == revoked.not_before("nobody") == float("-inf")


def test_a_copy_that_nobody_could_read_anew_is_believed_no_longer_than_45_seconds(
    engines: dict[str, Engine], clean: None
) -> None:
    passed = [0.0]
    revoked = Revoked(engines["alerts"].url, lambda: time.monotonic() + passed[0])
    with pytest.raises(RevocationsUnknown):
        revoked.not_before("anybody")
    revoked.read()
    revoked.close()
    passed[0] = 40
    assert revoked.not_before("anybody") == float("-inf")
    passed[0] = 50
    with pytest.raises(RevocationsUnknown):
        revoked.not_before("anybody")
