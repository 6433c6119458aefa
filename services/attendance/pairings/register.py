"""Where a household lies is asked of the register, with the caller's own token: nobody pairs what they do not see."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx

from services.kit.store.scope import NoOffice
from services.kit.web.errors import DomainError, NotAllowed, NotSignedIn
from services.kit.web.request_id import passed_on

TIMEOUT = httpx.Timeout(5.0, connect=2.0)
AT_ONCE = 100  # households of one question


class RegisterAway(DomainError):
    status = 503
    zh = "农户登记册暂时无法核对，请稍后再试。"
    en = "The register cannot be asked for a moment. Please try again."

    retry_after = 5


class Register:
    """The register as attendance sees it. Asked before the first statement: no connection waits for its answer."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @classmethod
    def at(cls, url: str) -> "Register":
        return cls(httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False))

    def villages(self, token: str, households: Collection[UUID]) -> Mapping[UUID, str]:
        """Of those the caller sees there; the others are not in it."""
        wanted = sorted(set(households))
        return dict(
            place
            for start in range(0, len(wanted), AT_ONCE)
            for place in self._ask(token, wanted[start : start + AT_ONCE])
        )

    def _ask(self, token: str, households: Collection[UUID]) -> Iterator[tuple[UUID, str]]:
        headers = passed_on() | {"authorization": f"Bearer {token}"}
        named = {"household": [str(one) for one in households]}
        try:
            answer = self._http.get("/v1/household-places", params=named, headers=headers)
            refuse_as(answer.status_code, answer.json())
            told = [(UUID(row["household_id"]), str(row["village"])) for row in answer.json()]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise RegisterAway from error
        yield from told


def refuse_as(status: int, told: Any) -> None:
    """What the register says of the caller is said here too; whatever else it says, it could not be asked."""
    if status == 401:
        raise NotSignedIn
    if status == 403:
        raise NoOffice if told["code"] == NoOffice.code() else NotAllowed("household:read")
    if status != 200:
        raise RegisterAway
