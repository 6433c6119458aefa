"""Whoever is not signed in is heard, at a measure: per address, and all together."""

import secrets
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from services.households.settings import VoiceSettings
from services.kit.web.address import address_of
from services.kit.web.limits import Limits

VILLAGER = "villager"  # in the audit: who it was, is proved by nothing
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
LENGTH = 12  # nearly sixty bits, tried a few times a minute

WrittenCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{12}$", title="查询码")]


class Allowance:
    """An address that has had its share is refused before it takes of the others'."""

    def __init__(self, settings: VoiceSettings) -> None:
        self._of_one = Limits({"write": settings.per_address})
        self._of_all = Limits({"write": settings.together})

    def count(self, request: Request) -> None:
        self._of_one.count(address_of(request), request)
        self._of_all.count("everybody", request)


async def heard(request: Request) -> None:
    allowance: Allowance = request.app.state.voices
    allowance.count(request)


HEARD: Any = Depends(heard)


def new_code() -> str:
    """To be read from paper and typed by hand."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
