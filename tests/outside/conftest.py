"""One whole county for all tests of a worker that need one."""

from collections.abc import Iterator

import pytest

from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for, watched_county


@pytest.fixture(scope="session")
def one_county() -> Iterator[WatchedCounty]:
    with watched_county(households=150, teams=6) as watched:
        yield watched


@pytest.fixture
def county(one_county: WatchedCounty) -> WatchedCounty:
    """Everything is up again, whatever the test before has killed."""
    wait_for(lambda: len(one_county.processes()) == PROCESSES, 60)
    return one_county
