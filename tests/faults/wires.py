"""TCP between two processes, in our hands: passed on, reset, swallowed, or let through in drops."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

RESET, SILENCE, DRIP = "reset", "silence", "drip"
CUTS = (RESET, SILENCE, DRIP)
DROP, EACH = 64, 0.02  # bytes, seconds
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27


class Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_not", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


NOTHING = Instruction(0x06, 0, 0, 0)  # return 0: of each packet nothing is kept, so that it is as if it never came


def swallow(ears: "socket.socket") -> None:
    """The kernel drops what comes before it acknowledges it: the other side waits and sends again, as with a cable
    that was cut."""
    program = struct.pack("HL", 1, ctypes.addressof(NOTHING))
    with suppress(OSError):  # it has just been closed
        ears.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def hear_again(ears: "socket.socket") -> None:
    with suppress(OSError):
        ears.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, struct.pack("i", 0))


class Wire:
    """One port that leads to another. `cut` and `heal` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: int) -> None:
        self._loop, self._target = loop, target
        self._mode = ""
        self._open: set[asyncio.StreamWriter] = set()
        self._through = asyncio.Event()
        self._through.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        asyncio.run_coroutine_threadsafe(asyncio.start_server(self._meet, sock=self._listener), loop).result()

    def cut(self, mode: str) -> None:
        self._soon(lambda: self._cut(mode))

    def heal(self) -> None:
        self._soon(self._heal)

    def _soon(self, act: Callable[[], None]) -> None:
        async def done() -> None:
            act()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    def _cut(self, mode: str) -> None:
        self._mode = mode
        if mode == RESET:
            for one in list(self._open):
                reset(one)
        elif mode == SILENCE:
            self._through.clear()
            for ears in self._ears():
                swallow(ears)

    def _heal(self) -> None:
        self._mode = ""
        for ears in self._ears():
            hear_again(ears)
        self._through.set()

    def _ears(self) -> "list[socket.socket]":
        return [self._listener, *(one.get_extra_info("socket") for one in self._open)]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode == RESET:
            return reset(writer)
        try:
            from_there, there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            return reset(writer)
        self._open.add(writer)
        try:
            await asyncio.gather(self._pass(reader, there), self._pass(from_there, writer))
        finally:
            self._open.discard(writer)
            reset(there)
            reset(writer)
        return None

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while heard := await reader.read(65536):
                await self._through.wait()
                while heard and self._mode == DRIP:
                    writer.write(heard[:DROP])
                    heard = heard[DROP:]
                    await asyncio.sleep(EACH)
                writer.write(heard)
                await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.write_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ended in the middle, without a word of farewell."""
    with suppress(OSError, AttributeError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def turning() -> asyncio.AbstractEventLoop:
    """A loop for any number of wires, in a thread of its own until the process ends."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    return loop
