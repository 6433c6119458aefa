"""The desk: pages for people. It asks the services with the visitor's own token and keeps nothing itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.desk.asking import Services
from services.desk.pages import HERE, on_http, on_refused, on_unforeseen, visited
from services.desk.renewals import Renewals
from services.desk.settings import Settings
from services.desk.sign_ins import create_sign_in, create_sign_out, show_sign_in
from services.desk.today import show_panel, show_today
from services.desk.visits import PATH, Visits
from services.kit.store.fields import Seal
from services.kit.web.errors import DomainError
from services.kit.web.request_id import begin
from services.kit.web.strict_json import StrictBody

GUARDS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
}


def create(settings: Settings, urls: Mapping[str, str], seal: Seal) -> Starlette:
    """`urls` are the services' own addresses, by name."""
    services = Services(urls)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await services.close()

    app = Starlette(
        routes=[
            Route("/livez", lambda _: JSONResponse({"status": "alive"})),
            Route("/readyz", lambda _: JSONResponse({"status": "ready"})),
            Route(PATH, visited(show_today)),
            Route(f"{PATH}/panels/{{name}}", visited(show_panel)),
            Route(f"{PATH}/sign-in", visited(show_sign_in)),
            Route(f"{PATH}/sign-in", visited(create_sign_in), methods=["POST"]),
            Route(f"{PATH}/sign-out", visited(create_sign_out), methods=["POST"]),
            Mount(f"{PATH}/static", files("static")),
            Mount(f"{PATH}/vendor", files("vendor")),
        ],
        exception_handlers={DomainError: on_refused, HTTPException: on_http, Exception: on_unforeseen},  # type: ignore[dict-item]
        lifespan=lifespan,
    )
    app.state.settings, app.state.services = settings, services
    app.state.visits = Visits(seal, settings.longest_visit)
    app.state.renewals = Renewals(services)
    app.add_middleware(StrictBody)
    app.add_middleware(Guarded)
    app.router.redirect_slashes = False
    return app


def files(folder: str) -> ASGIApp:
    """Compressed, unlike the pages: beside what a visitor chose, the length of a compressed page tells of its token."""
    return GZipMiddleware(Kept(StaticFiles(directory=HERE / folder)), minimum_size=1_000)


class Kept:
    """A browser may keep them for a day, and asks then whether they have changed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = "public, max-age=86400"
            await send(message)

        await self._app(scope, receive, kept)


class Guarded:
    """Outermost: a request id for the services asked, and what tells a browser to do nothing of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        sent = Request(scope).headers
        said = {"X-Request-ID": begin(sent.get("x-request-id", ""), sent.get("traceparent", "")), **GUARDS}

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in said.items():
                    headers.setdefault(name, value)
            await send(message)

        return await self._app(scope, receive, guarded)
