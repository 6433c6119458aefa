"""The demonstration county: everything a county office would do on its first day, through the same endpoints."""

import json
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from services.cli.county_files import generate
from services.cli.migrate import HOME
from services.cli.office import Office, Refused
from services.cli.secret_files import receiver_secret, secret_folder
from services.kit.post.peers import Peer, Tokens

COUNTY = "520621"
BUREAU = "demo-bureau"
PASSWORD = "demo-county-2026"  # of fictional people in a county that does not exist
PATIENCE = 15.0  # seconds
DIVISIONS = HOME / "services" / "county" / "data" / "divisions.csv"
TOWNSHIP = "520621001"
PEOPLE = {  # username → name, role, the place of the office; a cadre's follows from the posting
    "county": ("县级演示员", "county", COUNTY),
    "clerk": ("乡镇演示员", "township", TOWNSHIP),
    "cadre": ("驻村演示员", "cadre", None),
}
DOORS = {  # what a county officer reads first in each service, to see that the office has come through
    "households": "/v1/household-sets",
    "attendance": "/v1/teams",
    "alerts": "/v1/sweeps",
}
STANDARDS = Path(__file__).with_name("demo_standards.toml")
SWEEP_DAY = {"sweep_day": (1, "日")}  # set last: from then on the bell starts sweeps by itself


def standards() -> dict[str, tuple[int, str]]:
    """key → value (money in fen), unit."""
    return {key: (row["value"], row["unit"]) for key, row in tomllib.loads(STANDARDS.read_text()).items()}


class Demo:
    """`step` is told what is being done, so that the person at the terminal sees it move."""

    def __init__(self, state: Path, urls: Mapping[str, str], today: date, step: Callable[[str, str], None]) -> None:
        self.state, self.urls, self.today, self.step = state, urls, today, step
        self.admin = self.office("admin")
        self.county = self.office("county")

    def office(self, username: str) -> Office:
        return Office(self.urls, username, PASSWORD)

    def is_there(self) -> bool:
        try:
            return bool(self.county.get("county", "/v1/standards", key="sweep_day")["rows"])
        except Refused:
            return False

    def load(self, households: int, teams: int, seed: int) -> None:
        """Every part may be done again: what a first try had stored is met unchanged."""
        files = self.state / "demo-files"
        self.step("演示数据", "demo files")
        generate(files, as_of=self.today, county=COUNTY, households=households, teams=teams, seed=seed)
        self.step("账号、区划、标准", "accounts, divisions, standards")
        self.open_the_office()
        self.set_standards(standards())
        self.step("订阅回调", "webhook subscription")
        self.subscribe()
        self.step("农户、成员、收支", "households, members, statements")
        for name in ("households.xlsx", "members.csv", "statements.csv", "statements_before.csv"):
            kind = name.partition(".")[0].removesuffix("_before")
            accept(self.county.upload("households", f"/v1/household-imports/{kind}", files / name), name)
        self.step("工作队、驻地、到岗登记", "teams, stations, check-ins")
        for name in ("teams.xlsx", "stations.csv"):
            kind = name.partition(".")[0]
            accept(self.county.upload("attendance", f"/v1/team-imports/{kind}", files / name), name)
        self.check_in(files / "check_ins.jsonl")
        self.set_standards(SWEEP_DAY)

    def open_the_office(self) -> None:
        token = (secret_folder(self.state, "county") / "first_admin_token").read_text().strip()
        first = {"token": token, "username": "admin", "name": "演示管理员", "password": PASSWORD}
        try:
            self.admin.call("county", "POST", "/v1/first-administrator", json=first, signed=False)
        except Refused as refused:  # made by an earlier try
            if refused.status != 403:
                raise
        for username, (name, role, place) in PEOPLE.items():
            account = {"id": ident(username), "username": username, "name": name, "password": PASSWORD, "roles": [role]}
            self.admin.post("county", "/v1/accounts", account)
            if place:
                self.give_office(ident(username), role, place)
        self.wait_for_office()
        accept(self.county.upload("county", "/v1/division-imports", DIVISIONS), DIVISIONS.name)

    def give_office(self, holder: str, role: str, place: str) -> None:
        body = {
            "holder": holder,
            "role": role,
            "kind": "division",
            "place": place,
            "valid_from": self.today.replace(month=1, day=1).isoformat(),
            "document_no": f"演示〔{self.today.year}〕2号",
        }
        self.admin.put("county", f"/v1/offices/{ident(f'office of {holder}')}", body)

    def wait_for_office(self) -> None:
        """An office is known to every service within two seconds; until then it answers that there is none."""
        end = time.monotonic() + PATIENCE
        for service, path in DOORS.items():
            while not self.may_enter(service, path):
                if time.monotonic() > end:
                    raise TimeoutError(f"{service}: the office has not come through")
                time.sleep(0.1)

    def may_enter(self, service: str, path: str) -> bool:
        try:
            self.county.get(service, path)
        except Refused as refused:
            if refused.status != 403:
                raise
            return False
        return True

    def set_standards(self, standards: Mapping[str, tuple[int, str]]) -> None:
        for key, (value, unit) in standards.items():
            body = {
                "id": ident(key),
                "key": key,
                "division": COUNTY,
                "valid_from": self.today.replace(month=1, day=1).isoformat(),
                "value": value,
                "unit": unit,
                "document_no": f"演示〔{self.today.year}〕1号",
                "source": "演示用，非正式文件",
            }
            self.county.post("county", "/v1/standards", body)

    def subscribe(self) -> None:
        """As another office's system does: alerts and check-ins, signed with a secret only both know."""
        hook = self.urls["receiver"] + "/hooks"
        types = {"alerts": ["alert.opened", "alert.closed", "sweep.certified"], "attendance": ["check_in.recorded"]}
        secret = receiver_secret(self.state)
        bureau = self.bureau()
        for service, wanted in types.items():
            body: dict[str, Any] = {"url": hook, "types": wanted}
            if secret.exists():
                body["secret"] = secret.read_text()
            told = Peer(service, self.urls[service], bureau).put(
                f"/v1/services/{service}/subscriptions/{ident(service)}", body
            )
            if told["secret"]:
                secret.parent.mkdir(parents=True, exist_ok=True)
                secret.write_text(told["secret"])

    def bureau(self) -> Tokens:
        """A client system with the rights to read what it will hear. Its secret is shown once and kept beside."""
        kept = receiver_secret(self.state).with_name("client_secret")
        if not kept.exists():
            body = {"name": BUREAU, "scopes": ["subscription:write", "alert:read", "check-in:read"]}
            made = self.admin.put("county", f"/v1/client-systems/{BUREAU}", body)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(made["secret"])
        self.give_office(BUREAU, "client", COUNTY)
        return Tokens(self.urls["county"], BUREAU, kept.read_text())

    def check_in(self, path: Path) -> None:
        """The county's register, one entry each, recorded by its officer; the demo cadre may also check in alone."""
        teams = {team["id"]: team["name"] for team in pages(self.county, "/v1/teams")}
        cadres = {(teams.get(c["team_id"]), c["name"]): c for c in pages(self.county, "/v1/cadres")}
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            cadre = cadres[entry.pop("team"), entry.pop("name")]
            body = entry | {"cadre_id": cadre["id"], "datum": "wgs84"}
            self.county.post("attendance", "/v1/check-ins", body)
        own = next(cadre for cadre in cadres.values() if cadre["username"] == "cadre")
        self.county.put("attendance", f"/v1/cadres/{own['id']}/account", {"account_id": ident("cadre")})


def pages(office: Office, path: str) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = office.get("attendance", path, limit=200, **cursor)
        yield from page["rows"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def ident(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"shouwang-demo/{name}"))


def accept(verdict: Mapping[str, Any], name: str) -> None:
    """The demo's files are sound: a refused row is a defect and is shown, not passed over."""
    if verdict["refused"] or verdict.get("problem"):
        told = f"{verdict['refused']} rows refused, first {verdict['refusals'][:3]}, {verdict.get('problem')}"
        raise AssertionError(f"{name}: {told}")
