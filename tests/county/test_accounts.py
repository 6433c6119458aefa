"""Who may sign in, and how the first of them comes to be."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from uuid import uuid4

from fastapi import FastAPI
from sqlalchemy import Engine, QueuePool, select, text
from starlette.testclient import TestClient

from services.county.passwords import Turns
from services.kit.store.audit import Audit
from services.kit.store.db import open_session
from tests.county.conftest import PASSWORD, SignedIn, sign_in


def account(**changed: object) -> dict[str, object]:
    made = {"id": str(uuid4()), "username": "li", "name": "某人", "password": PASSWORD, "roles": ["county"]}
    return made | changed


def work_of(client: TestClient) -> Semaphore:
    assert isinstance(client.app, FastAPI)
    turns: Turns = client.app.state.turns
    return turns.work


def test_the_first_administrator_is_made_once_and_only_with_the_token(client: TestClient, secrets: Path) -> None:
    first = {"token": "guess", "username": "admin", "name": "管理员", "password": PASSWORD}
    assert client.post("/v1/first-administrator", json=first).json()["code"] == "token-used-or-wrong"
    first["token"] = (secrets / "first_admin_token").read_text()
    assert client.post("/v1/first-administrator", json=first).status_code == 201
    for other in ({"username": "second"}, {"password": "another long password"}):
        again = client.post("/v1/first-administrator", json=first | other)
        assert again.json()["code"] == "token-used-or-wrong"


def test_the_first_administrator_sent_again_for_a_lost_answer_is_told_of_the_account_it_made(
    client: TestClient, secrets: Path
) -> None:
    token = (secrets / "first_admin_token").read_text()
    first = {"token": token, "username": "admin", "name": "管理员", "password": PASSWORD}
    answers = [client.post("/v1/first-administrator", json=first) for _ in range(2)]
    assert (answers[0].status_code, answers[0].content) == (201, answers[1].content)


def test_the_audit_tells_who_signed_in_who_made_an_account_and_not_with_what(
    client: TestClient, admin: dict[str, str], engines: dict[str, Engine]
) -> None:
    made = client.post("/v1/accounts", json=account(), headers=admin).json()["id"]
    sign_in(client, "li")
    sign_in(client, "admin")
    with open_session(engines["county"]) as session:
        lines = session.scalars(select(Audit).order_by(text("seq"))).all()
    first = lines[0].actor
    assert [(line.action, line.actor, line.objects) for line in lines] == [
        ("POST /v1/first-administrator", first, []),
        ("POST /v1/sign-in", first, []),
        ("POST /v1/accounts", first, [made]),
        ("POST /v1/sign-in", made, []),
        ("POST /v1/sign-in", first, []),
    ]
    assert PASSWORD not in repr(lines)


def test_nobody_can_sign_in_before_there_is_an_account(client: TestClient) -> None:
    assert client.post("/v1/sign-in", json={"username": "admin", "password": "admin"}).status_code == 401


def test_a_wrong_password_and_an_unknown_name_get_the_same_bytes(client: TestClient, admin: dict[str, str]) -> None:
    wrong = client.post("/v1/sign-in", json={"username": "admin", "password": "not it"})
    unknown = client.post("/v1/sign-in", json={"username": "nobody", "password": "not it"})
    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)


def test_only_an_administrator_makes_accounts(client: TestClient, signed_in: SignedIn) -> None:
    refused = client.post("/v1/accounts", json=account(), headers=signed_in("county"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")


def test_an_account_sent_twice_is_one_account(client: TestClient, admin: dict[str, str]) -> None:
    body = account(id=str(uuid4()))
    answers = [client.post("/v1/accounts", json=body, headers=admin) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert client.post("/v1/accounts", json=account(), headers=admin).json()["code"] == "name-taken"


def test_the_same_id_for_an_account_of_another_name_or_other_roles_is_refused(
    client: TestClient, admin: dict[str, str]
) -> None:
    body = account(id=str(uuid4()))
    assert client.post("/v1/accounts", json=body, headers=admin).status_code == 201
    for other in ({"roles": ["system"]}, {"name": "别人"}, {"username": "wang"}):
        refused = client.post("/v1/accounts", json=body | other, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (409, "sent-before")


def test_without_the_one_time_token_s_file_every_token_is_wrong(client: TestClient, secrets: Path) -> None:
    file = secrets / "first_admin_token"
    kept = file.read_text()
    file.unlink()
    try:
        first = {"token": kept, "username": "admin", "name": "管理员", "password": PASSWORD}
        refused = client.post("/v1/first-administrator", json=first)
        assert (refused.status_code, refused.json()["code"]) == (403, "token-used-or-wrong")
    finally:
        file.write_text(kept)


def test_a_sign_in_that_waits_for_its_turn_at_hashing_holds_no_connection(
    client: TestClient, admin: dict[str, str], engines: dict[str, Engine]
) -> None:
    hashing = work_of(client)
    with ThreadPoolExecutor(1) as beside, hashing, hashing:
        waiting = beside.submit(sign_in, client, "admin")
        time.sleep(0.5)
        pool = engines["county"].pool
        assert isinstance(pool, QueuePool)
        held, done = pool.checkedout(), waiting.done()
        hashing.release()
        assert waiting.result(10)
        hashing.acquire()
    assert (held, done) == (0, False)


def test_a_short_password_is_refused_without_being_repeated_back(client: TestClient, admin: dict[str, str]) -> None:
    refused = client.post("/v1/accounts", json=account(password="kurz-123"), headers=admin)
    assert refused.status_code == 422
    assert "kurz-123" not in refused.text
    assert refused.json()["errors"][0]["pointer"] == "/password"


def test_refusals_speak_chinese_and_english(client: TestClient) -> None:
    assert client.get("/v1/accounts/me").json()["title"] == "请先登录。"
    english = client.get("/v1/accounts/me", headers={"accept-language": "en-GB"})
    assert english.json()["title"] == "Please sign in."
    assert english.headers["content-type"] == "application/problem+json"


def test_one_s_own_account_is_shown_without_anything_secret(client: TestClient, admin: dict[str, str]) -> None:
    assert set(client.get("/v1/accounts/me", headers=admin).json()) == {"id", "username", "name", "roles"}
    assert sign_in(client, "admin")
