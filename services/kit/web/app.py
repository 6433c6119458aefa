"""A service's app, made by a factory: importing a module starts nothing."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Any
from weakref import WeakValueDictionary

import uvicorn
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import Engine

from services.kit import clock
from services.kit.settings import Settings
from services.kit.starting import collect_seldom
from services.kit.store.db import POOL, connect
from services.kit.store.glances import Glances
from services.kit.store.readings import Readings, kit_readings, together
from services.kit.store.revoked import Revoked
from services.kit.store.scribe import Scribe
from services.kit.web.audited import Audited
from services.kit.web.auth import Keys
from services.kit.web.deadlines import Punctual
from services.kit.web.errors import speak_problems
from services.kit.web.gate import Gate
from services.kit.web.health import router as health
from services.kit.web.limits import Limits
from services.kit.web.metrics import Meter, Observed
from services.kit.web.metrics import router as metrics
from services.kit.web.polite import CompressedReads, Courtesies, check_manners
from services.kit.web.straight import straight_ones
from services.kit.web.strict_json import StrictBody
from services.kit.web.verified import Verified


def create_app(
    settings: Settings,
    routers: Iterable[APIRouter],
    *,
    title: str,
    engine: Engine | None = None,
    keys: Keys | None = None,
    state: Mapping[str, Any] | None = None,
    hears: Iterable[str] = ("worker",),
    readings: Readings | None = None,
    alongside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> FastAPI:
    """`state` is what a service's own endpoints need beside the session, such as the seal of its fields; `places` in it
    names the parameters that are codes of places, for the audit. `hears` names whose heartbeats are expected here,
    `readings` what the service measures of itself beside what all do. `alongside` is entered while the app serves."""
    routers = tuple(routers)
    app = FastAPI(
        title=title,
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=while_serving,
        dependencies=[Depends(check_manners)],
    )
    app.state.settings, app.state.clock = settings, clock.now
    app.state.allowance = Limits.of(settings)
    app.state.under_way = WeakValueDictionary()  # writes, see repeat.py
    engine = engine or connect(settings.dsn, statement_seconds=settings.statement_seconds)
    app.state.engine = engine.execution_options(audit_slot=settings.slot_of("api"))
    app.state.meter, app.state.metrics_token = Meter(), settings.secret_if_any("metrics_token")
    app.state.readings = together(kit_readings(tuple(hears)), readings)
    app.state.keys = keys or Keys.of(settings.county_url)
    app.state.reader = app.state.engine.execution_options(postgresql_readonly=True)
    app.state.scribe = Scribe(app.state.engine)
    app.state.glances = Glances(app.state.engine.url, settings.statement_seconds)
    app.state.revoked = Revoked(app.state.engine.url)
    app.state.verified, app.state.straight = Verified(), straight_ones(routers)
    app.state.alongside = alongside
    for name, value in (state or {}).items():
        setattr(app.state, name, value)
    speak_problems(app)
    for further_out in (Gate, StrictBody, Audited):
        app.add_middleware(further_out)
    app.add_middleware(Observed, meter=app.state.meter)
    for outermost in (CompressedReads, Courtesies):  # the last gives each request the id that all others write down
        app.add_middleware(outermost)
    for router in (health, metrics, *routers):
        app.include_router(router)
    return app


@asynccontextmanager
async def while_serving(app: FastAPI) -> AsyncIterator[None]:
    """As many threads as connections; and who was sent away is known before the first request is answered."""
    to_thread.current_default_thread_limiter().total_tokens = POOL
    async with aclosing(app.state.glances), app.state.revoked.kept_fresh(), app.state.alongside():
        yield


def serve(app: FastAPI, port: int) -> None:
    """Until SIGTERM; requests under way are answered first. One origin in front of it is the operator's part."""
    collect_seldom()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        http=Punctual,
        log_level="warning",
        log_config=None,  # its own would print errors with their values
        proxy_headers=False,  # who may say where a request comes from is a setting: kit/web/address.py
        timeout_graceful_shutdown=8,
    )
