"""What `make check` looks at beside style and types: migrations equal the models, the lock files fit, no loose ends."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from services.cli.migrate import configuration, migrate_all
from services.cli.openapi.write import outdated
from services.cli.postgres import create_databases, throwaway
from services.cli.secret_files import SERVICES
from tests.migrations.statements import offending

HOME = Path(__file__).resolve().parents[1]
HOSTS = re.compile(r"files\.pythonhosted|pypi\.org/simple|registry\.npmjs|deb\.debian\.org")


def migrations_equal_models() -> Iterator[str]:
    """On a fresh database: up to the newest, nothing left to generate, down to nothing and up again."""
    with throwaway({"fsync": "off"}) as (cluster, port):
        create_databases(cluster, port)
        dsns = {service: cluster.dsn(port, service, service) for service in SERVICES}
        migrate_all(dsns)
        for service, dsn in dsns.items():
            engine = create_engine(dsn)
            with engine.connect() as connection:
                config = configuration(service, connection)
                try:
                    command.check(config)
                    command.downgrade(config, "base")
                    command.upgrade(config, "heads")
                except Exception as error:  # whatever alembic says is the finding
                    yield f"migrations of {service}: {error}"
            engine.dispose()


def migrations_lock_nobody_out() -> Iterator[str]:
    """What each revision says to the database, as squawk reads it."""
    yield from offending()


def locks_fit() -> Iterator[str]:
    """Every dependency named in pyproject.toml is pinned with a hash, and no lock names a registry."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (HOME / name).read_text()
        if HOSTS.search(text):
            yield f"{name} names a registry"
        pinned = set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))
        project = (HOME / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("\n]")[0]
        wanted = {re.split(r"[\[>=<]", line.strip(' ",'))[0] for line in project.splitlines() if line.strip()}
        for missing in sorted(wanted - pinned):
            yield f"{name} does not pin {missing}; run make lock"


def nothing_of_a_registry_is_committed() -> Iterator[str]:
    tracked = subprocess.run(["git", "ls-files"], cwd=HOME, capture_output=True, text=True, check=False).stdout.split()
    for name in tracked:
        path = HOME / name
        readable = path.suffix in {".py", ".md", ".toml", ".lock", ".ini", ".yml"} and path.exists()
        if readable and path != Path(__file__) and HOSTS.search(path.read_text()):
            yield f"{name} names a package registry"


def what_is_made_from_code_is_up_to_date() -> Iterator[str]:
    """The API document and what is made from it: a change of the API is seen in review as a change of these."""
    yield from outdated()


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    locks_fit,
    nothing_of_a_registry_is_committed,
    what_is_made_from_code_is_up_to_date,
    migrations_equal_models,
    migrations_lock_nobody_out,
)


def main() -> int:
    findings = [finding for check in CHECKS for finding in check()]
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
