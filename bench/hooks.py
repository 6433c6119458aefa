"""A receiver as cheap as Python can be one: answers every post with 204, over as many connections as come.

A process of its own, so that it shares no interpreter with what it measures.
"""

import asyncio
import sys
from typing import Any

import uvloop

from bench.phones import length_in

KEPT = b"HTTP/1.1 204 No Content\r\n\r\n"
LAST = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class Hook(asyncio.Protocol):
    def __init__(self) -> None:
        self._got = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if head.startswith(b"GET "):  # whether somebody is here
            self._transport.write(LAST)
            self._transport.close()
        elif end and len(body) >= length_in(head):
            self._got = b""
            last = b"connection: close" in head.lower()
            self._transport.write(LAST if last else KEPT)
            if last:
                self._transport.close()


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Hook, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
