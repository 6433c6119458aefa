"""The two suites of algorithms: the international one, and the national one (国密) that GB/T 39786 asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

TAG = 16  # bytes, after the ciphertext

SuiteName: TypeAlias = Literal["international", "national"]


class Aead(Protocol):
    """Raises InvalidTag when the key, the nonce, the data or what they are bound to is another."""

    def encrypt(self, nonce: bytes, data: bytes, bound_to: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, bound_to: bytes, /) -> bytes: ...


class SM4GCM:
    """As RFC 8998 writes it. The library offers it as a mode of a block cipher only."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, bound_to: bytes, /) -> bytes:
        closing = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        closing.authenticate_additional_data(bound_to)
        return closing.update(data) + closing.finalize() + closing.tag

    def decrypt(self, nonce: bytes, data: bytes, bound_to: bytes, /) -> bytes:
        opening = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        opening.authenticate_additional_data(bound_to)
        return opening.update(data[:-TAG]) + opening.finalize()


@dataclass(frozen=True)
class Suite:
    """`code` stands in every ciphertext and never changes its meaning; `key_length` in bytes, of the field key."""

    name: SuiteName
    code: int
    key_length: int
    cipher: Callable[[bytes], Aead]
    digest: Callable[[], hashes.HashAlgorithm]


INTERNATIONAL = Suite("international", 1, 32, AESGCM, hashes.SHA256)
NATIONAL = Suite("national", 2, 16, SM4GCM, hashes.SM3)
SUITES: Mapping[str, Suite] = {suite.name: suite for suite in (INTERNATIONAL, NATIONAL)}
