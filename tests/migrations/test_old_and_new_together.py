"""A county is migrated while people work: the release before goes on serving, and this one serves beside it."""

from pathlib import Path

import pytest

from services.cli.postgres import Cluster
from services.cli.secret_files import SERVICES
from tests.callers import signing
from tests.migrations.beside import Ground, a_key, callers_of, together
from tests.migrations.released import NotInThisClone, Release, release_before

pytestmark = pytest.mark.long

ROWS = 2_000
LONGEST_WAIT_S = 1.0


@pytest.fixture(scope="module")
def release() -> Release:
    try:
        return release_before()
    except NotInThisClone as reason:
        pytest.skip(f"no release before this one: {reason}")


@pytest.fixture
def ground(release: Release, cluster: tuple[Cluster, int], tmp_path: Path) -> Ground:
    old, secrets = tmp_path / "old", tmp_path / "secrets"
    secrets.mkdir()
    return Ground(*cluster, release.unpack(old), secrets, a_key(tmp_path))


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_is_refused_or_kept_waiting(ground: Ground, release: Release, service: str) -> None:
    if not release.differs_in(service):
        pytest.skip(f"nothing of {service} has changed since the release before")
    seen = together(ground, service, ROWS, callers_of(service, signing(ground.key)))
    assert seen.failed == []
    assert seen.asked > 50
    assert seen.written > 50
    assert seen.longest_wait_s <= LONGEST_WAIT_S
