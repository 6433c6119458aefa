"""A receiver as somebody else would run it: a web server in a thread, and the public library that checks signatures."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + "c2hvdXdhbmc" * 4


class Server(ThreadingHTTPServer):
    request_queue_size = 128  # a relay posts many at once; the default of five would refuse some


@dataclass
class Got:
    """One post, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str = SECRET) -> Any:
        """What the library of Standard Webhooks reads, or its refusal."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers by the path: /503 with that status, /503-20 asking for 20 s, /hang with nothing, /drip with a byte now
    and then."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    flooded: int = 0  # bytes that somebody or the network in between has taken
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/204") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        bodies = [json.loads(one.body) for one in self.got]
        return [event["id"] for body in bodies for event in (body if isinstance(body, list) else [body])]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(Got(self.path, headers, body))
            answer(self, receiver)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def answer(request: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    asked = request.path.strip("/")
    if asked == "hang":
        receiver.released.wait(5)
        return
    if asked == "drop":
        request.close_connection = True
        return
    status, _, seconds = asked.partition("-")
    request.send_response(200 if asked in ("drip", "flood") else int(status))
    if seconds:
        request.send_header("retry-after", unquote(seconds))
    if asked == "drip":
        drip(request, receiver)
    elif asked == "flood":
        flood(request, receiver)
    else:
        request.send_header("location", receiver.url("/200"))
        request.send_header("content-length", "0")
        request.end_headers()


def drip(request: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    """Never ends, and never lets a read wait for long."""
    request.send_header("content-length", "1000000")
    request.end_headers()
    while not receiver.released.is_set():
        try:
            request.wfile.write(b".")
        except OSError:
            return
        time.sleep(0.02)


def flood(request: BaseHTTPRequestHandler, receiver: Receiver) -> None:
    request.send_header("content-length", str(2**30))
    request.end_headers()
    for _ in range(2**14):
        try:
            receiver.flooded += request.wfile.write(b"." * 2**16)
        except OSError:
            return
