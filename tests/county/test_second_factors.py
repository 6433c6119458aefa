"""A second factor: set up with password and code, asked for at sign-in, each code once, and no refusal tells which."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pyotp
import pytest
from fastapi import FastAPI
from joserfc import jws
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from services.county.codes import hash_of, recovery_code, takes_code
from services.county.models import SECOND_FACTOR, SecondFactor
from services.county.settings import SignInSettings
from services.kit.store.fields import Seal
from tests.clock import NOW
from tests.county.conftest import PASSWORD, SignedIn, county_with, sign_in

ME = "/v1/accounts/me/second-factor"


class Person:
    """Somebody with an authenticator, at a moment of their own."""

    def __init__(self, client: TestClient, username: str, headers: dict[str, str]) -> None:
        self.client, self.username, self.headers, self.now = client, username, headers, NOW
        self.totp = pyotp.TOTP("A" * 32)

    def at(self, moment: datetime) -> "Person":
        assert isinstance(self.client.app, FastAPI)
        self.now = moment
        self.client.app.state.clock = lambda _: moment
        return self

    def code(self, off: int = 0) -> str:
        return self.totp.at(self.now + timedelta(seconds=30 * off))

    def set_up(self) -> Any:
        return self.client.put(ME, json={"password": PASSWORD}, headers=self.headers)

    def confirm(self, code: str) -> Any:
        return self.client.post(f"{ME}/confirmation", json={"totp": code}, headers=self.headers)

    def enrol(self) -> list[str]:
        url = urlsplit(self.set_up().json()["otpauth_url"])
        assert (url.scheme, url.netloc) == ("otpauth", "totp")
        self.totp = pyotp.TOTP(parse_qs(url.query)["secret"][0])
        codes: list[str] = self.confirm(self.code()).json()["recovery_codes"]
        self.at(self.now + timedelta(minutes=2))
        return codes

    def sign_in(self, code: str | None = None, password: str = PASSWORD) -> Any:
        body = {"username": self.username, "password": password} | ({"totp": code} if code is not None else {})
        return self.client.post("/v1/sign-in", json=body)


@pytest.fixture
def person(client: TestClient, signed_in: SignedIn) -> Person:
    return Person(client, "a-county", signed_in("county")).at(NOW)


def test_a_sign_in_asks_for_a_code_and_no_refusal_tells_what_was_wrong(person: Person) -> None:
    assert person.sign_in().status_code == 200
    assert len(person.enrol()) == 10
    wrong = [person.sign_in(), person.sign_in("000000"), person.sign_in("１２３"), person.sign_in(password="wrong" * 3)]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({answer.content for answer in wrong}) == 1
    assert person.sign_in(f"{person.code()[:3]} {person.code()[3:]}").status_code == 200


def test_a_code_is_taken_once_and_a_clock_may_be_a_step_off(person: Person) -> None:
    person.enrol()
    assert person.sign_in(person.code(-2)).status_code == 401
    assert person.sign_in(person.code(2)).status_code == 401
    assert person.sign_in(person.code(-1)).status_code == 200
    assert person.sign_in(person.code(-1)).status_code == 401
    assert person.sign_in(person.code(1)).status_code == 200
    assert person.sign_in(person.code()).status_code == 401  # earlier than one that was used


def test_wrong_codes_are_counted_as_wrong_passwords_are(person: Person) -> None:
    person.enrol()
    answers = [person.sign_in("000000").status_code for _ in range(8)]
    assert answers == [401] * 6 + [429] * 2
    assert person.sign_in(person.code()).status_code == 429


def test_a_recovery_code_opens_once(person: Person) -> None:
    first, second, *_ = person.enrol()
    assert person.sign_in(first.lower().replace("-", " ")).status_code == 200
    assert person.sign_in(first).status_code == 401
    assert person.sign_in(second).status_code == 200


def test_a_refresh_asks_for_no_code(person: Person) -> None:
    person.enrol()
    token = person.sign_in(person.code()).json()["refresh_token"]
    assert person.client.post("/v1/refreshes", json={"refresh_token": token}).status_code == 200


def test_nothing_counts_before_it_is_confirmed_and_a_second_one_is_refused(person: Person) -> None:
    person.set_up()
    assert person.confirm("000000").json()["code"] == "not-the-code"
    assert person.sign_in().status_code == 200
    person.enrol()
    assert person.set_up().json()["code"] == "second-factor-there"
    assert person.confirm(person.code()).json()["code"] == "second-factor-there"


def test_setting_up_needs_the_password_too(person: Person) -> None:
    answer = person.client.put(ME, json={"password": "wrong"}, headers=person.headers)
    assert answer.status_code == 401


def test_one_removes_ones_own_with_a_code_alone(person: Person) -> None:
    recovery = person.enrol()
    wrong = person.client.post(f"{ME}/removal", json={"password": PASSWORD, "totp": "000000"}, headers=person.headers)
    assert wrong.status_code == 401
    body = {"password": PASSWORD, "totp": recovery[0]}
    assert person.client.post(f"{ME}/removal", json=body, headers=person.headers).status_code == 204
    assert person.sign_in().status_code == 200


def test_a_security_administrator_removes_that_of_others_and_never_his_own(
    person: Person, signed_in: SignedIn, admin: dict[str, str], engines: dict[str, Engine]
) -> None:
    person.enrol()
    path = "/v1/second-factors/{}"
    theirs = person.client.get("/v1/accounts/me", headers=person.headers).json()["id"]
    own = person.client.get("/v1/accounts/me", headers=admin).json()["id"]
    assert person.client.delete(path.format(theirs), headers=person.headers).status_code == 403
    assert person.client.delete(path.format(own), headers=admin).json()["code"] == "own-second-factor"
    assert person.client.delete(path.format(uuid4()), headers=admin).status_code == 404
    assert person.client.delete(path.format(theirs), headers=admin).status_code == 204
    assert person.sign_in().status_code == 200
    with engines["county"].connect() as connection:
        lines = connection.execute(
            text(
                "SELECT actor FROM audit WHERE action LIKE 'DELETE %second-factors%' AND objects = :o AND status = 204"
            ),
            {"o": [theirs]},
        )
        assert lines.scalars().all() == [own]


def test_who_must_have_one_gets_no_role_until_then(
    person: Person, secrets: Path, engines: dict[str, Engine], admin: dict[str, str]
) -> None:
    limits = SignInSettings(second_factor_roles="county,system", second_factor_from=NOW.date())
    with county_with(secrets, engines["county"], limits, NOW) as client:
        strict = Person(client, person.username, sign_in(client, person.username)).at(NOW)
        assert roles_in(strict.headers) == []
        assert client.get("/v1/divisions", headers=strict.headers).status_code == 403
        strict.enrol()
        token = strict.sign_in(strict.code()).json()["access_token"]
        assert roles_in({"authorization": f"Bearer {token}"}) == ["county"]


def roles_in(headers: dict[str, str]) -> Any:
    return json.loads(jws.extract_compact(headers["authorization"].removeprefix("Bearer ").encode()).payload)["roles"]


def test_nobody_must_before_the_day_and_others_never() -> None:
    limits = SignInSettings(second_factor_from=date(2027, 1, 1))
    assert not limits.asks_second_factor(["system"], date(2026, 12, 31))
    assert limits.asks_second_factor(["cadre", "system"], date(2027, 1, 1))
    assert not limits.asks_second_factor(["cadre"], date(2027, 1, 1))
    assert not SignInSettings().asks_second_factor(["system"], date.max)


def test_the_secret_is_sealed_and_recovery_codes_are_hashed(person: Person, engines: dict[str, Engine]) -> None:
    codes = person.enrol()
    with engines["county"].connect() as connection:
        row = connection.execute(text("SELECT sealed_secret, recovery FROM second_factor")).one()
    assert person.totp.secret.encode() not in bytes(row.sealed_secret)
    assert {bytes(one) for one in row.recovery} == {hash_of(code) for code in codes}


def test_codes_agree_with_the_vectors_of_the_standard(seal: Seal) -> None:
    """RFC 6238 appendix B, SHA-1, the last six of its eight digits."""
    ident = uuid4()
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        factor = SecondFactor(
            id=ident, sealed_secret=seal.close(secret, SECOND_FACTOR.place(ident)), created_at=NOW, last_step=0
        )
        moment = datetime.fromtimestamp(seconds, NOW.tzinfo)
        assert takes_code(seal, factor, code, moment)
        assert not takes_code(seal, factor, code, moment)
    assert len({recovery_code() for _ in range(1000)}) == 1000
