"""Phones of a county over a month, in one JSON line.

    python -m tests.simulate --devices 500 --days 30 --seed 1

Exit 1 when something was lost, doubled, invented or astray, or when an order has changed a figure.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from services.cli.postgres import api_role, throwaway
from services.kit.store.db import connect
from tests.conftest import FAST, make_tables
from tests.simulate.county import county
from tests.simulate.run import simulate

WRONG = ("lost", "doubled", "invented", "astray", "different")


def main() -> int:
    parser = argparse.ArgumentParser()
    for name, usual in (("devices", 500), ("days", 30), ("seed", 1), ("permutations", 1000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    began = time.monotonic()
    with throwaway(FAST) as (cluster, port), tempfile.TemporaryDirectory() as folder:
        make_tables(cluster, port)
        owner, api = (connect(cluster.dsn(port, "attendance", role)) for role in ("attendance", api_role("attendance")))
        (Path(folder) / "secrets").mkdir()
        with county(owner, api, Path(folder) / "secrets") as made:
            found = simulate(made, Path(folder), asked.devices, asked.days, asked.seed, asked.permutations)
        owner.dispose()
        api.dispose()
    sys.stdout.write(json.dumps(found | {"seed": asked.seed, "seconds": round(time.monotonic() - began)}) + "\n")
    return 1 if any(found[name] for name in WRONG) else 0


if __name__ == "__main__":
    sys.exit(main())
