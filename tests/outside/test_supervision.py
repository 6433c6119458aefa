"""One command starts everything, keeps it running, and leaves nothing behind."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.messages import DiesAtOnce, DiskFull
from services.cli.processes import Ports
from services.cli.readiness import read_ready
from services.cli.supervise import Supervisor
from services.cli.watched import Patience
from tests.outside.launching import (
    DEAF,
    WEB_SERVER,
    alive,
    eventually,
    everything_ready,
    family,
    launched,
    made_before,
    ready_pid,
    stand_in,
)

HASTY = Patience(first_pause=0.01, longest_pause=0.02, goodbye=0.5)


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with made_before() as folder:
        yield folder


@pytest.fixture
def ports() -> Ports:
    return Ports.free()


def test_a_polite_stop_ends_everything_and_takes_the_ready_file_away(state: Path, ports: Ports) -> None:
    with launched(state, ports) as launcher:
        assert set(everything_ready(state)["processes"]) == {"postgres", "county", "county-worker"}
        ours = family(launcher.pid)
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(20) == 0
    assert not any(map(alive, ours))
    assert read_ready(state) is None
    assert "database system is shut down" in (state / "logs" / "postgres.log").read_text()


def test_a_second_one_on_the_same_state_is_refused(state: Path, ports: Ports) -> None:
    with launched(state, ports) as first:
        everything_ready(state)
        with launched(state, Ports.free()) as second:
            assert second.wait(10) == 3
            assert second.stderr
            assert "already running" in second.stderr.read()
        assert first.poll() is None


def test_a_taken_port_is_named_with_the_process_that_needs_it(state: Path, ports: Ports) -> None:
    with socket.create_server(("127.0.0.1", ports.alerts)), launched(state, ports) as launcher:
        assert launcher.wait(10) == 4
        assert launcher.stderr
        assert f"Port {ports.alerts}, needed by alerts" in launcher.stderr.read()


def test_nothing_outlives_a_killed_launcher_and_the_next_one_starts(state: Path, ports: Ports) -> None:
    with launched(state, ports, wish="deaf") as launcher:
        ready = everything_ready(state)
        ours = family(launcher.pid)
        assert len(ours) > len(ready["processes"]) + 1  # PostgreSQL's own children too
        launcher.kill()
        launcher.wait()
        with launched(state, ports) as successor:
            assert eventually(lambda: not any(map(alive, ours)), within_s=5)
            assert everything_ready(state)["launcher"] == successor.pid


@pytest.mark.parametrize("victim", ["county", "postgres"])
def test_a_killed_child_is_started_again_and_takes_nobody_along(state: Path, ports: Ports, victim: str) -> None:
    with launched(state, ports):
        before = everything_ready(state)["processes"]
        os.kill(before[victim]["pid"], signal.SIGKILL)
        assert eventually(lambda: ready_pid(state, victim) not in (None, before[victim]["pid"]), within_s=15)
        after = everything_ready(state)["processes"]
        assert {name for name in after if after[name] != before[name]} == {victim}


def test_data_newer_than_the_code_is_left_alone(state: Path, ports: Ports) -> None:
    with launched(state, ports, wish="old-code") as launcher:
        assert launcher.wait(20) == 6
        assert launcher.stderr
        assert "alerts 0099" in launcher.stderr.read()


def test_five_early_deaths_name_the_process_and_its_last_words_and_stop_all(tmp_path: Path) -> None:
    before = family(os.getpid())
    processes = [stand_in("steady", DEAF), stand_in("weak", "raise SystemExit('no such table')")]
    with Supervisor(processes, tmp_path, patience=HASTY) as supervisor:
        with pytest.raises(DiesAtOnce, match=r"(?s)weak died 5 times.*weak\.log.*no such table") as refusal:
            supervisor.turn_until(lambda: False, 10)
        steady = family(os.getpid()) - before
    assert steady
    assert refusal.value.exit_code == 1
    assert not any(map(alive, steady))


def test_the_pause_before_a_restart_doubles_up_to_half_a_minute() -> None:
    assert [Patience().pause(deaths) for deaths in range(9)] == [0.5, 0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("afterwards", [0, 20], ids=["its last word", "and much was said since"])
def test_a_disk_that_filled_up_is_told_as_such(tmp_path: Path, afterwards: int) -> None:
    said = "could not write: No space left on device" + afterwards * "\nnot yet accepting connections"
    full = stand_in("weak", f"raise SystemExit({said!r})")
    with Supervisor([full], tmp_path, patience=HASTY) as supervisor, pytest.raises(DiskFull):
        supervisor.turn_until(lambda: False, 10)


def test_what_a_dead_process_left_in_its_group_is_ended_with_it(tmp_path: Path) -> None:
    before = family(os.getpid())
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); sys.exit('gone')"
    with Supervisor([stand_in("careless", code)], tmp_path, patience=HASTY) as supervisor:
        with pytest.raises(DiesAtOnce):
            supervisor.turn_until(lambda: False, 10)
        assert not any(map(alive, family(os.getpid()) - before))


def test_a_process_waits_until_what_it_needs_is_ready(tmp_path: Path) -> None:
    port = Ports.free().county
    slow = f"import time; time.sleep(0.3); print('slow'){WEB_SERVER}"
    late = stand_in("late", "import time; print('late', flush=True); time.sleep(60)", after=("slow",))
    with Supervisor([late, stand_in("slow", slow, port)], tmp_path) as supervisor:
        supervisor.turn_until(lambda: False, 0.2)
        assert not (tmp_path / "logs" / "late.log").read_text()
        assert supervisor.wait_until_ready(10)


def test_an_exit_code_from_the_work_at_readiness_ends_everything(tmp_path: Path) -> None:
    supervisor = Supervisor([stand_in("steady", DEAF)], tmp_path, patience=HASTY)
    assert supervisor.run(lambda: 7) == 7


def test_a_log_that_has_grown_large_is_moved_aside(tmp_path: Path) -> None:
    wordy = "print(('x' * 999 + chr(10)) * 11_000, flush=True); import time; time.sleep(60)"
    with Supervisor([stand_in("wordy", wordy)], tmp_path, patience=HASTY) as supervisor:
        moved = tmp_path / "logs" / "wordy.log.1"
        assert supervisor.turn_until(moved.exists, 10)
    assert moved.stat().st_size < 10_010_000
