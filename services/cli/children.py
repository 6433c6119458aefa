"""Starting a program so that it cannot outlive us."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PR_SET_PDEATHSIG = 1
PLAIN_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}  # PostgreSQL's, whoever starts it


@dataclass(frozen=True)
class Account:
    """The user and group numbers a child runs under."""

    user: int
    group: int


class Identity(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


def identity(account: Account | None) -> Identity:
    """What makes `subprocess` change the user. Extra groups are emptied: root's must not be inherited."""
    if account is None:
        return Identity(user=None, group=None, extra_groups=None)
    return Identity(user=account.user, group=account.group, extra_groups=[])


def unprivileged() -> Account | None:
    """The account for PostgreSQL, which refuses to be root. None: we are an ordinary user, and so is it."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    output: int,
    folder: Path = Path("/"),
    account: Account | None = None,
    when_orphaned: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """A child in its own process group, with both of its outputs in one place. From the main thread alone: the
    kernel sends the parent-death signal when the *thread* that spawned ends."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a child may only be spawned from the main thread")
    return subprocess.Popen(
        argv,
        env=env,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        process_group=0,
        preexec_fn=dies_with_us(when_orphaned),
        **identity(account),
    )


def dies_with_us(last_signal: signal.Signals = signal.SIGKILL) -> Callable[[], None] | None:
    """What the child does before it becomes the program, and after its change of user, which clears the wish."""
    if sys.platform != "linux":
        return None
    launcher = os.getpid()
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong]

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(last_signal))
        if os.getppid() != launcher:  # died in between: the signal will never come
            os._exit(1)

    return tie


def may_run(program: Path, account: Account) -> bool:
    """Asked by trying, so that every folder above, access lists and mounts have their say."""
    try:
        tried = subprocess.run([program, "--version"], cwd="/", capture_output=True, check=False, **identity(account))
    except PermissionError:
        return False
    return tried.returncode == 0


def may_enter(folder: Path, account: Account) -> bool:
    enter = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return subprocess.run(enter, cwd="/", capture_output=True, check=False, **identity(account)).returncode == 0
