"""Today: the first page. Its parts are drawn at once, and some of them anew while the page is open."""

import asyncio
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.desk.asking import Asker
from services.desk.pages import SIGN_IN, draw, go
from services.desk.panels import PANELS, Panel
from services.desk.renewals import Renewals
from services.desk.visits import language_for


async def show_today(request: Request) -> Response:
    was_in = request.state.visit.is_signed_in
    panels = await ask(request, list(PANELS))
    if panels is None:
        return go(request, f"{SIGN_IN}?ended" if was_in else SIGN_IN)
    return draw(request, "today.html", panels=panels)


async def show_panel(request: Request) -> Response:
    """One part, for the page that is open already."""
    name = request.path_params["name"]
    if name not in PANELS:
        raise HTTPException(404)
    panels = await ask(request, [name])
    if panels is None:
        return go(request, f"{SIGN_IN}?ended")
    return draw(request, "panel.html", panel=panels[0])


async def ask(request: Request, names: Sequence[str]) -> list[Panel] | None:
    """None for who is not signed in. A token that a service refuses is renewed once, and if county will not, the
    sign-in has been ended elsewhere."""
    panels = await ask_once(request, names, anew=False)
    if panels and any(panel.trouble == "not-signed-in" for panel in panels):
        panels = await ask_once(request, names, anew=True)
    return panels


async def ask_once(request: Request, names: Sequence[str], *, anew: bool) -> list[Panel] | None:
    renewals: Renewals = request.app.state.renewals
    visit = await renewals.keep(request.state.visit, anew=anew)
    if visit is None:
        request.state.visit = request.state.visit.ended()
        return None
    request.state.visit = visit
    asker = Asker(request.app.state.services, visit.access, language_for(request, visit))
    return list(await asyncio.gather(*(PANELS[name](asker) for name in names)))
