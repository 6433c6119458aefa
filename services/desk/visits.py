"""Who sits at this browser: a sealed cookie; the desk keeps nothing. Its tokens are never in a page or a script.

Bound to nothing but its seal, a stolen cookie would work; hence HttpOnly, SameSite=Strict, Secure behind TLS, and an
end after a working day.
"""

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response

from services.kit.store.fields import Seal, SealBroken
from services.kit.web.errors import DomainError, language_of

COOKIE = "shouwang_desk"
PATH = "/desk"  # nothing else at this address is sent it
PLACE = "desk.visit:cookie"
LANGUAGES = ("zh", "en")


class NotFromThisPage(DomainError):
    """The form was not one this browser had been given."""

    status = 403
    zh = "页面已过期，请刷新后重试。"
    en = "This page has expired. Please reload it and try again."


def random_text() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class Visit:
    """Signed in when there is a `refresh` token. `until` is the end of `access`, by our clock; `since` the sign-in."""

    id: str = field(default_factory=random_text)
    csrf: str = field(default_factory=random_text, repr=False)
    language: str = ""
    since: float = field(default_factory=time.time)
    name: str = field(default="", repr=False)
    access: str = field(default="", repr=False)
    until: float = 0.0
    refresh: str = field(default="", repr=False)

    @property
    def is_signed_in(self) -> bool:
        return bool(self.refresh)

    def check(self, sent: object) -> None:
        """What a form brought back. The page it stood on is the only place that knows it."""
        if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), self.csrf.encode()):
            raise NotFromThisPage

    def ended(self) -> "Visit":
        return Visit(language=self.language)


class Visits:
    """Opens and seals cookies. `longest` in seconds; those that were ended are remembered so long."""

    def __init__(self, seal: Seal, longest: float, clock: Callable[[], float] = time.time) -> None:
        self._seal, self._longest, self._clock = seal, longest, clock
        self._ended: dict[str, float] = {}

    def read(self, request: Request) -> Visit:
        """Somebody new when there is no cookie, or none that holds."""
        try:
            sealed = base64.urlsafe_b64decode(request.cookies.get(COOKIE, ""))
            visit = Visit(**json.loads(self._seal.open(sealed, PLACE)))
        except (SealBroken, binascii.Error, ValueError, TypeError):
            return Visit()
        over = self._clock() - visit.since > self._longest or visit.id in self._ended
        return visit.ended() if over else visit

    def end(self, visit: Visit) -> None:
        now = self._clock()
        self._ended = {one: until for one, until in self._ended.items() if until > now}
        self._ended[visit.id] = now + self._longest

    def write(self, request: Request, answer: Response, visit: Visit) -> None:
        sealed = self._seal.close(json.dumps(asdict(visit)), PLACE)
        answer.set_cookie(
            COOKIE,
            base64.urlsafe_b64encode(sealed).decode(),
            path=PATH,
            httponly=True,
            samesite="strict",
            secure=is_over_tls(request),
        )


def is_over_tls(request: Request) -> bool:
    """As the front door says; whoever lies about it to us has made only their own cookie stricter or laxer."""
    return request.headers.get("x-forwarded-proto", request.url.scheme) == "https"


def language_for(request: Request, visit: Visit) -> str:
    """What was chosen on the page, else what the browser asks for, else Chinese."""
    return visit.language or language_of(request)


def choosing(request: Request, visit: Visit) -> Visit:
    chosen = request.query_params.get("lang")
    return replace(visit, language=chosen) if chosen in LANGUAGES else visit
