"""A service with its world and a socket of its own, as both callers meet it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine

from services.cli.secret_files import secret_folder
from services.kit import clock
from services.kit.web.limits import GUESS, Limits
from tests.callers import served
from tests.door.world import everybodys_register
from tests.fuzz.server import listening
from tests.fuzz.world import Pools, furnish
from tests.secrets_made_once import make_secrets

UNBOUNDED = {"read": 10**9, "write": 10**9, "upload": 10**9, GUESS: 10**9}  # how often one may call is test_limits.py's


@contextmanager
def opened(name: str, owner: Engine, api: Engine, key: RSAKey, folder: Path) -> Iterator[tuple[FastAPI, Pools, str]]:
    """County keeps the clock of the machine, by which it revokes tokens; the others have the tests' moment."""
    make_secrets(folder)
    create = import_module(f"services.{name}.main").create
    pools = furnish(name, owner)
    with served(create, name, api, key, secret_folder(folder, name)) as client:
        app = client.app
        assert isinstance(app, FastAPI)
        if name == "county":
            app.state.clock = clock.now
        app.state.register = everybodys_register()
        app.state.allowance = Limits(UNBOUNDED)
        with listening(app) as base:
            yield app, pools, base
