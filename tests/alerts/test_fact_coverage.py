"""What is known of households, by fact and village; and which households a rule could not judge for want of what."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.main import create
from services.alerts.models.facts import HouseholdFacts
from services.alerts.models.sweep import Sweep, SweepGap
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.callers import Office, served
from tests.conftest import NOW

OTHER = "520621002001"


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def home(division: str = VILLAGE, **known: Any) -> HouseholdFacts:
    return HouseholdFacts(subject=uuid4(), county=COUNTY, division=division, version=1, learned_at=NOW, **known)


def test_of_each_fact_it_is_told_of_how_many_households_it_is_known(
    http: TestClient, office: Office, alerts: Session
) -> None:
    alerts.add_all(
        [
            home(persons=3, safe_house=False, income_until=date(2026, 9, 30)),
            home(persons=4, income_until=date(2026, 10, 31)),
            home(income_until=date(2025, 9, 30)),
            home(OTHER, persons=0),
        ]
    )
    alerts.commit()
    told = http.get("/v1/fact-coverage", headers=office("a-county", "county")).json()
    facts = {fact.pop("key"): fact for fact in told["facts"]}
    assert told["households"] == 4
    assert {key: fact["known"] for key, fact in facts.items() if fact["known"]} == {
        "persons": 3, "safe_house": 1, "income_until": 3,
    }  # fmt: skip
    assert facts["income_until"] == {"title": "收入期间止", "known": 3, "oldest": "2025-09-30", "median": "2026-09-30"}
    assert facts["safe_house"] == {"title": "住房安全", "known": 1, "oldest": None, "median": None}
    villages = [(one["division"], one["households"], one["known"]["persons"]) for one in told["villages"]]
    assert villages == [(VILLAGE, 3, 2), (OTHER, 1, 1)]
    assert {one["told_since"] for one in told["villages"]} == {"2026-11-21T01:00:00Z"}


def test_only_what_the_caller_reaches_is_counted(http: TestClient, office: Office, alerts: Session) -> None:
    alerts.add_all([home(persons=3), home(OTHER, persons=4)])
    alerts.commit()
    township, english = office("a-township", "township", place=OTHER[:9]), {"accept-language": "en"}
    told = http.get("/v1/fact-coverage", headers=township | english).json()
    assert [(one["division"], one["known"]["persons"]) for one in told["villages"]] == [(OTHER, 1)]
    assert told["facts"][0] == {
        "key": "persons", "title": "persons among whom income is divided", "known": 1, "oldest": None, "median": None,
    }  # fmt: skip
    asked = {"division": VILLAGE}
    assert http.get("/v1/fact-coverage", params=asked, headers=township).json()["households"] == 0
    assert http.get("/v1/fact-coverage", params=asked, headers=office("b", "county")).json()["households"] == 1


def test_whom_a_rule_could_not_judge_is_listed_by_village_rule_and_fact(
    http: TestClient, office: Office, alerts: Session
) -> None:
    sweep = Sweep(county=COUNTY, period=date(2026, 10, 1), state="certified", due_at=NOW, attempts=1)
    alerts.add(sweep)
    alerts.flush()
    gaps = {
        UUID(int=1): (VILLAGE, ["income-below-line"], ["net_income", "persons"]),
        UUID(int=2): (VILLAGE, ["house-unsafe"], ["safe_house"]),
        UUID(int=3): (OTHER, ["income-below-line", "house-unsafe"], ["net_income", "safe_house"]),
    }
    alerts.add_all(
        SweepGap(sweep_id=sweep.id, subject=subject, division=place, rules=rules, missing=missing)
        for subject, (place, rules, missing) in gaps.items()
    )
    alerts.commit()
    county = office("a-county", "county")

    def listed(**asked: str) -> list[int]:
        rows = http.get(f"/v1/sweeps/{sweep.id}/gaps", params=asked, headers=county).json()["rows"]
        return [UUID(row["subject"]).int for row in rows]

    assert listed() == [1, 2, 3]
    assert listed(fact="safe_house") == [2, 3]
    assert listed(rule="income-below-line") == [1, 3]
    assert listed(division=VILLAGE, fact="net_income") == [1]
    assert listed(division=OTHER[:9], rule="house-unsafe", fact="safe_house") == [3]
    assert listed(fact="safe_water") == []
