"""The one address: pages about the API, and all under /v1 and /desk handed on to the service it belongs to."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.web.errors import DomainError, NotThere, on_unexpected, problem
from services.origin.forward import Forward
from services.origin.pages import pages, read_document
from services.origin.refusals import MethodNotAllowed, ServiceAway
from services.origin.table import DESK, Table

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
GUARDS = {  # on every answer that does not say otherwise itself
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def create(urls: Mapping[str, str], document_file: Path = DOCUMENT) -> Starlette:
    """`urls` are the services' own addresses, by name."""
    document = read_document(document_file)
    forward = Forward(Table(document), urls)

    async def get_readyz(_: Request) -> Response:
        if away := await forward.unready():
            raise ServiceAway(", ".join(away))
        return JSONResponse({"status": "ready"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await forward.close()

    app = Starlette(
        routes=[
            Route("/livez", lambda _: JSONResponse({"status": "alive"})),
            Route("/readyz", get_readyz),
            *pages(document, document_file),
            Mount("/v1", forward),
            Route(DESK, forward),
            Mount(DESK, forward),
        ],
        exception_handlers={
            DomainError: lambda request, error: problem(request, error),
            HTTPException: on_http,  # type: ignore[dict-item]
            Exception: on_unexpected,
        },
        lifespan=lifespan,
    )
    app.add_middleware(Guarded)
    app.router.redirect_slashes = False
    return app


def on_http(request: Request, error: HTTPException) -> Response:
    refusal = MethodNotAllowed() if error.status_code == 405 else NotThere()
    answer = problem(request, refusal)
    answer.headers.update(error.headers or {})
    return answer


class Guarded:
    """Adds what tells a browser to do nothing of its own with an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((n, v) for n, v in GUARDS.items() if n not in said)]
            await send(message)

        await self._app(scope, receive, guarded)
