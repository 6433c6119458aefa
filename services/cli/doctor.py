"""What is wrong, and what to do about it: looked at from outside, as an operator would."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from services.cli.messages import Lang, Notice, Voice
from services.cli.readiness import ReadyProcess, read_ready

LOW = 2 * 1024**3  # bytes of free disk below which a county should act

ALL_WELL = Notice(
    "一切正常：{processes} 个进程就绪，磁盘余 {free} GB。", "All is well: {processes} processes ready, {free} GB free."
)
NOT_RUNNING = Notice("未在运行。请执行 shouwang up。", "Not running. Start it with: shouwang up")
NOT_READY = Notice("{process} 未就绪({why})。请看 {log}", "{process} is not ready ({why}). See {log}")
NOT_UP = Notice("{process} 没有运行或正在重启。请看 {log}", "{process} is not up, or restarting. See {log}")
DISK_LOW = Notice("磁盘只剩 {free} GB,请尽快清理或扩容。", "Only {free} GB of disk are left: clear or extend it soon.")


def examine(state: Path, lang: Lang) -> int:
    """0 when all is well, 1 when something was said."""
    voice = Voice(lang)
    ready = read_ready(state)
    if not ready:
        voice.say(NOT_RUNNING)
        return 1
    free = shutil.disk_usage(state).free
    missing = [name for name in ready["expected"] if name not in ready["processes"]]
    for process in missing:
        voice.say(NOT_UP, process=process, log=state / "logs" / f"{process}.log")
    complaints = list(not_ready(ready["processes"]))
    for process, why in complaints:
        voice.say(NOT_READY, process=process, why=why, log=state / "logs" / f"{process}.log")
    if free < LOW:
        voice.say(DISK_LOW, free=free // 1024**3)
    if missing or complaints or free < LOW:
        return 1
    voice.say(ALL_WELL, processes=len(ready["processes"]), free=free // 1024**3)
    return 0


def not_ready(processes: Mapping[str, ReadyProcess]) -> Iterator[tuple[str, str]]:
    for name, process in processes.items():
        url = process["url"]
        if url and url.startswith("http"):
            try:
                status = httpx.get(f"{url}/readyz", timeout=3, trust_env=False).status_code
            except httpx.HTTPError as error:
                yield name, type(error).__name__
            else:
                if status != 200:
                    yield name, str(status)
