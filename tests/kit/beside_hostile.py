"""How five healthy receivers fare beside every hostile one: delays, memory, and who was called. One JSON line.

python -m tests.kit.beside_hostile --seconds 60
"""

import argparse
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.cli.migrate import migrate_all
from services.cli.postgres import create_databases, throwaway
from services.cli.secret_files import SERVICES
from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Lane
from services.kit.post.receivers import Allowed
from services.kit.post.relay import Courier
from services.kit.store.db import connect
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from services.kit.store.work import Loop, turn
from tests.callers import TEST_KEY
from tests.kit.certificates import write_all
from tests.kit.hostile import TLS
from tests.kit.house import House
from tests.kit.witness import witnessing

PACE = 0.25  # seconds between two events
MIB = 1_024  # KiB


@dataclass(frozen=True)
class Figures:
    healthy: int
    hostile: int
    events: int
    arrived: int
    clean_p95_ms: int
    beside_p95_ms: int
    grown_mib: float
    called_beside_the_list: int
    met_by_redirects: int


@contextmanager
def running(kind: str, folder: Path) -> Iterator[dict[str, int]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.kit.hostile", kind, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.stdin.close()


@contextmanager
def delivering(house: House, lane: Lane) -> Iterator[None]:
    """As a worker does."""
    stop = threading.Event()
    courier = Courier(house.engine, lane, house.seal, "households", own=False)
    loops = [Loop("fan out", lambda now: fan_out(house.engine, now), idle=0.05), Loop("outside", courier.step)]
    threads = [threading.Thread(target=turn, args=(loop, stop, UTC)) for loop in loops]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def resident() -> int:
    """KiB of this process in memory."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def emit_for(house: House, seconds: float) -> tuple[int, int]:
    """How many events, and the most memory seen."""
    many, most, until = 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        house.emits(now=datetime.now(UTC))
        many, most = many + 1, max(most, resident())
        time.sleep(PACE)
    return many, max(most, resident())


def delays(folder: Path, expected: int) -> list[float]:
    """When the last has arrived, or after a while without it."""
    until = time.monotonic() + 20
    while len(noted := (folder / "delays").read_text().splitlines()) < expected and time.monotonic() < until:
        time.sleep(0.1)
    written = [float(line) for line in noted]
    (folder / "delays").write_text("")
    return sorted(written)


def p95(sorted_seconds: Sequence[float]) -> int:
    return round(1_000 * sorted_seconds[int(len(sorted_seconds) * 0.95)])


def measure(house: House, folder: Path, seconds: float, deadline: float) -> Figures:
    write_all(folder)
    trusting = ssl.create_default_context()
    for name in ("wrong name", "old protocol"):
        trusting.load_verify_locations(folder / f"{name}.pem")
    with ExitStack() as open_ones:
        healthy = open_ones.enter_context(running("healthy", folder))
        hostile = open_ones.enter_context(running("hostile", folder))
        witness = open_ones.enter_context(witnessing())
        places = [f"127.0.0.1:{port}" for port in (*healthy.values(), *hostile.values())]
        lane = Lane(Allowed("", ",".join(places)), deadline, tls=trusting)
        open_ones.callback(lane.close)
        for port in healthy.values():
            house.subscribe(f"http://127.0.0.1:{port}/")
        with delivering(house, lane):
            delays(folder, emit_for(house, 1)[0] * len(healthy))
            events, before = emit_for(house, seconds)
            clean = delays(folder, events * len(healthy))
            for name, port in hostile.items():
                house.subscribe(f"{'https' if name in TLS else 'http'}://127.0.0.1:{port}/{witness.port}")
            more, after = emit_for(house, seconds)
            beside = delays(folder, more * len(healthy))
        called = {f"{host}:{port}" for host, port, *_ in witness.called}
        return Figures(
            healthy=len(healthy),
            hostile=len(hostile),
            events=events + more,
            arrived=len(clean) + len(beside),
            clean_p95_ms=p95(clean),
            beside_p95_ms=p95(beside),
            grown_mib=round((after - before) / MIB, 1),
            called_beside_the_list=len(called - set(places)),
            met_by_redirects=len(witness.met),
        )


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60)
    seconds = asked.parse_args().seconds
    with throwaway({"fsync": "off"}) as (cluster, port), tempfile.TemporaryDirectory() as folder:
        create_databases(cluster, port)
        migrate_all({service: cluster.dsn(port, service, service) for service in SERVICES})
        house = House(connect(cluster.dsn(port, "households", "households")), Seal(KeyRing.of(TEST_KEY)))
        figures = measure(house, Path(folder), seconds, 10)
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")
    return int(figures.beside_p95_ms > 2 * figures.clean_p95_ms or figures.grown_mib > 64)


if __name__ == "__main__":
    sys.exit(main())
