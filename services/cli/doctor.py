"""What is wrong, and what to do about it: looked at from outside, as an operator would."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import httpx

from services.cli.ailments import (
    ALL_WELL,
    DATABASE_AWAY,
    DISK_LOW,
    NO_ANSWER,
    NOT_READY,
    NOT_RUNNING,
    NOT_UP,
    OPEN_SECRET,
    TROUBLES,
    Ailment,
)
from services.cli.messages import Lang, Voice
from services.cli.ports_taken import taken_ports
from services.cli.processes import Ports
from services.cli.readiness import Ready, ReadyProcess, read_ready
from services.kit.secrets_on_disk import weak_secrets

LOW = 2 * 1024**3  # bytes of free disk below which a county should act
LEAST_SHARE = 0.15  # of the disk

Disk: TypeAlias = Callable[[Path], tuple[int, int, int]]  # total, used and free bytes


WANTED = {
    "scheduler": ("client_secret",),
    "county": ("audit_key", "signing/current.pem", "signing/next.pem"),
} | dict.fromkeys(("households", "attendance", "alerts"), ("client_secret", "audit_key"))


def examine(state: Path, lang: Lang, *, disk: Disk = shutil.disk_usage, ports: Ports | None = None) -> int:
    """0 when all is well, 1 when something was said."""
    voice, ready = Voice(lang), read_ready(state)
    ailments = [*weak(state), *low(state, disk)]
    ailments += [Ailment(NOT_RUNNING), *taken_ports(ports or Ports.default())] if ready is None else down(state, ready)
    for ailment in ailments:
        voice.say(ailment.notice, **ailment.values)
    if not ailments and ready:
        voice.say(ALL_WELL, processes=len(ready["processes"]), free=disk(state)[2] // 1024**3)
    return 1 if ailments else 0


def weak(state: Path) -> Iterator[Ailment]:
    """In the folder of each service: open to others, missing, too short."""
    folder = state / "secrets"
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        if one.is_dir():
            for subject, zh, en in weak_secrets(one, WANTED.get(one.name, ())):
                yield Ailment(OPEN_SECRET, {"file": subject, "zh": zh, "en": en})


def low(state: Path, disk: Disk) -> Iterator[Ailment]:
    total, _, free = disk(state if state.exists() else state.absolute().parent)
    if free < LOW or free < LEAST_SHARE * total:
        yield Ailment(DISK_LOW, {"free": free // 1024**3, "share": 100 * free // total})


def down(state: Path, ready: Ready) -> Iterator[Ailment]:
    for name in ready["expected"]:
        if name not in ready["processes"]:
            yield Ailment(NOT_UP, {"process": name, "log": log_of(state, name)})
    for name, process in ready["processes"].items():
        yield from not_ready(name, process, log_of(state, name))


def log_of(state: Path, name: str) -> Path:
    return state / "logs" / f"{name}.log"


def not_ready(name: str, process: ReadyProcess, log: Path) -> Iterator[Ailment]:
    """By what its readiness says; a check that this doctor does not know is named all the same."""
    url = process["url"]
    if not url or not url.startswith("http"):
        return
    try:
        answer = httpx.get(f"{url}/readyz", timeout=15, trust_env=False)
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        yield Ailment(NO_ANSWER, {"process": name, "why": type(error).__name__, "log": log})
        return
    if answer.status_code == 503 and said.get("code") == "database-away":
        yield Ailment(DATABASE_AWAY, {"process": name, "log": log.with_name("postgres.log")})
    elif answer.status_code != 200:
        values = {"process": name, "why": answer.status_code, "log": log}
        yield Ailment(TROUBLES.get(said.get("code", ""), NOT_READY), values)
    else:
        troubled = [check for check, found in said.get("checks", {}).items() if found != "ok"]
        yield from (Ailment(TROUBLES.get(c, NOT_READY), {"process": name, "why": c, "log": log}) for c in troubled)
