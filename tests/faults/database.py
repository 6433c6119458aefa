"""PostgreSQL is restarted, and loses processes of its own, under load."""

import os
import signal
import time
from typing import Any

from services.cli.secret_files import SERVICES
from tests.faults.storm import Storm, passed
from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for

RECOVERY = 15.0  # seconds
YOUNG = 11.0  # seconds; a server that dies younger counts as one that cannot live
RESTARTS = {  # as pg_ctl asks for them; whoever keeps it running starts it again
    "restart fast": signal.SIGINT,
    "restart immediate": signal.SIGQUIT,
    "postmaster -9": signal.SIGKILL,
}


def restart(storm: Storm, kind: str) -> None:
    time.sleep(YOUNG)
    server = pids(storm.county)["postgres"]
    with storm.trouble(kind):
        os.kill(server, RESTARTS[kind])
        wait_for(lambda: "postgres" in storm.county.processes(), 30)


def kill_a_backend(storm: Storm) -> None:
    """With it all others lose their connections: the server starts over by itself, to be sure of its memory."""
    time.sleep(2)
    wanted = "SELECT pid FROM pg_stat_activity WHERE usename LIKE %s AND pid <> pg_backend_pid() LIMIT 1"
    victim = storm.chaos.databases.count("postgres", wanted, f"{storm.chaos.rng.choice(SERVICES)}%")
    with storm.trouble("backend -9"):
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: not os.path.exists(f"/proc/{victim}"), 10)


def prove(storm: Storm, times: int) -> dict[str, Any]:
    before = pids(storm.county)
    for _ in range(times):
        for kind in RESTARTS:
            restart(storm, kind)
        kill_a_backend(storm)
    figures = storm.figures()
    restarted = sum(before[name] != pid for name, pid in pids(storm.county).items() if name != "postgres")
    faults = sum(map(len, storm.recoveries.values()))
    return {
        **figures,
        "faults": faults,
        "processes_restarted": restarted,
        "passed": passed(figures, RECOVERY) and not restarted,
    }


def pids(county: WatchedCounty) -> dict[str, int]:
    wait_for(lambda: len(county.processes()) == PROCESSES, 60)
    return {name: one["pid"] for name, one in county.processes().items()}
