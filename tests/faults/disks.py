"""Small disks of memory, to be filled and emptied at will: PostgreSQL's data and its write-ahead log on one each."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.cli.postgres import prepare

BLOCK = 1 << 20  # bytes


@dataclass(frozen=True)
class Disk:
    place: Path

    @property
    def ballast(self) -> Path:
        return self.place / "ballast"

    def fill(self) -> None:
        """To the last byte."""
        with self.ballast.open("ab", buffering=0) as file:
            for size in (BLOCK, 4096, 1):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        self.ballast.unlink(missing_ok=True)


@dataclass(frozen=True)
class Disks:
    data: Disk
    log: Disk


def why_not() -> str:
    """Why no disk can be made here; nothing when it can."""
    if os.geteuid() != 0:
        return "only root may mount"
    tried = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return "" if tried.returncode == 0 else "mounting is not permitted here"


@contextmanager
def mounted(place: Path, megabytes: int) -> Iterator[Disk]:
    place.mkdir(mode=0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", place], check=True)
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


@contextmanager
def small_disks(state: Path, data: int = 600, log: int = 200) -> Iterator[Disks]:
    """PostgreSQL's data of `state`, made if it is not there, lies on them until the end, and is gone afterwards."""
    with mounted(state.with_name("data-disk"), data) as first, mounted(state.with_name("log-disk"), log) as second:
        made = prepare(state).data
        moved = first.place / "postgres"
        move(made, moved)
        move(moved / "pg_wal", second.place / "pg_wal")
        (moved / "pg_wal").symlink_to(second.place / "pg_wal")
        (state / "postgres").unlink(missing_ok=True)
        (state / "postgres").symlink_to(moved)
        try:
            yield Disks(first, second)
        finally:
            (state / "postgres").unlink()


def move(folder: Path, to: Path) -> None:
    """With its owners."""
    subprocess.run(["cp", "-a", folder, to], check=True)
    shutil.rmtree(folder)
