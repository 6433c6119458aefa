"""An answer that was lost on the way, by a process killed after its commit, is given to whoever asks again."""

import base64
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text

from services.cli.postgres import Cluster, free_port
from services.households.imports import households as import_households
from tests.callers import Headers, Office
from tests.households.conftest import csv_of, household_row
from tests.outside.launching import eventually
from tests.plain_http import plain

SHEET = csv_of(import_households.HEADERS, household_row("JK1"), household_row("JK2"))
IMPORT = "/v1/household-imports/households"


class Processes:
    """Copies of the service over one database, each at its port."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder, self._dsn = folder, dsn
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> str:
        port = free_port()
        command = [sys.executable, "-m", "tests.outside.dying", str(self.folder), self._dsn, str(port)]
        self.running.append(subprocess.Popen(command))
        url = f"http://127.0.0.1:{port}"
        assert eventually(lambda: answers(url), 60)
        return url


def answers(url: str) -> bool:
    try:
        return plain.get(f"{url}/livez").is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def processes(cluster: tuple[Cluster, int], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[Processes]:
    made, port = cluster
    for name, letter in (("field_key", b"f"), ("index_key", b"i"), ("client_secret", b"c")):
        (tmp_path / name).write_text(base64.b64encode(letter * 32).decode())
    (tmp_path / "signing.pem").write_bytes(signing_key.as_pem(private=True))
    started = Processes(tmp_path, made.dsn(port, "households", "households"))
    yield started
    for process in started.running:
        process.kill()
        process.wait()


def send(url: str, headers: Headers) -> httpx.Response:
    return plain.post(url + IMPORT, files={"file": ("户.csv", SHEET)}, headers=headers)


def households(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM household")).scalar_one())


def test_killed_between_commit_and_answer_it_has_one_effect_and_the_first_answer(
    processes: Processes, engines: dict[str, Engine], office: Office
) -> None:
    keyed = office("clerk", "township") | {"idempotency-key": "sheet-of-november"}
    url = processes.start()
    (processes.folder / "die").touch()
    with pytest.raises(httpx.HTTPError):
        send(url, keyed)
    assert processes.running[0].wait(10) == -9
    assert households(engines["households"]) == 2
    (processes.folder / "die").unlink()
    again = send(processes.start(), keyed)
    assert (again.status_code, again.json()["stored"], again.json()["unchanged"]) == (201, 2, 0)
    assert households(engines["households"]) == 2


def test_copies_that_race_through_two_processes_get_one_answer(
    processes: Processes, engines: dict[str, Engine], office: Office
) -> None:
    keyed = office("clerk", "township") | {"idempotency-key": "sheet-of-november"}
    urls = [processes.start(), processes.start()]
    with ThreadPoolExecutor(50) as threads:
        sent = list(threads.map(lambda number: send(urls[number % 2], keyed), range(50)))
    assert {(answer.status_code, answer.content) for answer in sent} == {(201, sent[0].content)}
    assert sent[0].json()["stored"] == 2
