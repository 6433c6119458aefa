"""`make prove-migrations`: all of it at a size of one's choice. One JSON line; exit 1 when anything was lost or
refused, or kept waiting longer than a second."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from services.cli.postgres import Cluster, connect, create_databases, throwaway
from services.cli.secret_files import SERVICES
from tests.callers import signing
from tests.migrations.beside import Ground, a_key, callers_of, together
from tests.migrations.load import Seen
from tests.migrations.released import NotInThisClone, Release, release_before
from tests.migrations.steps import database_of
from tests.migrations.walk import Walked, walk

LONGEST_WAIT_S = 1.0


def walked(cluster: Cluster, port: int, rows: int) -> Walked:
    whole = Walked()
    for service in SERVICES:
        with database_of(cluster, port, service, "walked") as steps:
            one = walk(steps, rows)
        whole.tested += [f"{service} {revision}" for revision in one.tested]
        whole.changed += one.changed
    return whole


def served_meanwhile(cluster: Cluster, port: int, release: Release, rows: int) -> dict[str, Seen]:
    found = {}
    with TemporaryDirectory() as place:
        ground = Ground(cluster, port, release.unpack(Path(place) / "old"), Path(place), a_key(Path(place)))
        for service in filter(release.differs_in, SERVICES):
            found[service] = together(ground, service, rows, callers_of(service, signing(ground.key)))
    return found


def report(whole: Walked, release: Release | str, seen: Mapping[str, Seen]) -> dict[str, object]:
    return {
        "revisions": len(whole.tested),
        "changed": whole.changed,
        "release_before": release if isinstance(release, str) else release.commit,
        "services_beside": sorted(seen),
        "requests": sum(one.asked + one.written for one in seen.values()),
        "failed": [failure for one in seen.values() for failure in one.failed][:20],
        "longest_lock_wait_s": round(max((one.longest_wait_s for one in seen.values()), default=0), 3),
        "slowest_write_s": round(max((one.slowest_write_s for one in seen.values()), default=0), 3),
    }


def main(rows: int) -> int:
    began, seen = time.monotonic(), {}
    with throwaway() as (cluster, port):
        create_databases(cluster, port)
        with connect(cluster.dsn(port)) as server:
            postgres = server.info.server_version // 10_000
        whole = walked(cluster, port, rows)
        try:
            release: Release | str = release_before()
            seen = served_meanwhile(cluster, port, release, rows) if isinstance(release, Release) else {}
        except NotInThisClone as reason:
            release = f"skipped: {reason}"
    told = report(whole, release, seen)
    seconds = round(time.monotonic() - began, 1)
    line = {"rows": rows, "postgres": postgres, **told, "seconds": seconds, "load": os.getloadavg()[0]}
    sys.stdout.write(json.dumps(line) + "\n")
    waited = max((one.longest_wait_s for one in seen.values()), default=0)
    return 1 if told["changed"] or told["failed"] or waited > LONGEST_WAIT_S else 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=2_000)
    sys.exit(main(asked.parse_args().rows))
