"""Figures for whoever watches over the county's machines. A registry for each app, and no label that holds an id."""

import hmac
import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.store.db import now_here, open_session
from services.kit.store.readings import Reading, Readings
from services.kit.store.shape import shape_of
from services.kit.web.errors import NotSignedIn
from services.kit.web.request_id import EVENTS, event_id

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
NO_ROUTE = "none"  # an address that exists nowhere is not repeated: there are endless many
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meter:
    """What one app counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("shouwang_requests", "Requests answered.", labels, registry=self.registry)
        self._duration = Histogram(
            "shouwang_request_seconds", "From first byte to last.", labels[:2], registry=self.registry, buckets=SECONDS
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, f"{status // 100}xx").inc()
        self._duration.labels(known, route).observe(seconds)


class Observed:
    """Around everything: each request is counted, and logged by its route and never by its address."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app, self._meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._tell(scope, status, time.perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], getattr(scope.get("route"), "path", NO_ROUTE)
        self._meter.count(method, route, status, seconds)
        if route not in ("/livez", "/readyz", "/metrics"):
            event_id.set(scope.get(EVENTS, ""))
            said = {"method": method[:10], "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            log.info("request", extra=said)


class Now(Collector):
    """What is read anew at each scrape: the pool, and the database's own account of its health."""

    def __init__(self, engine: Engine, readings: Iterable[Reading] | None) -> None:
        self._engine, self._readings = engine, readings

    def collect(self) -> Iterator[Metric]:
        pool = GaugeMetricFamily("shouwang_pool_in_use", "Database connections in use.")
        pool.add_metric([], float(getattr(self._engine.pool, "checkedout", int)()))
        answers = GaugeMetricFamily("shouwang_database_answers", "1 when the database answered this scrape.")
        answers.add_metric([], float(self._readings is not None))
        gauges: dict[str, Metric] = {}
        for reading in self._readings or ():
            name = f"shouwang_{reading.gauge}"
            labels = {"kind": reading.label} if reading.label else {}
            gauges.setdefault(name, Metric(name, f"Degraded by check {reading.check}.", "gauge")).add_sample(
                name, labels, reading.value
            )
        return iter([pool, answers, *gauges.values()])


@router.get("/metrics", response_class=Response)
def get_metrics(request: Request) -> Response:
    """In Prometheus' text form, for whoever bears the token in `metrics_token`; without that file, for nobody."""
    state = request.app.state
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    wanted: str = state.metrics_token
    if not wanted or scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), wanted.encode()):
        raise NotSignedIn
    readings = read_all(state.engine, state.settings.service, state.readings, now_here(request))
    once = CollectorRegistry()
    once.register(Now(state.engine, readings))
    text = generate_latest(state.meter.registry) + generate_latest(once)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def read_all(engine: Engine, service: str, readings: Readings, now: datetime) -> list[Reading] | None:
    """None when the database is away: what this process counts itself is told all the same."""
    try:
        with open_session(engine) as session:
            shape = shape_of(session, service)
            current = Reading("migration", "migration_current", float(shape != "behind"))
            return [current, *readings(session, now)]
    except SQLAlchemyError as error:
        log.warning("the figures could not be read: %s", type(error).__name__)
        return None
