"""Alerts, rules and subscriptions over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.main import create
from services.kit.post.fan_out import fan_out
from services.kit.store.tables import Delivery
from tests.alerts.conftest import COUNTY, VILLAGE, told, yuan
from tests.callers import Headers, Office, served
from tests.conftest import NOW


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def officer(office: Office) -> Headers:
    return office("officer", "county")


def test_an_alert_is_explained_with_values_standards_and_document_numbers(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    family = told(watched, persons=4, net_income=yuan("25279.99"), monitored=False)
    rows = http.get("/v1/alerts", params={"division": COUNTY, "subject": str(family)}, headers=officer).json()["rows"]
    assert [row["title"] for row in rows] == ["人均纯收入低于监测线"]
    assert rows[0]["explanation"] == "家庭 4 人，纯收入 25,279.99 元，人均 6,319.99 元，低于监测线 6,320.00 元。"
    assert rows[0]["evidence"]["standards"]["monitoring_line"] == {
        "value": 632_000,
        "document_no": "示例〔2026〕monitoring_line",
    }
    english = http.get(f"/v1/alerts/{rows[0]['id']}", headers=officer | {"accept-language": "en"}).json()
    assert english["title"] == "Income per person below the line"


def test_alerts_of_a_place_are_those_of_its_villages(http: TestClient, watched: Session, officer: Headers) -> None:
    told(watched, safe_water=False)
    for division, expected in ((VILLAGE, 1), (VILLAGE[:9], 1), ("520621002", 0), ("520622", 0)):
        rows = http.get("/v1/alerts", params={"division": division}, headers=officer).json()["rows"]
        assert len(rows) == expected


def test_the_rules_that_judge_are_listed_with_their_conditions(http: TestClient, officer: Headers) -> None:
    rules = {rule["key"]: rule for rule in http.get("/v1/rules", headers=officer).json()}
    assert len(rules) == 21
    assert rules["income-below-line"]["condition"] == "net_income < monitoring_line * persons and not monitored"


def test_whoever_writes_a_rule_can_look_up_every_word_of_it(http: TestClient, officer: Headers) -> None:
    words = http.get("/v1/vocabulary", headers=officer).json()
    known = {fact["key"] for fact in words["facts"]} | {standard["key"] for standard in words["standards"]}
    assert {"net_income", "monitoring_line", "persons", "monitored"} <= known


def test_a_system_without_the_scope_reads_no_alert(http: TestClient, office: Office) -> None:
    path = f"/v1/alerts?division={COUNTY}"
    assert http.get(path, headers=office("bureau", scopes="household:read")).status_code == 403
    assert http.get(path, headers=office("bureau", scopes="alert:read")).status_code == 200
    assert http.get(path).status_code == 401


HOOK = {"url": "http://127.0.0.1:9/hooks", "types": ["alert.opened"]}


def subscribe(http: TestClient, headers: Headers, body: dict[str, Any], number: str = "") -> Any:
    number = number or str(uuid4())
    return http.put(f"/v1/services/alerts/subscriptions/{number}", json=body, headers=headers)


def test_a_secret_is_shown_once_and_never_again(http: TestClient, office: Office) -> None:
    bureau, number = office("bureau", scopes="subscription:write alert:read"), str(uuid4())
    assert subscribe(http, bureau, HOOK, number).json()["secret"].startswith("whsec_")
    assert subscribe(http, bureau, HOOK, number).json()["secret"] is None
    listed = http.get("/v1/services/alerts/subscriptions", headers=bureau).json()
    assert [row["secret"] for row in listed] == [None]


def test_ten_that_subscribe_at_once_under_one_id_make_one(http: TestClient, office: Office) -> None:
    bureau = office("bureau", scopes="subscription:write alert:read")
    for number in (str(uuid4()) for _ in range(5)):
        with ThreadPoolExecutor(10) as threads:
            answers = list(threads.map(lambda _, number=number: subscribe(http, bureau, HOOK, number), range(10)))
        assert {answer.status_code for answer in answers} == {200}
        assert sum(answer.json()["secret"] is not None for answer in answers) == 1
    assert len(http.get("/v1/services/alerts/subscriptions", headers=bureau).json()) == 5


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"url": "http://10.0.0.1/hooks"}, 422, "address-not-listed"),
        ({"url": "http://127.0.0.1:9@evil.example/hooks"}, 422, "address-not-listed"),
        ({"url": "file:///etc/passwd"}, 422, "address-not-listed"),
        ({"types": ["weather.changed"]}, 422, "unknown-type"),
        ({"division": "52062"}, 422, "not-understood"),
        ({"secret": "short"}, 422, "not-understood"),
    ],
)
def test_a_subscription_is_refused(
    http: TestClient, office: Office, changed: dict[str, Any], status: int, code: str
) -> None:
    refused = subscribe(http, office("bureau", scopes="subscription:write alert:read"), HOOK | changed)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_nobody_hears_what_they_may_not_read(http: TestClient, office: Office) -> None:
    refused = subscribe(http, office("bureau", scopes="subscription:write"), HOOK)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


def test_a_subscription_that_is_ended_owes_nothing_any_more(
    http: TestClient, office: Office, watched: Session, engines: dict[str, Engine]
) -> None:
    bureau, number = office("bureau", scopes="subscription:write alert:read"), str(uuid4())
    subscribe(http, bureau, HOOK, number)
    told(watched, safe_water=False)
    fan_out(engines["alerts"], NOW)
    http.delete(f"/v1/services/alerts/subscriptions/{number}", headers=bureau)
    assert [d.dead_at is not None for d in watched.scalars(select(Delivery))] == [True]


def test_a_subscriber_sees_and_changes_only_its_own(http: TestClient, office: Office) -> None:
    one, other = (office(name, scopes="subscription:write alert:read") for name in ("one", "other"))
    number = str(uuid4())
    subscribe(http, one, HOOK, number)
    assert subscribe(http, other, HOOK, number).status_code == 404
    for path in (f"/{number}/deliveries",):
        assert http.get(f"/v1/services/alerts/subscriptions{path}", headers=other).status_code == 404
    assert http.delete(f"/v1/services/alerts/subscriptions/{number}", headers=other).status_code == 404
    assert http.get("/v1/services/alerts/subscriptions", headers=other).json() == []
    assert http.delete(f"/v1/services/alerts/subscriptions/{number}", headers=one).status_code == 204
