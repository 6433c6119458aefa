"""Who is calling, proved by a token that county has signed; and what a role or client may do, by policy."""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import httpx
from fastapi import Depends, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field

from services.kit.store.grants import CLIENT
from services.kit.store.scope import Asked
from services.kit.web.compact import read_parts
from services.kit.web.errors import DomainError, NotAllowed, NotSignedIn

log = logging.getLogger(__name__)

ISSUER = "shouwang-county"
AUDIENCE = "shouwang"
TOKEN_TYPE = "at+jwt"
ALGORITHM = "RS256"
BEARER = "bearer "
HEADER = frozenset({"alg", "typ", "kid"})
LIFETIME = 600  # seconds
LEEWAY = 60  # seconds
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


class SignInEnded(NotSignedIn):
    """A good token, of before its subject was sent away or signed out: a device drops what it holds of others."""

    zh = "本次登录已被终止，请清除本机下载的数据后重新登录。"
    en = "This sign-in was ended. Drop what this device has downloaded, and sign in anew."


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
        return cls(lambda: httpx.get(f"{county_url}/v1/keys", trust_env=False).raise_for_status().json())  # in 5 s

    def that_know(self, key_id: str) -> KeySet:
        if self._know(key_id, FRESH_FOR):
            return self._keys  # without the lock, which somebody may hold while county does not answer
        with self._lock:
            if self._clock() >= self._look_at:  # unless somebody has looked while we waited for the lock
                self._look()
            if self._away and not self._know(key_id, TRUSTED_FOR):
                raise IssuerAway
            return self._keys

    def knows(self, key_id: str) -> bool:
        """Without a look at anybody: to be asked where nobody may wait."""
        return self._know(key_id, FRESH_FOR)

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


class Claims(BaseModel):
    """What county says of a caller, each of its one type: a number in quotes, or with a point, is no number of ours."""

    model_config = ConfigDict(strict=True)

    iss: Literal["shouwang-county"]
    aud: Literal["shouwang"]  # exactly us: a token for several may come from any of them
    sub: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    iat: int
    nbf: int = 0
    exp: int
    roles: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]
    scope: Annotated[str, Field(max_length=2000)]


def read_whole(token: str, keys: Keys, now: float, not_before: Callable[[str], float]) -> tuple[Caller, Claims, str]:
    """With what it claims, and the name of the key that signed it. `not_before` says from when on a subject's tokens
    count. The library checks the signature and nothing else."""
    try:
        header, claimed = read_parts(token, HEADER)
        claims = Claims.model_validate(claimed)
        if header["alg"] != ALGORITHM or header["typ"] != TOKEN_TYPE or not timely(claims, now):
            raise NotSignedIn
        jwt.decode(token, keys.that_know(header["kid"]), algorithms=[ALGORITHM])
    except IssuerAway:
        raise
    except (DomainError, JoseError, KeyError, ValueError, TypeError) as error:
        raise NotSignedIn from error
    if claims.roles and claims.scope:
        raise NotSignedIn  # a person has roles and a system has scopes; nobody has both
    if claims.iat < not_before(claims.sub):
        raise SignInEnded
    return Caller(claims.sub, frozenset(claims.roles), frozenset(claims.scope.split()), token), claims, header["kid"]


def timely(claims: Claims, now: float) -> bool:
    """Clocks may differ by a minute at the start; the end is the end."""
    begun = max(claims.iat, claims.nbf) - LEEWAY <= now
    return begun and max(now, claims.iat) < claims.exp <= claims.iat + LIFETIME


def bearer_of(request: Request) -> str:
    sent = request.headers.getlist("authorization")
    if len(sent) != 1 or not sent[0].lower().startswith(BEARER):
        raise NotSignedIn
    return sent[0][len(BEARER) :]


async def request_caller(request: Request) -> Caller:
    state = request.app.state
    caller: Caller = await state.verified.caller(bearer_of(request), state.keys, state.revoked.not_before)
    request.state.caller = caller  # read by the audit
    return caller


CallerDep = Annotated[Caller, Depends(request_caller)]


def policy(rights: Mapping[str, frozenset[str]]) -> Callable[[str], Any]:
    """`allow` for a service: `rights` says which roles hold each `noun:verb`; clients hold scopes of that name. Where
    the caller may do it is asked of the grants in those roles (kit/store/scope.py)."""

    def allow(right: str) -> Any:
        roles = rights[right]  # a right nobody has listed fails at import, not at the first call

        async def check(caller: CallerDep, request: Request) -> None:
            if OWN_SERVICE not in caller.scopes:
                request.app.state.allowance.count(caller.subject, request)
            if right in caller.scopes:
                request.state.asked = Asked(caller.subject, frozenset({CLIENT}))
            elif roles & caller.roles:
                request.state.asked = Asked(caller.subject, roles)
            else:
                raise NotAllowed(right)

        check.right = right  # type: ignore[attr-defined]  # read by the documents
        return Depends(check)

    return allow
