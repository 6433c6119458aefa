"""The codes of a second factor: those of this moment (TOTP, RFC 6238), and those kept on paper. Each is taken once."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from uuid import UUID

import pyotp
from sqlmodel import Session

from services.county.models import SECOND_FACTOR, SecondFactor
from services.kit.store.fields import Seal

STEP = 30  # seconds
WINDOW = (-1, 0, 1)  # steps a clock may be off


def passes(session: Session, seal: Seal, account_id: UUID, code: str | None, now: datetime) -> bool:
    """True for whoever has no second factor. The row is held until the sign-in is written: a code opens once."""
    factor = session.get(SecondFactor, account_id, with_for_update=True)
    if factor is None or factor.confirmed_at is None:
        return True
    return code is not None and (takes_code(seal, factor, code, now) or takes_recovery_code(factor, code))


def has_second_factor(session: Session, account_id: UUID) -> bool:
    factor = session.get(SecondFactor, account_id)
    return factor is not None and factor.confirmed_at is not None


def takes_code(seal: Seal, factor: SecondFactor, code: str, now: datetime) -> bool:
    """No code of a step that has been used, nor of an earlier one."""
    totp = pyotp.TOTP(seal.open(factor.sealed_secret, SECOND_FACTOR.place(factor.id)), interval=STEP)
    current = int(now.timestamp()) // STEP
    fitting = [
        step for step in (current + off for off in WINDOW) if hmac.compare_digest(totp.generate_otp(step), plain(code))
    ]
    if not fitting or fitting[0] <= factor.last_step:
        return False
    factor.last_step = fitting[0]
    return True


def takes_recovery_code(factor: SecondFactor, code: str) -> bool:
    hashed = hash_of(code)
    if hashed not in factor.recovery:
        return False
    factor.recovery = [left for left in factor.recovery if left != hashed]
    return True


def plain(code: str) -> str:
    """As people type it: in groups, in capitals or not."""
    return "".join(code.split()).replace("-", "").upper().encode("ascii", "replace").decode()


def recovery_code() -> str:
    """Eighty random bits."""
    code = b32encode(secrets.token_bytes(10)).decode()
    return "-".join(code[start : start + 4] for start in range(0, 16, 4))


def hash_of(code: str) -> bytes:
    """The code is random, so a plain hash keeps it."""
    return hashlib.sha256(plain(code).encode()).digest()
