"""The front door of production, as it stands in deploy/: real nginx, with TLS, before small real services."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.cli.processes import CODE
from tests.origin.behind import HALF, free_port, left_open_after, listens, telling_services
from tests.outside.launching import eventually

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
GONE = "http://127.0.0.1:9"  # nobody listens there
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed on this machine")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    place = tmp_path_factory.mktemp("nginx")
    with telling_services() as urls:
        port = prepare(place, urls | {"alerts": GONE, "origin": urls["county"]})
        argv = [NGINX or "", "-c", str(place / "nginx.conf"), "-p", str(place), "-g", "daemon off;"]
        with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as nginx:
            try:
                assert eventually(lambda: listens(port), within_s=10), nginx.stderr and nginx.stderr.read()
                trusted = ssl.create_default_context(cafile=place / "fullchain.pem")
                url = f"https://127.0.0.1:{port}"
                with httpx.Client(base_url=url, verify=trusted, trust_env=False, timeout=20) as client:
                    yield client
            finally:
                nginx.terminate()
                nginx.wait(15)


def prepare(place: Path, urls: dict[str, str]) -> int:
    """The committed file with other folders, addresses and ports, and nothing else changed."""
    port = free_port()
    text = (CODE / "deploy" / "nginx" / "nginx.conf").read_text()
    for name, url in urls.items():
        text = re.sub(rf"upstream {name} {{ server [^;]+;", f"upstream {name} {{ server {urlsplit(url).netloc};", text)
    changes = {
        "user www-data;": "user root;" if os.geteuid() == 0 else "",
        "include /etc/nginx/mime.types;": "",
        "/etc/shouwang/nginx": str(CODE / "deploy" / "nginx"),
        "/etc/shouwang/tls": str(place),
        "/run/nginx.pid": str(place / "pid"),
        "/var/log/nginx": str(place),
        "listen 443": f"listen 127.0.0.1:{port}",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "http {": "http {" + "".join(f"{part}_temp_path {place};" for part in ("client_body", "proxy", "fastcgi")),
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    (place / "nginx.conf").write_text(text)
    make_certificate(place)
    return port


def make_certificate(place: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (place / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (place / "privkey.pem").write_bytes(pem)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/sign-in", "county"),
        ("/v1/households/7?limit=1&%E6%9D%91=a%2Fb", "households"),
        ("/v1/check-ins", "attendance"),
        ("/v1/services/attendance/subscriptions/7", "attendance"),
        ("/v1/team-imports/teams", "attendance"),
        ("/docs", "county"),
        ("/desk", "desk"),
        ("/desk/sign-in", "desk"),
        ("/desk/panels/sweep", "desk"),
    ],
)
def test_nginx_hands_a_path_to_the_service_that_serves_it(door: httpx.Client, path: str, service: str) -> None:
    told = door.post(path, json={}).json()
    assert (told["service"], told["target"]) == (service, path)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/metrics",
        "/v1/services/households/facts/household",
        "/v1/services/households/inbox/county",
        "/v1/services/county/subscriptions/../metrics",
        "/v1/services//households/inbox/county",
    ],
)
def test_nginx_lets_nothing_internal_through(door: httpx.Client, path: str) -> None:
    answer = door.get(path, headers={"accept-language": "en-GB"})
    assert (answer.status_code, answer.json()["code"], answer.json()["title"]) == (404, "not-there", "Not found.")


def test_nginx_overwrites_what_a_client_says_of_its_own_address(door: httpx.Client) -> None:
    told = door.get("/v1/teams", headers={"x-forwarded-for": "10.1.1.1", "x-real-ip": "10.1.1.1"}).json()["headers"]
    assert (told["X-Forwarded-For"], "10.1.1.1" in str(told)) == ("127.0.0.1", False)


def test_nginx_refuses_a_large_body_in_the_one_form(door: httpx.Client) -> None:
    answer = door.post("/v1/check-ins", content=b"x" * 2_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert answer.headers["content-type"] == "application/problem+json"
    assert door.post("/v1/household-imports/members", content=b"x" * 2_000_000).json()["bytes"] == 2_000_000


def test_nginx_says_that_a_service_is_away(door: httpx.Client) -> None:
    answer = door.get("/v1/alerts")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (502, "bad-answer", "2")


def test_nginx_slows_down_who_tries_passwords(door: httpx.Client) -> None:
    answers = [door.post("/v1/sign-in", json={}) for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert (refused[0].json()["code"], refused[0].headers["retry-after"]) == ("too-many-requests", "2")


def test_nginx_speaks_no_old_tls(door: httpx.Client) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    assert httpx.get(f"{door.base_url}/v1/teams", verify=old, trust_env=False).status_code == 200
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{door.base_url}/v1/teams", verify=old, trust_env=False)


def test_of_two_hundred_half_sent_requests_nginx_has_none_left_after_twelve_seconds(door: httpx.Client) -> None:
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    assert left_open_after(urlsplit(str(door.base_url)).port or 0, 12, [(HALF, b"x"), (b"", HALF)], unchecked) == 0
