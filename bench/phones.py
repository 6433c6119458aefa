"""Many phones at once, as cheap as Python can be them: raw HTTP/1.1 over kept connections, each waiting for its answer.

A process of its own, so that it shares no interpreter with what it measures. It reads one JSON line from stdin, with
the address and a file of bodies, and writes one with what it saw.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import uvloop


class Phone(asyncio.Protocol):
    """One connection. The next request goes out when the last one was answered, until the end."""

    def __init__(self, requests: Iterator[bytes], end: float, seen: list[float], wrong: list[bytes]) -> None:
        self._requests, self._end, self._seen, self._wrong = requests, end, seen, wrong
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._got = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end or len(body) < length_in(head):
            return
        self._seen.append(time.perf_counter() - self._began)
        if head[9:10] != b"2":
            self._wrong.append(self._got)
        self._got = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._wrong.append(b"closed")
            self.done.set_result(None)

    def _send(self) -> None:
        request = next(self._requests, None) if time.perf_counter() < self._end else None
        if request is None:
            self.done.set_result(None)
            self._transport.close()
        else:
            self._began = time.perf_counter()
            self._transport.write(request)


def length_in(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def load(port: int, connections: int, seconds: float, requests: Sequence[bytes]) -> dict[str, Any]:
    """Each request is sent once."""
    loop, coming = asyncio.get_running_loop(), iter(requests)
    seen: list[float] = []
    wrong: list[bytes] = []
    began = time.perf_counter()
    phones = []
    for _ in range(connections):
        made = await loop.create_connection(lambda: Phone(coming, began + seconds, seen, wrong), "127.0.0.1", port)
        phones.append(made[1].done)
    await asyncio.gather(*phones)
    passed = time.perf_counter() - began
    seen.sort()
    return {
        "answered": len(seen),
        "per_s": len(seen) / passed,
        "p50_ms": 1000 * seen[len(seen) // 2],
        "p99_ms": 1000 * seen[len(seen) * 99 // 100],
        "wrong": len(wrong),
        "first_wrong": wrong[0].decode("utf-8", "replace")[:500] if wrong else "",
        "ran_out": next(coming, None) is None,
    }


def main() -> None:
    told = json.loads(sys.stdin.readline())
    requests = Path(told["requests"]).read_bytes().split(b"\0")
    found = uvloop.run(load(told["port"], told["connections"], told["seconds"], requests))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
