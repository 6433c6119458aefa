"""The refusals each operation may answer with: one form, one component per status."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.cli.openapi import Document

REFUSALS: dict[int, tuple[str, str]] = {
    400: ("请求不是规范的 JSON 或网址。", "not-strict-json"),
    401: ("没有登录，或登录已失效。", "not-signed-in"),
    403: ("没有这项权限。", "not-allowed"),
    404: ("没有这个对象，或不在您的管辖范围内；两者的答复相同。", "not-there"),
    406: ("只提供 JSON，而请求的 Accept 不接受它。", "not-acceptable"),
    408: ("没有在规定时间内收完。", "body-too-slow"),
    409: ("与已有的内容冲突。", "sent-before"),
    413: ("提交的内容过大。", "body-too-large"),
    415: ("提交内容的类型不受支持。", "wrong-media-type"),
    422: ("内容有误，逐条指出位置；从不复述所提交的值。", "not-understood"),
    429: ("请求过于频繁，请按 Retry-After 稍后再试。", "too-many-requests"),
    503: ("暂时不可用，请按 Retry-After 稍后再试。", "database-away"),
}
HEADERS: dict[int, str] = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


class FaultOut(BaseModel):
    """One thing that is wrong with the request."""

    place: Literal["body", "query", "path", "header", "cookie"]
    pointer: Annotated[str, Field(description="A JSON pointer (RFC 6901) into the place.")]
    code: str
    title: str


class Problem(BaseModel):
    """A refusal (RFC 9457). `type` is a page that says what it means and what to do; `title` is in the language asked
    for by Accept-Language: Chinese, or English."""

    type: Annotated[str, Field(title="说明页", pattern="^/problems/[a-z-]+$")]
    title: Annotated[str, Field(title="说明")]
    status: Annotated[int, Field(title="状态码", ge=400, le=599)]
    code: Annotated[str, Field(title="代码", pattern="^[a-z-]+$")]
    detail: Annotated[str, Field(title="细节")] = ""
    errors: Annotated[list[FaultOut], Field(title="逐条错误")] = []


def answers_of(operation: Document, methods: Collection[str], also: Collection[int]) -> Document:
    """What the route declares itself stays; FastAPI's own form of 422 is not ours."""
    declared = {status: said for status, said in operation["responses"].items() if status != "422"}
    writes, signed = "requestBody" in operation, bool(operation["security"])
    applies = {
        400: True,
        401: signed,
        403: "x-right" in operation,
        404: any(parameter["in"] == "path" for parameter in operation.get("parameters", [])),
        406: True,
        408: writes,
        409: not {"POST", "PUT", "PATCH"}.isdisjoint(methods),
        413: writes,
        415: writes,
        422: writes or bool(operation.get("parameters")),
        429: True,
        503: True,
    }
    ours = [status for status, holds in applies.items() if holds or status in also]
    return {str(status): {"$ref": f"#/components/responses/{name_of(status)}"} for status in ours} | declared


def name_of(status: int) -> str:
    return HTTPStatus(status).name.title().replace("_", "")


def refusal_components() -> Document:
    return {name_of(status): refusal(status, *said) for status, said in REFUSALS.items()}


def refusal(status: int, zh: str, code: str) -> Document:
    example: dict[str, Any] = {"type": f"/problems/{code}", "title": zh, "status": status, "code": code}
    schema = {"$ref": "#/components/schemas/Problem"}
    said: Document = {
        "description": zh,
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }
    if status in HEADERS:
        said["headers"] = {HEADERS[status]: {"schema": {"type": "string"}}}
    return said


def problem_schemas() -> Document:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "Problem": schema}
