"""County: the frame. Accounts, client systems and tokens; divisions, days and standards."""

from services.kit.settings import Settings
from services.kit.starting import settings_or_exit

if __name__ == "__main__":  # before the rooms are read, which takes seconds: what is wrong is told at once
    SETTINGS = settings_or_exit(Settings, "signing/current.pem", "signing/next.pem")

from datetime import datetime

from fastapi import FastAPI
from sqlalchemy import Engine

from services.county import (
    accounts,
    clients,
    days,
    disabling,
    divisions,
    new_passwords,
    offices,
    reference,
    refreshes,
    second_factors,
    sign_ins,
    sign_on,
    standards,
    tokens,
)
from services.county.models import SEALED
from services.county.oidc import OidcIssuer
from services.county.outside import Outside
from services.county.passwords import Turns
from services.county.policy import RIGHTS, allow
from services.county.settings import SignInSettings
from services.county.work_apps import work_apps
from services.kit.post.feed import feed
from services.kit.post.grants import CHANGED as GRANT_CHANGED
from services.kit.post.grants import READ_GRANTS, grants
from services.kit.post.hearing import EventType
from services.kit.post.outstanding import outstanding
from services.kit.post.receivers import Allowed
from services.kit.post.subscriptions import subscriptions
from services.kit.store.db import connect
from services.kit.store.key_check import read_seal
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.logs import log_lines
from services.kit.web.operations import operations
from services.kit.web.trail import trail

PUBLISHED = {
    "reference.changed": EventType("区划、日历、标准或登录撤销有变化", "frame:read"),
    GRANT_CHANGED: EventType("任职或授权有变化（不含内容）", READ_GRANTS),
}

ROUTERS = [
    accounts.router,
    clients.router,
    sign_ins.router,
    refreshes.router,
    sign_on.router,
    disabling.router,
    new_passwords.router,
    second_factors.router,
    tokens.router,
    divisions.router,
    days.router,
    standards.router,
    offices.router,
    grants("county", allow),
    reference.router,
    subscriptions("county", allow, RIGHTS, PUBLISHED),
    feed("county", allow, RIGHTS, PUBLISHED),
    outstanding("county", allow),
    trail("county", allow),
    operations("county", RIGHTS),
]


def create(
    settings: Settings, engine: Engine | None = None, keys: Keys | None = None, limits: SignInSettings | None = None
) -> FastAPI:
    limits = limits or SignInSettings()
    engine = engine or connect(settings.dsn, statement_seconds=settings.statement_seconds)
    signer = tokens.Signer.read(settings.secrets)
    outside = Outside.of(settings, limits)
    clients.enrol_services(engine, settings.secrets / "service_clients", datetime.now(settings.timezone))
    return create_app(
        settings,
        ROUTERS,
        title="Shouwang county",
        engine=engine,
        keys=keys or signer.keys(),
        alongside=outside.while_serving,
        state={
            "signer": signer,
            "limits": limits,
            "oidc": OidcIssuer.of(limits, outside),
            "work_apps": work_apps(settings, limits, outside),
            "turns": Turns(limits.hashing, limits.waiting),
            "seal": read_seal(settings, engine, SEALED),
            "allowed": Allowed.read(settings),
        },
    )


if __name__ == "__main__":
    log_lines(SETTINGS.service, "api")
    serve(create(SETTINGS), SETTINGS.port)
