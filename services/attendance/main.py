"""Attendance: the presence. Who is posted where, and what was seen of them there."""

from fastapi import FastAPI
from sqlalchemy import Engine

from services.attendance import cadres, check_ins, imports, inbox, stations, team_days, teams
from services.attendance.facts import KIND
from services.attendance.models import TeamFacts
from services.attendance.policy import RIGHTS, allow
from services.kit.post.facts import CHANGED, IN_BULK, facts
from services.kit.post.outgoing import Allowed
from services.kit.post.subscriptions import READ_FACTS, EventType, subscriptions
from services.kit.settings import Settings
from services.kit.store.fields import Seal
from services.kit.web.app import create_app, serve
from services.kit.web.auth import Keys
from services.kit.web.operations import operations

PUBLISHED = {
    check_ins.RECORDED: EventType("有一次到岗登记（不含位置）", "check-in:read"),
    CHANGED: EventType("一支工作队的事实有变化（含数值）", READ_FACTS),
    IN_BULK: EventType("一个地方的事实成批变化", READ_FACTS),
}


def create(settings: Settings, engine: Engine | None = None, keys: Keys | None = None) -> FastAPI:
    return create_app(
        settings,
        [
            check_ins.router,
            team_days.router,
            teams.router,
            cadres.router,
            stations.router,
            imports.router,
            facts("attendance", allow, {KIND: TeamFacts}),
            subscriptions("attendance", allow, RIGHTS, PUBLISHED),
            operations("attendance", RIGHTS),
            inbox.router,
        ],
        title="Shouwang attendance",
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
