"""Sealed fields: what a copy of the database must not show. And the blind index that finds them again.

A ciphertext is: layout (1 byte), suite (1), number of the key (2), nonce (12), GCM ciphertext with its tag. All before
the nonce is bound to it, with the place it was sealed for: swapped cells and a changed number do not open.
"""

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag

from services.kit.store.key_ring import FIRST, Key, KeyRing
from services.kit.store.suites import INTERNATIONAL

LAYOUT = 2
HEADER = 4
NONCE = 12
SINGLE_KEY = 1  # the layout before there was a ring: nonce and ciphertext, AES-256-GCM, bound to the place alone


class SealBroken(Exception):
    """The bytes were not sealed for this table, column and row, or with no key we have."""


class Seal:
    """`nonces` is the source of randomness. A pinned seal goes on writing with the key that was newest when pinned."""

    def __init__(self, ring: KeyRing, pinned: Key | None = None, nonces: Callable[[int], bytes] = os.urandom) -> None:
        self.ring, self._pinned, self._nonces = ring, pinned, nonces

    @classmethod
    def read(cls, secrets: Path) -> "Seal":
        return cls(KeyRing.open(secrets))

    def pinned(self) -> "Seal":
        """For work that seals and indexes one value at different moments: both under one key, whatever is added."""
        return Seal(self.ring, self.key, self._nonces)

    def with_keys_of_now(self) -> "Seal":
        """For a set of values looked up in one turn (take_turn), which a key that is added meanwhile waits for: the
        folder is not listed for each of them."""
        return Seal(KeyRing.of(*self.ring.keys().values()), self._pinned, self._nonces)

    @property
    def key(self) -> Key:
        return self._pinned or self.ring.newest

    def close(self, text: str, place: str) -> bytes:
        """`place` is table.column:row, the same when opening."""
        key, nonce = self.key, self._nonces(NONCE)
        header = header_of(key)
        return header + nonce + key.cipher.encrypt(nonce, text.encode(), header + place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """With the key its header names, whichever is the newest."""
        single = sealed[:1] == bytes([SINGLE_KEY])
        key = self.ring.keys().get(FIRST if single else int.from_bytes(sealed[2:HEADER]))
        header = b"" if single else sealed[:HEADER]
        if key is None or header != (b"" if single and key.suite is INTERNATIONAL else header_of(key)):
            raise SealBroken(place)
        rest = sealed[1 if single else HEADER :]
        try:
            return key.cipher.decrypt(rest[:NONCE], rest[NONCE:], header + place.encode()).decode()
        except (InvalidTag, ValueError) as broken:  # ValueError: too short to be one
            raise SealBroken(place) from broken

    def index(self, text: str) -> bytes:
        """Equal texts have equal indexes; without the key nobody can try all numbers of a county against it. Give it
        the one way a value is written."""
        return self.key.index(text)

    def indexes(self, text: str) -> list[bytes]:
        """Under every key we have: what to look for while rows move from one key to the next."""
        return [key.index(text) for key in self.ring.keys().values()]


def header_of(key: Key) -> bytes:
    return bytes([LAYOUT, key.suite.code]) + key.number.to_bytes(2)
