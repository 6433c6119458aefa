"""`shouwang sandbox`: a county of fictional people for other offices' engineers, with credentials and its own clock.

A sandbox is one from the first start of its folder, and no other folder becomes one: its databases are marked when they
are made (kit/clock.py), and only theirs can have their clock put forward.
"""

import csv
import shlex
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated
from zoneinfo import ZoneInfo

import httpx
import typer

from services.cli.data_folder import find_data, make_state_folder, mark_of
from services.cli.demo import COUNTY, Demo, ident
from services.cli.messages import NOT_SHOWN, CannotRun, Lang, Notice, Voice
from services.cli.office import Refused
from services.cli.processes import RECEIVERS, Ports
from services.cli.secret_files import SERVICES, keep
from services.cli.up import up
from services.kit.post.peers import Peer, Tokens

app = typer.Typer(no_args_is_help=True, help="沙箱 / a sandbox")

ZONE = ZoneInfo("Asia/Shanghai")
State = Annotated[Path, typer.Option(help="状态目录 / state folder")]
Language = Annotated[Lang, typer.Option("--lang", help="zh | en")]
HERE = Path(".shouwang-sandbox")
CLIENT, DEPARTMENT = "medical-system", "medical-insurance"
SCOPES = ("clue:send", "clue-kind:read", "subscription:write")
CREDENTIALS = "integrator.env"

OPEN = Notice(
    "沙箱已就绪，人物均为虚构（证件号码以 99 开头）。接入凭证：. {path}\n"
    "照着 docs/integration.md 做；往后拨日期：shouwang sandbox day",
    "The sandbox is open; its people are fictional (ID numbers beginning with 99). Credentials: . {path}\n"
    "Follow docs/integration.md; put the day forward with shouwang sandbox day",
)
IT_IS = Notice("沙箱的日期现在是 {day}。", "The day of the sandbox is now {day}.")


class NotASandbox(CannotRun):
    notice = Notice(
        "{state} 不是沙箱，也不能改成沙箱：请用 --state 另选一个新文件夹。",
        "{state} is no sandbox and cannot become one: name a new folder with --state.",
    )


class ClockGoesForward(CannotRun):
    notice = Notice("沙箱的日期只能往后拨，现在是 {day}。", "The day of a sandbox goes forward alone; it is {day}.")


@app.command()
def start(
    state: State = HERE,
    receiver: Annotated[list[str], typer.Option(help="接收地址，可多次 / receivers, repeatable")] = ["127.0.0.1:9000"],  # noqa: B006
    households: Annotated[int, typer.Option(min=20)] = 300,
    teams: Annotated[int, typer.Option(min=2)] = 6,
    free_ports: bool = False,
    lang: Language = "zh",
) -> None:
    """启动沙箱 / start it, the first time with its people; stays until Ctrl-C and keeps its data."""
    ports, voice = Ports.free() if free_ports else Ports.default(), Voice(lang)

    def show() -> None:
        urls = {name: ports.url(name) for name in (*SERVICES, "receiver", "origin")}
        yesterday = datetime.now(ZONE).date() - timedelta(days=1)  # whose check-ins are all over
        county = Demo(state.resolve(), urls, yesterday, lambda zh, en: voice.line("· " + (en if lang == "en" else zh)))
        try:
            if not county.is_there():
                county.load(households, teams, seed=1)
            write_credentials(county)
            voice.say(OPEN, path=county.state / CREDENTIALS)
        except (httpx.HTTPError, Refused, TimeoutError) as error:
            voice.say(NOT_SHOWN, why=f"{type(error).__name__} {error}")

    try:
        mark(state, receiver)
    except CannotRun as reason:
        reason.say(voice)
        raise typer.Exit(reason.exit_code) from reason
    raise typer.Exit(up(state, ports, show, lang=lang))


@app.command()
def day(
    to: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="YYYY-MM-DD")],
    state: State = HERE,
    lang: Language = "zh",
) -> None:
    """往后拨日期 / put its clock forward to a day; everything that falls due until then falls due."""
    try:
        put_forward(state, (to.date() - datetime.now(ZONE).date()).days)
    except CannotRun as reason:
        reason.say(Voice(lang))
        raise typer.Exit(reason.exit_code) from reason
    Voice(lang).say(IT_IS, day=to.date())


def mark(state: Path, receivers: Iterable[str]) -> None:
    """At its first start, before there are any data."""
    if not mark_of(state):
        if find_data(state):
            raise NotASandbox(state=state)
        make_state_folder(state)
        keep(state / "sandbox", lambda: "0")
    (state / RECEIVERS).write_text("\n".join(receivers))


def put_forward(state: Path, days: int) -> None:
    """Never seen half written, and by every process at its next look."""
    held = mark_of(state)
    if not held:
        raise NotASandbox(state=state)
    if days < (ahead := int(held.read_text())):
        raise ClockGoesForward(day=datetime.now(ZONE).date() + timedelta(days=ahead))
    fresh = held.with_suffix(".new")
    fresh.write_text(str(days))
    fresh.replace(held)


def write_credentials(county: Demo) -> None:
    """For a shell to read: where, who, and one of the fictional people to send clues of."""
    secret = keep(county.state / "integrator_secret", lambda: enrol(county))
    wait_for_offices(county, secret)
    person = somebody(county.state / "demo-files" / "members.csv")
    told = {"ORIGIN": county.urls["origin"], "CLIENT": CLIENT, "SECRET": secret, **person}
    path = county.state / CREDENTIALS
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in told.items()))


def enrol(county: Demo) -> str:
    """A department's system as the county's administrator makes it, with both its offices. Its secret."""
    body = {"name": CLIENT, "scopes": SCOPES}
    made = county.admin.put("county", f"/v1/client-systems/{CLIENT}", body)
    for kind, place in (("department", DEPARTMENT), ("division", COUNTY)):
        held = {
            "holder": CLIENT,
            "role": "client",
            "kind": kind,
            "place": place,
            "valid_from": county.today.replace(month=1, day=1).isoformat(),
            "document_no": f"示例〔{county.today.year}〕3号",
        }
        county.admin.put("county", f"/v1/offices/{ident(f'{kind} of {CLIENT}')}", held)
    return str(made["secret"])


def wait_for_offices(county: Demo, secret: str) -> None:
    """An office is known to every service within two seconds; whoever tries at once would be refused."""
    alerts, end = Peer("alerts", county.urls["alerts"], Tokens(county.urls["county"], CLIENT, secret)), monotonic() + 60
    while True:
        try:
            alerts.get("/v1/clue-batches")
            return
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code != httpx.codes.FORBIDDEN or monotonic() > end:
                raise
        sleep(0.2)


def somebody(members: Path) -> dict[str, str]:
    with members.open(encoding="gb18030", newline="") as lines:
        person = next(row for row in csv.DictReader(lines) if row["证件号码"])
    return {"ID_NUMBER": person["证件号码"], "NAME": person["姓名"]}
