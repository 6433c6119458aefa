"""The guide for other systems, run command by command in a sandbox of its own; then its day is put forward."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.cli.postgres import free_port
from services.cli.processes import CODE
from services.cli.sandbox import ZONE
from tests.outside.launching import alive, eventually, family, state_folder
from tests.outside.watched_county import COMES_UP, wait_for

pytestmark = pytest.mark.long

PAGE = CODE / "docs" / "integration.md"
BEFORE = """
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
shouwang() { "$PYTHON" -m services.cli.main "$@"; }
curl() { command curl --fail-with-body "$@"; }
"""


@contextmanager
def sandbox(receiver: int) -> Iterator[Path]:
    """Its state folder, once it says what an integrator needs."""
    with state_folder() as state:
        asked = ["--free-ports", "--households", "40", "--teams", "2", "--receiver", f"127.0.0.1:{receiver}"]
        argv = [sys.executable, "-m", "services.cli.main", "sandbox", "start", "--state", str(state), *asked]
        with subprocess.Popen(argv, cwd=CODE, stderr=subprocess.PIPE, text=True) as launcher:
            try:
                wait_for(lambda: launcher.poll() is not None or (state / "integrator.env").exists(), COMES_UP)
                assert launcher.poll() is None
                yield state
            finally:
                ours = family(launcher.pid)
                launcher.terminate()
                launcher.communicate(timeout=60)
                assert eventually(lambda: not any(map(alive, ours)), within_s=5)


def commands() -> str:
    return BEFORE + "\n".join(re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL))


def run(script: str, folder: Path, told: Mapping[str, str]) -> str:
    """What it printed; nothing that it started stays."""
    env = {**os.environ, "PYTHONPATH": str(CODE), "PYTHON": sys.executable, **told}
    argv = ["bash", "-euo", "pipefail", "-c", script]
    with subprocess.Popen(
        argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as shell:
        try:
            printed, _ = shell.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            raise AssertionError(shell.communicate()[0]) from None
    assert shell.returncode == 0, printed
    return printed


def test_the_guide_runs_as_it_stands_and_then_the_day_is_put_forward(tmp_path: Path) -> None:
    port = free_port()
    with sandbox(port) as state:
        told = {"SANDBOX": str(state), "PORT": str(port), "RECEIVERS": str(PAGE.parent / "receivers")}
        printed = run(commands(), tmp_path, told)
        assert printed.count('"outcome":"stored"') == 2
        assert '"code":"number-unsound"' in printed
        events = sorted((tmp_path / "events").glob("0*.json"))
        assert [path.read_bytes() for path in events] == received(tmp_path / "inbox", "clue.received")

        known = credentials_in(state)
        day = date.today() + timedelta(days=40)  # noqa: DTZ011  # whichever it is here: some day to come
        run(f"{BEFORE} shouwang sandbox day {day} --state {state}", tmp_path, {})
        with httpx.Client(base_url=known["ORIGIN"], trust_env=False) as bureau:
            asked, system = {"grant_type": "client_credentials"}, (known["CLIENT"], known["SECRET"])
            granted = bureau.post("/v1/tokens", data=asked, auth=system)
            assert datetime.fromisoformat(granted.headers["shouwang-sandbox"]).astimezone(ZONE).date() == day
            bureau.headers["authorization"] = f"Bearer {granted.json()['access_token']}"
            assert taken_in(bureau, known["ID_NUMBER"], day - timedelta(days=2)) <= {"stored", "changed"}
            assert taken_in(bureau, known["ID_NUMBER"], day + timedelta(days=2)) == {"data-in-the-future"}


def received(inbox: Path, kind: str) -> list[bytes]:
    bodies = [path.read_bytes() for path in inbox.glob("*.json")]
    return [body for body in bodies if kind.encode() in body]


def credentials_in(state: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (state / "integrator.env").read_text().splitlines())


def taken_in(bureau: httpx.Client, id_number: str, data_on: date) -> set[str]:
    """What becomes of a line of that day."""
    row = {"record_id": "B-1", "kind": "serious_illness", "id_number": id_number, "name": "示", "data_on": str(data_on)}
    path, headers = f"/v1/clue-batches/{uuid4()}", {"content-type": "application/x-ndjson"}
    sent = bureau.put(path, content=json.dumps(row).encode(), headers=headers)
    assert sent.status_code == 202, sent.text
    wait_for(lambda: bureau.get(path).json()["state"] == "done", 60)
    return {row["code"] or row["outcome"] for row in bureau.get(f"{path}/rows").json()["rows"]}
