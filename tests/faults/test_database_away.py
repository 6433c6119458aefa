"""An API while its database is full, restarted, or starts over: come again, it says, and loses nothing it has taken."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy.dialects.postgresql import Range

from services.attendance.models.teams import Cadre, Posting, Team, Unit
from services.cli.children import PLAIN_ENVIRONMENT, identity
from services.cli.postgres import Cluster, api_role, free_port, prepare, wait_until_ready
from services.cli.postgres import connect as look_into
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from tests.attendance.conftest import ARRIVED, VILLAGE, set_standard, station_in
from tests.attendance.test_check_ins import body
from tests.callers import TEST_KEY, Headers, Sign, write_key
from tests.conftest import make_tables
from tests.faults.answers import Answers
from tests.faults.disks import Disks, small_disks, why_not
from tests.outside.launching import eventually, state_folder
from tests.outside.test_check_ins_killed import Api

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can be done")]

HEALS = 15.0  # seconds
YESTERDAY = "2026-11-20T09:00:00+08:00"


class Served:
    """A server that nobody keeps running but pg_ctl, on small disks; an API; and what a phone has heard of it."""

    def __init__(self, cluster: Cluster, port: int, disks: Disks) -> None:
        self.cluster, self.port, self.disks = cluster, port, disks
        self.answers, self.acked = Answers(), set[str]()
        self.url = ""
        self.caller: Headers = {}

    def control(self, *asked: str) -> None:
        settings = shlex.join(self.cluster.command(self.port)[3:])  # it goes through a shell
        program, data = str(self.cluster.programs / "pg_ctl"), str(self.cluster.data)
        command = [program, "-D", data, "-o", settings, "-w", "-s", *asked]
        log = ["-l", "/dev/null"] if asked[0] != "stop" else []
        subprocess.run([*command, *log], env=PLAIN_ENVIRONMENT, cwd="/", check=True, **identity(self.cluster.account))

    def check_in(self, client: httpx.Client) -> int:
        sent = body(id=str(uuid4()), at=YESTERDAY)
        answer = client.post(f"{self.url}/v1/check-ins", json=sent, headers=self.caller)
        self.answers.note(answer)
        if answer.status_code == 201:
            self.acked.add(sent["id"])
        return answer.status_code

    def works(self) -> bool:
        with httpx.Client(trust_env=False, timeout=20) as client:
            ready = client.get(f"{self.url}/readyz")
            return ready.status_code == 200 and self.check_in(client) == 201

    def kept(self) -> set[str]:
        with look_into(self.cluster.dsn(self.port, "attendance")) as connection:
            return {str(key) for (key,) in connection.execute("SELECT id FROM check_in")}


@pytest.fixture(scope="module")
def served(sign: Sign, signing_key: RSAKey, seal: Seal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with state_folder() as state, small_disks(state, 260, 160) as disks:
        one = Served(prepare(state), free_port(), disks)
        one.control("start")
        try:
            wait_until_ready(one.cluster, one.port)
            make_tables(one.cluster, one.port)
            api = Api(
                secrets(tmp_path_factory, signing_key), one.cluster.dsn(one.port, "attendance", api_role("attendance"))
            )
            try:
                one.url, one.caller = api.url, sign(village(one, seal), "cadre")
                yield one
            finally:
                api.process.kill()
                api.process.wait()
        finally:
            one.control("stop", "-m", "immediate")


def secrets(folders: pytest.TempPathFactory, key: RSAKey) -> Path:
    folder = folders.mktemp("attendance")
    write_key(folder, TEST_KEY)
    (folder / "client_secret").write_text("a secret of this test 1234567890")
    (folder / "signing.pem").write_bytes(key.as_pem(private=True))
    return folder


def village(one: Served, seal: Seal) -> str:
    account = str(uuid4())
    engine = connect(one.cluster.dsn(one.port, "attendance", "attendance"), pool=1)
    with open_session(engine) as session, session.begin():
        set_standard(session, "self_check_in", 1)
        set_standard(session, "day_starts_at", 5)
        unit, team = Unit(name="示例单位"), Team(name="示例队", village=VILLAGE)
        session.add_all([station_in(VILLAGE), unit, team])
        session.flush()
        sealed: Any = {"sealed_mobile": seal.close("10001000001", "here"), "mobile_index": seal.index("10001000001")}
        cadre = Cadre(name="示甲子", unit_id=unit.id, account=account, **sealed)
        session.add(cadre)
        session.flush()
        session.add(Posting(cadre_id=cadre.id, team_id=team.id, role="member", valid=Range(ARRIVED, None)))
    engine.dispose()
    return account


def all_is_well(served: Served) -> None:
    assert eventually(served.works, HEALS)
    assert served.answers.rude() == []
    assert served.acked <= served.kept()


def test_a_full_disk_is_told_as_an_absence_and_heals(served: Served) -> None:
    served.disks.data.fill()
    try:
        with httpx.Client(trust_env=False, timeout=20) as client:
            assert eventually(lambda: served.check_in(client) == 503, HEALS)
            assert client.get(f"{served.url}/readyz").status_code in (200, 503)
    finally:
        served.disks.data.empty()
    all_is_well(served)


def restart(mode: str) -> Callable[[Served], None]:
    return lambda served: served.control("restart", "-m", mode)


def lose_a_backend(served: Served) -> None:
    query = "SELECT pid FROM pg_stat_activity WHERE usename = 'attendance_api' LIMIT 1"
    with suppress(psycopg.OperationalError), look_into(served.cluster.dsn(served.port, "postgres")) as connection:
        row = connection.execute(query).fetchone()
        assert row
        os.kill(row[0], signal.SIGKILL)


@pytest.mark.parametrize(
    "befalls",
    [
        pytest.param(restart("fast"), id="restarted"),
        pytest.param(restart("immediate"), id="restarted at once"),
        pytest.param(lose_a_backend, id="lost a process"),
    ],
)
def test_a_server_that_starts_over_is_a_pause(served: Served, befalls: Callable[[Served], None]) -> None:
    ended = Event()

    def phone() -> None:
        with httpx.Client(trust_env=False, timeout=20) as client:
            while not ended.is_set():
                served.check_in(client)
                time.sleep(0.01)

    before = len(served.acked)
    writing = Thread(target=phone)
    writing.start()
    try:
        assert eventually(lambda: len(served.acked) > before + 5, HEALS)
        befalls(served)
        assert eventually(served.works, HEALS)
        since = time.monotonic()
        healed = len(served.acked)
        assert eventually(lambda: len(served.acked) > healed + 5, HEALS)
    finally:
        ended.set()
        writing.join()
    assert served.answers.outside([(0.0, since)]) == []
    all_is_well(served)
