"""The heads of all chains, signed together each hour and copied out: what they say can no longer be cut off."""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from services.kit.settings import Settings
from services.kit.store.audit import AuditHead, AuditSigned
from services.kit.store.db import open_session
from services.kit.store.work import Loop

log = logging.getLogger(__name__)

End = tuple[int, str]  # of a chain: its last line's number and hash in hex
Ends = Mapping[str, End]  # by slot
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

KEY = "audit_key"  # in the secrets: Ed25519, PEM
LOOK = 60.0  # seconds between two looks whether the hour has been signed


class NotOurSignature(Exception):
    """The statement was changed, or signed with another key."""


def read_key(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path.name} is not an Ed25519 key")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """An auditor needs no more than the public key; whoever holds the private one may use that."""
    content = path.read_bytes()
    if b"PRIVATE" in content:
        return read_key(path).public_key()
    key = load_pem_public_key(content)
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"{path.name} is not an Ed25519 key")
    return key


def sign_heads(session: Session, key: Ed25519PrivateKey, service: str, now: datetime) -> bool:
    """Once an hour, whoever comes first. The statement is signed as the text it is stored as."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if session.get(AuditSigned, hour):
        return False
    heads = {head.slot: [head.seq, head.hash.hex()] for head in session.scalars(select(AuditHead))}
    statement = encode({"service": service, "signed_at": now.astimezone(UTC).isoformat(), "heads": heads})
    row = {"hour": hour, "statement": statement, "signature": key.sign(statement.encode())}
    written = insert(AuditSigned).values(row).on_conflict_do_nothing().returning(col(AuditSigned.hour))
    return session.scalar(written) is not None


def copy_out(session: Session, folder: Path, service: str) -> int:
    """Append what the file does not have yet: a copy that failed is made good at the next turn."""
    path = folder / f"audit-heads-{service}.ndjson"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    had = {read["hour"] for read in read_copies(path)} if path.exists() else set()
    cut_short = path.exists() and not path.read_bytes().endswith(b"\n")
    rows = session.scalars(select(AuditSigned).order_by(col(AuditSigned.hour)))
    fresh = [row for row in rows if row.hour.astimezone(UTC).isoformat() not in had]
    if fresh:
        with open(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a") as file:
            file.write("\n" if cut_short else "")
            for row in fresh:
                hour = row.hour.astimezone(UTC).isoformat()
                told = {"hour": hour, "statement": row.statement, "signature": row.signature.hex()}
                file.write(encode(told) + "\n")
            file.flush()
            os.fsync(file.fileno())
    return len(fresh)


def read_copies(path: Path) -> list[dict[str, Any]]:
    """A last line that was cut short by a crash is no copy; it is written again behind it."""
    read = []
    for line in filter(None, path.read_text().splitlines()):
        try:
            read.append(json.loads(line))
        except ValueError:
            log.warning("%s holds a line that is cut short", path.name)
    return read


def heads_in(statement: str, signature: str, key: Ed25519PublicKey) -> Ends:
    try:
        key.verify(bytes.fromhex(signature), statement.encode())
        heads: Mapping[str, tuple[int, str]] = json.loads(statement)["heads"]
    except (InvalidSignature, ValueError, KeyError) as error:
        raise NotOurSignature(statement[:100]) from error
    return {slot: (int(seq), str(digest)) for slot, (seq, digest) in heads.items()}


def signs_heads(settings: Settings, engine: Engine) -> Loop:
    """For every worker. Without a folder for copies, whoever rules the database could cut off the end of a chain."""
    key = read_key(settings.secrets / KEY)
    if settings.audit_copies is None:
        log.warning("SHOUWANG_AUDIT_COPIES is not set: signed heads stay in the database alone")

    def step(now: datetime) -> int:
        with open_session(engine) as session, session.begin():
            sign_heads(session, key, settings.service, now)
        if settings.audit_copies is not None:
            with open_session(engine) as session, session.begin():
                copy_out(session, settings.audit_copies, settings.service)
        return 0

    return Loop("heads", step, idle=LOOK)
