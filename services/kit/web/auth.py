"""Who is calling, proved by a token that county has signed; and what a role or client may do, by policy."""

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

from services.kit.web.errors import NotAllowed, NotSignedIn

ISSUER = "shouwang-county"
AUDIENCE = "shouwang"
TOKEN_TYPE = "at+jwt"
LIFETIME = 600  # seconds
REFETCH_AFTER = 60.0  # seconds between two looks for a key we do not know


@dataclass(frozen=True)
class Caller:
    """A person (`roles`) or a client system (`scopes`). `token` is forwarded where a person acts through us."""

    subject: str
    roles: frozenset[str]
    scopes: frozenset[str]
    token: str


class Keys:
    """County's public keys, fetched when first needed and again when a token names one we do not know."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]]) -> None:
        self._fetch = fetch
        self._keys = KeySet([])
        self._fetched_at = -REFETCH_AFTER
        self._lock = threading.Lock()

    @classmethod
    def of(cls, county_url: str) -> "Keys":
        return cls(lambda: httpx.get(f"{county_url}/v1/keys", timeout=5, trust_env=False).raise_for_status().json())

    def that_know(self, key_id: str) -> KeySet:
        with self._lock:
            known = any(key.kid == key_id for key in self._keys.keys)
            if not known and time.monotonic() - self._fetched_at >= REFETCH_AFTER:
                self._keys = KeySet.import_key_set(dict(self._fetch()))  # type: ignore[arg-type]
                self._fetched_at = time.monotonic()
            return self._keys


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

        def check(caller: CallerDep) -> Caller:
            if right in caller.scopes or roles & caller.roles:
                return caller
            raise NotAllowed(right)

        check.right = right  # type: ignore[attr-defined]  # read by the policy test
        return Depends(check)

    return allow
