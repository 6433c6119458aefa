"""The documents of all services as one: what is equal stands once, what only bears the same name is renamed."""

import json
from typing import Any

from services.cli.openapi import Document
from services.cli.openapi.answers import problem_schemas, refusal_components
from services.cli.openapi.describe import describe, is_internal
from services.cli.openapi.frame import HEALTH, INFO, SCHEMAS, WORDS, health, security_schemes, webhooks_of
from services.cli.openapi.problems import problem_pages
from services.cli.secret_files import SERVICES
from services.kit.post.events import CloudEvent


def merge() -> Document:
    documents = {service: public(describe(service)) for service in SERVICES}
    rename_clashes(documents)
    paths = {
        path: {**item, "x-service": service}
        for service, one in documents.items()
        for path, item in one["paths"].items()
    }
    webhooks = {name: hook for service in SERVICES for name, hook in webhooks_of(service).items()}
    schemas = {name: said for one in documents.values() for name, said in schemas_of(one).items()}
    schemas |= problem_schemas() | {"CloudEvent": CloudEvent.model_json_schema()}
    document: Document = {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/"}],
        "tags": tags_of(documents),
        "paths": paths | {path: health(*said) for path, said in HEALTH.items()},
        "webhooks": webhooks,
        "components": {"responses": refusal_components(), "securitySchemes": security_schemes()},
        "x-problems": problem_pages(),
    }
    document["components"]["schemas"] = only_used(schemas, document)
    return document


def as_text(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


class OwnedTwice(Exception):
    """A path that two services serve: behind one address only one of them would be heard."""


def paths_of(documents: dict[str, Document]) -> Document:
    paths: Document = {}
    for service, document in documents.items():
        if twice := paths.keys() & document["paths"].keys():
            raise OwnedTwice(f"{service}: {', '.join(sorted(twice))}")
        paths |= {path: {**item, "x-service": service} for path, item in document["paths"].items()}
    return paths


def public(document: Document) -> Document:
    return document | {"paths": {path: item for path, item in document["paths"].items() if not is_internal(path)}}


def schemas_of(document: Document) -> Document:
    schemas: Document = document.get("components", {}).get("schemas", {})
    return schemas


def rename_clashes(documents: dict[str, Document]) -> None:
    """Until none is left: who speaks of a renamed one differs from its namesake too."""
    while names := clashing(documents):
        for service, document in documents.items():
            renamed = {name: service.capitalize() + name for name in names if name in schemas_of(document)}
            text = json.dumps(document)
            for old, new in renamed.items():
                text = text.replace(f'"{SCHEMAS}{old}"', f'"{SCHEMAS}{new}"')
            document.clear()
            document.update(json.loads(text))
            schemas = schemas_of(document)
            for old, new in renamed.items():
                schemas[new] = schemas.pop(old) | {"title": new}


def clashing(documents: dict[str, Document]) -> set[str]:
    first: Document = {}
    return {
        name
        for document in documents.values()
        for name, schema in schemas_of(document).items()
        if first.setdefault(name, schema) != schema
    }


def only_used(schemas: Document, document: Document) -> Document:
    """Those that the document speaks of, and those that they speak of."""
    used: Document = {}
    waiting = references(document)
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = schemas[name]
            waiting |= references(schemas[name])
    return used


def references(part: Any) -> set[str]:
    if isinstance(part, list):
        return {name for one in part for name in references(one)}
    if not isinstance(part, dict):
        return set()
    own = part.get("$ref")
    found = {own.removeprefix(SCHEMAS)} if isinstance(own, str) and own.startswith(SCHEMAS) else set()
    return found | {name for one in part.values() for name in references(one)}


def tags_of(documents: dict[str, Document]) -> list[Document]:
    used = {
        (service, tag)
        for service, document in documents.items()
        for item in document["paths"].values()
        for operation in item.values()
        for tag in operation["tags"]
    }
    return [{"name": "origin", "description": "统一入口"}] + [
        {"name": tag, "description": WORDS[service]} for service, tag in sorted(used)
    ]
