"""A PostgreSQL with every service's newest tables, for as long as somebody holds our input open: `state port`."""

import sys

from services.cli.postgres import throwaway
from tests.conftest import FAST, UNSEEN, make_tables

if __name__ == "__main__":
    with throwaway(FAST | UNSEEN) as (cluster, port):
        make_tables(cluster, port)
        sys.stdout.write(f"{cluster.state} {port}\n")
        sys.stdout.flush()
        sys.stdin.read()
