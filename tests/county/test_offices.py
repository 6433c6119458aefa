"""Offices: who may give one, to whom, and that everybody hears of it."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.county.models import Account, ClientSystem
from services.kit.store.tables import Event
from tests.callers import Headers, Sign
from tests.conftest import NOW


@pytest.fixture
def sign(client: TestClient) -> Sign:
    """With county's own keys, as its tokens are."""

    def headers(subject: str, *roles: str, scopes: str = "") -> Headers:
        assert isinstance(client.app, FastAPI)
        token = client.app.state.signer.sign(subject, roles=roles, scopes=scopes.split()).access_token
        return {"authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
def security(sign: Sign) -> Headers:
    return sign(str(uuid4()), "security")


@pytest.fixture
def clerk(county: Session) -> str:
    """The account of a township's clerk."""
    account = Account(username="clerk", name="示甲", password_hash="", roles=["township"], created_at=NOW)
    county.add(account)
    county.commit()
    return str(account.id)


def office(holder: str, **changed: Any) -> dict[str, Any]:
    said = {"role": "township", "kind": "division", "place": "520621001", "valid_from": "2026-01-01"}
    return {"holder": holder, **said, "document_no": "示例〔2026〕1号"} | changed


def put(client: TestClient, headers: Headers, body: dict[str, Any], number: str = "") -> Any:
    return client.put(f"/v1/offices/{number or uuid4()}", json=body, headers=headers)


def told(county: Session) -> int:
    return len(county.scalars(select(Event).where(Event.type == "grant.changed")).all())  # type: ignore[arg-type]


def test_an_office_is_given_changed_and_told_once_each_time(
    client: TestClient, county: Session, security: Headers, clerk: str
) -> None:
    number, body = str(uuid4()), office(clerk)
    assert put(client, security, body, number).json() == body | {"id": number, "valid_until": None}
    assert put(client, security, body, number).status_code == 200
    assert told(county) == 1
    ended = put(client, security, body | {"valid_until": "2026-12-01"}, number).json()
    assert (ended["valid_until"], told(county)) == ("2026-12-01", 2)


def test_the_other_services_pull_what_is_new_since_their_version(
    client: TestClient, security: Headers, clerk: str, sign: Sign
) -> None:
    first = put(client, security, office(clerk)).json()["id"]
    reader, path = sign("alerts", scopes="grant:read"), "/v1/services/county/grants"
    answer = client.get(path, headers=reader).json()
    assert [(grant["id"], grant["valid"]) for grant in answer["grants"]] == [(first, ["2026-01-01", None])]
    second = put(client, security, office(clerk, place="520621002")).json()["id"]
    fresh = client.get(path, params={"since": answer["version"]}, headers=reader).json()["grants"]
    assert [grant["id"] for grant in fresh] == [second]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"role": "county"}, "no-such-holder"),
        ({"holder": "00000000-0000-4000-8000-000000000000"}, "no-such-holder"),
        ({"holder": "nobody-system"}, "no-such-holder"),
        ({"place": "5206210"}, "not-such-a-place"),
        ({"kind": "set", "place": "520621001"}, "not-such-a-place"),
        ({"kind": "department", "place": "医保"}, "not-such-a-place"),
        ({"valid_until": "2026-01-01"}, "ends-before-it-begins"),
    ],
)
def test_an_office_that_cannot_be_is_refused(
    client: TestClient, security: Headers, clerk: str, changed: dict[str, str], code: str
) -> None:
    refused = put(client, security, office(clerk) | changed)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_the_office_of_a_department_is_given_and_pulled_as_any_other(
    client: TestClient, security: Headers, clerk: str, sign: Sign
) -> None:
    """What it reaches is nothing yet (tests/door/test_matrix.py)."""
    given = put(client, security, office(clerk, kind="department", place="medical"))
    assert given.status_code == 200
    told = client.get("/v1/services/county/grants", headers=sign("alerts", scopes="grant:read")).json()["grants"]
    assert [(one["id"], one["kind"], one["place"]) for one in told] == [(given.json()["id"], "department", "medical")]


def test_nobody_gives_an_office_to_themselves(client: TestClient, county: Session, sign: Sign) -> None:
    both = Account(username="both", name="示乙", password_hash="", roles=["security", "county"], created_at=NOW)
    county.add(both)
    county.commit()
    refused = put(client, sign(str(both.id), "security", "county"), office(str(both.id), role="county"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-to-oneself")


def test_an_office_stays_its_holder_s(client: TestClient, county: Session, security: Headers, clerk: str) -> None:
    county.add(ClientSystem(name="bureau", secret_hash="", scopes=[], created_at=NOW))
    county.commit()
    number = put(client, security, office(clerk)).json()["id"]
    refused = put(client, security, office("bureau", role="client"), number)
    assert (refused.status_code, refused.json()["code"]) == (409, "sent-before")
    given = put(client, security, office("bureau", role="client")).json()
    listed = client.get("/v1/offices", params={"holder": "bureau"}, headers=security).json()["rows"]
    assert [row["id"] for row in listed] == [given["id"]]


def test_who_makes_accounts_gives_no_offices_and_the_other_way_round(client: TestClient, sign: Sign) -> None:
    """等保三级: system, security and audit administration are different hands."""
    system, security = (sign(str(uuid4()), role) for role in ("system", "security"))
    assert put(client, system, office("somebody")).status_code == 403
    account = {"username": "new", "name": "示丙", "password": "a long password 1", "roles": ["cadre"]}
    assert client.post("/v1/accounts", json=account, headers=security).status_code == 403


def test_offices_are_listed_in_pages_without_a_gap(client: TestClient, security: Headers, clerk: str) -> None:
    given = sorted(put(client, security, office(clerk, place=f"52062100{n}")).json()["id"] for n in range(1, 6))
    first = client.get("/v1/offices?limit=3", headers=security).json()
    rest = client.get("/v1/offices", params={"limit": 3, "cursor": first["next"]}, headers=security).json()
    assert [row["id"] for row in first["rows"] + rest["rows"]] == given
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("division", "520621001"),
        ("figures", "520621"),
        ("set", "5b0f7d2e-8f43-4c53-a6f5-0d7b7a4a1c22"),
        ("unit", "9d0ea87a-8f43-4c53-a6f5-0d7b7a4a1c23"),
        ("department", "medical-insurance"),
    ],
)
def test_an_office_of_every_kind_is_given_for_a_place_of_that_kind_alone(
    client: TestClient, security: Headers, clerk: str, kind: str, place: str
) -> None:
    assert put(client, security, office(clerk, kind=kind, place=place)).status_code == 200
    assert put(client, security, office(clerk, kind=kind, place="52 0621")).status_code == 422
    assert put(client, security, office(clerk, kind="village", place=place)).status_code == 422
