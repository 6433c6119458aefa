"""Are the secrets there, strong, and kept from others? Looked at before a process starts, and by the doctor."""

import base64
import binascii
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.kit.store.key_ring import FOLDER

SHORTEST = 16  # characters of a password
LEAST_KINDS = 8  # different characters, or bytes of a key
KEY = 32  # bytes
# Of its letters alone; no word is the beginning of two others, so that the match takes one way through any text.
KNOWN = re.compile(
    r"(?:change|pass|word|secret|default|example|admin|root|shouwang|postgres|test|qwerty|letmein|your|my|me|it|the|x)*"
)


class Complaint(NamedTuple):
    """`subject` is a setting or a file; what is wrong with it and what to do, never what it says."""

    subject: str
    zh: str
    en: str


MISSING = (
    "不存在。请生成后放入（shouwang up 会自动生成）。",
    "is missing. Make it and put it there; shouwang up makes it by itself.",
)
UNREADABLE = (
    "本进程读不了。请把属主改为服务账号。",
    "cannot be read by this process. Give it to the service's account.",
)
EMPTY = ("是空的。请写入密钥。", "is empty. Write the secret into it.")
DEFAULT = ("是众所周知的默认值。请换成随机值。", "is a well-known default. Replace it by a random one.")
TOO_SHORT = (
    f"太短或太简单。请换成至少 {SHORTEST} 个字符的随机值。",
    f"is too short or too simple. Use at least {SHORTEST} random characters.",
)
NOT_A_KEY = (
    "不是 base64 写成的 32 字节随机密钥。",
    "is not 32 random bytes in base64. Make it with: openssl rand -base64 32",
)
NOT_A_SIGNING_KEY = ("不是 2048 位以上的 RSA 私钥（PEM）。", "is not an RSA private key (PEM) of 2048 bits or more.")
NOT_AN_AUDIT_KEY = ("不是 Ed25519 私钥（PEM）。", "is not an Ed25519 private key (PEM).")
THE_SAME = ("与另一密钥相同。两者必须不同。", "equals another key. They must differ.")
OPEN_TO_OTHERS = ("可被他人读取。请执行 chmod go-rwx。", "can be read by others. Run: chmod go-rwx")


def weak_secrets(folder: Path, wanted: Sequence[str]) -> Iterator[Complaint]:
    """Every file in the folder, and those that are wanted and not there."""
    for name in wanted:
        if not (folder / name).is_file():
            yield Complaint(str(folder / name), *MISSING)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    for path in (folder, *files):
        if open_to_others(path):
            yield Complaint(str(path), *OPEN_TO_OTHERS)
    for path in files:
        fault = wrong(path)
        if fault:
            yield Complaint(str(path), *fault)
    keys = [path.read_bytes() for path in files if path.suffix == "" and path.name.endswith("_key")]
    if len(set(keys)) < len(keys):
        yield Complaint(str(folder / "*_key"), *THE_SAME)


def open_to_others(path: Path) -> bool:
    """What root owns and lends a service by its group, or by systemd's credentials, whose access list shows as the
    group's bits, is not open. The folder on the way may be passed by its group for that reason too."""
    facts = path.stat()
    lent = facts.st_uid == 0 and os.geteuid() != 0
    return bool(facts.st_mode & (0o007 if lent else 0o077))


def wrong(path: Path) -> tuple[str, str] | None:
    try:
        text = path.read_text().strip()
    except PermissionError:
        return UNREADABLE
    except UnicodeDecodeError:
        return NOT_A_KEY
    if not text:
        return EMPTY
    if path.parent.parent.name == FOLDER:
        return None  # the ring looks at its own (kit/store/key_check.py)
    if path.name == "audit_key":
        return None if is_audit_key(text) else NOT_AN_AUDIT_KEY
    if path.suffix == ".pem":
        return None if is_signing_key(text) else NOT_A_SIGNING_KEY
    if path.name.endswith("_key"):
        return None if is_key(text) else NOT_A_KEY
    if KNOWN.fullmatch(re.sub(r"[\W\d_]+", "", text.lower())):
        return DEFAULT
    return TOO_SHORT if len(text) < SHORTEST or len(set(text)) < LEAST_KINDS else None


def is_key(text: str) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == KEY and len(set(raw)) >= LEAST_KINDS


def is_audit_key(text: str) -> bool:
    try:
        return isinstance(load_pem_private_key(text.encode(), password=None), Ed25519PrivateKey)
    except (ValueError, TypeError):
        return False


def is_signing_key(text: str) -> bool:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError):
        return False
    return isinstance(key, RSAPrivateKey) and key.key_size >= 2048
