"""Every place of a county's processes where something is written down or handed out, read to be searched."""

import os
import re
import select
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from services.cli.audit import connected, dsn_of
from services.cli.audit_chain import export
from services.cli.data_folder import find_data
from services.cli.programs import package_folder, programs_in
from services.cli.secret_files import SERVICES, secret_folder, superuser_password
from services.kit.store.heads import encode
from tests.outside.canaries import CARD, ILLNESS, NAME, NUMBER, PHONE, in_plain, told_in
from tests.outside.watched_county import WatchedCounty
from tests.plain_http import plain

Pieces = Iterator[tuple[str, bytes]]  # where, and what stands there

PARTITION = re.compile(r"_(default|[0-9]{4}_[0-9]{2})$")
# Columns in which what a person is called, or what an official wrote about a family, is what the county asked for.
OPEN_COLUMNS = {
    ("households.person.name", NAME),
    ("households.household.head_name", NAME),
    ("households.member_name.folded", NAME),  # what a search by name looks through
    ("households.history.held", NAME),  # what stood in those columns before
    ("attendance.cadre.name", NAME),
    ("county.account.name", NAME),
    ("households.tag.source", ILLNESS),
    ("households.id_number_view.reason", ILLNESS),
}
SEALED = {NUMBER, PHONE, CARD}  # these stand nowhere in the open


@dataclass
class Answers:
    """What callers were told: refusals whole, and other answers, which may name people to whoever may see them."""

    refused: list[tuple[str, bytes]] = field(default_factory=list)
    given: list[tuple[str, bytes]] = field(default_factory=list)

    def note(self, said: str, answer: httpx.Response) -> httpx.Response:
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items()).encode()
        kept = self.refused if answer.is_error else self.given
        kept.append((f"{said} → {answer.status_code}", headers + b"\n\n" + answer.content))
        return answer


@dataclass(frozen=True)
class Found:
    sink: str
    place: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.sink}: {self.place}"


Sinks = dict[str, Callable[[], Pieces]]


def sinks_of(county: WatchedCounty, answers: Answers) -> Sinks:
    """By name. `databases` is what pg_dump writes of all four; `data files` are PostgreSQL's own, with its
    write-ahead log."""
    state = county.state
    return {
        "logs": lambda: files_in(state / "logs"),
        "launcher": lambda: launcher_output(county),
        "state folder": lambda: files_in(state, without=(state / "logs", state / "postgres")),
        "temporary files": lambda: files_in(county.temporary),
        "webhooks": lambda: files_in(state / "receiver"),
        "refusals": lambda: iter(answers.refused),
        "answers": lambda: iter(answers.given),
        "metrics": lambda: metrics(county),
        "audit exports": lambda: audit_exports(state),
        "statements under way": lambda: activity(state),
        "databases": lambda: dumps(county),
        "data files": lambda: files_in(data_of(state)),
    }


def search(sinks: Sinks) -> tuple[list[Found], dict[str, int]]:
    """What stands where it must not; and how many bytes were looked through in each sink."""
    found: list[Found] = []
    looked: dict[str, int] = {}
    for name, read in sinks.items():
        for place, content in read():
            looked[name] = looked.get(name, 0) + len(content)
            told = in_plain(content) if name == "data files" else told_in(content, ends=name != "databases")
            found += [Found(name, place, kind) for kind in told if not may_stand(name, place, kind)]
    return found, looked


def may_stand(sink: str, place: str, kind: str) -> bool:
    if sink == "databases":
        return (place, kind) in OPEN_COLUMNS
    return sink in ("answers", "data files") and kind not in SEALED


def files_in(folder: Path, without: Iterable[Path] = ()) -> Pieces:
    """Whole, whatever their kind; one that goes while we look is gone."""
    left_out = [path.absolute() for path in without]
    for path in sorted(folder.rglob("*")):
        if any(path.is_relative_to(other) for other in left_out) or not path.is_file():
            continue
        try:
            yield str(path.relative_to(folder)), path.read_bytes()
        except FileNotFoundError:
            continue


def data_of(state: Path) -> Path:
    data = find_data(state)
    assert data
    return data


def launcher_output(county: WatchedCounty) -> Pieces:
    """What stands in the pipe now. It is heard once: what was read before is kept with the county."""
    pipe = county.launcher.stdout
    assert pipe
    while select.select([pipe.fileno()], [], [], 0)[0] and (piece := os.read(pipe.fileno(), 65_536)):
        county.said.append(piece)
    yield "stdout and stderr", b"".join(county.said)


def metrics(county: WatchedCounty) -> Pieces:
    for service in SERVICES:
        token = (secret_folder(county.state, service) / "metrics_token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        answer = plain.get(f"{county.url(service)}/metrics", headers=headers)
        assert answer.status_code == 200
        yield service, answer.content


def audit_exports(state: Path) -> Pieces:
    for service in SERVICES:
        with connected(dsn_of(state, service)) as connection:
            yield service, "\n".join(map(encode, export(connection))).encode()


def activity(state: Path) -> Pieces:
    """The last statement of each connection, as an operator sees it."""
    with connected(dsn_of(state, "postgres")) as connection:
        rows = connection.exec_driver_sql("SELECT datname, query FROM pg_stat_activity WHERE datname IS NOT NULL")
        for database, query in rows:
            yield database, query.encode()


def dumps(county: WatchedCounty) -> Pieces:
    """By column: database.table.column, a partition's by its table's. Outside of the rows is the place `schema`."""
    for service in SERVICES:
        port = county.processes()["postgres"]["url"].rpartition(":")[2]  # type: ignore[union-attr]
        dumped = subprocess.run(
            [programs_in(package_folder()) / "pg_dump", "-h", "127.0.0.1", "-p", port, "-U", "postgres", service],
            env={"PGPASSWORD": superuser_password(county.state), "PATH": os.environ["PATH"]},
            capture_output=True,
            check=True,
        )
        yield from by_column(service, dumped.stdout)


def by_column(database: str, dump: bytes) -> Pieces:
    """Rows stand between `COPY public.table (a, b) FROM stdin;` and `\\.`, their columns parted by tabs."""
    columns: dict[str, list[bytes]] = {f"{database}.schema": []}
    names: list[str] = []
    for line in dump.split(b"\n"):
        if line.startswith(b"COPY public."):
            table, _, rest = line.removeprefix(b"COPY public.").decode().partition(" (")
            table = PARTITION.sub("", table)
            names = [f"{database}.{table}.{name.strip()}" for name in rest.partition(")")[0].split(",")]
        elif line == b"\\.":
            names = []
        elif names:
            for name, value in zip(names, line.split(b"\t"), strict=True):
                columns.setdefault(name, []).append(value)
        else:
            columns[f"{database}.schema"].append(line)
    for name, values in columns.items():
        yield name, b"\n".join(values)
