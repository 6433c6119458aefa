"""Households: the register. Who lives here, what they have, and the facts that rules may ask for."""

from fastapi import FastAPI
from sqlalchemy import Engine

from services.households import imports, inbox, income, register, safeguards, tags
from services.households.facts import KIND
from services.households.models import HouseholdFacts
from services.households.policy import RIGHTS, allow
from services.kit.post.facts import CHANGED, IN_BULK, facts
from services.kit.post.outgoing import Allowed
from services.kit.post.subscriptions import READ_FACTS, EventType, subscriptions
from services.kit.settings import Settings
from services.kit.store.fields import Seal
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.operations import operations

PUBLISHED = {
    CHANGED: EventType("一户的事实有变化（含数值）", READ_FACTS),
    IN_BULK: EventType("一个地方的事实成批变化", READ_FACTS),
}


def create(settings: Settings, engine: Engine | None = None, keys: Keys | None = None) -> FastAPI:
    return create_app(
        settings,
        [
            register.router,
            imports.router,
            income.router,
            safeguards.router,
            tags.router,
            facts("households", allow, {KIND: HouseholdFacts}),
            subscriptions("households", allow, RIGHTS, PUBLISHED),
            operations("households", RIGHTS),
            inbox.router,
        ],
        title="Shouwang households",
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
