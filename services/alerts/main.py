"""Alerts: the watch. What follows from facts, for every household each month, and who hears of it."""

from datetime import datetime

from fastapi import FastAPI
from sqlalchemy import Engine

from services.alerts import alerts, inbox, rules, sweep, vocabulary
from services.alerts.policy import RIGHTS, allow
from services.kit.post.outgoing import Allowed
from services.kit.post.subscriptions import EventType, subscriptions
from services.kit.settings import Settings
from services.kit.store.db import connect
from services.kit.store.fields import Seal
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.operations import operations

PUBLISHED = {
    "alert.opened": EventType("一条规则开始成立", "alert:read"),
    "alert.closed": EventType("一条规则不再成立", "alert:read"),
    "sweep.certified": EventType("一个月的全量筛查已完成并出具证明", "alert:read"),
}


def create(settings: Settings, engine: Engine | None = None, keys: Keys | None = None) -> FastAPI:
    engine = engine or connect(settings.database_url)
    rules.ship(engine, datetime.now(settings.timezone))
    return create_app(
        settings,
        [
            alerts.router,
            rules.router,
            vocabulary.router,
            sweep.router,
            subscriptions("alerts", allow, RIGHTS, PUBLISHED),
            operations("alerts", RIGHTS),
            inbox.router,
        ],
        title="Shouwang alerts",
        engine=engine,
        keys=keys,
        state={
            "seal": Seal.read(settings.secrets),
            "allowed": Allowed(settings.inboxes, settings.receivers),
            "client_secret": settings.secret("client_secret"),
        },
    )


if __name__ == "__main__":
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    serve(create(settings), settings.port)
