"""Tokens whose signature was found good, kept until they end: most requests come from somebody who was here before."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from services.kit.web.auth import Caller, Keys, SignInEnded, read_whole
from services.kit.web.compact import decode_part
from services.kit.web.errors import DomainError

MOST_KEPT = 20_000  # tokens


@dataclass(frozen=True)
class Seen:
    """A token whose signature was found good. What can change until it ends is asked each time."""

    caller: Caller
    key_id: str
    issued_at: int
    ends_at: int


class Verified:
    """By SHA-256, so that a look at the memory of this process shows no token that could be sent."""

    def __init__(self) -> None:
        self._seen: dict[bytes, Seen] = {}

    async def caller(self, token: str, keys: Keys, not_before: Callable[[str], float]) -> Caller:
        digest, now = hashlib.sha256(token.encode("utf-8", "replace")).digest(), time.time()
        seen = self._seen.get(digest)
        if seen is None or now >= seen.ends_at or not keys.knows(seen.key_id):
            return await self._read(token, digest, keys, now, not_before)
        if seen.issued_at < not_before(seen.caller.subject):
            raise SignInEnded
        return Caller(seen.caller.subject, seen.caller.roles, seen.caller.scopes, token)

    async def _read(
        self, token: str, digest: bytes, keys: Keys, now: float, not_before: Callable[[str], float]
    ) -> Caller:
        """With a thread only where a key may have to be fetched; the signature itself takes 50 microseconds."""
        if keys.knows(named_key(token)):
            caller, claims, key_id = read_whole(token, keys, now, not_before)
        else:
            caller, claims, key_id = await run_in_threadpool(read_whole, token, keys, now, not_before)
        if len(self._seen) >= MOST_KEPT:
            self._seen = {known: seen for known, seen in self._seen.items() if seen.ends_at > now}
        if len(self._seen) < MOST_KEPT:
            kept = Caller(caller.subject, caller.roles, caller.scopes, "")
            self._seen[digest] = Seen(kept, key_id, claims.iat, claims.exp)
        return caller


def named_key(token: str) -> str:
    """As the token says, before anything of it is believed; nothing where it says none."""
    try:
        return str(json.loads(decode_part(token.partition(".")[0]))["kid"])
    except (DomainError, ValueError, TypeError, KeyError, RecursionError):
        return ""
