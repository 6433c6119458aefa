"""A visit goes on without a password: its access token is renewed here, out of reach of the browser."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pydantic import BaseModel

from services.desk.asking import Services
from services.desk.visits import Visit

EARLY = 30.0  # seconds before its end that a token is renewed
REMEMBERED = 60.0  # seconds


class Tokens(BaseModel):
    access_token: str
    refresh_token: str
    expires_in: int

    def given_to(self, visit: Visit, now: float) -> Visit:
        until = now + self.expires_in - EARLY
        return replace(visit, access=self.access_token, until=until, refresh=self.refresh_token)


@dataclass(frozen=True)
class Renewed:
    """`refused`: county says that the sign-in has ended. Neither: county was away, and nothing is known."""

    tokens: Tokens | None = None
    refused: bool = False


class Renewals:
    """A refresh token is used once. The parts of a page that ask at the same moment, or with the cookie of a moment
    ago, get the same new tokens: a second use would look like a theft, and end the sign-in."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.time) -> None:
        self._services, self._clock = services, clock
        self._renewed: dict[str, tuple[float, asyncio.Task[Renewed]]] = {}

    async def renew(self, refresh: str) -> Renewed:
        now = time.monotonic()
        self._renewed = {one: kept for one, kept in self._renewed.items() if now - kept[0] < REMEMBERED}
        if refresh not in self._renewed:
            self._renewed[refresh] = (now, asyncio.create_task(self._ask(refresh)))
        renewed = await asyncio.shield(self._renewed[refresh][1])
        if renewed == Renewed():
            self._renewed.pop(refresh, None)  # to be tried again
        return renewed

    async def _ask(self, refresh: str) -> Renewed:
        answer = await self._services.send("county", "POST", "/v1/refreshes", {}, {"refresh_token": refresh})
        if answer is None or answer.status_code not in (200, 401, 422):
            return Renewed()
        if answer.status_code != 200:
            return Renewed(refused=True)
        return Renewed(Tokens.model_validate_json(answer.content))

    async def keep(self, visit: Visit, *, anew: bool = False) -> Visit | None:
        """The visit with a token that still lasts; None when it has ended. `anew`: a service has just refused it."""
        if not visit.is_signed_in:
            return None
        if not anew and self._clock() < visit.until:
            return visit
        renewed = await self.renew(visit.refresh)
        if renewed.refused:
            return None
        return renewed.tokens.given_to(visit, self._clock()) if renewed.tokens else visit
