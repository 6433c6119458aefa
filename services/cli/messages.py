"""What the launcher says to a person, in Chinese and in English, and the exit codes that go with refusals."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeAlias

Lang: TypeAlias = Literal["zh", "en"]


class Notice(NamedTuple):
    zh: str
    en: str


READY = Notice(
    "守望已就绪：{url}/desk（接口文档 {url}/docs）", "Shouwang is ready: {url}/desk (documentation at {url}/docs)"
)
NOT_SHOWN = Notice(
    "演示没有走完（{why}）；服务仍在运行，可重新执行一次。",
    "The demonstration was not shown to its end ({why}); the services stay up. Run it again.",
)
STOPPED = Notice("守望已停止。", "Shouwang has stopped.")
RESTARTS = Notice(
    "{process} 已退出（{code}），{pause:.1f} 秒后重启。",
    "{process} ended ({code}), restarting in {pause:.1f} s.",
)


@dataclass(frozen=True)
class Voice:
    """Speaks to the person at the terminal; standard output stays free for what a command was asked for."""

    lang: Lang = "zh"

    def say(self, notice: Notice, **values: object) -> None:
        self.line(self.words(notice, **values))

    def words(self, notice: Notice, **values: object) -> str:
        return (notice.en if self.lang == "en" else notice.zh).format(**values)

    def line(self, text: str) -> None:
        """A terminal that was closed, or a pipe whose reader left, must not take the deployment down."""
        with suppress(OSError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


class CannotRun(Exception):
    """A reason not to start, or not to go on, that the person at the terminal can act on."""

    exit_code: ClassVar[int] = 1
    notice: ClassVar[Notice]

    def __init__(self, **values: object) -> None:
        super().__init__(self.notice.en.format(**values))
        self.values = values

    def say(self, voice: Voice) -> None:
        voice.say(self.notice, **self.values)


class AlreadyRunning(CannotRun):
    exit_code = 3
    notice = Notice("守望已在运行（{state}）。", "Shouwang is already running in {state}.")


class PortTaken(CannotRun):
    exit_code = 4
    notice = Notice("{process} 需要的端口 {port} 已被占用。", "Port {port}, needed by {process}, is taken.")


class DiskFull(CannotRun):
    exit_code = 5
    notice = Notice("磁盘空间不足：{folder}", "The disk is full: {folder}")


class WrittenByNewerVersion(CannotRun):
    exit_code = 6
    notice = Notice(
        "数据由更新的版本写成，本版本不能打开（{detail}）。",
        "The data was written by a newer version ({detail}).",
    )


class TablesInUse(CannotRun):
    notice = Notice(
        "{service} 的表一直被占用，升级试了 {tries} 次未成；没有改了一半的数据。"
        "请结束长时间的操作（如导出、备份）后再试。",
        "Tables of {service} were in use each of the {tries} times their migration was tried. Nothing is half done: end"
        " what takes long (an export, a backup) and try again.",
    )


class DataOlderThanPostgres(CannotRun):
    notice = Notice(
        "数据属于 PostgreSQL {data}，现有程序是 {program}：请先用旧版本备份，再恢复到新版本。",
        "The data is PostgreSQL {data}'s, the programs are {program}: back up with the old, restore with the new.",
    )


class DataGone(CannotRun):
    """Starting with empty registers would look as if everybody had been deleted, so a person decides."""

    notice = Notice("找不到数据文件夹 {folder}（由 {link} 指向）。", "{folder}, where {link} points, is gone.")


class NotPermitted(CannotRun):
    notice = Notice("没有权限访问 {path}。", "No permission for {path}.")


class DiesAtOnce(CannotRun):
    notice = Notice(
        "{process} 连续 {deaths} 次启动后很快退出，全部停止。{log} 的最后几行：\n{tail}",
        "{process} died {deaths} times soon after its start; stopping everything. Last lines of {log}:\n{tail}",
    )
