"""Sealed fields: what a copy of the database must not show. And the blind index that finds them again."""

import base64
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"  # of the layout: version, nonce, ciphertext with tag. A key ring will raise it.
NONCE = 12


class SealBroken(Exception):
    """The bytes were not sealed for this table, column and row, or with another key."""


class Seal:
    """AES-256-GCM, bound to where the value stands: a ciphertext copied into another row does not open."""

    def __init__(self, field_key: bytes, index_key: bytes) -> None:
        self._cipher = AESGCM(field_key)
        self._index_key = index_key

    @classmethod
    def read(cls, secrets: Path) -> "Seal":
        """Both keys are 32 bytes in base64, kept apart from each other and from the database."""
        keys = [base64.b64decode((secrets / name).read_text().strip()) for name in ("field_key", "index_key")]
        return cls(*keys)

    def close(self, text: str, place: str) -> bytes:
        """`place` is table.column:row, the same when opening."""
        nonce = os.urandom(NONCE)
        return VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        try:
            return self._cipher.decrypt(sealed[1 : 1 + NONCE], sealed[1 + NONCE :], place.encode()).decode()
        except InvalidTag as broken:
            raise SealBroken(place) from broken

    def index(self, text: str) -> bytes:
        """Equal texts have equal indexes; without the key nobody can try all ID numbers of a county against it."""
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).digest()
