"""ID tokens of an identity provider that the operator trusts (OpenID Connect Core 1.0, §3.1.3.7)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from joserfc import jwt
from joserfc.errors import JoseError
from pydantic import BaseModel, ConfigDict, Field

from services.county.outside import Outside
from services.county.settings import SignInSettings
from services.kit.web.auth import LEEWAY, IssuerAway, Keys
from services.kit.web.compact import read_parts
from services.kit.web.errors import DomainError, NotSignedIn

ALGORITHMS = ["RS256", "PS256", "ES256"]  # asymmetric alone: a shared secret would let a service of theirs speak for us
HEADER = frozenset({"alg", "typ", "kid", "x5t"})
KEY_ID = re.compile("[!-~]{1,200}")  # theirs are named as they like; it is only ever compared
FRESH = 600  # seconds since it was issued
SECOND = frozenset({"mfa", "otp", "hwk"})  # how they made sure, by RFC 8176: with more than a password


@dataclass(frozen=True)
class Identity:
    subject: str
    username: str | None
    token_hash: bytes
    expires_at: datetime
    by_two: bool  # they asked for a second factor themselves


class IdClaims(BaseModel):
    """Roles, groups and whatever else it says are left unread."""

    model_config = ConfigDict(strict=True)

    iss: str
    sub: Annotated[str, Field(min_length=1, max_length=255)]
    aud: str | list[str]
    azp: str | None = None
    amr: Annotated[list[str], Field(max_length=20)] = []
    iat: int
    exp: int


class OidcIssuer:
    def __init__(self, limits: SignInSettings, keys: Keys) -> None:
        self._limits, self._keys = limits, keys

    @classmethod
    def of(cls, limits: SignInSettings, outside: Outside) -> "OidcIssuer | None":
        """None when the operator trusts nobody, or has not said for whom the tokens must be, or whose keys count."""
        url = limits.oidc_keys_url
        if not (limits.oidc_issuer and limits.oidc_audience and url):
            return None
        return cls(limits, Keys(lambda: outside.get(url)))

    def read(self, token: str, now: float) -> Identity:
        try:
            header, claimed = read_parts(token, HEADER, KEY_ID)
            claims = IdClaims.model_validate(claimed)
            if header.get("typ", "JWT") != "JWT" or header["alg"] not in ALGORITHMS or not self._fits(claims, now):
                raise NotSignedIn
            jwt.decode(token, self._keys.that_know(header["kid"]), algorithms=ALGORITHMS)
        except IssuerAway:
            raise
        except (DomainError, JoseError, KeyError, ValueError, TypeError) as error:
            raise NotSignedIn from error
        username = claimed.get(self._limits.oidc_username_claim) if self._limits.oidc_username_claim else None
        return Identity(
            claims.sub,
            username if isinstance(username, str) else None,
            hashlib.sha256(token.encode()).digest(),
            datetime.fromtimestamp(claims.exp, UTC),
            not SECOND.isdisjoint(claims.amr),
        )

    def _fits(self, claims: IdClaims, now: float) -> bool:
        """Issued for us alone and just now; one that is kept in some log opens nothing tomorrow."""
        own = self._limits.oidc_audience
        return (
            claims.iss == self._limits.oidc_issuer
            and claims.aud in (own, [own])
            and claims.azp in (None, own)
            and now - FRESH <= claims.iat <= now + LEEWAY
            and now < claims.exp <= claims.iat + 86_400
        )
