"""`shouwang`: what an operator types. Messages in Chinese, or in English with --lang en."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, NoReturn
from zoneinfo import ZoneInfo

import httpx
import typer

from services.cli import audit, audit_purge, certificate, field_keys, follow, sandbox
from services.cli.account import give_account
from services.cli.backup import BACKED_UP, back_up
from services.cli.backup import follow as go_on
from services.cli.demo import COUNTY, Demo
from services.cli.doctor import examine
from services.cli.import_verdict import import_bar, say_verdict
from services.cli.messages import NOT_SHOWN, CannotRun, Lang, Notice, Voice, WrittenByNewerVersion
from services.cli.migrate import DataNewerThanCode, migrate_all
from services.cli.office import Office, Refused
from services.cli.postgres import throwaway_folder
from services.cli.processes import Ports
from services.cli.readiness import read_ready
from services.cli.restore import RESTORED
from services.cli.restore import restore as put_back
from services.cli.secret_files import SERVICES
from services.cli.sweep import sweep as sweep_county
from services.cli.up import up as start
from services.kit.store.suites import SuiteName

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="守望 Shouwang")
audit.app.command("purge")(audit_purge.purge)
app.add_typer(audit.app, name="audit")
app.add_typer(certificate.app, name="certificate")
app.add_typer(follow.app, name="feed")
app.add_typer(sandbox.app, name="sandbox")

ZONE = ZoneInfo("Asia/Shanghai")
State = Annotated[Path, typer.Option(help="状态目录 / state folder")]
Language = Annotated[Lang, typer.Option("--lang", help="zh | en")]
Username = Annotated[str, typer.Option(envvar="SHOUWANG_USERNAME", help="登录名 / username")]
Password = Annotated[
    str, typer.Option(envvar="SHOUWANG_PASSWORD", prompt=True, hide_input=True, help="密码 / password")
]
Service = Annotated[
    Literal["", "county", "households", "attendance", "alerts"], typer.Option(help="仅此服务 / this one only")
]
SuiteOption = Annotated[SuiteName, typer.Option(envvar="SHOUWANG_SUITE", help="算法套件 / suite of the new key")]
HERE = Path(".shouwang")
PLACES = {  # where a kind of file goes, if not to households
    "divisions": ("county", "/v1/division-imports"),
    "teams": ("attendance", "/v1/team-imports/teams"),
    "stations": ("attendance", "/v1/team-imports/stations"),
}


@app.command()
def up(state: State = HERE, lang: Language = "zh") -> None:
    """启动全部服务 / start every service; stays until stopped."""
    raise typer.Exit(start(state, Ports.default(), lang=lang))


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="新文件夹 / a new folder")],
    state: State = HERE,
    follow: Annotated[bool, typer.Option("--follow", help="持续归档，直到停止 / go on until stopped")] = False,
    lang: Language = "zh",
) -> None:
    """备份全部数据 / the whole data at one instant; with --follow also every write from then on. Holds no keys."""
    with reasons_said(lang):
        back_up(state, folder)
        Voice(lang).say(BACKED_UP, folder=folder)
        if follow:
            go_on(state, folder)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="备份文件夹 / a backup")], state: State = HERE, lang: Language = "zh"
) -> None:
    """用备份替换现有数据 / a backup in the place of the live data, which is kept aside."""
    with reasons_said(lang):
        Voice(lang).say(RESTORED, before=put_back(state, folder))


@app.command()
def run(
    state: State = HERE,
    lang: Language = "zh",
    households: int = 3000,
    teams: int = 40,
    seed: int = 1,
    free_ports: bool = False,
) -> None:
    """启动并装入演示县 / start with the demonstration county; stays until Ctrl-C and keeps its data."""
    os.environ["SHOUWANG_DEMO_PEOPLE"] = "true"
    ports = Ports.free() if free_ports else Ports.default()
    show = demonstrate(state, ports, lang, (households, teams, seed))

    def show_and_stay() -> None:
        """What was started for people to use stays up, even if one of its processes was away for a moment."""
        try:
            show()
        except (httpx.HTTPError, Refused, TimeoutError) as error:
            Voice(lang).say(NOT_SHOWN, why=f"{type(error).__name__} {error}")

    raise typer.Exit(start(state, ports, show_and_stay, lang=lang))


@app.command()
def demo(lang: Language = "zh", households: int = 3000, teams: int = 40, seed: int = 1) -> None:
    """演示一遍后退出 / the same once, on free ports in a temporary folder; exits 0 when all went well."""
    os.environ["SHOUWANG_DEMO_PEOPLE"] = "true"
    ports = Ports.free()
    with throwaway_folder() as place:
        show = demonstrate(place, ports, lang, (households, teams, seed))

        def once() -> int:
            show()
            return 0

        code = start(place, ports, once, lang=lang)
    raise typer.Exit(code)


def demonstrate(state: Path, ports: Ports, lang: Lang, size: tuple[int, int, int]) -> Callable[[], None]:
    """Load the county where it is not there yet, sweep it, and give the account."""

    def show() -> None:
        voice, today = Voice(lang), last_whole_morning(datetime.now(ZONE))
        urls = {name: ports.url(name) for name in (*SERVICES, "receiver", "origin")}
        county = Demo(state.resolve(), urls, today, lambda zh, en: voice.line("· " + (en if lang == "en" else zh)))
        if not county.is_there():
            county.load(*size)
        swept = sweep_county(county.county, COUNTY, lang)
        give_account(county, swept["certificate"], lang, today)

    return show


def last_whole_morning(now: datetime) -> date:
    """The demonstration's cadres check in until half past nine; before ten, today has not been told yet."""
    return now.date() if now.hour >= 10 else now.date() - timedelta(days=1)


@app.command()
def migrate(lang: Language = "zh") -> None:
    """把各库升级到当前版本 / bring each database up: SHOUWANG_<SERVICE>_DATABASE_URL for each service."""
    try:
        migrate_all({service: database_of(service) for service in SERVICES})
    except DataNewerThanCode as newer:
        give_up(WrittenByNewerVersion(detail=newer), lang)
    except CannotRun as reason:
        give_up(reason, lang)


def database_of(service: str) -> str:
    variable = f"SHOUWANG_{service.upper()}_DATABASE_URL"
    if not os.environ.get(variable):
        raise NoDatabaseNamed(variable=variable)
    return os.environ[variable]


def give_up(reason: CannotRun, lang: Lang) -> NoReturn:
    reason.say(Voice(lang))
    raise typer.Exit(reason.exit_code)


class NoDatabaseNamed(CannotRun):
    notice = Notice("没有设置环境变量 {variable}。", "The environment variable {variable} is not set.")


@contextmanager
def reasons_said(lang: Lang) -> Iterator[None]:
    try:
        yield
    except CannotRun as reason:
        reason.say(Voice(lang))
        raise typer.Exit(reason.exit_code) from reason


@contextmanager
def refusals_said() -> Iterator[None]:
    """In the service's own words, and without a traceback."""
    try:
        yield
    except (Refused, TimeoutError) as refused:
        typer.echo(refused, err=True)
        raise typer.Exit(1) from refused


@app.command()
def sweep(username: Username, password: Password, county: str, state: State = HERE, lang: Language = "zh") -> None:
    """启动本月全量筛查并看它走完 / ring for this month's sweep and watch it."""
    with refusals_said():
        done = sweep_county(office(state, username, password, lang), county, lang)
    typer.echo(json.dumps(done["certificate"], ensure_ascii=False, indent=1))


@app.command("import")
def import_file(
    kind: Literal[
        "households", "members", "statements", "received", "measures", "cases", "teams", "stations", "divisions"
    ],
    file: Path,
    username: Username,
    password: Password,
    state: State = HERE,
    lang: Language = "zh",
    mapping: Annotated[Path | None, typer.Option(help="列对应关系 JSON / JSON of other headers and units")] = None,
) -> None:
    """上传表格，逐行给出结果 / upload a table; the refused rows are named."""
    service, path = PLACES.get(kind, ("households", f"/v1/household-imports/{kind}"))
    form = {"mapping": mapping.read_text()} if mapping else {}
    with refusals_said(), import_bar(file.name) as told:
        verdict = office(state, username, password, lang).upload(service, path, file, told, **form)
    raise typer.Exit(say_verdict(verdict, lang))


@app.command()
def token(username: Username, password: Password, state: State = HERE) -> None:
    """取得访问令牌 / an access token for ten minutes, for curl."""
    with refusals_said():
        typer.echo(office(state, username, password, "zh").token())


@app.command()
def openapi() -> None:
    """由代码生成接口文档 / write the API document and what is made from it (for developers)."""
    from services.cli.openapi.write import write_all  # imports every service, which no other command needs

    write_all()


@app.command()
def doctor(state: State = HERE, lang: Language = "zh") -> None:
    """哪里不对、该怎么办 / what is wrong, and what to do."""
    raise typer.Exit(examine(state, lang))


@app.command("rotate-keys")
def rotate_keys(
    state: State = HERE, service: Service = "", suite: SuiteOption = "international", lang: Language = "zh"
) -> None:
    """添加新的字段密钥，数据在线改封 / add a field key; the rows move to it while the service goes on."""
    try:
        for notice, values in field_keys.rotate(state.resolve(), service, suite):
            Voice(lang).say(notice, **values)
    except CannotRun as reason:
        give_up(reason, lang)


@app.command()
def keys(state: State = HERE, service: Service = "", lang: Language = "zh") -> None:
    """列出字段密钥的编号与指纹 / the field keys by number and fingerprint, and how far a rotation has come."""
    voice = Voice(lang)
    try:
        for notice, values, standing, moved in field_keys.held(state.resolve(), service):
            voice.say(notice, **values, standing=voice.words(standing, **moved))
    except CannotRun as reason:
        give_up(reason, lang)


def office(state: Path, username: str, password: str, lang: Lang) -> Office:
    ready = read_ready(state)
    if not ready:
        typer.echo("守望未在运行 / Shouwang is not running here", err=True)
        raise typer.Exit(1)
    urls = {name: process["url"] or "" for name, process in ready["processes"].items()}
    return Office(urls, username, password, lang)


if __name__ == "__main__":
    app()
