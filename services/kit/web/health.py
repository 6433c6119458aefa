"""Alive: the process answers. Ready: its database answers too."""

from fastapi import APIRouter
from sqlalchemy import text

from services.kit.store.db import SessionDep

router = APIRouter(tags=["health"])


@router.get("/livez")
def get_livez() -> dict[str, str]:
    return {"status": "alive"}


@router.get("/readyz")
def get_readyz(session: SessionDep) -> dict[str, str]:
    session.execute(text("SELECT 1"))
    return {"status": "ready"}
