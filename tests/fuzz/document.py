"""What a service says of itself: its part of the published document, and what is between services alone."""

from copy import deepcopy
from typing import Any

from fastapi import FastAPI

from services.cli.openapi.answers import answers_of
from services.cli.openapi.describe import SIGNED_IN, is_internal
from services.cli.openapi.merge import merge

Document = dict[str, Any]


def document_of(service: str, app: FastAPI) -> Document:
    """Operations that are published stand as they are published; the others as the app tells them, with the refusals
    that each operation has."""
    published, own = deepcopy(merge()), app.openapi()
    paths = {path: item for path, item in published["paths"].items() if item.pop("x-service") == service}
    for path, item in own["paths"].items():
        paths.setdefault(path, {method: completed(path, method, said) for method, said in item.items()})
    published["components"]["schemas"] = own["components"]["schemas"] | published["components"]["schemas"]
    return published | {"paths": paths, "webhooks": {}}


def completed(path: str, method: str, operation: Document) -> Document:
    """An event is signed and a scraper has its own token: both are told 401 without. A body names what may be gone."""
    asks = is_internal(path) and "inbox" not in path
    operation["security"] = [{SIGNED_IN: []}] if asks else []
    if asks:
        operation["x-right"] = "read by our own services"
    refusals = {"metrics": 401, "inbox": 401, "case-openings": 404, "declaration-outcomes": 404}
    also = [status for name, status in refusals.items() if name in path.split("/")]
    operation["responses"] = answers_of(operation, [method.upper()], also)
    return operation
