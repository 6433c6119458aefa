"""A service's app, made by a factory: importing a module starts nothing."""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

import uvicorn
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import Engine

from services.kit.settings import Settings
from services.kit.store.db import POOL, connect
from services.kit.web.auth import Keys
from services.kit.web.errors import speak_problems, without_values
from services.kit.web.health import router as health
from services.kit.web.limits import Limits
from services.kit.web.polite import CompressedReads, Courtesies, check_accept, check_parameters
from services.kit.web.strict_json import StrictBody
from services.kit.web.sunset import announce_end


def create_app(
    settings: Settings,
    routers: Iterable[APIRouter],
    *,
    title: str,
    engine: Engine | None = None,
    keys: Keys | None = None,
    state: Mapping[str, Any] | None = None,
) -> FastAPI:
    """`state` is what a service's own endpoints need beside the session, such as the seal of its fields."""
    app = FastAPI(
        title=title,
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=as_many_threads_as_connections,
        dependencies=[Depends(announce_end), Depends(check_accept), Depends(check_parameters)],
    )
    app.state.settings = settings
    app.state.limits = Limits.of(settings)
    app.state.turns = WeakValueDictionary()  # of writes under way, see repeat.py
    app.state.engine = engine or connect(settings.database_url)
    app.state.keys = keys or Keys.of(settings.county_url)
    for name, value in (state or {}).items():
        setattr(app.state, name, value)
    speak_problems(app)
    for further_out in (StrictBody, CompressedReads, Courtesies):
        app.add_middleware(further_out)
    for router in (health, *routers):
        app.include_router(router)
    return app


@asynccontextmanager
async def as_many_threads_as_connections(_: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = POOL
    yield


def serve(app: FastAPI, port: int) -> None:
    """Until SIGTERM; requests under way are answered first. One origin in front of it is the operator's part."""
    log_plainly()
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", log_config=None, timeout_graceful_shutdown=8
    )  # log_config: its own would print errors with their values


class WithoutValues(logging.Formatter):
    """Also for what libraries log."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return without_values(ei[1])


def log_plainly() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(WithoutValues("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("httpx", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
