"""A signed token taken apart, before its signature is worth a look: three parts, each written in the one way there is.

What a token may not do here it cannot ask for: no other header than ours, so no key of its own (`jwk`, `jku`, `x5u`,
`x5c`), no unencoded body (`b64`), no extension (`crit`). Nothing is ever fetched because a token says so.
"""

import base64
import re
from typing import Any

from services.kit.web.errors import DomainError
from services.kit.web.strict_json import read_strictly

LONGEST = 8192  # characters; ours have about 700
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NotCompact(DomainError):
    status = 401
    zh = "请先登录。"
    en = "Please sign in."


def read_parts(
    token: str, allowed: frozenset[str], key_names: re.Pattern[str] = KEY_ID
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, not verified yet. Refuses a header with any name that is not `allowed`."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise NotCompact
    parts = [decode_part(part) for part in token.split(".")]
    header, claims = (read_strictly(part) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict) or not header.keys() <= allowed:
        raise NotCompact
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not key_names.fullmatch(key_id):
        raise NotCompact
    return header, claims


def decode_part(part: str) -> bytes:
    """Base64url has spare bits at its end, and Python's reader skips strangers: two texts would be one token."""
    decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if not part or base64.urlsafe_b64encode(decoded).decode().rstrip("=") != part:
        raise NotCompact
    return decoded
