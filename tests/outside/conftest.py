"""One whole county for all tests that look from outside; it is gone when they are done, and others have the machine."""

from collections.abc import Iterator

import pytest

from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for, watched_county


@pytest.fixture(scope="package")
def one_county() -> Iterator[WatchedCounty]:
    with watched_county(households=150, teams=6) as watched:
        yield watched


@pytest.fixture
def county(one_county: WatchedCounty) -> WatchedCounty:
    """Everything is up again, whatever the test before has killed."""
    wait_for(lambda: len(one_county.processes()) == PROCESSES, 60)
    return one_county
