"""The committed pages that are made from the code."""

from collections.abc import Iterator
from pathlib import Path

from services.cli.migrate import HOME
from services.cli.openapi.front_doors import caddy_routes, nginx_refusals, nginx_routes
from services.cli.openapi.merge import as_text, merge
from services.cli.openapi.problems import as_markdown


def made_from_code() -> dict[Path, str]:
    document = merge()
    return {
        HOME / "docs" / "openapi.json": as_text(document),
        HOME / "docs" / "problems.md": as_markdown(document["x-problems"]),
        HOME / "deploy" / "nginx" / "routes.conf": nginx_routes(document),
        HOME / "deploy" / "nginx" / "refusals.conf": nginx_refusals(document),
        HOME / "deploy" / "caddy" / "routes.caddy": caddy_routes(document),
    }


def write_all() -> None:
    for path, text in made_from_code().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def outdated() -> Iterator[str]:
    for path, text in made_from_code().items():
        if not path.exists() or path.read_text() != text:
            yield f"{path.relative_to(HOME)} differs from the code; run make openapi"
