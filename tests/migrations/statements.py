"""What each revision says to the database, looked at by squawk: which statements lock people out of a table.

`squawk.toml` beside this holds the rules that do not apply here, each with its reason. LANDED names what had landed
before anybody looked, and is not added to: a landed revision is done, a new one passes.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, event

from services.cli.postgres import create_databases, throwaway
from services.cli.secret_files import SERVICES
from tests.migrations.steps import Steps, database_of, revisions

HERE = Path(__file__).parent
SQUAWK = Path(sys.executable).with_name("squawk")
LANDED: Mapping[str, tuple[str, ...]] = {
    "attendance005": ("ban-drop-default",),  # the release before cannot add a team's facts once this has run
    "kit006": ("require-concurrent-index-creation",),  # writes of deliveries wait while it is built
    "kit010": ("require-concurrent-index-creation",),
}
# A table becomes a part of a whole that takes its name, in one transaction: nobody meets it half way, and nobody
# waits longer than test_old_and_new_together allows.
IN_ONE_MOMENT: Mapping[str, tuple[str, ...]] = {
    "households009": (  # the key of a line takes in its item: lines are short, and read by their statement
        "adding-serial-primary-key-field", "ban-drop-constraint", "constraint-missing-not-valid",
    ),
    "kit011": (
        "adding-serial-primary-key-field", "ban-alter-identity", "ban-drop-constraint", "constraint-missing-not-valid",
        "renaming-object", "renaming-table", "require-concurrent-index-creation",
    ),
}  # fmt: skip
EXCUSED = {**LANDED, **IN_ONE_MOMENT}


def offending() -> Iterator[str]:
    """For `make check`: each statement of a revision that squawk has something to say of."""
    with throwaway({"fsync": "off"}) as (cluster, port):
        create_databases(cluster, port)
        said: dict[str, list[str]] = {}
        for service in SERVICES:
            with database_of(cluster, port, service, "said") as steps:
                said |= statements_of(steps)
    for revision, rule, message, statement in complaints(said):
        if rule not in EXCUSED.get(revision, ()):
            yield f"{revision}: {rule}: {message} {statement}"


def statements_of(steps: Steps) -> dict[str, list[str]]:
    """As they are sent, going up: what is asked of the catalogue and alembic's own notes aside. Those that are sent in
    a transaction are between BEGIN and COMMIT: an index that is built beside the writers cannot be."""
    said: list[str] = []

    def listen(of: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        alone = bool(of.connection.dbapi_connection and of.connection.dbapi_connection.autocommit)
        words = statement.strip().rstrip(";")
        if not words.startswith("SELECT") and "alembic_version " not in words:
            said.append(f"COMMIT;\n{words};\nBEGIN" if alone else words)

    event.listen(steps.connection, "before_cursor_execute", listen)
    found = {}
    for revision, _ in revisions(steps.service):
        said.clear()
        steps.up(revision)
        found[revision] = list(said)
    event.remove(steps.connection, "before_cursor_execute", listen)
    return found


def complaints(said: Mapping[str, list[str]]) -> Iterator[tuple[str, str, str, str]]:
    """Revision, rule, words, statement. Sorted, a revision a file."""
    with TemporaryDirectory() as folder:
        for revision, statements in said.items():
            whole = "".join(f"{one};\n" for one in ("BEGIN", *statements, "COMMIT"))
            (Path(folder) / f"{revision}.sql").write_text(whole)
        files = sorted(map(str, Path(folder).iterdir()))
        asked = [str(SQUAWK), "--config", str(HERE / "squawk.toml"), "--reporter", "json", *files]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            raise RuntimeError(done.stderr)
        for one in json.loads(done.stdout or "[]"):
            place = Path(one["file"])
            line = place.read_text().splitlines()[one["line"]]
            yield place.stem, one["rule_name"], one["message"], line.strip()
