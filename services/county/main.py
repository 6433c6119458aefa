"""County: the frame. Accounts, client systems and tokens; divisions, days and standards."""

from datetime import datetime

from fastapi import FastAPI
from sqlalchemy import Engine

from services.county import accounts, clients, days, divisions, reference, standards, tokens
from services.county.policy import RIGHTS, allow
from services.kit.post.outgoing import Allowed
from services.kit.post.subscriptions import EventType, subscriptions
from services.kit.settings import Settings
from services.kit.store.db import connect
from services.kit.store.fields import Seal
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.operations import operations

PUBLISHED = {"reference.changed": EventType("区划、日历或标准有变化", "frame:read")}


def create(settings: Settings, engine: Engine | None = None, keys: Keys | None = None) -> FastAPI:
    engine = engine or connect(settings.database_url)
    signer = tokens.Signer.read(settings.secrets)
    clients.enrol_services(engine, settings.secrets / "service_clients", datetime.now(settings.timezone))
    return create_app(
        settings,
        [
            accounts.router,
            clients.router,
            tokens.router,
            divisions.router,
            days.router,
            standards.router,
            reference.router,
            subscriptions("county", allow, RIGHTS, PUBLISHED),
            operations("county", RIGHTS),
        ],
        title="Shouwang county",
        engine=engine,
        keys=keys or signer.keys(),
        state={
            "signer": signer,
            "seal": Seal.read(settings.secrets),
            "allowed": Allowed(settings.inboxes, settings.receivers),
        },
    )


if __name__ == "__main__":
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    serve(create(settings), settings.port)
