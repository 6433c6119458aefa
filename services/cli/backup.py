"""`shouwang backup`: the whole data at one instant, and from then on every write, beside the services or without them.

A backup is a base backup of PostgreSQL (all services' databases as they were at the same moment) and a signed note
beside it. It holds no key: the folder `secrets` is kept apart from it, and a restore needs both.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.cli.children import PLAIN_ENVIRONMENT, dies_with_us
from services.cli.messages import CannotRun, Notice
from services.cli.postgres import running
from services.cli.programs import find_programs, major_version
from services.cli.readiness import read_ready
from services.cli.secret_files import SERVICES, key_numbers, secret_folder, superuser_password
from services.cli.up import only_one
from services.kit.store.heads import KEY, read_key
from services.kit.store.signing import is_signed, signed

NOTE, BASE, WAL = "shouwang.json", "base", "wal"
BACKED_UP = Notice(
    "已备份到 {folder}。密钥不在其中：请另行保管 secrets 文件夹。",
    "Backed up to {folder}. It holds no keys: keep the folder of secrets elsewhere.",
)


class NotABackup(CannotRun):
    notice = Notice("{folder} 不是完整的守望备份（{why}）。", "{folder} is not a whole backup of Shouwang ({why}).")


class ForeignBackup(CannotRun):
    notice = Notice(
        "这份备份不是由这里的密钥签出的：属于另一个部署，或被改动。",
        "The backup was not signed with the keys here: it is another deployment's, or was changed.",
    )


class FolderTaken(CannotRun):
    notice = Notice("{folder} 已存在。", "{folder} exists already.")


class LogGone(CannotRun):
    notice = Notice(
        "备份之后的部分日志（{segment}）已被清除，无法接续。请重新备份。",
        "A part of the log since the backup ({segment}) is gone already: it cannot be followed. Make a new backup.",
    )


class ProgramFailed(CannotRun):
    notice = Notice("{program} 失败：{why}", "{program} failed: {why}")


def back_up(state: Path, folder: Path) -> Mapping[str, Any]:
    """While the services run, or while they do not. The note is written last: without it there is no backup."""
    if folder.exists():
        raise FolderTaken(folder=folder)
    folder.mkdir(mode=0o700, parents=True)
    with server_of(state) as (programs, port):
        arguments = [f"--pgdata={folder / BASE}", "--wal-method=stream", "--checkpoint=fast"]
        call(programs / "pg_basebackup", *arguments, "--manifest-checksums=SHA256", **connection(state, port))
    (folder / WAL).mkdir(mode=0o700)
    note = signed(
        {
            "made_at": datetime.now(UTC).isoformat(),
            "postgres": major_version(programs),
            "manifest": sha256_of(folder / BASE / "backup_manifest"),
            "keys": {service: key_numbers(secret_folder(state, service)) for service in SERVICES},
        },
        read_key(secret_folder(state, "county") / KEY),
    )
    written = folder / f".{NOTE}"
    written.write_text(json.dumps(note, indent=1))
    written.rename(folder / NOTE)
    return note


def follow(state: Path, folder: Path) -> None:
    """Everything written since the backup goes beside it too, until stopped: what is lost is seconds, not days."""
    read_note(state, folder)
    with server_of(state) as (programs, port):
        begin(state, folder, programs, port)
        call(programs / "pg_receivewal", f"--directory={folder / WAL}", "--synchronous", **connection(state, port))


def begin(state: Path, folder: Path, programs: Path, port: int) -> None:
    """The log is followed from where the backup ended: from now on, what was written between the two would be missing,
    and a restore ends at the first segment that is missing. An empty part says where."""
    if any((folder / WAL).iterdir()):
        return
    segment = segment_after(max(path.name for path in (folder / BASE / "pg_wal").glob("[0-9A-F]" * 24)))
    oldest = "SELECT min(substr(name, 9)) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'"
    if call(programs / "psql", "-XAtc", oldest, **connection(state, port)).strip() > segment[8:]:
        raise LogGone(segment=segment)
    (folder / WAL / f"{segment}.partial").touch(mode=0o600)


def segment_after(name: str) -> str:
    """The next in PostgreSQL's log: timeline, number / 256, number % 256, in eight hexadecimal digits each."""
    number = int(name[8:16], 16) * 256 + int(name[16:], 16) + 1
    return f"{name[:8]}{number // 256:08X}{number % 256:08X}"


def read_note(state: Path, folder: Path) -> Mapping[str, Any]:
    try:
        note: Mapping[str, Any] = json.loads((folder / NOTE).read_text())
        ours = is_signed(note, read_key(secret_folder(state, "county") / KEY).public_key())
    except (OSError, ValueError, AttributeError) as error:
        raise NotABackup(folder=folder, why=type(error).__name__) from error
    if not ours:
        raise ForeignBackup
    return note


@contextmanager
def server_of(state: Path) -> Iterator[tuple[Path, int]]:
    """The one that runs, or one for as long as it takes."""
    ready = read_ready(state)
    if ready and "postgres" in ready["processes"]:
        yield find_programs(None), urlsplit(ready["processes"]["postgres"]["url"] or "").port or 0
        return
    with only_one(state), running(state) as (cluster, port):
        yield cluster.programs, port


def call(program: Path, *arguments: str, **env: str) -> str:
    """The password goes by the environment: an argument would show in the list of processes."""
    done = subprocess.run(
        [str(program), *arguments],
        env={**PLAIN_ENVIRONMENT, **env},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=dies_with_us(),
    )
    if done.returncode != 0:
        raise ProgramFailed(program=program.name, why=done.stderr.strip()[-500:])
    return done.stdout


def connection(state: Path, port: int) -> dict[str, str]:
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "PGUSER": "postgres",
        "PGDATABASE": "postgres",
        "PGPASSWORD": superuser_password(state),
    }


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
