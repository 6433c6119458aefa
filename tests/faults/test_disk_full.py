"""A full disk costs time and nothing else."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.processes import Ports
from services.cli.secret_files import superuser_password
from tests.faults.disks import Disks, small_disks, why_not
from tests.faults.exhaust import use_up_the_log
from tests.outside.launching import eventually, everything_ready, launched, ready_pid, state_folder

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be done")]

HEALS = 30.0  # seconds from the return of space
GIVES_UP = 10.0  # seconds in which five early deaths would end everything


@pytest.fixture
def disks() -> Iterator[tuple[Path, Disks]]:
    with state_folder() as state, small_disks(state, 200, 120) as made:
        yield state, made


def test_a_server_whose_log_has_no_space_is_started_until_it_has(disks: tuple[Path, Disks]) -> None:
    state, made = disks
    ports = Ports.free()
    with launched(state, ports) as launcher:
        before = everything_ready(state)["processes"]
        made.log.fill()
        use_up_the_log(f"postgresql://postgres:{superuser_password(state)}@127.0.0.1:{ports.postgres}/postgres")
        assert eventually(lambda: ready_pid(state, "postgres") is None, 10)
        time.sleep(GIVES_UP)
        assert launcher.poll() is None
        assert ready_pid(state, "postgres") is None
        made.log.empty()
        assert eventually(lambda: ready_pid(state, "postgres") is not None, HEALS)
        after = everything_ready(state)["processes"]
        assert {name for name in after if after[name] != before[name]} == {"postgres"}
