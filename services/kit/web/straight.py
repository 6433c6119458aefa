"""Operations that are awaited instead of given a thread: for what thousands send at the same hour.

They are declared like all others, with schema and right, and are asked for the same things in the same order: token,
right, allowance, media types, parameters, body. Only the way is shorter: no dependency is looked up and no thread is
waited for.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

from services.kit.web.auth import request_caller
from services.kit.web.polite import check_manners
from services.kit.web.strict_json import READ


class Awaited(APIRoute):
    """The endpoint takes `request`, its query's parameters and, where one is sent, `body`; it answers with a model."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(request: Request) -> Response:
            await check_manners(request)
            caller = await request_caller(request)
            for one in self.dependencies:
                await one.dependency(caller, request)  # type: ignore[misc]  # allow(...) of auth.policy
            told: BaseModel = await self.endpoint(
                request, **read_query(request, self), **await read_body(request, self)
            )
            return Response(told.model_dump_json(), self.status_code or 200, media_type="application/json")

        return answer


class Straight(Awaited):
    """Passes by the gate, since it holds no connection (kit/store/lanes.py)."""


def read_query(request: Request, route: APIRoute) -> dict[str, Any]:
    asked, faults = request_params_to_args(route.dependant.query_params, request.query_params)
    if faults:
        raise RequestValidationError(faults)
    return asked


async def read_body(request: Request, route: APIRoute) -> dict[str, Any]:
    """The JSON that was read strictly at the door, held against the declared model. Refused as the framework does."""
    field = route.body_field
    if field is None:
        return {}
    read = request.scope[READ] if READ in request.scope else await request.body() or None
    if read is None:
        raise RequestValidationError([{"type": "missing", "loc": ("body",)}])
    body, faults = field.validate(read, loc=("body",))
    if faults:
        raise RequestValidationError(faults)
    return {"body": body}


def straight_ones(routers: Iterable[APIRouter]) -> frozenset[tuple[str, str]]:
    """Method and path of each."""
    routes = [route for router in routers for route in router.routes if isinstance(route, Straight)]
    return frozenset((method, route.path) for route in routes for method in route.methods or ())
