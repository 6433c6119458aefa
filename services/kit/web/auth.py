"""Who is calling, proved by a token that county has signed; and what a role or client may do, by policy."""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from services.kit.web.errors import DomainError, NotAllowed, NotSignedIn

log = logging.getLogger(__name__)

ISSUER = "shouwang-county"
AUDIENCE = "shouwang"
TOKEN_TYPE = "at+jwt"
LIFETIME = 600  # seconds
REFETCH_AFTER = 60.0  # seconds between two looks for a key we do not know
RETRY_AFTER = 3.0  # seconds after a look that failed
FRESH_FOR = 300.0  # seconds; then the keys are fetched anew, while the old ones still serve
OWN_SERVICE = "facts:read"  # the scope that our own services alone are given
TRUSTED_FOR = 600.0  # seconds; then not even those: one may have been withdrawn, and no token lasts longer


@dataclass(frozen=True)
class Caller:
    """A person (`roles`) or a client system (`scopes`). `token` is forwarded where a person acts through us."""

    subject: str
    roles: frozenset[str]
    scopes: frozenset[str]
    token: str


class IssuerAway(DomainError):
    """Says nothing about the token: whether it holds could not be found out."""

    status = 503
    zh = "暂时无法核验登录，请稍后再试。"
    en = "Sign-ins cannot be checked for a moment. Please try again."


class Keys:
    """County's public keys, fetched when first needed, when a token names one we do not know, and when they are old."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._keys = KeySet([])
        self._fetched_at = self._look_at = -math.inf
        self._away = False
        self._lock = threading.Lock()

    @classmethod
    def of(cls, county_url: str) -> "Keys":
        return cls(lambda: httpx.get(f"{county_url}/v1/keys", timeout=5, trust_env=False).raise_for_status().json())

    def that_know(self, key_id: str) -> KeySet:
        if self._know(key_id, FRESH_FOR):
            return self._keys  # without the lock, which somebody may hold while county does not answer
        with self._lock:
            if not self._know(key_id, FRESH_FOR) and self._clock() >= self._look_at:
                self._look()
            if self._away and not self._know(key_id, TRUSTED_FOR):
                raise IssuerAway
            return self._keys

    def _know(self, key_id: str, age: float) -> bool:
        return self._clock() - self._fetched_at < age and any(key.kid == key_id for key in self._keys.keys)

    def _look(self) -> None:
        """A look that failed counts too, else everybody who waits for the lock would try in turn."""
        try:
            self._keys = KeySet.import_key_set(dict(self._fetch()))  # type: ignore[arg-type]
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("no keys from the issuer: %s", type(error).__name__)
            self._away, self._look_at = True, self._clock() + RETRY_AFTER
        else:
            self._away, self._fetched_at = False, self._clock()
            self._look_at = self._fetched_at + REFETCH_AFTER


def read_token(token: str, keys: Keys, now: float) -> Caller:
    """Signature, type, issuer, audience and times are all checked; the library checks only the first."""
    try:
        header = jwt_header(token)
        verified = jwt.decode(token, keys.that_know(header["kid"]), algorithms=["RS256"])
        claims = verified.claims
        sound = (
            header.get("typ") == TOKEN_TYPE
            and claims["iss"] == ISSUER
            and claims["aud"] == AUDIENCE
            and claims["iat"] - 60 <= now < claims["exp"] <= claims["iat"] + LIFETIME
        )
        caller = Caller(claims["sub"], frozenset(claims["roles"]), frozenset(claims["scope"].split()), token)
    except (JoseError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise NotSignedIn from error
    if not sound:
        raise NotSignedIn
    return caller


def jwt_header(token: str) -> dict[str, Any]:
    header = extract_compact(token.encode()).protected
    if not isinstance(header.get("kid"), str):
        raise NotSignedIn
    return dict(header)


def request_caller(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    return read_token(token, request.app.state.keys, time.time())


CallerDep = Annotated[Caller, Depends(request_caller)]


def policy(rights: Mapping[str, frozenset[str]]) -> Callable[[str], Any]:
    """`allow` for a service: `rights` says which roles hold each `noun:verb`; clients hold scopes of that name."""

    def allow(right: str) -> Any:
        roles = rights[right]  # a right nobody has listed fails at import, not at the first call

        def check(caller: CallerDep, request: Request) -> Caller:
            if OWN_SERVICE not in caller.scopes:
                request.app.state.limits.count(caller.subject, request)
            if right in caller.scopes or roles & caller.roles:
                return caller
            raise NotAllowed(right)

        check.right = right  # type: ignore[attr-defined]  # read by the policy test
        return Depends(check)

    return allow
