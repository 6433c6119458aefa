"""Two hundred phones write while the process that answers them is killed: what was acknowledged is there, once."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.attendance.models.teams import Cadre, Posting, Team, Unit
from services.cli.audit_chain import check_database
from services.cli.postgres import Cluster, api_role, free_port
from services.kit.store.fields import Seal
from tests.attendance.conftest import ARRIVED, VILLAGE, set_standard, station_in
from tests.attendance.test_check_ins import body
from tests.callers import HERE, TEST_KEY, Headers, Sign, write_key
from tests.outside.launching import eventually
from tests.plain_http import plain

PHONES, KILLS = 200, 3


class Api:
    """At one port, started again after each kill."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._argv = [sys.executable, "-m", "tests.outside.attending", str(folder), dsn, str(free_port())]
        self.url = f"http://127.0.0.1:{self._argv[-1]}"
        self.process = subprocess.Popen(self._argv)
        assert eventually(self.answers, 60)

    def answers(self) -> bool:
        try:
            return plain.get(f"{self.url}/livez").is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = subprocess.Popen(self._argv)
        assert eventually(self.answers, 60)


@pytest.fixture
def api(
    cluster: tuple[Cluster, int], clean: None, seal: Seal, attendance: Session, signing_key: RSAKey, tmp_path: Path
) -> Iterator[Api]:
    made, port = cluster
    write_key(tmp_path, TEST_KEY)
    (tmp_path / "client_secret").write_text("a secret of this test 1234567890")
    (tmp_path / "signing.pem").write_bytes(signing_key.as_pem(private=True))
    started = Api(tmp_path, made.dsn(port, "attendance", api_role("attendance")))
    yield started
    started.process.kill()
    started.process.wait()


@pytest.fixture
def callers(attendance: Session, seal: Seal, sign: Sign) -> list[Headers]:
    """A cadre each, ten to a team."""
    set_standard(attendance, "self_check_in", 1)
    set_standard(attendance, "day_starts_at", 5)
    attendance.add(station_in(VILLAGE))
    accounts, unit = [str(uuid4()) for _ in range(PHONES)], Unit(name="示例单位")
    attendance.add(unit)
    attendance.flush()
    for first in range(0, PHONES, 10):
        team = Team(name=f"示例队{first}", village=VILLAGE)
        attendance.add(team)
        attendance.flush()
        for number in range(first, first + 10):
            mobile = f"1{number:010}"
            sealed: Any = {"sealed_mobile": seal.close(mobile, "here"), "mobile_index": seal.index(mobile)}
            cadre = Cadre(name="示甲子", unit_id=unit.id, account=accounts[number], **sealed)
            attendance.add(cadre)
            attendance.flush()
            posted: Any = {"role": "member", "valid": Range(ARRIVED, None)}
            attendance.add(Posting(cadre_id=cadre.id, team_id=team.id, **posted))
    attendance.commit()
    return [sign(account, "cadre") for account in accounts]


def test_two_hundred_phones_lose_nothing_to_kills(api: Api, callers: list[Headers], engines: dict[str, Engine]) -> None:
    acknowledged: list[UUID] = []
    ended = threading.Event()

    def phone(caller: Headers) -> None:
        """Repeats what was not answered, under its id, as phones do."""
        chance = random.Random(caller["authorization"])
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not ended.is_set():
                sent = body(at=datetime.now(HERE.tzinfo).isoformat())
                while not said_so(client, api.url, sent, caller):
                    time.sleep(chance.random() / 5)
                acknowledged.append(UUID(sent["id"]))
                time.sleep(chance.random())

    with ThreadPoolExecutor(PHONES) as threads:
        phones = [threads.submit(phone, caller) for caller in callers]
        try:
            for _ in range(KILLS):
                before = len(acknowledged)
                assert eventually(lambda before=before: len(acknowledged) > before + PHONES, 60)  # type: ignore[misc]
                api.kill()
        finally:
            ended.set()
        for one in phones:
            one.result()
    with engines["attendance"].connect() as connection:
        kept = list(connection.scalars(text("SELECT id FROM check_in")))
        told = list(connection.scalars(text("SELECT subject::uuid FROM event WHERE type = 'check_in.recorded'")))
        settled = list(connection.scalars(text("SELECT unnest(evidence) FROM day_status")))
        assert check_database(connection.execution_options(), []) == []
    assert len(acknowledged) > KILLS * PHONES
    assert set(acknowledged) <= set(kept)
    assert sorted(kept) == sorted(told) == sorted(settled)


def said_so(client: httpx.Client, url: str, sent: object, caller: Headers) -> bool:
    try:
        answer = client.post(f"{url}/v1/check-ins", json=sent, headers=caller)
    except httpx.HTTPError:
        return False
    assert answer.status_code in (201, 503), answer.text
    return answer.status_code == 201
