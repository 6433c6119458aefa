"""The disk of PostgreSQL's data, or of its write-ahead log, is full for a while under load."""

import time
from typing import Any

from services.cli.secret_files import superuser_password
from tests.faults.disks import Disks
from tests.faults.exhaust import use_up_the_log
from tests.faults.storm import Storm, passed

HEALS = 30.0  # seconds
FULL = 12.0  # seconds in which there is no space


def fill_data(storm: Storm, disks: Disks) -> None:
    refused = len(storm.answers.said)
    with storm.trouble("data", disks.data.empty):
        disks.data.fill()
        end = time.monotonic() + 3 * FULL
        while len(storm.answers.said) < refused + 3 and time.monotonic() < end:
            time.sleep(0.2)
            disks.data.fill()
        time.sleep(FULL / 2)


def fill_log(storm: Storm, disks: Disks) -> None:
    server = storm.chaos.databases
    dsn = f"postgresql://postgres:{superuser_password(server.state)}@127.0.0.1:{server.port}/postgres"
    with storm.trouble("log", disks.log.empty):
        disks.log.fill()
        use_up_the_log(dsn)
        time.sleep(FULL)


def prove(storm: Storm, disks: Disks, times: int) -> dict[str, Any]:
    for _ in range(times):
        fill_data(storm, disks)
        time.sleep(1)
        fill_log(storm, disks)
        time.sleep(11)  # a server that dies younger counts as one that cannot live
    figures = storm.figures()
    faults = sum(map(len, storm.recoveries.values()))
    return {**figures, "faults": faults, "passed": passed(figures, HEALS) and figures["refused"] > 0}
