"""Connections that say nothing, or half of something, end: the server we use waits for the rest for ever. One that says
what is no HTTP is told so in the one form of refusals."""

import asyncio
import json
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.kit.web.errors import DomainError, told

HEADERS = 8.0  # seconds from a connection, or a request's first byte, to the end of its headers
WHOLE = 30.0  # seconds from there to the last byte; a body that is late is told so before (strict_json.PATIENCE)
UNREAD = 30.0  # seconds in which a client reads nothing of an answer that waits for it


REFUSED = (
    "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n"
    "connection: close\r\n\r\n"
)


class NotHttp(DomainError):
    status = 400
    zh = "请求不是规范的 HTTP 报文。"
    en = "What was sent is no well-formed HTTP."


class Punctual(HttpToolsProtocol):
    """The deadlines are of whole parts, not of reads: a byte now and then does not prolong them."""

    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect(HEADERS)

    def data_received(self, data: bytes) -> None:
        if self._late is None and (self.cycle is None or self.cycle.response_complete):
            self._expect(HEADERS)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._expect(WHOLE)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        call_off(self._late)
        self._late = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """In Chinese: of what cannot be read no language is known."""
        body = json.dumps(told(NotHttp(), "zh", 400), ensure_ascii=False).encode()
        self.transport.write(REFUSED.format(len(body)).encode() + body)
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self._later(UNREAD, self.transport.abort)

    def resume_writing(self) -> None:
        call_off(self._stuck)
        self._stuck = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        call_off(self._late)
        call_off(self._stuck)
        super().connection_lost(exc)

    def _expect(self, seconds: float) -> None:
        call_off(self._late)
        self._late = self._later(seconds, lambda: self.transport.close())

    def _later(self, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, act)


def call_off(timer: asyncio.TimerHandle | None) -> None:
    if timer:
        timer.cancel()
