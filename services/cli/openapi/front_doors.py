"""Which path is whose, and what the front door itself refuses, in the words nginx and Caddy understand."""

import json
from collections.abc import Iterable

from services.cli.openapi import Document

MADE = "# Made from docs/openapi.json by `make openapi`. What is not listed here is nobody's and answers 404.\n"
PLUMBING = "/v1/services/"
REFUSALS = {
    404: "not-there",
    405: "method-not-allowed",
    408: "body-too-slow",
    413: "body-too-large",
    429: "too-many-requests",
    502: "bad-answer",
    503: "service-away",
    504: "service-slow",
}
AGAIN = (429, 502, 503, 504)  # statuses that say when to try again


def resources(document: Document) -> dict[str, list[str]]:
    """By service: the first parts of its paths, sorted."""
    owned: dict[str, set[str]] = {}
    for path, item in document["paths"].items():
        if path.startswith("/v1/"):
            owned.setdefault(item["x-service"], set()).add(resource_of(path))
    return {service: sorted(paths) for service, paths in sorted(owned.items())}


def resource_of(path: str) -> str:
    return "/".join(path.split("/")[: 5 if path.startswith(PLUMBING) else 3])


def nginx_routes(document: Document) -> str:
    lines = [f"    ~^{path}(/|$) {service};" for service, paths in resources(document).items() for path in paths]
    titles = [line for status in REFUSALS for line in title_map(document, status)]
    return MADE + block("map $uri $shouwang_service", ['    default "";', *lines]) + "".join(titles)


def title_map(document: Document, status: int) -> Iterable[str]:
    said = document["x-problems"][REFUSALS[status]]
    yield block(
        f"map $shouwang_language $shouwang_title_{status}",
        [f"    default {json.dumps(said['zh'][0], ensure_ascii=False)};", f"    en {json.dumps(said['en'][0])};"],
    )


def nginx_refusals(_: Document) -> str:
    """Of nginx itself; what a service answers passes as it is."""
    parts = [MADE.partition(". ")[0] + ".\n"]
    for status, code in REFUSALS.items():
        body = f'{{"type":"/problems/{code}","title":"$shouwang_title_{status}","status":{status},"code":"{code}"}}'
        again = ["    add_header Retry-After 2 always;"] if status in AGAIN else []
        guard = ["    add_header X-Content-Type-Options nosniff always;", "    default_type application/problem+json;"]
        parts.append(f"error_page {status} @refused_{status};\n")
        parts.append(block(f"location @refused_{status}", [*guard, *again, f"    return {status} '{body}';"]))
    return "".join(parts)


def caddy_routes(document: Document) -> str:
    parts = [MADE]
    for service, paths in resources(document).items():
        named = " ".join(f"{path} {path}/*" for path in paths)
        parts.append(f"@{service} path {named}\n")
        parts.append(block(f"handle @{service}", [f"    reverse_proxy {{$SHOUWANG_{service.upper()}}}"]))
    return "".join(parts)


def block(head: str, lines: Iterable[str]) -> str:
    inside = "\n".join(lines)
    return f"{head} {{\n{inside}\n}}\n"
