"""The secrets of a deployment: a folder per service, a file per secret, made once and never changed by us."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SERVICES = ("county", "households", "attendance", "alerts")
CLIENTS = (*SERVICES, "scheduler")  # who calls the others with credentials of its own


def secret_folder(state: Path, service: str) -> Path:
    return state / "secrets" / service


def make_secrets(state: Path) -> None:
    """Makes what is missing. The admin token comes before the file that says it has been made: a token that was
    used up and deleted must not come back at the next start."""
    county = secret_folder(state, "county")
    if not (county / "client_secret").exists():
        keep(county / "first_admin_token", password)
    for service in CLIENTS:
        own = secret_folder(state, service) / "client_secret"
        keep(own, password)
        keep(county / "service_clients" / service, own.read_text)
    for service in SERVICES:
        keep(secret_folder(state, service) / "field_key", key)
        keep(secret_folder(state, service) / "index_key", key)
        keep(secret_folder(state, service) / "metrics_token", password)
    for name in ("current.pem", "next.pem"):
        keep(county / "signing" / name, signing_key)


def receiver_secret(state: Path) -> Path:
    """Where the demonstration's receiver finds the secret that whoever subscribed was shown."""
    return state / "receiver" / "secret"


def superuser_password(state: Path) -> str:
    return keep(state / "secrets" / "postgres_password", password)


def database_password(state: Path, service: str) -> str:
    return keep(secret_folder(state, service) / "database_password", password)


def keep(path: Path, make: Callable[[], str]) -> str:
    """What the file says; a file that is not there yet is made whole or not at all."""
    if not path.exists():
        private_folder(path.parent)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    return path.read_text()


def private_folder(folder: Path) -> None:
    """Like `mkdir -p`, but 0700 on the way too; a folder that exists keeps its mode."""
    for missing in reversed([step for step in (folder, *folder.parents) if not step.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def password() -> str:
    return secrets.token_urlsafe(32)


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def signing_key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
