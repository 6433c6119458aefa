"""Statements that leave the house and must be known as ours: signed over canonical JSON, checked with no database."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE = "signature"


def canonical(said: Any) -> bytes:
    """Sorted keys, no spaces, UTF-8: equal statements are equal bytes, wherever they have been."""
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(said: Any) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(canonical(said)).hexdigest()


def signed(said: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    return {**said, SIGNATURE: key.sign(canonical(said)).hex()}


def is_signed(said: Mapping[str, Any], key: Ed25519PublicKey) -> bool:
    """By the holder of this key's other half, and not changed since."""
    rest = {name: value for name, value in said.items() if name != SIGNATURE}
    try:
        key.verify(bytes.fromhex(str(said.get(SIGNATURE, ""))), canonical(rest))
    except (InvalidSignature, ValueError):
        return False
    return True
