"""As many requests at a time as there are connections; the others wait here, where they hold nothing.

A request keeps its connection while it waits for a thread again: for its answer to be made, or between the look for a
first answer and the endpoint. Were more let in than there are connections, those and the ones that hold the threads
would wait for each other.
"""

from asyncio import Semaphore

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.store.db import POOL


def is_straight(scope: Scope) -> bool:
    """Holds no connection, and waits in a queue of its own."""
    return (scope["method"], scope["path"]) in scope["app"].state.straight


class Gate:
    """Behind the reading of bodies, so that a slow client keeps nobody out. A place is free again when the answer
    begins: the transaction has ended by then."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = Semaphore(POOL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/livez" or is_straight(scope):
            return await self._app(scope, receive, send)
        await self._places.acquire()
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._places.release()

        async def answer(message: Message) -> None:
            leave()
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            leave()
