"""Alive: the process answers. Ready: it can serve. Degraded: it serves, and something behind it needs a person."""

from collections.abc import Iterable
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlmodel import Session

from services.kit.store.db import Now, UnboundSessionDep
from services.kit.store.readings import Reading
from services.kit.store.shape import shape_of
from services.kit.web.errors import DomainError

router = APIRouter(tags=["health"])


class NotMigrated(DomainError):
    status = 503
    zh = "数据库还不是本版本的结构，请先升级数据库。"
    en = "The database is not yet in this version's shape; migrate it first."


class ReadyOut(BaseModel):
    """`checks` say ok or degraded and no more: figures are among the metrics, for whoever holds their token."""

    status: Literal["ready", "degraded"]
    checks: dict[str, Literal["ok", "degraded"]]


@router.get("/livez")
def get_livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
def get_readyz(request: Request, session: UnboundSessionDep, now: Now) -> ReadyOut:
    """503 only when requests cannot be served: a dead worker must not keep a check-in from being accepted."""
    readings = [*shape_readings(session, request.app.state.settings.service), *request.app.state.readings(session, now)]
    degraded = {reading.check for reading in readings if reading.degraded}
    checks: dict[str, Literal["ok", "degraded"]] = {
        check: "degraded" if check in degraded else "ok"
        for check in ("database", *dict.fromkeys(reading.check for reading in readings))
    }
    return ReadyOut(status="degraded" if degraded else "ready", checks=checks)


def shape_readings(session: Session, service: str) -> Iterable[Reading]:
    shape = shape_of(session, service)
    if shape == "behind":
        raise NotMigrated
    return [Reading("migration", "migration_ahead", float(shape == "ahead"), 0)]
