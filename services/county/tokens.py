"""Tokens that say who calls, for ten minutes, and the public keys every service checks them with."""

import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from fastapi import APIRouter, Request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from pydantic import BaseModel

from services.kit.web.auth import AUDIENCE, ISSUER, LIFETIME, TOKEN_TYPE, Keys

router = APIRouter(tags=["tokens"])


class TokenOut(BaseModel):
    access_token: str
    token_type: str = "Bearer"
    expires_in: int = LIFETIME


class SignInOut(TokenOut):
    """The refresh token is shown once, and replaced at every use."""

    refresh_token: str


class Signer:
    """Signs with `current`; `next` is published already, so that a change of keys finds every service prepared."""

    def __init__(self, current: RSAKey, following: RSAKey) -> None:
        self._current = current
        self._public = KeySet([current, following]).as_dict(private=False)

    @classmethod
    def read(cls, secrets: Path) -> "Signer":
        return cls(*(load_key(secrets / "signing" / f"{name}.pem") for name in ("current", "next")))

    def sign(
        self, subject: str, since: datetime | None = None, *, roles: Iterable[str] = (), scopes: Iterable[str] = ()
    ) -> TokenOut:
        """`since` is the moment before which the subject's tokens were revoked: this one is of after it."""
        now = max(int(time.time()), int(since.timestamp()) if since else 0)
        header = {"alg": "RS256", "kid": self._current.kid, "typ": TOKEN_TYPE}
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + LIFETIME,
            "roles": sorted(roles),
            "scope": " ".join(sorted(scopes)),
        }
        return TokenOut(access_token=jwt.encode(header, claims, self._current, algorithms=["RS256"]))

    def public(self) -> dict[str, Any]:
        return cast(dict[str, Any], self._public)

    def keys(self) -> Keys:
        """County checks tokens as every service does, only without asking over HTTP."""
        return Keys(self.public)


def load_key(path: Path) -> RSAKey:
    key = RSAKey.import_key(path.read_text(), {"use": "sig", "alg": "RS256"})
    key.ensure_kid()
    return key


@router.get("/v1/keys")
def list_keys(request: Request) -> dict[str, Any]:
    """The JWK set (RFC 7517): the key in use and the one that follows it."""
    return cast(Signer, request.app.state.signer).public()
