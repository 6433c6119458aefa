"""A county whose services reach each other and their databases over wires that a test holds.

Run as a module it is the launcher: `shouwang run` with the environment that `around` has written beside the state.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import psycopg

from services.cli.main import demonstrate
from services.cli.postgres import Cluster, api_role, work_role
from services.cli.processes import Ports, Process, everything
from services.cli.secret_files import SERVICES, superuser_password
from services.cli.up import up
from tests.faults.wires import Wire, turning

DATABASE = "database"
OVER_WIRES = "UPDATE subscription SET url = replace(url, %s, %s) WHERE own AND url LIKE %s"
Pair = tuple[str, str]  # who calls, and whom
Environments = Mapping[str, Mapping[str, str]]  # by process


def plan_of(file: Path) -> str:
    return str(file.with_name("wires.json"))


@contextmanager
def wired(state: Path, wires: dict[Pair, Wire]) -> Iterator[None]:
    """Fills `wires`, which are there before what they lead to."""
    ports, loop = Ports.free(), turning()
    for service in SERVICES:
        wires[service, DATABASE] = Wire(loop, ports.postgres)
        for other in SERVICES:
            if other != service:
                wires[service, other] = Wire(loop, ports.by_name()[other])
    environments = dict(environments_of(ports, wires))
    told = {"ports": asdict(ports), "environments": environments}
    Path(plan_of(state)).write_text(json.dumps(told))
    yield


def environments_of(ports: Ports, wires: Mapping[Pair, Wire]) -> Iterator[tuple[str, dict[str, str]]]:
    for service in SERVICES:
        others = {other: f"http://127.0.0.1:{wires[service, other].port}" for other in SERVICES if other != service}
        inboxes = [*others.values(), *(ports.url(name) for name in SERVICES)]
        env = {f"SHOUWANG_{name.upper()}_URL": url for name, url in others.items()}
        env["SHOUWANG_INBOXES"] = ",".join(inboxes)
        base = wires[service, DATABASE].port
        for process, role in ((service, api_role(service)), (f"{service}-worker", work_role(service))):
            database = f"postgresql+psycopg://{role}@127.0.0.1:{base}/{service}"
            yield process, env | {"SHOUWANG_DATABASE_URL": database}


def post_over_wires(state: Path, port: int, wires: Mapping[Pair, Wire], url: Callable[[str], str]) -> None:
    """Who listens gave its own address; each teller gets its wire to it instead."""
    password = superuser_password(state)
    for teller in SERVICES:
        address = f"host=127.0.0.1 port={port} user=postgres password={password} dbname={teller}"
        with psycopg.connect(address) as connection:
            for other in SERVICES:
                if other != teller:
                    wire = f"http://127.0.0.1:{wires[teller, other].port}"
                    told = (url(other), wire, f"{url(other)}/%")
                    connection.execute(
                        "UPDATE subscription SET url = replace(url, %s, %s) WHERE own AND url LIKE %s", told
                    )


def launch(state: Path, households: int, teams: int) -> int:
    told = json.loads(Path(plan_of(state)).read_text())
    ports, environments = Ports(**told["ports"]), told["environments"]

    def plan(cluster: Cluster, ports: Ports, migrate: Callable[[], None]) -> list[Process]:
        made = everything(cluster, ports, migrate)
        return [replace(one, env={**one.env, **environments.get(one.name, {})}) for one in made]

    def show() -> None:
        demonstrate(state, ports, "en", (households, teams, 1))()

    return up(state, ports, show, lang="en", plan=plan)


if __name__ == "__main__":
    os.environ["SHOUWANG_DEMO_PEOPLE"] = "true"
    asked = argparse.ArgumentParser()
    asked.add_argument("run")
    asked.add_argument("--free-ports", action="store_true")
    asked.add_argument("--state", type=Path)
    asked.add_argument("--households", type=int)
    asked.add_argument("--teams", type=int)
    given = asked.parse_args()
    sys.exit(launch(given.state, given.households, given.teams))
