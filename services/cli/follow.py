"""`shouwang feed follow`: what other systems are told, as files in a folder, for systems that read files alone.

The same events as by webhook and in the order of the feed, a file for each: 000000000001-{id}.json. A file is whole as
soon as its name is there. The place in the feed is noted after the files; who is killed in between writes the same
names again.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import typer

from services.cli.messages import CannotRun, Lang, Notice, Voice
from services.kit.post.events import source_of
from services.kit.post.peers import Peer, Tokens

app = typer.Typer(no_args_is_help=True, help="事件源 / the feed of events")

PLACE, LOCK = ".place.json", ".lock"  # no file that a reader of the folder would take for an event
Ask = Callable[[str | None], Mapping[str, Any]]  # a page of the feed, from a cursor

WRITTEN = Notice("写入 {events} 个事件：{folder}", "{events} events written to {folder}")
AWAY = Notice("暂时取不到（{why}），稍后再试。", "Cannot be fetched now ({why}); will try again.")


class FolderTaken(CannotRun):
    notice = Notice("另一个进程正在写 {folder}。", "Another process is writing to {folder}.")


class FeedRefused(CannotRun):
    notice = Notice("服务拒绝：{status} {why}", "The service refuses: {status} {why}")


class TooLongAway(CannotRun):
    notice = Notice(
        "上次取到的位置太旧，其后的部分事件已不再保留。请先按清单接口重新读取全部数据，再删除 {place} 从头开始。",
        "The place in the feed is too old: events after it are kept no more. Read the whole lists again, then delete"
        " {place} and begin anew.",
    )


@app.callback()
def feed() -> None:
    """Keeps `follow` a word of its own."""


@app.command()
def follow(
    service: Literal["county", "households", "attendance", "alerts"],
    to: Annotated[Path, typer.Option(help="文件夹 / the folder")],
    client: Annotated[str, typer.Option(envvar="SHOUWANG_CLIENT", help="接入系统 / client system")],
    secret: Annotated[
        str, typer.Option(envvar="SHOUWANG_CLIENT_SECRET", prompt=True, hide_input=True, help="密钥 / its secret")
    ],
    origin: Annotated[str, typer.Option(envvar="SHOUWANG_ORIGIN", help="地址 / address")] = "http://127.0.0.1:8100",
    type: Annotated[list[str] | None, typer.Option(help="事件类型，可多次 / type of event, repeatable")] = None,  # noqa: A002
    division: Annotated[list[str] | None, typer.Option(help="区划前缀，可多次 / prefix of a place, repeatable")] = None,
    once: Annotated[bool, typer.Option("--once", help="取完即退出 / exit when all is there")] = False,
    every: Annotated[float, typer.Option(min=1.0, help="间隔秒数 / seconds between looks")] = 5.0,
    lang: Annotated[Lang, typer.Option("--lang", help="zh | en")] = "zh",
) -> None:
    """把事件逐个写成文件 / writes a file for each event, in order, and goes on where it ended."""
    peer, voice = Peer(service, origin, Tokens(origin, client, secret)), Voice(lang)

    def ask(cursor: str | None) -> Mapping[str, Any]:
        path = f"{source_of(service)}/feed"
        return answered(lambda: peer.get(path, type=type or None, division=division or None, limit=200, cursor=cursor))

    try:
        with alone_in(to):
            keep_up(ask, to, voice, patient=not once)
            while not once:
                time.sleep(every)
                keep_up(ask, to, voice, patient=True)
    except CannotRun as reason:
        reason.say(voice)
        raise typer.Exit(reason.exit_code) from reason


def keep_up(ask: Ask, folder: Path, voice: Voice, *, patient: bool) -> None:
    """Everything that is there now. A service that is away is asked again later by who is patient."""
    try:
        if written := fetch_all(ask, folder):
            voice.say(WRITTEN, events=written, folder=folder)
    except httpx.HTTPError as error:
        if not patient:
            raise FeedRefused(status="", why=type(error).__name__) from error
        voice.say(AWAY, why=type(error).__name__)


def answered(ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """A refusal that will be one again tomorrow ends the command; what passes is for another try."""
    try:
        return ask()
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status == httpx.codes.GONE:
            raise TooLongAway(place=PLACE) from error
        if status < 500 and status != httpx.codes.TOO_MANY_REQUESTS:
            raise FeedRefused(status=status, why=error.request.url.path) from error
        raise


def fetch_all(ask: Ask, folder: Path) -> int:
    """How many files were written. The feed's end is noted too, so that a quiet feed does not age."""
    cursor, before = place_in(folder)
    written = before
    while True:
        page = ask(cursor)
        for event in page["rows"]:
            written += 1
            write(folder / f"{written:012d}-{UUID(event['id'])}.json", json.dumps(event, ensure_ascii=False))
        cursor = str(page["next"])
        write(folder / PLACE, json.dumps({"next": cursor, "written": written}))
        if not page["rows"]:
            return written - before


def place_in(folder: Path) -> tuple[str | None, int]:
    if not (folder / PLACE).exists():
        return None, 0
    place = json.loads((folder / PLACE).read_text())
    return place["next"], place["written"]


def write(path: Path, content: str) -> None:
    """Whole or not at all, and on disk before its name is."""
    unfinished = path.with_name(f".unfinished-{path.name}")
    with open(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTaken(folder=folder) from None
        yield
