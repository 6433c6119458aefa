"""A department's system that sends clues, the worker that takes them in, and the register it asks."""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.clues.id_numbers import check_digit
from services.alerts.clues.matching import MATCH, Matching
from services.alerts.clues.taking import TAKE, Taking
from services.alerts.main import create
from services.alerts.models.clues import Clue
from services.alerts.models.facts import HouseholdFacts
from services.kit.post.peers import Peer
from services.kit.store.claim import work_a_job
from services.kit.store.fields import Seal
from services.kit.store.tables import Event
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.callers import Headers, Office, grant, served
from tests.conftest import NOW

HOME, OTHER_HOME = UUID(int=11), UUID(int=12)
FEW = 3  # lines of a part


def number_of(person: int) -> str:
    body = f"990102{19500101 + person % 20:08}{person:03}"
    return body + check_digit(body)


class Register(Peer):
    """What households would say: by number, and by whether the name is the one it knows."""

    def __init__(self) -> None:
        self.name = "households"
        self.people: dict[str, tuple[UUID, str]] = {number_of(1): (HOME, "示甲"), number_of(2): (OTHER_HOME, "示乙")}
        self.away = False

    def post(self, path: str, body: Any) -> Any:
        assert path == "/v1/services/households/matches"
        if self.away:
            raise httpx.ConnectError("away")
        return {"matches": [self.match(**person) for person in body["persons"]]}

    def match(self, id_number: str, name: str | None) -> dict[str, Any]:
        home, known_as = self.people.get(id_number, (None, ""))
        if home is None:
            return {"outcome": "unknown", "household": None, "village": None}
        return {
            "outcome": "matched" if name in (None, known_as) else "ambiguous",
            "household": str(home),
            "village": VILLAGE,
        }


class Bureau:
    """A department's system, the worker, and the register, in one process."""

    def __init__(self, http: TestClient, headers: Headers, engine: Engine, seal: Seal) -> None:
        self.http, self.headers, self.register = http, headers, Register()
        taking, matching = Taking(engine, seal, self.register, True, part=FEW), Matching(engine, seal, self.register)
        self._engine = engine
        self._work = {TAKE: taking.take, MATCH: matching.match}

    def send(self, *rows: Any, batch: UUID | None = None, **asked: Any) -> Any:
        lines = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
        return self.put(lines.encode(), batch=batch, **asked)

    def put(self, content: bytes, *, batch: UUID | None = None, zipped: bool = False, **asked: Any) -> Any:
        headers = self.headers | {"content-type": "application/x-ndjson"}
        if zipped:
            content, headers = gzip.compress(content), headers | {"content-encoding": "gzip"}
        return self.http.put(f"/v1/clue-batches/{batch or uuid4()}", content=content, params=asked, headers=headers)

    def work(self, now: datetime = NOW) -> None:
        while work_a_job(self._engine, self._work, now):
            pass

    def told(self, *rows: Any, **asked: Any) -> list[tuple[str, str | None]]:
        """Sent, taken in, and what became of each line."""
        sent = self.send(*rows, **asked)
        assert sent.status_code == 202, sent.text
        self.work()
        told = self.http.get(f"/v1/clue-batches/{sent.json()['id']}/rows", headers=self.headers).json()["rows"]
        return [(row["outcome"], row["code"]) for row in told]

    def outcomes(self, cursor: str | None = None) -> Any:
        asked = {"cursor": cursor} if cursor else {}
        return self.http.get("/v1/clue-outcomes", params=asked, headers=self.headers).json()


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def system(office: Office, engines: dict[str, Engine], name: str, department: str) -> Headers:
    grant(engines["alerts"], name, "client", department, "department")
    return office(name, scopes="clue:send clue-kind:read subscription:write")


@pytest.fixture
def bureau(http: TestClient, office: Office, engines: dict[str, Engine], seal: Seal, alerts: Session) -> Bureau:
    set_standards(alerts, {"clue_data_days": 120, "clue_kept_days": 90, "clue_medical": 2_000_000})
    alerts.add_all(
        HouseholdFacts(subject=home, county=COUNTY, division=VILLAGE, version=1, formerly_poor=home == HOME)
        for home in (HOME, OTHER_HOME)
    )
    alerts.commit()
    headers = system(office, engines, "medical-system", "medical-insurance")
    return Bureau(http, headers, engines["alerts"], seal)


def line(person: int = 1, **said: Any) -> dict[str, Any]:
    return {
        "record_id": f"R-{person}", "kind": "serious_illness", "id_number": number_of(person), "name": "示甲",
        "data_on": "2026-11-05",
    } | said  # fmt: skip


def costs(amount: Any, day: str = "2026-11-05", unit: str = "元", **said: Any) -> dict[str, Any]:
    told = {"kind": "medical_self_pay", "amount": amount, "unit": unit, "semantics": "cumulative", "data_on": day}
    return line(**(told | said))


def clues(session: Session) -> list[Clue]:
    session.expire_all()
    return list(session.scalars(select(Clue).order_by(col(Clue.record_id))))


def events(session: Session, kind: str) -> list[Event]:
    return list(session.scalars(select(Event).where(col(Event.type) == kind).order_by(col(Event.xid), col(Event.id))))
