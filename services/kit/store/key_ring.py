"""The keys of sealed fields: a folder of numbered ones, outside the database. The newest writes, all open."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.hmac import HMAC

from services.kit.store.suites import INTERNATIONAL, SUITES, Aead, Suite

FOLDER = "keys"  # in it a folder per number, with the files `suite`, `field` and `index`
FIRST = 1
HIGHEST = 2**16 - 1
INDEX_KEY_LENGTH = 32


class KeysUnreadable(Exception):
    """Names the file and never its content."""


@dataclass(frozen=True)
class Key:
    """One field key with its index key, made for one suite. `repr` shows neither."""

    number: int
    suite: Suite
    field_key: bytes = field(repr=False)
    index_key: bytes = field(repr=False)

    @cached_property
    def cipher(self) -> Aead:
        return self.suite.cipher(self.field_key)

    @cached_property
    def _keyed(self) -> HMAC:
        return HMAC(self.index_key, self.suite.digest())

    def index(self, text: str) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.finalize()

    @property
    def fingerprint(self) -> str:
        """What two people may compare on the telephone; says nothing about either key."""
        return self.index(f"fingerprint of {self.field_key.hex()}").hex()[:16]


class KeyRing:
    """Follows its folder: a key that is added is known here at its first use, without a restart."""

    def __init__(self, names: Callable[[], frozenset[str]], read: Callable[[], Mapping[int, Key]]) -> None:
        self._names, self._read = names, read
        self._seen = names()
        self._keys = read()

    @classmethod
    def of(cls, *keys: Key) -> "KeyRing":
        return cls(frozenset, lambda: {key.number: key for key in keys})

    @classmethod
    def open(cls, secrets: Path) -> "KeyRing":
        return cls(lambda: names_in(secrets), lambda: read_keys(secrets))

    def keys(self) -> Mapping[int, Key]:
        """By number. The folder is listed each time, which costs less than sealing a field does."""
        if (names := self._names()) != self._seen:
            self._keys, self._seen = self._read(), names
        return self._keys

    @property
    def newest(self) -> Key:
        keys = self.keys()
        return keys[max(keys)]


def names_in(secrets: Path) -> frozenset[str]:
    """A key being made has a name that is no number until it is whole."""
    folder = secrets / FOLDER
    return (
        frozenset(entry.name for entry in folder.iterdir() if entry.name.isdigit()) if folder.is_dir() else frozenset()
    )


def read_keys(secrets: Path) -> dict[int, Key]:
    """The single pair of files of earlier versions is key 1."""
    keys = {int(name): read_key(secrets / FOLDER / name) for name in names_in(secrets)}
    if FIRST not in keys and (secrets / "field_key").exists():
        pair = (secrets / "field_key", secrets / "index_key")
        keys[FIRST] = Key(FIRST, INTERNATIONAL, *(read_bytes(path, INDEX_KEY_LENGTH) for path in pair))
    if not keys:
        raise KeysUnreadable(f"no key in {secrets / FOLDER}")
    if not FIRST <= min(keys) <= max(keys) <= HIGHEST:
        raise KeysUnreadable(f"keys are numbered from {FIRST} to {HIGHEST}")
    return keys


def read_key(folder: Path) -> Key:
    suite = SUITES.get(read_text(folder / "suite"))
    if suite is None:
        raise KeysUnreadable(f"{folder / 'suite'} names no suite")
    field_key = read_bytes(folder / "field", suite.key_length)
    return Key(int(folder.name), suite, field_key, read_bytes(folder / "index", INDEX_KEY_LENGTH))


def read_bytes(path: Path, length: int) -> bytes:
    try:
        content = base64.b64decode(read_text(path), validate=True)
    except binascii.Error:
        content = b""
    if len(content) != length:
        raise KeysUnreadable(f"{path} is not {length} bytes in base64")
    return content


def read_text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnreadable(f"{path} cannot be read") from error
