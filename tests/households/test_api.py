"""The register over HTTP: what a person with a role may do, and what is refused and how."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.register import Membership, Person
from services.kit.post.facts import CHANGED
from tests.callers import Headers, Sign, edit
from tests.households.conftest import Send, facts_of, household_row, statement


def test_net_income_is_income_less_production_cost(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    assert http.post(f"{family}/statements", json=statement(), headers=clerk).status_code == 201
    assert facts_of(households, "JK1").net_income == 1_500_000


def test_a_statement_sent_again_is_answered_alike_and_counts_once(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    body = statement()
    answers = [http.post(f"{family}/statements", json=body, headers=clerk) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (
        households.execute(text("SELECT count(*) FROM event WHERE type = :type"), {"type": CHANGED}).scalar_one() == 1
    )


def test_another_statement_under_the_same_id_is_refused(http: TestClient, clerk: Headers, family: str) -> None:
    body = statement()
    http.post(f"{family}/statements", json=body, headers=clerk)
    other = body | {"lines": [{"kind": "wage", "amount": 1}]}
    refused = http.post(f"{family}/statements", json=other, headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (409, "sent-before")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"period_to": "2026-11-30", "period_from": "2026-01-01"}, "reported-in-the-future"),
        ({"period_to": "2025-10-31"}, "period-upside-down"),
        ({"period_from": "2024-01-01"}, "period-upside-down"),
        ({"lines": [{"kind": "wage", "amount": -1}]}, "not-understood"),
        ({"lines": [{"kind": "lottery", "amount": 1}]}, "not-understood"),
        ({"lines": [{"kind": "wage", "amount": 1}] * 2}, "kind-twice"),
        ({"lines": []}, "not-understood"),
    ],
)
def test_a_statement_that_cannot_be_is_refused(
    http: TestClient, clerk: Headers, family: str, changed: dict[str, Any], code: str
) -> None:
    refused = http.post(f"{family}/statements", json=statement(**changed), headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_refused_statement_leaves_nothing_behind(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    http.post(f"{family}/statements", json=statement(period_to="2027-01-01"), headers=clerk)
    assert http.get(f"{family}/statements", headers=clerk).json() == []
    assert facts_of(households, "JK1").net_income is None


def test_the_newest_period_counts_and_not_the_newest_entry(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    http.post(f"{family}/statements", json=statement(), headers=clerk)
    older = statement(period_from="2024-11-01", period_to="2025-10-31", lines=[{"kind": "wage", "amount": 7}])
    http.post(f"{family}/statements", json=older, headers=clerk)
    assert facts_of(households, "JK1").net_income == 1_500_000


def test_safeguards_are_kept_whole_and_an_empty_one_is_unknown(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    member = http.get(family, headers=clerk).json()["members"][0]["person_id"]
    body = {"housing_grade": "D", "members": [{"person_id": member, "insured": False}]}
    assert edit(http, f"{family}/safeguards", body, clerk).status_code == 200
    facts = facts_of(households, "JK1")
    assert (facts.safe_house, facts.safe_water, facts.uninsured_members) == (False, None, 1)
    stranger = {"members": [{"person_id": str(uuid4()), "insured": True}]}
    assert http.put(f"{family}/safeguards", json=stranger, headers=clerk).json()["code"] == "not-a-member"


def test_of_sixty_members_the_safeguards_are_kept_too(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    people = [Person(name="示乙", birth_date=date(1990, 1, 1), sex="1") for _ in range(59)]
    households.add_all(people)
    households.flush()
    valid: Any = Range(date(2026, 1, 1), None)
    home = UUID(family.rsplit("/", maxsplit=1)[1])
    households.add_all(Membership(household_id=home, person_id=one.id, relation="99", valid=valid) for one in people)
    households.commit()
    members = http.get(f"{family}/safeguards", headers=clerk).json()["members"]
    assert len(members) == 60
    told = {"safe_water": True, "members": [one | {"insured": False} for one in members]}
    assert edit(http, f"{family}/safeguards", told, clerk).status_code == 200
    assert facts_of(households, "JK1").uninsured_members == 60
    too_many = {"members": [{"person_id": str(uuid4())}] * 1_001}
    assert http.put(f"{family}/safeguards", json=too_many, headers=clerk).json()["code"] == "not-understood"


def test_a_tag_is_set_closed_and_remembered(http: TestClient, clerk: Headers, family: str, households: Session) -> None:
    open_tag = {"since": "2026-01-01", "source": "示例〔2026〕2号"}
    assert http.put(f"{family}/tags/monitored", json=open_tag, headers=clerk).status_code == 200
    assert facts_of(households, "JK1").monitored
    edit(http, f"{family}/tags/monitored", open_tag | {"until": "2026-06-01"}, clerk)
    assert not facts_of(households, "JK1").monitored
    assert [tag["until"] for tag in http.get(f"{family}/tags", headers=clerk).json()] == ["2026-06-01"]


def test_a_household_shows_its_members_and_no_id_number(http: TestClient, clerk: Headers, family: str) -> None:
    shown = http.get(family, headers=clerk).json()
    assert [(m["name"], m["has_id_number"]) for m in shown["members"]] == [("示甲", False)]
    assert "id_number" not in shown["members"][0]


def test_a_village_is_listed_in_pages_without_a_gap(http: TestClient, clerk: Headers, send: Send) -> None:
    send("households", *(household_row(f"JK{number:02}") for number in range(7)))
    seen: list[str] = []
    after = ""
    while True:
        page = http.get(f"/v1/households?village=520621&limit=3{after}", headers=clerk).json()
        seen += [row["number"] for row in page["rows"]]
        if page["next"] is None:
            break
        after = f"&cursor={page['next']}"
    assert seen == [f"JK{number:02}" for number in range(7)]


@pytest.mark.parametrize("role", ["auditor", "system", "security"])
def test_who_only_reads_or_administers_writes_nothing(http: TestClient, sign: Sign, family: str, role: str) -> None:
    refused = http.post(f"{family}/statements", json=statement(), headers=sign("someone", role))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


def test_facts_are_for_our_own_services_alone(http: TestClient, sign: Sign, clerk: Headers, family: str) -> None:
    path = "/v1/services/households/facts/household?division=520621"
    assert http.get(path, headers=clerk).status_code == 403
    told = http.get(path, headers=sign("alerts", scopes="facts:read")).json()
    assert (len(told["rows"]), told["after"]) == (1, None)


@pytest.mark.parametrize("since", ["09", "00", "", "-1", "1" * 20, "١"])
def test_a_transaction_that_the_database_would_not_read_is_refused_before_it(
    http: TestClient, sign: Sign, since: str
) -> None:
    """It reads a leading zero as octal."""
    asked = {"division": "520621", "since": since}
    told = http.get("/v1/services/households/facts/household", params=asked, headers=sign("a", scopes="facts:read"))
    assert told.status_code == 422


def test_an_unknown_household_is_not_found_in_either_language(http: TestClient, clerk: Headers) -> None:
    path = f"/v1/households/{uuid4()}"
    assert http.get(path, headers=clerk).json()["title"] == "没有找到。"
    assert http.get(path, headers=clerk | {"accept-language": "en"}).json()["title"] == "Not found."


def test_a_household_that_is_named_twice_is_in_the_set_once(http: TestClient, clerk: Headers, family: str) -> None:
    body = {"name": "示例组", "households": [family.rpartition("/")[2]] * 2}
    made = http.put(f"/v1/household-sets/{uuid4()}", json=body, headers=clerk)
    assert (made.status_code, made.json()["households"]) == (200, body["households"][:1])


@pytest.mark.parametrize("amount", ["1", "１", True, None, 1.5])
def test_an_amount_is_a_whole_number_and_nothing_that_looks_like_one(
    http: TestClient, clerk: Headers, family: str, amount: object
) -> None:
    said = statement(lines=[{"kind": "wage", "amount": amount}])
    assert http.post(f"{family}/statements", json=said, headers=clerk).status_code == 422
