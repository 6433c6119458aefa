"""A county for phones: attendance's own app on a real socket, one village team after another, each cadre paired with
households, and a clock that goes as fast as the simulation wants."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import httpx
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range

from services.attendance.grants.pairings import grant_pairings
from services.attendance.grants.postings import grant_postings
from services.attendance.main import create
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre, Posting, Station, Team, Unit
from services.attendance.pairings.register import Register
from services.kit.settings import Settings
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from services.kit.store.tables import Day, Division, Standard
from services.kit.web.auth import Keys
from tests.callers import TEST_KEY, signing, write_key
from tests.fuzz.server import listening

START = datetime(2026, 11, 2, 20, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SINCE, SPACE = date(2020, 1, 1), UUID(int=42)
TEAM, HOUSEHOLDS = 4, 5  # cadres of a team, households of a cadre
STANDARDS = {
    "self_check_in": 1, "day_starts_at": 5, "visits_expected": 1, "leave_days_captain": 1, "leave_days_township": 30,
    "leave_working_only": 0,
}  # fmt: skip
TABLES = (
    "check_in", "day_status", "visit", "visit_finding", "leave", "leave_return", "leave_decision", "day_correction",
    "event", "delivery", "repeat", "team_facts",
)  # fmt: skip


def named(kind: str, number: int) -> UUID:
    return uuid5(SPACE, f"{kind}{number}")


def village_of(device: int) -> str:
    return f"520621{device // TEAM + 1:06}"


@dataclass
class County:
    """`days` have passed since it began; `port` is where its attendance listens."""

    owner: Engine
    key: RSAKey
    port: int = 0
    days: int = 0
    _tokens: dict[int, tuple[float, str]] = field(default_factory=dict)

    def now(self) -> datetime:
        return START + timedelta(days=self.days)

    def token(self, device: int) -> str:
        signed, token = self._tokens.get(device, (0.0, ""))
        if time.monotonic() - signed > 300:
            token = signing(self.key)(str(named("account", device)), "cadre", "assistant")["authorization"]
            self._tokens[device] = (time.monotonic(), token)
        return token

    def fill(self, devices: int) -> None:
        seal = Seal(KeyRing.of(TEST_KEY))
        with open_session(self.owner) as session, session.begin():
            session.add(Unit(id=named("unit", 0), name="示例单位"))
            session.add_all(frame())
            for team in range(-(-devices // TEAM)):
                session.add_all(team_of(team))
            session.flush()
            for device in range(devices):
                session.add(cadre_of(device, seal))
                session.flush()
                session.add_all(held_by(device))
            cadres = [named("cadre", device) for device in range(devices)]
            grant_postings(session, cadres, START)
            grant_pairings(session, cadres, START)

    def pass_on(self, household: int, device: int) -> None:
        """From tomorrow another cadre answers for a household."""
        tomorrow = self.now().date() + timedelta(days=1)
        home = named("household", household)
        with open_session(self.owner) as session, session.begin():
            end = "UPDATE pairing SET valid = daterange(lower(valid), :day) WHERE household_id = :home" \
                " AND upper_inf(valid) AND lower(valid) < :day RETURNING cadre_id"  # fmt: skip
            before = list(session.scalars(text(end), {"day": tomorrow, "home": home}))
            if before:
                session.add(pairing(device, home, household + 1_000_000 * (self.days + 1), tomorrow))
                grant_pairings(session, {*before, named("cadre", device)}, START)

    def empty(self) -> None:
        with self.owner.begin() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(TABLES) + " CASCADE"))

    def rows(self, query: str) -> Sequence[Any]:
        with self.owner.connect() as connection:
            return connection.execute(text(query)).all()


def frame() -> list[Any]:
    rows: list[Any] = [Division(code="520621", name="示例县", level="county", version=1)]
    for number, (key, value) in enumerate(STANDARDS.items()):
        said: Mapping[str, Any] = {"key": key, "division": "520621", "value": value, "unit": "1"}
        row = Standard(id=named("standard", number), valid=Range(SINCE, None), document_no="示例", version=1, **said)
        rows.append(row)
    first = START.date() - timedelta(days=200)
    for number in range(500):
        day = first + timedelta(days=number)
        known: Mapping[str, Any] = {"working": day.weekday() < 5, "ordinal": number, "provisional": False}
        rows.append(Day(date=day, source="示例", version=1, **known))
    return rows


def team_of(number: int) -> list[Any]:
    village = village_of(number * TEAM)
    where: Mapping[str, Any] = {"latitude": 27.7, "longitude": 108.84, "sent_latitude": 27.7, "sent_longitude": 108.84}
    return [
        Team(id=named("team", number), name=f"示例队{number}", village=village),
        Station(village=village, name="示例站", datum="wgs84", radius=500, **where),
        Division(code=village, name=f"示例村{number}", level="village", version=1),
    ]


def cadre_of(device: int, seal: Seal) -> Cadre:
    mobile = f"1000{device:07}"
    sealed: Mapping[str, Any] = {"sealed_mobile": seal.close(mobile, "here"), "mobile_index": seal.index(mobile)}
    ids: Mapping[str, Any] = {"id": named("cadre", device), "account": str(named("account", device))}
    return Cadre(name=f"示甲{device}", unit_id=named("unit", 0), **ids, **sealed)


def held_by(device: int) -> list[Any]:
    ids: Mapping[str, Any] = {"cadre_id": named("cadre", device), "team_id": named("team", device // TEAM)}
    rows: list[Any] = [Posting(id=named("posting", device), role="member", valid=Range(SINCE, None), **ids)]
    for one in range(device * HOUSEHOLDS, (device + 1) * HOUSEHOLDS):
        rows.append(pairing(device, named("household", one), one, SINCE))
    return rows


def pairing(device: int, home: UUID, number: int, since: date) -> Pairing:
    said: Mapping[str, Any] = {"kind": "assistant", "village": village_of(device), "document_no": "示例"}
    ids: Mapping[str, Any] = {"id": named("pairing", number), "set_id": named("set", number)}
    return Pairing(cadre_id=named("cadre", device), household_id=home, valid=Range(since, None), **ids, **said)


@contextmanager
def county(owner: Engine, api: Engine, secrets: Path) -> Iterator[County]:
    """Its register shows nothing beside what is paired."""
    key = RSAKey.generate_key(2048, parameters={"kid": "phones", "use": "sig", "alg": "RS256"})
    write_key(secrets, TEST_KEY)
    (secrets / "client_secret").write_text("a secret of this run 1234567890")
    settings = Settings(
        service="attendance", database_url="", secrets=secrets, port=1, county_url="http://localhost:1",
        reads_per_minute=10**9, writes_per_minute=10**9, suite=TEST_KEY.suite.name,
    )  # fmt: skip
    app = create(settings, api, Keys(lambda: KeySet([key]).as_dict(private=False)))
    made = County(owner, key)
    app.state.clock = lambda _: made.now()
    nothing = httpx.MockTransport(lambda _: httpx.Response(200, json=[]))
    with httpx.Client(base_url="http://register", transport=nothing) as client:
        app.state.register = Register(client)
        with listening(app) as address:
            made.port = int(address.rpartition(":")[2])
            yield made
