"""Certificates that nobody should trust, each for a reason of its own."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def write(
    folder: Path,
    name: str,
    *,
    host: str = "127.0.0.1",
    ended: bool = False,
    signed_by: ec.EllipticCurvePrivateKey | None = None,
) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    other = signed_by is not None
    made = (
        x509.CertificateBuilder()
        .subject_name(named(host))
        .issuer_name(named("nobody's authority" if other else host))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now - DAY if ended else now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(signed_by or key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.pem").write_bytes(private + made.public_bytes(serialization.Encoding.PEM))


def write_all(folder: Path) -> None:
    """ "wrong name" and "old protocol" are sound but for that; whoever tests them trusts the files themselves."""
    write(folder, "self-signed")
    write(folder, "expired", ended=True)
    write(folder, "wrong name", host="10.9.9.9")
    write(folder, "unknown authority", signed_by=ec.generate_private_key(ec.SECP256R1()))
    write(folder, "old protocol")
    write(folder, "sound")
