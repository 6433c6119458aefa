"""The plain account at the end of a demonstration: what was judged, what was found, who heard of it, what to try."""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.cli.demo import COUNTY, PASSWORD, Demo

DEMO_HOUSEHOLD = "JK000001"

WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "守望 · 江口县（演示数据，人物虚构）",
        "register": "登记册农户",
        "judged": "全部规则可判",
        "not_judgeable": "有规则不能判",
        "want_of": "缺少的事实",
        "balances": "是否一户不漏",
        "yes": "是（证明 {sha}）",
        "no": "否",
        "alerts": "预警（按规则）",
        "example": "一例说明",
        "on_duty": "{day} 在岗工作队",
        "of": "{on} / {all}（由当日到岗状态算出）",
        "webhooks": "回调：已送达并验签",
        "heard": "{verified} 条（拒收 {refused}）",
        "urls": "地址（各服务统一入口）",
        "first_page": "今日（用演示账号登录）",
        "people": "演示账号（密码均为 {password}）",
        "try": "可以试试",
    },
    "en": {
        "title": "Shouwang · Jiangkou county (demonstration data, fictional people)",
        "register": "households in the register",
        "judged": "judged by every rule",
        "not_judgeable": "not judgeable by some rule",
        "want_of": "for want of",
        "balances": "nobody left out",
        "yes": "yes (certificate {sha})",
        "no": "no",
        "alerts": "alerts by rule",
        "example": "one explained",
        "on_duty": "teams on duty on {day}",
        "of": "{on} / {all} (computed from day status)",
        "webhooks": "webhooks delivered and verified",
        "heard": "{verified} (refused {refused})",
        "urls": "the one address",
        "first_page": "Today (sign in as)",
        "people": "demo sign-ins (the password of all is {password})",
        "try": "to try",
    },
}


def give_account(demo: Demo, certificate: Mapping[str, Any], lang: str, today: date) -> None:
    say = WORDS[lang]
    table = Table(title=say["title"], show_header=False, title_justify="left", pad_edge=False)
    for name, value in lines(demo, certificate, lang, today):
        table.add_row(name, value)
    console = Console()
    console.print(table)
    console.print(f"\n[bold]{say['try']}[/bold]")
    for line in things_to_try(demo.urls["origin"]):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def lines(demo: Demo, certificate: Mapping[str, Any], lang: str, today: date) -> list[tuple[str, str]]:
    say, office = WORDS[lang], demo.county
    duty = office.get("attendance", "/v1/team-days", village_prefix=COUNTY, day=today.isoformat())["totals"]
    heard = quiet_receiver(demo.urls["receiver"])
    titles = {rule["key"]: rule[f"title_{lang}"] for rule in office.get("alerts", "/v1/rules")}
    found = [f"{titles[key]} {number}" for key, number in certificate["open_alerts"].items()]
    labels = {fact["key"]: fact[lang] for fact in office.get("alerts", "/v1/vocabulary")["facts"]}
    missing = [f"{labels[fact]} {number}" for fact, number in certificate["not_judgeable_for_want_of"].items()]
    verdict = say["yes"].format(sha=certificate["sha256"][:12]) if certificate["balances"] else say["no"]
    return [
        (say["register"], str(certificate["register"])),
        (say["judged"], str(certificate["judged"])),
        (say["not_judgeable"], str(certificate["not_judgeable"])),
        (f"  {say['want_of']}", "\n".join(missing)),
        (say["balances"], verdict),
        (say["alerts"], "\n".join(found)),
        (say["example"], example(demo, lang)),
        (say["on_duty"].format(day=today.isoformat()), say["of"].format(on=duty["on_duty"], all=duty["teams"])),
        (say["webhooks"], say["heard"].format(**heard)),
        (say["urls"], "\n".join(demo.urls["origin"] + path for path in ("", "/docs", "/problems"))),
        (say["first_page"], f"{demo.urls['origin']}/desk · county / {PASSWORD}"),
        (say["people"].format(password=PASSWORD), "admin, county, clerk, cadre"),
    ]


def example(demo: Demo, lang: str) -> str:
    """The fixed family of the demonstration: one fen below the line."""
    family = demo.county.get("households", "/v1/households", village=COUNTY, number=DEMO_HOUSEHOLD)["rows"]
    if not family:
        return "—"
    demo.county.speak(lang)
    told = demo.county.get("alerts", "/v1/alerts", division=COUNTY, subject=family[0]["id"])["rows"]
    return f"{DEMO_HOUSEHOLD}: {told[0]['title']}\n{told[0]['explanation']}" if told else "—"


def quiet_receiver(url: str, patience_s: float = 15) -> dict[str, int]:
    """What the receiver has heard once nothing new has come for a second."""
    end, last = time.monotonic() + patience_s, -1
    while True:
        heard: dict[str, int] = httpx.get(f"{url}/received", timeout=5, trust_env=False).json()
        if heard["verified"] == last or time.monotonic() > end:
            return heard
        last = heard["verified"]
        time.sleep(1)


def things_to_try(origin: str) -> list[str]:
    sign_in = f'{{"username":"county","password":"{PASSWORD}"}}'
    token = (
        f"TOKEN=$(curl -s {origin}/v1/sign-in -H 'content-type: application/json' -d '{sign_in}'"
        " | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"access_token\"])')"
    )
    ask = 'curl -s -H "authorization: Bearer $TOKEN"'
    return [
        token,
        f"{ask} '{origin}/v1/alerts?division={COUNTY}&limit=2'",
        f"{ask} '{origin}/v1/households?village=520621001005&limit=3'",
        f"{ask} '{origin}/v1/sweeps?county={COUNTY}'",
    ]
