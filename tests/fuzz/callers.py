"""Who asks: somebody who may do all there is in the county, and somebody who is signed in and holds nothing."""

import base64
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

from services.cli.openapi.describe import CLIENT
from tests.callers import Sign
from tests.fuzz.world import EVERY_ROLE, NOBODY, PASSWORD, PERSON, SYSTEM

Caller = Callable[[dict[str, Any]], str]  # the Authorization an operation is asked with, empty for none


def authorised(sign: Sign, service: str) -> Caller:
    """A person in every role where a role has the right, else a client system with every scope."""
    rights = import_module(f"services.{service}.policy").RIGHTS

    @cache
    def token(person: bool, _second: int) -> str:
        signed = sign(str(PERSON), *EVERY_ROLE) if person else sign(SYSTEM, scopes=" ".join(rights))
        return signed["authorization"]

    def caller(operation: dict[str, Any]) -> str:
        asked: list[dict[str, Any]] = operation["security"]
        if asked == [{CLIENT: []}]:
            return "Basic " + base64.b64encode(f"{SYSTEM}:{PASSWORD}".encode()).decode()
        right = operation.get("x-right")
        return token(not right or bool(rights.get(right)), int(time.time())) if asked else ""

    return caller


def holding_nothing(sign: Sign, _: str) -> Caller:
    return lambda operation: sign(str(NOBODY))["authorization"] if operation["security"] else ""
