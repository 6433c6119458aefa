"""How often one credential may call, by what the call costs: reads, writes, files. A bound on harm, not a price list.

Counted in the memory of each process: several workers allow so many times as much, and a restart forgets. Who calls is
told by the verified token alone; no header about addresses is looked at. Our own services, which read all facts, are
not counted; events carry a signature and no token.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.params import Form

from services.kit.settings import Settings
from services.kit.web.errors import DomainError

WINDOW = 60.0  # seconds
MOST_KEPT = 10_000  # credentials; then those that have been quiet for a window are dropped


class TooManyRequests(DomainError):
    status = 429
    zh = "请求过于频繁，请稍后再试。"
    en = "Too many requests. Please wait a moment."


GUESS = "x-guess"  # in an operation's `openapi_extra`: as often as somebody types a number, and no oftener


class Limits:
    """The generic cell rate algorithm: per credential and class one moment, that at which all of its quota is back."""

    def __init__(
        self, per_minute: Mapping[str, int], clock: Callable[[], float] = time.monotonic, most: int = MOST_KEPT
    ) -> None:
        self._per_minute, self._clock, self._most = per_minute, clock, most
        self._whole_at: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        told = {"read": settings.reads_per_minute, "write": settings.writes_per_minute}
        return cls(told | {"upload": settings.uploads_per_minute, GUESS: settings.guesses_per_minute})

    def count(self, subject: str, request: Request, kind: str = "") -> None:
        """Announces what is left on the answer, whatever that will be, and refuses when nothing is."""
        kind = kind or class_of(request)
        quota = self._per_minute[kind]
        with self._lock:
            wait, whole_in = self._take((subject, kind), WINDOW / quota)
        left = math.floor((WINDOW - whole_in) * quota / WINDOW + 1e-6)
        said = request.scope["said"]
        said["RateLimit-Policy"] = f'"{kind}";q={quota};w={WINDOW:.0f}'
        said["RateLimit"] = f'"{kind}";r={left};t={math.ceil(whole_in)}'
        if wait > 0:
            said["Retry-After"] = str(math.ceil(wait))
            raise TooManyRequests

    def refuse_spent(self, subject: str, kind: str) -> None:
        """Where only some answers cost: refuses as `count` would, and takes nothing."""
        wait = self._whole_at.get((subject, kind), 0.0) + WINDOW / self._per_minute[kind] - WINDOW - self._clock()
        if wait > 1e-6:
            refused = TooManyRequests()
            refused.retry_after = math.ceil(wait)
            raise refused

    def _take(self, key: tuple[str, str], each: float) -> tuple[float, float]:
        """How long to wait (0 when there was one to take), and in how many seconds the quota is whole again."""
        now = self._clock()
        if len(self._whole_at) >= self._most:
            self._whole_at = {known: at for known, at in self._whole_at.items() if at > now}
        whole_at = max(self._whole_at.get(key, now), now)
        wait = whole_at + each - WINDOW - now
        if wait > 1e-6:
            return wait, whole_at - now
        self._whole_at[key] = whole_at + each
        return 0.0, whole_at + each - now


def class_of(request: Request) -> str:
    if request.method == "GET":
        return "read"
    if GUESS in (request.scope["route"].openapi_extra or {}):
        return GUESS
    field: Any = request.scope["route"].body_field
    return "upload" if field and isinstance(field.field_info, Form) else "write"
