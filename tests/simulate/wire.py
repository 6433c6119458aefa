"""One request over a real socket, whole or cut at any byte on its way there or back."""

import gzip
import json
import socket
from dataclasses import dataclass
from random import Random
from typing import Any

TIMEOUT = 30.0  # seconds


class Cut(Exception):
    """The phone does not know whether it was heard."""


@dataclass
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Wire:
    """`cut`: how likely an exchange is cut, half of the times before it is heard whole."""

    port: int
    random: Random
    cut: float = 0.0
    cuts: int = 0

    def ask(self, method: str, path: str, token: str, body: Any = None) -> Answer:
        sent = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n"
            f"Accept-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
        )
        request = head.encode() + sent
        with socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT) as line:
            chance = self.random.random()
            if chance < self.cut / 2:
                line.sendall(request[: self.random.randrange(len(request))])
                self.cuts += 1
                raise Cut
            line.sendall(request)
            heard = b"".join(iter(lambda: line.recv(65536), b""))
        if chance < self.cut:  # it was done, and the phone heard a part of the answer
            heard = heard[: self.random.randrange(len(heard) or 1)]
            self.cuts += 1
        return read(heard)


def read(heard: bytes) -> Answer:
    """Nothing of an answer counts that is not whole."""
    head, there, body = heard.partition(b"\r\n\r\n")
    if not there:
        raise Cut
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if len(body) != int(headers["content-length"]):
        raise Cut
    return Answer(int(first.split()[1]), gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
