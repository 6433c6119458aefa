"""The secrets of a deployment: a folder per service, a file per secret, made once and never changed by us."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.kit.store.key_ring import FIRST, FOLDER, INDEX_KEY_LENGTH, names_in
from services.kit.store.suites import INTERNATIONAL, SUITES, Suite

SERVICES = ("county", "households", "attendance", "alerts")
CLIENTS = (*SERVICES, "scheduler")  # who calls the others with credentials of its own


def secret_folder(state: Path, service: str) -> Path:
    return state / "secrets" / service


def make_secrets(state: Path, suite: str = INTERNATIONAL.name) -> None:
    """Makes what is missing. The admin token comes before the file that says it has been made: a token that was
    used up and deleted must not come back at the next start."""
    county = secret_folder(state, "county")
    if not (county / "client_secret").exists():
        keep(county / "first_admin_token", password)
    for service in CLIENTS:
        own = secret_folder(state, service) / "client_secret"
        keep(own, password)
        keep(county / "service_clients" / service, own.read_text)
    for service in (*SERVICES, "desk"):
        if not key_numbers(secret_folder(state, service)):
            add_key(secret_folder(state, service), SUITES[suite])
    for service in SERVICES:
        keep(secret_folder(state, service) / "audit_key", audit_key)
        keep(secret_folder(state, service) / "metrics_token", password)
    for name in ("current.pem", "next.pem"):
        keep(county / "signing" / name, signing_key)


def receiver_secret(state: Path) -> Path:
    """Where the demonstration's receiver finds the secret that whoever subscribed was shown."""
    return state / "receiver" / "secret"


def superuser_password(state: Path) -> str:
    return keep(state / "secrets" / "postgres_password", password)


def database_password(state: Path, role: str) -> str:
    """A service is given those of its API's and its worker's role, and not the owner's, with which one migrates."""
    service = role.partition("_")[0]
    folder = state / "secrets" / "database" if role == service else secret_folder(state, service) / "database"
    return keep(folder / role, password)


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


def key_numbers(folder: Path) -> list[int]:
    """Of the field keys a service has. The single pair of files of earlier versions is key 1."""
    single = {FIRST} if (folder / "field_key").exists() else set()
    return sorted(single | {int(name) for name in names_in(folder)})


def add_key(folder: Path, suite: Suite) -> int:
    """The next field key with its index key, whole or not at all. The service notices by itself."""
    number = max(key_numbers(folder), default=0) + 1
    unfinished = folder / FOLDER / f".{number}.{os.getpid()}"
    keep(unfinished / "suite", lambda: suite.name)
    keep(unfinished / "field", lambda: random_bytes(suite.key_length))
    keep(unfinished / "index", lambda: random_bytes(INDEX_KEY_LENGTH))
    unfinished.rename(folder / FOLDER / str(number))
    return number


def random_bytes(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).decode()


def audit_key() -> str:
    private = ed25519.Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def signing_key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
