"""Every operation of every service is asked what its document allows and what it does not, and holds to it."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine

from services.cli.secret_files import SERVICES, make_secrets, secret_folder
from services.kit.web.limits import Limits
from tests.callers import Sign, served
from tests.fuzz.document import document_of
from tests.fuzz.run import Bearer, fuzz
from tests.fuzz.server import listening
from tests.fuzz.world import EVERY_ROLE, PERSON, SYSTEM, Pools, furnish

UNBOUNDED = {"read": 10**9, "write": 10**9, "upload": 10**9}  # how often one may call is test_limits.py's


@pytest.fixture(params=SERVICES)
def service(
    api_engines: dict[str, Engine], engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[tuple[str, FastAPI, Pools]]:  # fmt: skip
    name: str = request.param
    make_secrets(tmp_path)
    create = import_module(f"services.{name}.main").create
    pools = furnish(name, engines[name])
    with served(create, name, api_engines[name], signing_key, secret_folder(tmp_path, name)) as client:
        assert isinstance(client.app, FastAPI)
        client.app.state.allowance = Limits(UNBOUNDED)
        yield name, client.app, pools


def authorised(sign: Sign, name: str) -> Bearer:
    """A person in every role where some role has the right, else a client system with every scope."""
    rights = import_module(f"services.{name}.policy").RIGHTS
    scopes = " ".join(rights)

    def bearer(right: str) -> str:
        person = not right or rights.get(right)
        return (sign(PERSON, *EVERY_ROLE) if person else sign(SYSTEM, scopes=scopes))["authorization"]

    return bearer


def test_every_operation_holds_to_its_document(service: tuple[str, FastAPI, Pools], sign: Sign) -> None:
    name, app, pools = service
    with listening(app) as base:
        outcome = fuzz(document_of(name, app), pools, base, authorised(sign, name), examples=50)
    report(outcome)
    assert outcome.failures == {}


def report(outcome):
    print(outcome.cases, outcome.seconds)
    for op, c in sorted(outcome.answers.items()):
        print(op, dict(c))
    for k, v in sorted(outcome.failures.items()):
        print("##", k, "\n", v[:900])
