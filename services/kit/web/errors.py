"""Refusals people can read: RFC 9457 problem+json in Chinese or English, a stable code, never the value at fault."""

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, TypeVar

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from services.kit.web.faults import Fault, fault_of
from services.kit.web.request_id import EVENTS, event_id

log = logging.getLogger(__name__)
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
Thing = TypeVar("Thing")


class DomainError(Exception):
    """A refusal. The class is the fact; `detail` may name keys, rows and columns, but no personal value."""

    status: ClassVar[int] = 422
    zh: ClassVar[str]
    en: ClassVar[str]
    retry_after: int | None = None  # seconds

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    @classmethod
    def code(cls) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def title(cls, language: str) -> str:
        return cls.en if language == "en" else cls.zh


class NotThere(DomainError):
    """The same answer for what never existed and for what the caller may not see."""

    status = 404
    zh = "没有找到。"
    en = "Not found."


class NotSignedIn(DomainError):
    status = 401
    zh = "请先登录。"
    en = "Please sign in."


class NotAllowed(DomainError):
    status = 403
    zh = "您没有权限做这件事。"
    en = "You are not allowed to do this."


class NotUnderstood(DomainError):
    zh = "提交的内容有误。"
    en = "The request could not be understood."


class WrongMethod(DomainError):
    status = 405
    zh = "这个地址不支持该方法。"
    en = "This address does not understand that method."


class WrongMediaType(DomainError):
    status = 415
    zh = "提交内容的类型不受支持。"
    en = "The body is of a type that is not understood here."


class DatabaseAway(DomainError):
    status = 503
    zh = "服务暂时不可用，请稍后再试。"
    en = "The service is away for a moment. Please try again."


class Unexpected(DomainError):
    status = 500
    zh = "系统出错，已记录。"
    en = "Something went wrong here; it has been recorded."


def found(thing: Thing | None) -> Thing:
    if thing is None:
        raise NotThere
    return thing


def language_of(request: Request) -> str:
    """Chinese unless English is asked for first."""
    return "en" if request.headers.get("accept-language", "").lower().startswith("en") else "zh"


def problem(
    request: Request, refusal: DomainError, faults: Sequence[Fault] = (), status: int | None = None
) -> JSONResponse:
    status = status or refusal.status
    request.state.problem = refusal.code()  # read by the audit
    body = told(refusal, language_of(request), status)
    if refusal.detail:
        body["detail"] = refusal.detail
    if faults:
        body["errors"] = [asdict(fault) for fault in faults]
    wait = refusal.retry_after or (2 if status == 503 else None)
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def told(refusal: DomainError, language: str, status: int) -> dict[str, Any]:
    code = refusal.code()
    return {"type": f"/problems/{code}", "title": refusal.title(language), "status": status, "code": code}


def on_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """FastAPI's own answer echoes the input; an ID number would come back and land in somebody's log."""
    if any(fault["loc"][:1] == ("body",) for fault in error.errors()) and not of_its_type(request):
        return problem(request, WrongMediaType())
    faults = [fault_of(fault, language_of(request)) for fault in error.errors()]
    return problem(request, NotUnderstood(), faults)


def of_its_type(request: Request) -> bool:
    """Whether the body, if there is one, is what the operation reads: a form, or JSON."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    field = request.scope["route"].body_field
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return True
    if isinstance(field.field_info, Form):
        return sent in ("multipart/form-data", "application/x-www-form-urlencoded")
    return sent == "application/json" or sent.endswith("+json")


def methods_of(scope: Scope) -> str:
    """What this address understands, empty when there is none. The framework names those of one operation alone."""
    routes = scope["app"].router.routes
    known = {m for m in METHODS for route in routes if route.matches({**scope, "method": m})[0] is Match.FULL}
    return ", ".join(sorted(known | {"OPTIONS"} | ({"HEAD"} if "GET" in known else set()))) if known else ""


HTTP_REFUSALS: Mapping[int, type[DomainError]] = {404: NotThere, 405: WrongMethod}


def on_http(request: Request, error: HTTPException) -> JSONResponse:
    refusal = HTTP_REFUSALS.get(error.status_code, NotUnderstood)()
    answer = problem(request, refusal, status=error.status_code)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:
        answer.headers["Allow"] = methods_of(request.scope)
    return answer


def on_unexpected(request: Request, error: Exception) -> JSONResponse:
    event_id.set(request.scope.get(EVENTS, ""))
    route = getattr(request.scope.get("route"), "path", "no route")  # the path itself may hold anything
    log.error("unexpected, at %s %s\n%s", request.method, route, without_values(error))
    answer = problem(request, Unexpected())
    answer.headers.update(request.scope.get("said", {}))  # sent from further out than what says these otherwise
    return answer


def without_values(error: BaseException) -> str:
    """As a traceback; of a database error its class, state and constraint alone, for its words hold the row."""
    frames = "".join(traceback.format_tb(error.__traceback__)) + in_a_line(error)
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{without_values(earlier)}\nthen\n{frames}" if earlier else frames


def in_a_line(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        return f"{type(cause).__name__} {cause.sqlstate} {cause.diag.constraint_name or ''}".rstrip()
    if isinstance(error, DBAPIError | ValidationError):
        return type(error).__name__
    return "".join(traceback.format_exception_only(error)).rstrip()


def speak_problems(app: FastAPI) -> None:
    """Every error of every operation leaves in the one form."""
    app.add_exception_handler(DomainError, lambda request, error: problem(request, error))
    app.add_exception_handler(RequestValidationError, on_invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, on_http)  # type: ignore[arg-type]
    for away in (OperationalError, PoolTimeout):
        app.add_exception_handler(away, lambda request, _: problem(request, DatabaseAway()))
    app.add_exception_handler(Exception, on_unexpected)
