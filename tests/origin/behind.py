"""What stands behind the origin in these tests: a small real server that tells what it was sent, and real processes."""

import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from services.cli.processes import CODE, surroundings
from services.cli.secret_files import SERVICES
from tests.outside.launching import eventually

HALF = b"POST /v1/check-ins HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Le"
CROWD = 200


class Telling(BaseHTTPRequestHandler):
    """Answers with the request as it arrived. A path that ends in `half` breaks off in the middle of an answer; one
    that ends in `stream` says a word, and the next a second later."""

    protocol_version = "HTTP/1.1"
    service = ""

    def answer(self) -> None:
        if self.path.endswith("/stream"):
            self.say_slowly()
            return
        body = self.read_body()
        told = {"service": self.service, "target": self.path, "headers": dict(self.headers), "bytes": len(body)}
        sent = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Kept", "yes")
        self.send_header("Connection", "X-Dropped, keep-alive")
        self.send_header("X-Dropped", "yes")
        self.send_header("Content-Length", str(len(sent) + (10 if self.path.endswith("half") else 0)))
        self.end_headers()
        self.wfile.write(sent)
        self.close_connection = self.path.endswith("half")

    def say_slowly(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for word in (b"data: 1\n\n", b"data: 2\n\n"):
            self.wfile.write(word)
            self.wfile.flush()
            time.sleep(1)
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  # the library's names

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def telling_services() -> Iterator[dict[str, str]]:
    servers = {
        name: ThreadingHTTPServer(("127.0.0.1", 0), type(name, (Telling,), {"service": name}))
        for name in (*SERVICES, "desk")
    }
    for server in servers.values():
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
    yield {name: f"http://127.0.0.1:{server.server_port}" for name, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


@contextmanager
def running_origin(urls: dict[str, str]) -> Iterator[str]:
    """The real process, on a free port."""
    port = free_port()
    env = surroundings() | {"SHOUWANG_PORT": str(port)}
    env |= {f"SHOUWANG_{name.upper()}_URL": url for name, url in urls.items()}
    argv = [sys.executable, "-m", "services.origin.main"]
    with subprocess.Popen(argv, cwd=CODE, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            assert eventually(lambda: listens(port), within_s=30)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def left_open_after(
    port: int, seconds: float, said: Sequence[tuple[bytes, bytes]], context: ssl.SSLContext | None = None
) -> int:
    """How many of a crowd that say the one, the other a moment later, and no more, are still connected then."""
    parts = [said[number % len(said)] for number in range(CROWD)]
    crowd = [opened(port, first, context) for first, _ in parts]
    time.sleep(0.5)
    for one, (_, later) in zip(crowd, parts, strict=True):
        one.sendall(later)
    time.sleep(seconds)
    open_still = sum(map(is_open, crowd))
    for one in crowd:
        one.close()
    return open_still


def opened(port: int, said: bytes, context: ssl.SSLContext | None) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port))
    one = context.wrap_socket(plain) if context else plain
    one.sendall(said)
    return one


def is_open(one: socket.socket) -> bool:
    """A closed connection has its end, or an answer and then its end, waiting to be read."""
    one.settimeout(0.05)
    try:
        while one.recv(4096):
            pass
    except (TimeoutError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    return False
