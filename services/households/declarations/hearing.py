"""Whoever is not signed in is heard, at a measure: per address, and all together, for each operation apart. A flood of
declarations keeps nobody from reading how far theirs is, and few addresses keep nobody out who is seldom heard."""

import secrets
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from services.households.settings import VoiceSettings
from services.kit.web.address import address_of
from services.kit.web.limits import Limits, TooManyRequests

VILLAGER = "villager"  # in the audit: who it was, is proved by nothing
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
SELDOM = 2  # requests a minute of an address that are taken from what is kept for those who ask seldom
LENGTH = 12  # nearly sixty bits, tried a few times a minute

WrittenCode = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{12}$", title="查询码")]


class Allowance:
    """An address that has had its share is refused before it takes of the others'. Its first requests are counted with
    the first ones of others, and the further ones with the further ones: each have the whole quota."""

    def __init__(self, settings: VoiceSettings) -> None:
        self._of_one = Limits({"write": settings.per_address})
        self._seldom = Limits({"write": SELDOM})
        self._of_all = Limits({"write": settings.together})

    def count(self, request: Request) -> None:
        operation = request.scope["route"].path
        one = f"{address_of(request)} {operation}"
        self._of_one.count(one, request)
        try:
            self._seldom.count(one, request)
        except TooManyRequests:
            self._of_all.count(f"further {operation}", request)
        else:
            self._of_all.count(f"first {operation}", request)


async def heard(request: Request) -> None:
    allowance: Allowance = request.app.state.voices
    allowance.count(request)


HEARD: Any = Depends(heard)


def new_code() -> str:
    """To be read from paper and typed by hand."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
