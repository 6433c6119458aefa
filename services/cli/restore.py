"""`shouwang restore`: a backup takes the place of the live data, once all that can be wrong with it was asked."""

import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.cli.backup import BASE, WAL, ProgramFailed, call, connection, read_note, sha256_of
from services.cli.children import Account, unprivileged
from services.cli.data_folder import account_for, choose_place, find_data, make_state_folder
from services.cli.messages import CannotRun, DiskFull, Notice
from services.cli.postgres import Cluster, serving
from services.cli.programs import find_programs, major_version
from services.cli.secret_files import SERVICES, key_numbers, secret_folder
from services.cli.up import only_one

RESTORED = Notice(
    "已恢复。原有数据保留在 {before}，确认无误后可删除。",
    "Restored. What was there before is kept in {before}; delete it when all is well.",
)
ROOM = 1.2  # times the size of the backup that must be free
SEGMENT = 16 << 20  # bytes: of PostgreSQL's log, made so by initdb unless it is told otherwise
RECOVERY = "restore_command = 'cp {wal}/%f %p'\nrecovery_target_timeline = 'latest'\n"


class Damaged(CannotRun):
    notice = Notice("备份已损坏：{why}", "The backup is damaged: {why}")


class OtherPostgres(CannotRun):
    notice = Notice(
        "备份属于 PostgreSQL {written}，现有程序是 {program}。",
        "The backup is PostgreSQL {written}'s, the programs are {program}.",
    )


class KeysMissing(CannotRun):
    notice = Notice(
        "缺少备份所需的字段密钥：{keys}。请先放回 secrets 文件夹。",
        "Keys of sealed fields that the backup needs are missing: {keys}. Put back the folder of secrets first.",
    )


def restore(state: Path, folder: Path) -> Path:
    """Checked, copied, recovered and started once beside the live data; then the two change places. Whatever fails
    before, the live data is as it was. Answers where what was live is kept."""
    with only_one(state):
        note = read_note(state, folder)
        account = owner_of(state)
        programs = find_programs(account)
        check(state, folder, note, programs)
        live = find_data(state) or choose_place(state.resolve(), account)
        fresh = live.with_name(f"{live.name}.restoring-{secrets.token_hex(4)}")
        try:
            lay_out(folder, fresh, account)
            recover(Cluster(state.resolve(), fresh, programs, account))
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        return change_places(state, live, fresh)


def check(state: Path, folder: Path, note: Mapping[str, Any], programs: Path) -> None:
    """Every byte against the manifest, and the manifest against the note."""
    if note["postgres"] != major_version(programs):
        raise OtherPostgres(written=note["postgres"], program=major_version(programs))
    here = {service: set(key_numbers(secret_folder(state, service))) for service in SERVICES}
    needed = ((service, number) for service in SERVICES for number in note["keys"][service])
    missing = [f"{service}/{number}" for service, number in needed if number not in here[service]]
    if missing:
        raise KeysMissing(keys=", ".join(missing))
    manifest = folder / BASE / "backup_manifest"
    if not manifest.exists() or sha256_of(manifest) != note["manifest"]:
        raise Damaged(why="backup_manifest")
    try:
        call(programs / "pg_verifybackup", "--quiet", "--exit-on-error", str(folder / BASE))
    except ProgramFailed as reason:
        raise Damaged(why=reason.values["why"]) from reason


def lay_out(folder: Path, fresh: Path, account: Account | None) -> None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if shutil.disk_usage(fresh.parent).free < size * ROOM:
        raise DiskFull(folder=fresh.parent)
    shutil.copytree(folder / BASE, fresh, symlinks=True)
    wal = fresh / "restored_wal"
    shutil.copytree(folder / WAL, wal)
    for part in wal.glob("*.partial"):  # the segment that was being written when the copying ended, or not yet begun
        if part.stat().st_size == SEGMENT:
            part.rename(part.with_suffix(""))
    with (fresh / "postgresql.auto.conf").open("a") as settings:
        settings.write(RECOVERY.format(wal=wal))
    (fresh / "recovery.signal").touch()
    fresh.chmod(0o700)
    if account:
        for path in (fresh, *fresh.rglob("*")):
            os.chown(path, account.user, account.group, follow_symlinks=False)


def recover(cluster: Cluster) -> None:
    """Once to the end of what was written, in its place beside the live data; afterwards as any other data. As a
    standby it would answer before that end, and be stopped in the middle of reading."""
    with serving(cluster, options={"hot_standby": "off"}) as port:
        counted = "SELECT count(*) FROM pg_database WHERE NOT datistemplate"
        if int(call(cluster.programs / "psql", "-XAtc", counted, **connection(cluster.state, port))) <= len(SERVICES):
            raise Damaged(why="a service's database is not in it")
    settings = cluster.data / "postgresql.auto.conf"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith(("restore_command", "recovery_"))]
    settings.write_text("\n".join(kept) + "\n")
    shutil.rmtree(cluster.data / "restored_wal")


def change_places(state: Path, live: Path, fresh: Path) -> Path:
    """Two renames; between them there is no data, and a start would say so."""
    before = live.with_name(f"{live.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if live.exists():
        live.rename(before)
    fresh.rename(live)
    link = state / "postgres"
    if live.parent != state.resolve() and not link.exists():
        link.symlink_to(live)
    return before


def owner_of(state: Path) -> Account | None:
    """Whom PostgreSQL runs as here."""
    make_state_folder(state)
    account, data = unprivileged(), find_data(state)
    return account_for(data, account) if account and data else account
