"""From a template to an answer: in the reader's language, with the visitor's cookie, everything escaped."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.desk.visits import PATH, Visit, Visits, choosing, language_for
from services.desk.words import Speech
from services.kit.web.errors import HTTP_REFUSALS, DomainError, NotUnderstood, Unexpected, on_unexpected

HERE = Path(__file__).parent
SIGN_IN = f"{PATH}/sign-in"

TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["day"] = lambda moment: (moment.date() if isinstance(moment, datetime) else moment).isoformat()
TEMPLATES.filters["month"] = lambda day: f"{day:%Y-%m}" if isinstance(day, date) else ""

Page = Callable[[Request], Awaitable[Response]]


def visited(page: Page) -> Page:
    """A page that finds the visit at `request.state.visit`, and may leave another there: the browser then gets it."""

    async def endpoint(request: Request) -> Response:
        visits: Visits = request.app.state.visits
        found = visits.read(request)
        request.state.visit = choosing(request, found)
        answer = await page(request)
        if request.state.visit != found or not found.is_signed_in:
            visits.write(request, answer, request.state.visit)
        return answer

    return endpoint


def draw(request: Request, template: str, status: int = 200, **shown: object) -> HTMLResponse:
    visit, speech = visit_of(request), Speech(language(request))
    html = TEMPLATES.get_template(template).render(
        say=speech.say, language=speech.language, visit=visit, path=PATH, **shown
    )
    return HTMLResponse(html, status)


def go(request: Request, path: str) -> Response:
    """To another page: also when a part of one asked, which must not end up inside it."""
    if request.headers.get("hx-request"):
        return Response(headers={"HX-Redirect": path})
    return RedirectResponse(path, 303)


async def on_refused(request: Request, refusal: DomainError) -> Response:
    return draw(request, "refused.html", refusal.status, why=refusal.title(language(request)))


async def on_http(request: Request, error: HTTPException) -> Response:
    refusal = HTTP_REFUSALS.get(error.status_code, NotUnderstood)
    answer = draw(request, "refused.html", error.status_code, why=refusal.title(language(request)))
    answer.headers.update(error.headers or {})
    return answer


async def on_unforeseen(request: Request, error: Exception) -> Response:
    on_unexpected(request, error)  # writes it down, without values
    return draw(request, "refused.html", 500, why=Unexpected.title(language(request)))


def words(request: Request, key: str, **values: object) -> str:
    return Speech(language(request)).say(key, **values)


def language(request: Request) -> str:
    return language_for(request, visit_of(request))


def visit_of(request: Request) -> Visit:
    """Nobody's where a request was refused before its cookie was looked at."""
    visit: Visit = getattr(request.state, "visit", None) or Visit()
    return visit
