"""In and out. A password passes through to county and is kept nowhere; which half of it was wrong nobody is told."""

import math
import time
from dataclasses import replace

import httpx
from starlette.requests import Request
from starlette.responses import Response

from services.desk.asking import PASSWORD, Services
from services.desk.pages import SIGN_IN, draw, go, words
from services.desk.renewals import Tokens
from services.desk.visits import PATH, Visit, Visits, language_for
from services.kit.web.address import address_of

LARGEST = 10  # fields of a form
WRONG = (401, 422)  # 422: longer than any name or password is


async def show_sign_in(request: Request) -> Response:
    if request.state.visit.is_signed_in:
        return go(request, PATH)
    ended = "ended" in request.query_params
    return draw(request, "sign_in.html", why=words(request, "ended") if ended else "")


async def create_sign_in(request: Request) -> Response:
    form = await request.form(max_files=0, max_fields=LARGEST)
    visit: Visit = request.state.visit
    visit.check(form.get("csrf"))
    told = {name: str(form.get(name, "")) for name in ("username", "password")}
    services: Services = request.app.state.services
    answer = await services.send("county", "POST", "/v1/sign-in", on_behalf_of(request), told, deadline=PASSWORD)
    if answer is None or answer.status_code != 200:
        return refused(request, answer)
    request.state.visit = await begin(services, visit, Tokens.model_validate_json(answer.content))
    return go(request, PATH)


async def begin(services: Services, before: Visit, tokens: Tokens) -> Visit:
    """A new visit: nothing of the one before it is worth anything in it."""
    visit = tokens.given_to(Visit(language=before.language), time.time())
    token = {"authorization": f"Bearer {visit.access}"}
    me = await services.send("county", "GET", "/v1/accounts/me", token)
    name = str(me.json()["name"]) if me is not None and me.status_code == 200 else ""
    return replace(visit, name=name)


def refused(request: Request, answer: httpx.Response | None) -> Response:
    if answer is not None and answer.status_code in WRONG:
        return draw(request, "sign_in.html", 401, why=words(request, "wrong"))
    if answer is not None and answer.status_code == 429:
        wait = answer.headers.get("retry-after", "")
        minutes = max(1, math.ceil(int(wait) / 60)) if wait.isdigit() else 1
        page = draw(request, "sign_in.html", 429, why=words(request, "locked", minutes=minutes))
        page.headers["Retry-After"] = wait
        return page
    return draw(request, "sign_in.html", 503, why=words(request, "cannot_sign_in"))


def on_behalf_of(request: Request) -> dict[str, str]:
    """Tries are counted by the visitor's address, of which county believes its neighbours on loopback."""
    address = address_of(request).partition("/")[0]  # an IPv6 network is counted by its first address
    return {"x-forwarded-for": address, "accept-language": language_for(request, request.state.visit)}


async def create_sign_out(request: Request) -> Response:
    """Ends the sign-in at county too, and this cookie here, should somebody have a copy of it."""
    form = await request.form(max_files=0, max_fields=LARGEST)
    visit: Visit = request.state.visit
    visit.check(form.get("csrf"))
    if visit.is_signed_in:
        visits: Visits = request.app.state.visits
        visits.end(visit)
        services: Services = request.app.state.services
        await services.send("county", "POST", "/v1/sign-outs", {}, {"refresh_token": visit.refresh})
    request.state.visit = visit.ended()
    return go(request, SIGN_IN)
