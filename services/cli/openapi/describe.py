"""One service's own document, with what FastAPI cannot know: titles, rights, refusals, examples."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.cli.openapi import Document, Texts, texts_in
from services.cli.openapi.answers import answers_of
from services.kit.web.auth import request_caller

OPERATIONS = "operations"  # the folder of their texts
SIGNED_IN, CLIENT = "person_or_system", "client_system"


class NotDescribed(Exception):
    """An operation without a title, or a body without an example, in operations/."""


def describe(service: str) -> Document:
    """`openapi()` of an app of the same routers; no database is needed for that."""
    main = import_module(f"services.{service}.main")
    app = FastAPI(title=service, generate_unique_id_function=lambda route: f"{service}_{route.name}")
    for router in main.ROUTERS:
        app.include_router(router)
    texts = texts_in(OPERATIONS)
    document = app.openapi()
    close_forms(document)
    for route in routes_of(main.ROUTERS):
        for method in route.methods or ():
            operation = document["paths"][route.path][method.lower()]
            complete(operation, route, texts_of(texts, operation["operationId"], route.name), sorted(main.PUBLISHED))
            operation["tags"] = [f"{service} {tag}" for tag in operation["tags"]]
    return document


def close_forms(document: Document) -> None:
    """Their fields are held against these names (kit/web/polite.py); but who asks for a token may send what we do not
    know (RFC 6749, section 3.2)."""
    for operations in document["paths"].values():
        for operation in operations.values():
            sent = operation.get("requestBody", {}).get("content", {})
            if "multipart/form-data" in sent:
                name = sent["multipart/form-data"]["schema"]["$ref"].rpartition("/")[2]
                document["components"]["schemas"][name]["additionalProperties"] = False


def routes_of(routers: list[APIRouter]) -> Iterator[APIRoute]:
    for router in routers:
        yield from (route for route in router.routes if isinstance(route, APIRoute) and not is_internal(route.path))


def is_internal(path: str) -> bool:
    """Between our own services, and not reachable through the origin."""
    between = (
        "inbox",
        "facts",
        "grants",
        "matches",
        "case-openings",
        "issue-openings",
        "declaration-outcomes",
        "case-figures",
        "visit-figures",
        "answering-cadres",
    )
    return path.startswith("/v1/services/") and path.split("/")[4] in between


def texts_of(texts: Texts, operation_id: str, name: str) -> dict[str, Any]:
    said = texts.get(operation_id) or texts.get(name)
    if not said:
        raise NotDescribed(f"{operation_id}: write a Chinese title into {OPERATIONS}/")
    return dict(said)


def complete(operation: Document, route: APIRoute, said: dict[str, Any], published: list[str]) -> None:
    operation["summary"] = said["zh"]
    operation.setdefault("description", f"{route.name.replace('_', ' ').capitalize()}.")
    right = right_of(route.dependant)
    if said.get("security") == "client":
        operation["security"] = [{CLIENT: []}]
    elif asks_who(route.dependant):
        operation["security"] = [{SIGNED_IN: []}]
    else:
        operation["security"] = []
    if right:
        operation["x-right"] = right
    if "requestBody" in operation:
        show_body(operation, said, published)
    operation["responses"] = answers_of(operation, route.methods or (), said.get("also", []))


def show_body(operation: Document, said: dict[str, Any], published: list[str]) -> None:
    if "example" not in said:
        raise NotDescribed(f"{operation['operationId']}: write an example of its body into {OPERATIONS}/")
    example = said["example"]  # of lines, a text
    if isinstance(example, dict):
        example = {name: published[:1] if value == ["{published}"] else value for name, value in example.items()}
    for content in operation["requestBody"]["content"].values():
        content["example"] = example


def dependencies(of: Dependant) -> Iterator[Any]:
    yield of.call
    for one in of.dependencies:
        yield from dependencies(one)


def asks_who(of: Dependant) -> bool:
    return request_caller in dependencies(of)


def right_of(of: Dependant) -> str | None:
    return next((call.right for call in dependencies(of) if hasattr(call, "right")), None)
