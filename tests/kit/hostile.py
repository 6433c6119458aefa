"""Receivers that mean harm, and healthy ones to compare: raw sockets, so that nothing tidies up what they send.

Run as a process: `python -m tests.kit.hostile healthy|hostile FOLDER`. Prints one JSON line of name → port, then serves
until its input ends. The FOLDER holds certificates for those that speak TLS.
"""

import asyncio
import gzip
import json
import os
import re
import socket
import ssl
import struct
import sys
import warnings
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TypeAlias

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
Behaviour: TypeAlias = Callable[[Reader, Writer], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
TURNS = cycle((b"500 Oh", b"200 OK"))


async def hear(reader: Reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = re.findall(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(length))


def says(*parts: bytes, then: float = 0) -> Behaviour:
    """These bytes once, and the connection stays open for `then` seconds."""

    async def behave(reader: Reader, writer: Writer) -> None:
        await hear(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
        await asyncio.sleep(then)

    return behave


def repeats(head: bytes, part: bytes, pause: float) -> Behaviour:
    """Never ends."""

    async def behave(reader: Reader, writer: Writer) -> None:
        await hear(reader)
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def redirects(status: int, to: str) -> Behaviour:
    """The path that is asked for names the port that must never be met."""

    async def behave(reader: Reader, writer: Writer) -> None:
        trap = (await hear(reader)).split()[1].strip(b"/").decode()
        head = f"HTTP/1.1 {status} Elsewhere\r\nlocation: {to.format(trap=trap)}\r\ncontent-length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()

    return behave


def waits(seconds: str) -> Behaviour:
    return says(f"HTTP/1.1 429 Later\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n".encode())


def answers_after(seconds: float) -> Behaviour:
    async def behave(reader: Reader, writer: Writer) -> None:
        await hear(reader)
        await asyncio.sleep(seconds)
        writer.write(OK)
        await writer.drain()

    return behave


async def never_reads(_: Reader, writer: Writer) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(3600)


async def closes(reader: Reader, _: Writer) -> None:
    await hear(reader)


async def resets(reader: Reader, writer: Writer) -> None:
    await hear(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
    await writer.drain()
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def alternates(reader: Reader, writer: Writer) -> None:
    await hear(reader)
    writer.write(b"HTTP/1.1 " + next(TURNS) + b"\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


async def echoes(reader: Reader, writer: Writer) -> None:
    head = await hear(reader)
    writer.write(b"HTTP/1.1 400 No\r\ncontent-length: %d\r\n" % len(head))
    writer.write(b"".join(b"x-%s\r\n" % line for line in head.split(b"\r\n")[1:] if line) + b"\r\n" + head)
    await writer.drain()


PAGE = b"<html><script>alert(document.cookie)</script></html>"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(50_000_000), 6)

HOSTILE: dict[str, Behaviour] = {
    "drips its body": repeats(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b".", 0.1),
    "drips its headers": repeats(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n", 0.1),
    "endless body": repeats(CHUNKED, b"ffff\r\n%s\r\n" % bytes(65535), 0),
    "gzip bomb": says(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB), BOMB),
    "a hundred thousand headers": says(b"HTTP/1.1 200 OK\r\n", b"x-y: zzzzzzzzzzzzzzzzzzzz\r\n" * 100_000, b"\r\n"),
    "endless interim answers": repeats(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, 0),
    "redirects to loopback": redirects(301, "http://127.0.0.1:{trap}/"),
    "redirects to the metadata service": redirects(302, "http://169.254.169.254/latest/meta-data"),
    "redirects to our own services": redirects(307, "http://127.0.0.1:{trap}/v1/sign-in"),
    "redirects to another host": redirects(308, "http://localhost:{trap}/"),
    "never reads": never_reads,
    "closes before it answers": closes,
    "resets in the middle": resets,
    "says more than one answer": says(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged" * 50),
    "come again in 1e300 seconds": waits("1e300"),
    "come again before": waits("-1"),
    "come again at no number": waits("NaN"),
    "come again in the year 9999": waits("Fri, 31 Dec 9999 23:59:59 GMT"),
    "gone": says(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"),
    "a body where there is none": says(b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello", then=3600),
    "alternates": alternates,
    "answers after 29 seconds": answers_after(29),
    "answers after 31 seconds": answers_after(31),
    "a page with a script": says(b"HTTP/1.1 400 No\r\ncontent-length: %d\r\n\r\n" % len(PAGE) + PAGE),
    "echoes our headers": echoes,
    "another protocol": says(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", then=3600
    ),
}
TLS = ("self-signed", "expired", "wrong name", "unknown authority", "old protocol")
HEALTHY = 5


def notes(folder: Path) -> Behaviour:
    """Answers at once, and notes how many seconds after its event each post came: all read the same clock."""
    notebook = (folder / "delays").open("a", buffering=1)

    async def healthy(reader: Reader, writer: Writer) -> None:
        _, _, body = (await hear(reader)).partition(b"\r\n\r\n")
        told = datetime.fromisoformat(json.loads(body)["time"])
        notebook.write(f"{(datetime.now(UTC) - told).total_seconds()}\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    return healthy


def contained(behaviour: Behaviour) -> Behaviour:
    async def behave(reader: Reader, writer: Writer) -> None:
        try:
            await behaviour(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return behave


def old(folder: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem")
    if name == "old protocol":
        context.set_ciphers("ALL:@SECLEVEL=0")
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


async def serve(kind: str, folder: Path) -> None:
    ports = {}
    wanted = HOSTILE if kind == "hostile" else {f"healthy {n}": notes(folder) for n in range(HEALTHY)}
    for name, behaviour in wanted.items():
        server = await asyncio.start_server(contained(behaviour), "127.0.0.1", 0, backlog=128)
        ports[name] = server.sockets[0].getsockname()[1]
    for name in TLS if kind == "hostile" else ():
        server = await asyncio.start_server(contained(says(OK)), "127.0.0.1", 0, ssl=old(folder, name))
        ports[name] = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # whoever hangs need not be waited for


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
