"""What a first page asks of alerts: how many are open where, which sweeps are late, what others have not been told."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.main import create
from services.alerts.models.sweep import Sweep
from services.kit.store.months import made_at
from services.kit.store.tables import Delivery, Event, Subscription
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards, told, yuan
from tests.callers import Office, served
from tests.conftest import NOW

PATH = "/v1/services/alerts/outstanding"


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def test_open_alerts_are_counted_by_rule_and_by_village_without_a_ranking(
    http: TestClient, watched: Session, office: Office
) -> None:
    told(watched, safe_water=False)
    told(watched, safe_water=False, persons=4, net_income=yuan(20_000), monitored=False)
    family = told(watched, safe_house=False)
    told(watched, family, version=2, safe_house=True)  # closed again
    counts = http.get("/v1/alert-counts", headers=office("officer", "county")).json()
    assert counts["open"] == 3
    assert [(rule["rule_key"], rule["open"]) for rule in counts["rules"]] == [
        ("income-below-line", 1),
        ("water-unsafe", 2),
    ]
    assert counts["villages"] == [{"division": VILLAGE, "open": 3}]
    elsewhere = http.get("/v1/alert-counts", headers=office("clerk", "township", place="520621002")).json()
    assert elsewhere == {"open": 0, "rules": [], "villages": []}
    english = http.get("/v1/alert-counts", headers=office("reader", "county") | {"accept-language": "en"}).json()
    assert english["rules"][0]["title"] == "Income per person below the line"


def test_a_sweep_without_a_certificate_a_day_after_it_was_due_is_overdue(
    http: TestClient, watched: Session, office: Office
) -> None:
    set_standards(watched, {"sweep_day": (NOW - timedelta(days=2)).day})
    watched.commit()
    officer = office("officer", "county")
    due = (NOW - timedelta(days=2)).date()
    late = [{"county": COUNTY, "period": due.replace(day=1).isoformat(), "due_on": due.isoformat()}]
    assert http.get("/v1/overdue-sweeps", headers=officer).json() == late
    assert http.get("/v1/overdue-sweeps", headers=office("clerk", "township", place=VILLAGE[:9])).json() == late
    assert http.get("/v1/overdue-sweeps", headers=office("other", "county", place="520622")).json() == []
    watched.add(Sweep(county=COUNTY, period=due.replace(day=1), state="certified", due_at=NOW, done_at=NOW))
    watched.commit()
    assert http.get("/v1/overdue-sweeps", headers=officer).json() == []


def subscribed(session: Session, subscriber: str, division: str = "", *, own: bool = False) -> UUID:
    row = Subscription(
        id=uuid4(), subscriber=subscriber, url="http://127.0.0.1:9/a", types=["alert.opened"], division=division,
        own=own, sealed_secret=b"x", created_at=NOW,
    )  # fmt: skip
    session.add(row)
    return row.id


def owed(session: Session, to: UUID, division: str, **said: Any) -> None:
    event = Event(
        id=made_at(NOW), type="alert.opened", subject="x", division=division, occurred_at=NOW, fanned_out=True
    )
    session.add(event)
    session.flush()
    session.add(Delivery(event_id=event.id, subscription_id=to, due_at=NOW, **said))


def test_what_others_have_not_been_told_is_counted_for_the_office_of_the_place(
    http: TestClient, watched: Session, office: Office
) -> None:
    bureau, quiet, far = (subscribed(watched, *of) for of in (("bureau",), ("quiet",), ("far", "520622")))
    inbox = subscribed(watched, "households", own=True)
    watched.flush()
    failed: dict[str, Any] = {"attempts": 2, "problem": "refused"}
    owed(watched, bureau, VILLAGE)
    owed(watched, bureau, VILLAGE, **failed)
    owed(watched, bureau, VILLAGE, **failed, dead_at=NOW)
    owed(watched, bureau, VILLAGE, done_at=NOW, attempts=1)
    owed(watched, bureau, "520622001001")
    owed(watched, far, "520622001001")
    owed(watched, inbox, VILLAGE)
    watched.commit()
    answer = http.get(PATH, headers=office("officer", "county"))
    counted = [(row["subscriber"], row["waiting"], row["failing"], row["dead"]) for row in answer.json()]
    assert counted == [("bureau", 2, 1, 1), ("quiet", 0, 0, 0)]
    assert "127.0.0.1" not in answer.text
    assert http.get(PATH, headers=office("clerk", "township")).status_code == 403
    assert quiet
