"""Workers killed with SIGKILL while they tell: nobody is untold, and twice only as many as were under way."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlmodel import Session

from services.alerts.models.telling import Addressee
from services.alerts.telling.addresses import write_addresses
from services.alerts.telling.delivery import AT_ONCE
from services.cli.postgres import Cluster, work_role
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from services.kit.store.tables import Division
from tests.alerts.conftest import VILLAGE, told
from tests.alerts.telling.others import Street, street
from tests.alerts.telling.test_channels import settings
from tests.callers import TEST_KEY, as_process, grant, write_key

PEOPLE, KILLS = 240, 6


def workers(engine: Engine, folder: Path, others: Street) -> subprocess.Popen[bytes]:
    said = {"SMS_URL": f"{others.url}/sms", "SMS_DIGEST": "SMS_1", "SMS_URGENT": "SMS_2"}
    told_to = as_process("alerts", engine, folder) | {f"SHOUWANG_{name}": value for name, value in said.items()}
    return subprocess.Popen([sys.executable, "-m", "services.alerts.worker"], env=told_to, stderr=subprocess.DEVNULL)


@pytest.mark.long
def test_killed_at_any_moment_all_are_told(
    watched: Session, engines: dict[str, Engine], cluster: tuple[Cluster, int], tmp_path: Path
) -> None:
    made, port = cluster
    engine = create_engine(made.dsn(port, "alerts", work_role("alerts")))
    write_key(tmp_path, TEST_KEY)
    settings(tmp_path)  # the secrets of every channel
    (tmp_path / "client_secret").write_text("a secret of this test 1234567890")
    seal, phones = Seal(KeyRing.of(TEST_KEY)), {f"1{n:010}": f"cadre-{n}" for n in range(PEOPLE)}
    watched.add(Division(code=VILLAGE, name="示例村", level="village", version=1))
    for phone, who in phones.items():
        grant(engines["alerts"], who, "cadre", VILLAGE)
        person = Addressee(id=uuid4(), account=who, channels=["sms"], language="zh", quiet_from=0, quiet_until=0)
        write_addresses(seal, person, {"phone": phone})
        watched.add(person)
    watched.commit()
    told(watched, safe_water=False)
    chance, waits = Random(8), text("UPDATE telling SET due_at = now() WHERE done_at IS NULL")
    with street() as others:
        for _ in range(KILLS):
            worker = workers(engine, tmp_path, others)
            before = others.asked
            until = time.monotonic() + 60
            while others.asked < before + chance.randint(1, 30) and time.monotonic() < until:
                time.sleep(0.002)
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            watched.execute(waits)  # the time its claims held is over
            watched.commit()
        worker = workers(engine, tmp_path, others)
        until = time.monotonic() + 120
        left = text("SELECT count(*) FROM telling WHERE told_by IS NULL")
        while watched.scalar(left) and time.monotonic() < until:
            watched.rollback()
            time.sleep(0.2)
        worker.terminate()
        worker.wait(30)
    engine.dispose()
    came = Counter(said["phone"] for _, said in others.took)
    assert came.keys() == phones.keys()
    assert max(came.values()) <= 1 + KILLS
    assert sum(came.values()) <= PEOPLE + KILLS * AT_ONCE
