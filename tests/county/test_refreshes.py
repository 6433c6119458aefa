"""Going on without a password: through lost answers, and not through theft."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from services.county.models import Account
from services.county.refreshes import begin, renew
from services.county.settings import SignInSettings
from services.county.tokens import Signer
from services.county.worker import forget
from services.kit.store.db import open_session
from tests.conftest import NOW
from tests.county.conftest import PASSWORD, know_revocations

Renew = Callable[..., str | None]
LIMITS = SignInSettings()
DAY = timedelta(days=1)


@pytest.fixture
def first(engines: dict[str, Engine], clean: None, secrets: Path) -> str:
    """The refresh token of a sign-in just now."""
    with open_session(engines["county"]) as session, session.begin():
        account = Account(username="li", name="某人", password_hash="", roles=["cadre"], created_at=NOW)
        session.add(account)
        session.flush()
        return begin(session, Signer.read(secrets), account, LIMITS, NOW).refresh_token


@pytest.fixture
def renewed(engines: dict[str, Engine]) -> Renew:
    def one(token: str, after: timedelta = timedelta(0)) -> str | None:
        with open_session(engines["county"]) as session, session.begin():
            following = renew(session, token, LIMITS, NOW + after)
            return following[1] if following else None

    return one


def sure(token: str | None) -> str:
    assert token
    return token


def test_each_token_is_renewed_by_the_next(first: str, renewed: Renew) -> None:
    token = first
    for day in range(20):
        following = sure(renewed(token, day * DAY))
        assert following != token
        token = following


def test_a_lost_answer_is_made_good_even_two_days_later(first: str, renewed: Renew) -> None:
    lost = sure(renewed(first))
    second = sure(renewed(first, 2 * DAY))
    assert second != lost
    assert renewed(second, 3 * DAY)


def test_a_lost_answer_is_made_good_once_and_a_third_use_ends_all(first: str, renewed: Renew) -> None:
    renewed(first)
    second = sure(renewed(first))
    assert renewed(first) is None
    assert renewed(second) is None


def test_a_stolen_token_used_after_its_owner_ends_both_as_soon_as_the_owner_comes_back(
    first: str, renewed: Renew
) -> None:
    owners = sure(renewed(first))
    thiefs = sure(renewed(first))
    assert renewed(owners) is None
    assert renewed(thiefs) is None


def test_an_older_token_ends_the_family(first: str, renewed: Renew) -> None:
    second = sure(renewed(first))
    third = sure(renewed(second))
    assert renewed(first) is None
    assert renewed(third) is None


def test_the_one_before_is_taken_no_longer_than_the_grace(first: str, renewed: Renew) -> None:
    renewed(first)
    assert renewed(first, timedelta(seconds=LIMITS.refresh_grace)) is None


def test_a_phone_may_be_away_for_four_weeks_and_not_for_five(first: str, renewed: Renew) -> None:
    second = sure(renewed(first, 28 * DAY))
    assert renewed(second, 28 * DAY + timedelta(seconds=LIMITS.refresh_idle)) is None


def test_after_ninety_days_a_password_is_asked_for_however_often_it_was_renewed(first: str, renewed: Renew) -> None:
    token = first
    for day in range(0, 90, 15):
        token = sure(renewed(token, day * DAY))
    assert renewed(token, 90 * DAY) is None


@pytest.mark.parametrize("guess", ["", "x", "00000000000000000000000000000000.x", "…", "a" * 200])
def test_a_guess_opens_nothing(first: str, renewed: Renew, guess: str) -> None:
    assert renewed(guess) is None
    assert renewed(first)


def test_of_two_uses_at_once_one_is_taken_for_the_lost_answer_s(first: str, renewed: Renew) -> None:
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(renewed, [first, first]))
    assert len({sure(answer) for answer in answers}) == 2


def signed_in(client: TestClient) -> Any:
    return client.post("/v1/sign-in", json={"username": "admin", "password": PASSWORD}).json()


def refresh(client: TestClient, token: str) -> Any:
    return client.post("/v1/refreshes", json={"refresh_token": token})


def me(client: TestClient, answer: Any) -> int:
    return client.get("/v1/accounts/me", headers={"authorization": f"Bearer {answer['access_token']}"}).status_code


def test_over_http_a_refresh_answers_a_new_pair(client: TestClient, admin: dict[str, str]) -> None:
    one = signed_in(client)
    two = refresh(client, one["refresh_token"]).json()
    assert me(client, two) == 200
    assert two["refresh_token"] != one["refresh_token"]


def test_the_end_of_a_family_stays_although_it_was_refused(client: TestClient, admin: dict[str, str]) -> None:
    one = signed_in(client)
    two = refresh(client, one["refresh_token"]).json()
    three = refresh(client, two["refresh_token"]).json()
    for token in (one, three):
        refused = refresh(client, token["refresh_token"])
        assert (refused.status_code, refused.json()["code"]) == (401, "not-signed-in")


def test_signing_out_ends_this_sign_in_and_no_other(client: TestClient, admin: dict[str, str]) -> None:
    here, there = signed_in(client), signed_in(client)
    assert client.post("/v1/sign-outs", json={"refresh_token": here["refresh_token"]}).status_code == 204
    assert refresh(client, here["refresh_token"]).status_code == 401
    assert refresh(client, there["refresh_token"]).status_code == 200


def test_signing_out_everywhere_ends_every_sign_in_and_the_tokens_in_use(
    client: TestClient, admin: dict[str, str]
) -> None:
    here, there = signed_in(client), signed_in(client)
    body = {"refresh_token": here["refresh_token"], "everywhere": True}
    assert client.post("/v1/sign-outs", json=body).status_code == 204
    know_revocations(client)
    assert [me(client, one) for one in (here, there)] == [401, 401]
    assert refresh(client, there["refresh_token"]).status_code == 401
    assert me(client, signed_in(client)) == 200


def test_a_sign_out_with_a_guess_tells_and_ends_nothing(client: TestClient, admin: dict[str, str]) -> None:
    here = signed_in(client)
    guess = here["refresh_token"].partition(".")[0] + ".guess"
    assert client.post("/v1/sign-outs", json={"refresh_token": guess}).status_code == 204
    assert refresh(client, here["refresh_token"]).status_code == 200


def test_what_is_over_is_forgotten_and_what_still_counts_is_not(
    first: str, renewed: Renew, engines: dict[str, Engine]
) -> None:
    forget(engines["county"], NOW + 89 * DAY, LIMITS)
    second = sure(renewed(first))
    forget(engines["county"], NOW + 91 * DAY, LIMITS)
    assert renewed(second) is None
