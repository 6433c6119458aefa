"""What an operator is told when something is missing, newer or wrong."""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from services.cli.doctor import examine
from services.cli.main import app
from services.cli.postgres import Cluster
from services.cli.processes import CODE
from services.cli.readiness import ReadyFile, ReadyProcess
from services.cli.secret_files import SERVICES


def run(*words: str, **environment: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), env=environment, catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture
def named(cluster: tuple[Cluster, int]) -> dict[str, str]:
    made, port = cluster
    return {f"SHOUWANG_{service.upper()}_DATABASE_URL": made.dsn(port, service, service) for service in SERVICES}


def test_migrate_on_newer_data_ends_with_6_and_says_so(named: dict[str, str]) -> None:
    engine = create_engine(named["SHOUWANG_ALERTS_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO alembic_version VALUES ('of the future')"))
    try:
        argv = [sys.executable, "-m", "services.cli.main", "migrate", "--lang", "en"]
        environment = {**os.environ, **named}
        done = subprocess.run(argv, cwd=CODE, env=environment, capture_output=True, text=True, timeout=60, check=False)
    finally:
        with engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version WHERE version_num = 'of the future'"))
        engine.dispose()
    assert (done.returncode, done.stderr) == (6, "The data was written by a newer version (alerts).\n")


def test_migrate_names_the_variable_that_is_not_set(named: dict[str, str]) -> None:
    code, said = run("migrate", "--lang", "en", **named | {"SHOUWANG_ALERTS_DATABASE_URL": ""})
    assert (code, said) == (1, "The environment variable SHOUWANG_ALERTS_DATABASE_URL is not set.\n")


def running(state: Path, url: str) -> None:
    file = ReadyFile(state, ["county", "county-worker", "alerts"])
    file.write({"county": ReadyProcess(pid=os.getpid(), url=url), "alerts": ReadyProcess(pid=os.getpid(), url=url)})


class Refusing(BaseHTTPRequestHandler):
    """Ready, and refuses everybody who wants to sign in."""

    def do_GET(self) -> None:
        self.answer(200, b"{}")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.answer(401, '{"title": "请先登录。"}'.encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def refusing() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", [["token"], ["sweep", "520621"]])
def test_a_wrong_password_is_told_without_a_traceback(command: list[str], tmp_path: Path, refusing: str) -> None:
    running(tmp_path, refusing)
    code, said = run(*command, "--state", str(tmp_path), "--username", "li", "--password", "not it")
    assert (code, said) == (1, "/v1/sign-in → 401 请先登录。\n")


def test_the_doctor_names_the_processes_that_are_not_up(
    tmp_path: Path, refusing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    running(tmp_path, refusing)
    assert examine(tmp_path, "en") == 1
    said = capsys.readouterr().err
    assert "county-worker is not up" in said
    assert "All is well" not in said
