"""A hundred people told to a county in every way there is: as meant, carelessly, wrongly, and while things break."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

import httpx

from services.attendance.imports import teams as import_teams
from services.cli.demo import COUNTY
from services.households.imports import households as import_households
from services.households.imports import members as import_members
from services.households.imports import statements as import_statements
from tests.outside.canaries import PEOPLE
from tests.outside.sinks import Answers
from tests.outside.watched_county import WatchedCounty

HOUSEHOLD, MEMBER, STATEMENT = (kind.HEADERS for kind in (import_households, import_members, import_statements))
CADRE = import_teams.HEADERS


class Teller:
    """Calls as the county's officer or its administrator, and keeps every answer."""

    def __init__(self, county: WatchedCounty, answers: Answers) -> None:
        self.county, self.answers = county, answers
        self.http = httpx.Client(timeout=60, trust_env=False)
        self.tokens = {who: county.office(who).token() for who in ("county", "admin", "cadre")}
        self.village = self.send("GET", "households", f"/v1/households?village={COUNTY}&limit=1").json()["rows"][0][
            "village"
        ]

    def close(self) -> None:
        self.http.close()

    def send(self, method: str, service: str, path: str, *, who: str = "county", **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        answer = self.http.request(
            method, self.county.url(service) + path, headers=headers | options.pop("headers", {}), **options
        )
        return self.answers.note(f"{method} {service}", answer)

    def file(self, service: str, path: str, header: Sequence[str], rows: Iterable[Sequence[str]], **said: Any) -> Any:
        """Named after somebody, as files are."""
        out = io.StringIO()
        csv.writer(out).writerows([header, *rows])
        content = out.getvalue().encode(said.get("encoding", "utf-8"))
        named = said.get("name", f"{PEOPLE[0].name}{PEOPLE[0].id_number}.csv")
        return self.send("POST", service, path, files={"file": (named, content)}).json()


def number(place: int) -> str:
    return f"QZ-{place:04d}"


def tell_as_meant(teller: Teller) -> list[dict[str, Any]]:
    """Registered from files, read, changed, looked at, made poor. The households, as the register shows them."""
    households = [
        (number(i), teller.village, "一组", one.name, one.phone, "一般农户", "否", "A", "是")
        for i, one in enumerate(PEOPLE)
    ]
    sound(teller.file("households", "/v1/household-imports/households", HOUSEHOLD, households))
    members = [(number(i), one.name, one.id_number, "户主", "", "", "", "是") for i, one in enumerate(PEOPLE)]
    sound(teller.file("households", "/v1/household-imports/members", MEMBER, members))
    again = [(*row[:2], spaced(row[2].lower()), *row[3:7], "否") for row in members]
    sound(teller.file("households", "/v1/household-imports/members", MEMBER, again))
    poor = [(number(i), "2025-11", "2026-10", "100", *(["0"] * 8)) for i in range(len(PEOPLE))]
    sound(teller.file("households", "/v1/household-imports/statements", STATEMENT, poor))
    cadres = [
        (f"金工作队{i}", teller.village, "示例局", one.name, one.phone, "队员", "2026-10-01", "")
        for i, one in enumerate(PEOPLE[:30])
    ]
    sound(teller.file("attendance", "/v1/team-imports/teams", CADRE, cadres))
    return [seen(teller, place) for place in range(len(PEOPLE))]


def sound(verdict: dict[str, Any]) -> None:
    assert verdict["refused"] == 0, verdict["refusals"][:2]


def spaced(id_number: str) -> str:
    return f"{id_number[:6]} {id_number[6:14]} {id_number[14:]}"


def seen(teller: Teller, place: int) -> dict[str, Any]:
    listed = teller.send("GET", "households", f"/v1/households?village={COUNTY}&number={number(place)}").json()
    family: dict[str, Any] = teller.send("GET", "households", f"/v1/households/{listed['rows'][0]['id']}").json()
    return family


def change_and_look(teller: Teller, families: Sequence[dict[str, Any]]) -> None:
    for one, family in zip(PEOPLE[:40], families, strict=False):
        path, person = f"/v1/households/{family['id']}", family["members"][0]["person_id"]
        tag = {"since": "2026-01-01", "source": one.illness}
        told = teller.send("PUT", "households", f"{path}/tags/no_labour", json=tag)
        assert told.status_code == 200, told.text
        reason = {"reason": f"核对：{one.illness}"}
        headers = {"idempotency-key": str(uuid4())}
        look = f"{path}/members/{person}/id-number-views"
        for _ in range(2):
            answer = teller.http.post(
                teller.county.url("households") + look,
                json=reason,
                headers=headers | {"authorization": f"Bearer {teller.tokens['county']}"},
            )  # not kept: showing the number is what it is for
            assert answer.json()["id_number"] == one.id_number
