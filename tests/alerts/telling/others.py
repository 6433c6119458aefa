"""The other side of each channel, as somebody else runs it: a mail server, a gateway and robots that look who calls."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message as Mail
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from aiosmtpd.smtp import AuthResult

from services.cli.postgres import free_port

SECRET = "SEC0123456789abcdef0123456789"
TOKEN = "token-0123456789abcdef"
PASSWORD = "a password 0123456789"


@dataclass
class Street:
    """What each of them was sent and took. `refusing`: what it answers instead, by path prefix."""

    url: str = ""
    took: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: int = 0
    refusing: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)


@contextmanager
def street() -> Iterator[Street]:
    held = Street()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["content-length"])))
            held.asked += 1
            status, answer = judged(held, urlsplit(self.path), said, dict(self.headers))
            if status == 200 and answer.get("errcode", answer.get("code")) == 0:
                held.took.append((self.path, said))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    held.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def judged(held: Street, path: Any, said: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    for prefix, answer in held.refusing.items():
        if path.path.startswith(prefix):
            return answer
    asked = {name: values[0] for name, values in parse_qs(path.query).items()}
    sound: dict[str, Callable[[], bool]] = {
        "/robot/send": lambda: asked["access_token"] == TOKEN and ding(asked["timestamp"]) == asked["sign"],
        "/cgi-bin/webhook/send": lambda: asked["key"] == TOKEN,
        f"/open-apis/bot/v2/hook/{TOKEN}": lambda: fei(said["timestamp"]) == said["sign"],
        "/sms": lambda: headers.get("X-App-Code") == "app 0123456789abcdef",
    }
    known = path.path in sound and sound[path.path]()
    return 200, {"errcode": 0, "code": 0} if known else {"errcode": 310000, "code": 19021}


def ding(at: str) -> str:
    """As DingTalk documents it: the secret is the key, moment and secret are the message."""
    return base64.b64encode(hmac.digest(SECRET.encode(), f"{at}\n{SECRET}".encode(), hashlib.sha256)).decode()


def fei(at: str) -> str:
    """As Feishu documents it: moment and secret are the key, and the message is empty."""
    return base64.b64encode(hmac.digest(f"{at}\n{SECRET}".encode(), b"", hashlib.sha256)).decode()


class Mailbox(Handler):
    """What has come, and addresses that nobody has here."""

    def __init__(self) -> None:
        super().__init__()
        self.came: list[Mail] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(  # noqa: N802  # its name there
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 nobody here"
        if address.startswith("later"):
            return "450 come again"
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("cipher") is not None)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message: Mail) -> None:
        self.came.append(message)


@contextmanager
def mail_server(folder: Path, tls: str) -> Iterator[tuple[Mailbox, int]]:
    """With the certificate "sound" of that folder, which it takes before the first word, or when asked to."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "sound.pem")
    ways: dict[str, dict[str, Any]] = {
        "tls": {"ssl_context": context},
        "starttls": {"tls_context": context, "require_starttls": True},
        "none": {},
    }
    said = ways[tls]
    if tls != "none":
        said |= {"authenticator": admits, "auth_required": True, "auth_require_tls": tls == "starttls"}
    box = Mailbox()
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port, **said)
    server.start()
    try:
        yield box, port
    finally:
        server.stop()


def admits(server: Any, session: Any, envelope: Any, mechanism: str, login: Any) -> AuthResult:
    return AuthResult(success=(login.login, login.password) == (b"shouwang", PASSWORD.encode()))
