"""A connection to somebody else's address: looked up, checked and opened in one breath, and read to a limit."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeAlias

import httpcore

from services.kit.post.addresses import Address, as_address, plain_first
from services.kit.post.places import Place
from services.kit.post.receivers import Allowed

LookUp: TypeAlias = Callable[[str], Awaitable[Sequence[Address]]]


class AddressRefused(httpcore.ConnectError):
    """Found at an address that must not be called."""


class AnswerTooLong(httpcore.ReadError):
    """More came than is read of any answer."""


async def look_up(host: str) -> Sequence[Address]:
    """All the addresses of a name, by the system."""
    if written := as_address(host):
        return [written]
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return plain_first(address for *_, where in found if (address := as_address(str(where[0]))))


class Metered(httpcore.AsyncNetworkStream):
    """Reads `most` bytes and no more, be they headers, interim answers or a body."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, most: int) -> None:
        self._stream, self._left = stream, most

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left <= 0:
            raise AnswerTooLong
        came = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(came)
        return came

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return Metered(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Guarded(httpcore.AsyncNetworkBackend):
    """Opens connections to one place. The address that was checked is the one that is called; the name it was found
    under goes into the request and the certificate's check alone."""

    def __init__(self, place: Place, allowed: Allowed, look_up: LookUp, most: int) -> None:
        self._place, self._allowed, self._look_up, self._most = place, allowed, look_up, most
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._look_up(self._place.host)
        ours = [own for name in self._allowed.our_hosts(self._place) for own in await self._look_up(name)]
        if not self._allowed.may_connect(self._place, addresses, ours):
            raise AddressRefused
        return Metered(await self._open(addresses), self._most)

    async def _open(self, addresses: Sequence[Address]) -> httpcore.AsyncNetworkStream:
        """The first that answers, in turn."""
        away: httpcore.ConnectError | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), self._place.port)
            except httpcore.ConnectError as error:
                away = error
        raise away or httpcore.ConnectError
