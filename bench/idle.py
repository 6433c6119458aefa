"""Households' API with one operation more, which does nothing: what the guards before a read take by themselves.

Token, revocations, right, allowance, media types, parameters, grants, a line in the audit and one in the log: all of a
search but its statement and its rows.
"""

from typing import Any

from fastapi import APIRouter, Request

from services.households.main import create
from services.households.policy import allow
from services.kit.settings import Settings
from services.kit.store.db import now_here
from services.kit.web.app import serve
from services.kit.web.paging import Page
from services.kit.web.straight import Awaited

PATH = "/v1/nothing"

router = APIRouter(prefix=PATH, route_class=Awaited)


@router.get("", dependencies=[allow("household:read")])
async def get_nothing(request: Request) -> Page[Any]:
    today = now_here(request).date()
    rows = await request.app.state.glances.rows(request.state.asked, today, "SELECT WHERE false", {})
    return Page(rows=rows, next=None)


if __name__ == "__main__":
    settings = Settings()  # type: ignore[call-arg]  # from the environment
    app = create(settings)
    app.include_router(router)
    serve(app, settings.port)
