"""Households: the register. Who lives here, what they have, and the facts that rules may ask for."""

from fastapi import FastAPI
from sqlalchemy import Engine

from services.households import inbox
from services.households.changes import changes, village_mergers
from services.households.changes.announce import CHANGED as HOUSEHOLD_CHANGED
from services.households.changes.announce import READ_CHANGES
from services.households.facts import KIND
from services.households.imports import files as imports
from services.households.imports import outcomes as import_batches
from services.households.imports import undo
from services.households.income import statements as income
from services.households.models import SEALED
from services.households.models.facts import HouseholdFacts
from services.households.policy import RIGHTS, allow
from services.households.register import household_sets, id_number_views, places, safeguards, tags
from services.households.register import households as register
from services.kit.post.facts import CHANGED, IN_BULK, facts
from services.kit.post.feed import feed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import READ_GRANTS, grants
from services.kit.post.hearing import READ_FACTS, EventType
from services.kit.post.outstanding import outstanding
from services.kit.post.receivers import Allowed
from services.kit.post.subscriptions import subscriptions
from services.kit.settings import Settings
from services.kit.starting import settings_or_exit
from services.kit.store.db import connect
from services.kit.store.key_check import read_seal
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.logs import log_lines
from services.kit.web.operations import operations
from services.kit.web.trail import trail

PUBLISHED = {
    CHANGED: EventType("一户的事实有变化（含数值）", READ_FACTS),
    IN_BULK: EventType("一个地方的事实成批变化", READ_FACTS),
    HOUSEHOLD_CHANGED: EventType("一户有变动（不含姓名）", READ_CHANGES),
    village_mergers.MERGED: EventType("村撤并，所辖农户随之转移", READ_CHANGES),
    GRANT_CHANGED: EventType("任职或授权有变化（不含内容）", READ_GRANTS),
}

ROUTERS = [
    register.router,
    places.router,
    id_number_views.router,
    imports.router,
    import_batches.router,
    undo.router,
    income.router,
    safeguards.router,
    tags.router,
    household_sets.router,
    changes.router,
    village_mergers.router,
    facts("households", allow, {KIND: HouseholdFacts}),
    grants("households", allow),
    subscriptions("households", allow, RIGHTS, PUBLISHED),
    feed("households", allow, RIGHTS, PUBLISHED),
    outstanding("households", allow),
    trail("households", allow),
    operations("households", RIGHTS),
    inbox.router,
]


def create(settings: Settings, engine: Engine | None = None, keys: Keys | None = None) -> FastAPI:
    engine = engine or connect(settings.dsn)
    return create_app(
        settings,
        ROUTERS,
        title="Shouwang households",
        engine=engine,
        keys=keys,
        state={
            "seal": read_seal(settings, engine, SEALED),
            "places": ("division", "village"),
            "allowed": Allowed.read(settings),
            "client_secret": settings.secret("client_secret"),
        },
    )


if __name__ == "__main__":
    settings = settings_or_exit(Settings, "client_secret")
    log_lines(settings.service, "api")
    serve(create(settings), settings.port)
