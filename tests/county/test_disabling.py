"""Who was sent away, or has a new password, is known nowhere a moment later."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.kit.store.reference import copy_reference
from services.kit.store.revoked import Revoked
from services.kit.web.errors import DomainError
from tests.county.conftest import PASSWORD, know_revocations, sign_in

OTHER = "another long password"


@pytest.fixture
def li(client: TestClient, admin: dict[str, str]) -> str:
    body = {"id": str(uuid4()), "username": "li", "name": "某人", "password": PASSWORD, "roles": ["county"]}
    return str(client.post("/v1/accounts", json=body, headers=admin).json()["id"])


def me(client: TestClient, headers: dict[str, str]) -> int:
    return client.get("/v1/accounts/me", headers=headers).status_code


def disable(client: TestClient, admin: dict[str, str], path: str, disabled: bool = True) -> Any:
    return client.put(f"/v1/{path}/disabled", json={"disabled": disabled}, headers=admin)


def test_a_disabled_account_s_tokens_end_and_none_are_made(client: TestClient, admin: dict[str, str], li: str) -> None:
    headers = sign_in(client, "li")
    signed = client.post("/v1/sign-in", json={"username": "li", "password": PASSWORD}).json()
    assert disable(client, admin, f"accounts/{li}").json() == {"disabled": True}
    know_revocations(client)
    assert me(client, headers) == 401
    assert client.post("/v1/refreshes", json={"refresh_token": signed["refresh_token"]}).status_code == 401
    assert client.post("/v1/sign-in", json={"username": "li", "password": PASSWORD}).status_code == 401
    assert disable(client, admin, f"accounts/{li}", False).json() == {"disabled": False}
    assert me(client, headers) == 401
    assert me(client, sign_in(client, "li")) == 200


def test_others_go_on_meanwhile(client: TestClient, admin: dict[str, str], li: str) -> None:
    disable(client, admin, f"accounts/{li}")
    know_revocations(client)
    assert me(client, admin) == 200


def test_nobody_disables_himself(client: TestClient, admin: dict[str, str]) -> None:
    own = client.get("/v1/accounts/me", headers=admin).json()["id"]
    assert disable(client, admin, f"accounts/{own}").json()["code"] == "own-account"
    assert disable(client, admin, f"accounts/{uuid4()}").status_code == 404


def test_a_password_set_by_an_administrator_ends_what_the_old_one_opened(
    client: TestClient, admin: dict[str, str], li: str
) -> None:
    headers = sign_in(client, "li")
    assert client.put(f"/v1/accounts/{li}/password", json={"password": OTHER}, headers=admin).status_code == 204
    know_revocations(client)
    assert me(client, headers) == 401
    assert client.post("/v1/sign-in", json={"username": "li", "password": PASSWORD}).status_code == 401
    assert me(client, sign_in(client, "li", OTHER)) == 200


def test_one_s_own_password_is_changed_with_the_present_one_and_one_goes_on(
    client: TestClient, admin: dict[str, str], li: str
) -> None:
    headers = sign_in(client, "li")
    wrong = client.put("/v1/accounts/me/password", json={"current": "no", "password": OTHER}, headers=headers)
    assert wrong.status_code == 401
    body = {"current": PASSWORD, "password": OTHER}
    answer = client.put("/v1/accounts/me/password", json=body, headers=headers).json()
    know_revocations(client)
    assert me(client, headers) == 401
    assert me(client, {"authorization": f"Bearer {answer['access_token']}"}) == 200
    assert client.post("/v1/refreshes", json={"refresh_token": answer["refresh_token"]}).status_code == 200


def test_a_disabled_system_s_tokens_end_too(client: TestClient, admin: dict[str, str]) -> None:
    body = {"name": "medical-insurance", "scopes": ["frame:read"]}
    made = client.put("/v1/client-systems/medical-insurance", json=body, headers=admin).json()
    form, auth = {"grant_type": "client_credentials"}, ("medical-insurance", made["secret"])
    token = client.post("/v1/tokens", data=form, auth=auth).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/v1/divisions", headers=headers).status_code == 200
    assert disable(client, admin, "client-systems/medical-insurance").status_code == 200
    know_revocations(client)
    assert client.get("/v1/divisions", headers=headers).status_code == 401
    assert client.post("/v1/tokens", data=form, auth=auth).status_code == 401
    assert disable(client, admin, "client-systems/alerts").json()["code"] == "own-service"


def test_a_system_cannot_be_named_like_an_account(client: TestClient, admin: dict[str, str]) -> None:
    name = "a" + str(uuid4())[1:]
    body = {"name": name, "scopes": ["frame:read"]}
    assert client.put(f"/v1/client-systems/{name}", json=body, headers=admin).status_code == 422


def test_who_was_sent_away_is_told_to_systems_and_copied_by_every_service(
    client: TestClient, admin: dict[str, str], li: str, alerts: Session
) -> None:
    disable(client, admin, f"accounts/{li}")
    assert client.get("/v1/reference/revocations", headers=admin).status_code == 403
    made = client.put(
        "/v1/client-systems/a-service", json={"name": "a-service", "scopes": ["frame:read"]}, headers=admin
    ).json()
    form = {"grant_type": "client_credentials"}
    token = client.post("/v1/tokens", data=form, auth=("a-service", made["secret"])).json()["access_token"]
    told = client.get("/v1/reference/revocations", headers={"authorization": f"Bearer {token}"}).json()
    assert [row["subject"] for row in told["rows"]] == [li]
    for _ in range(2):
        copy_reference(alerts, "revocations", told["rows"], told["version"])
    alerts.commit()
    bind = alerts.get_bind()
    revoked = Revoked(bind.engine.url)
    with pytest.raises(DomainError):
        revoked.not_before(li)  # nothing was read yet: nobody is let in on a chance
    revoked.read()
    revoked.close()
    assert revoked.not_before(li) > 0 > revoked.not_before(str(uuid4()))
