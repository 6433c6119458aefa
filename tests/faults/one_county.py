"""Register, presence and watch in one process that may be forked: a family or a team for each case of its own."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.alerts import main as alerts
from services.alerts.rules.rules import ship
from services.attendance import main as attendance
from services.attendance.models.teams import Cadre, Posting, Team, Unit
from services.cli.postgres import Cluster, api_role, free_port, work_role
from services.households import main as households
from services.households.models.register import Household
from services.kit.post.inbox import inbox_secret
from services.kit.post.posts import secret_place
from services.kit.settings import Settings
from services.kit.store.db import connect, open_session
from services.kit.store.fields import Seal
from services.kit.store.grants import CLIENT
from services.kit.store.key_ring import KeyRing
from services.kit.store.tables import Subscription
from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE, Keys
from tests.alerts.conftest import STANDARDS, set_standards
from tests.attendance.conftest import ARRIVED, set_standard, station_in
from tests.callers import HERE, TEST_KEY, grant, write_key
from tests.clock import NOW
from tests.households.conftest import KINDS, VILLAGE, csv_of, household_row, member_row, take

CREATE: Mapping[str, Callable[..., FastAPI]] = {
    "households": households.create,
    "attendance": attendance.create,
    "alerts": alerts.create,
}
SECRET = "a secret of this test 1234567890"
CLERK, LISTENER = "clerk", "listener"
HEARD_OF = {"attendance": ["check_in.recorded"], "alerts": ["alert.opened", "alert.closed"]}


class Heard(ThreadingHTTPServer):
    """Another system, which lives on while ours dies: the ids of what it accepted, by subject."""

    def __init__(self) -> None:
        heard: dict[str, set[str]] = {}

        class Accept(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = json.loads(self.rfile.read(int(self.headers["content-length"])))
                heard.setdefault(told["subject"], set()).add(told["id"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        super().__init__(("127.0.0.1", 0), Accept)
        self.heard = heard
        Thread(target=self.serve_forever, daemon=True).start()


@dataclass(frozen=True)
class Shared:
    """What every fork begins with. No connection is open in it."""

    apps: dict[str, FastAPI]
    ports: dict[str, int]
    workers: dict[str, Engine]  # as the role of the workers
    owners: dict[str, Engine]  # to make and to look
    settings: dict[str, Settings]
    seal: Seal
    key: RSAKey
    receiver: Heard

    def let_go(self) -> None:
        """In a fork: the connections are the parent's."""
        for engine in self.engines():
            engine.dispose(close=False)

    def engines(self) -> Sequence[Engine]:
        apps = [app.state.engine for app in self.apps.values()]
        return [*apps, *self.workers.values(), *self.owners.values()]

    def sign(self, subject: str, *roles: str) -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + LIFETIME}
        header = {"alg": "RS256", "kid": "test", "typ": TOKEN_TYPE}
        said = claims | {"roles": list(roles), "scope": ""}
        return {"authorization": f"Bearer {jwt.encode(header, said, self.key, algorithms=['RS256'])}"}


def shared(made: Cluster, port: int, folder: Path) -> Shared:
    key = RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})
    receiver, seal = Heard(), Seal(KeyRing.of(TEST_KEY))
    ports = {name: free_port() for name in CREATE}
    settings = {name: settings_of(name, folder, ports, receiver.server_port) for name in CREATE}
    owners = {name: connect(made.dsn(port, name, name), pool=2) for name in CREATE}
    fill(owners, seal, ports, receiver.server_port)
    apps = {name: app_of(name, settings[name], connect(made.dsn(port, name, api_role(name))), key) for name in CREATE}
    workers = {name: connect(made.dsn(port, name, work_role(name)), pool=3) for name in CREATE}
    return Shared(apps, ports, workers, owners, settings, seal, key, receiver)


def settings_of(service: str, folder: Path, ports: dict[str, int], receiver: int) -> Settings:
    secrets = folder / service
    secrets.mkdir()
    write_key(secrets, TEST_KEY)
    (secrets / "client_secret").write_text(SECRET)
    return Settings(
        service=service,
        database_url="",
        secrets=secrets,
        port=ports[service],
        county_url="http://localhost:1",
        receivers=f"127.0.0.1:{receiver}",
        inboxes=",".join(f"http://127.0.0.1:{port}" for port in ports.values()),
        demo_people=True,
        suite=TEST_KEY.suite.name,
    )


def app_of(service: str, settings: Settings, engine: Engine, key: RSAKey) -> FastAPI:
    app = CREATE[service](settings, engine, Keys(lambda: KeySet([key]).as_dict(private=False)))
    app.state.clock = lambda _: HERE
    return app


def serve(app: FastAPI, port: int) -> None:
    """In a thread, until the process ends."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.005)


def fill(owners: dict[str, Engine], seal: Seal, ports: dict[str, int], receiver: int) -> None:
    """Standards, rules, calendar, grants; who hears what."""
    ship(owners["alerts"], NOW)
    with open_session(owners["alerts"]) as session, session.begin():
        set_standards(session, STANDARDS)
        session.execute(
            text(
                "INSERT INTO day (date, working, ordinal, provisional, source, version)"
                " SELECT d, true, row_number() OVER (ORDER BY d), false, 'test', 1"
                " FROM generate_series(date '2026-01-01', date '2027-01-31', interval '1 day') AS d"
            )
        )
    with open_session(owners["attendance"]) as session, session.begin():
        set_standard(session, "self_check_in", 1)
        set_standard(session, "day_starts_at", 5)
        session.add(station_in(VILLAGE))
    for engine in owners.values():
        grant(engine, CLERK, "township", "520621")
        grant(engine, LISTENER, CLIENT, "520621")
    for name in ("households", "attendance"):
        url = f"http://127.0.0.1:{ports['alerts']}/v1/services/alerts/inbox/{name}"
        told = {"own": True, "batch": True, "types": ["facts.changed"], "subscriber": "alerts"}
        subscribe(owners[name], seal, url, inbox_secret(SECRET, name), told)
    for name, types in HEARD_OF.items():
        outside = {"types": types, "subscriber": LISTENER}
        subscribe(owners[name], seal, f"http://127.0.0.1:{receiver}/hook", inbox_secret(SECRET, "outside"), outside)


def subscribe(engine: Engine, seal: Seal, url: str, secret: str, said: dict[str, Any]) -> None:
    key = uuid4()
    row = Subscription(id=key, url=url, sealed_secret=seal.close(secret, secret_place(key)), created_at=NOW, **said)
    with open_session(engine) as session, session.begin():
        session.add(row)


def families(shared: Shared, number: int) -> list[UUID]:
    """In the register, and not yet told of."""
    with open_session(shared.owners["households"]) as session:
        from_file(session, shared.seal, number)
        found = list(session.scalars(select(col(Household.id)).order_by(col(Household.number))))
        session.execute(text("UPDATE event SET fanned_out = true"))
        session.commit()
    return found


def from_file(session: Session, seal: Seal, number: int) -> None:
    numbers = [f"JK{n:05}" for n in range(number)]
    take(session, seal, "households", csv_of(KINDS["households"].HEADERS, *map(household_row, numbers)))
    take(session, seal, "members", csv_of(KINDS["members"].HEADERS, *map(member_row, numbers)))


def teams(shared: Shared, number: int) -> list[tuple[UUID, str]]:
    """Each of one cadre, with its account."""
    with open_session(shared.owners["attendance"]) as session, session.begin():
        unit = Unit(name="示例单位")
        session.add(unit)
        session.flush()
        return [team(session, shared.seal, unit.id, n) for n in range(number)]


def team(session: Session, seal: Seal, unit: UUID, number: int) -> tuple[UUID, str]:
    made, account, mobile = Team(name=f"示例队{number}", village=VILLAGE), str(uuid4()), f"1{number:010}"
    sealed: Any = {"sealed_mobile": seal.close(mobile, "here"), "mobile_index": seal.index(mobile)}
    cadre = Cadre(name="示甲子", unit_id=unit, account=account, **sealed)
    session.add_all([made, cadre])
    session.flush()
    posted: Any = {"role": "member", "valid": Range(ARRIVED, None)}
    session.add(Posting(cadre_id=cadre.id, team_id=made.id, **posted))
    session.flush()
    return made.id, account
