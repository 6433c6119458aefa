"""Every refusal the API can give, with its page: what it means, what to do."""

from collections.abc import Iterator
from importlib import import_module

from services.cli.openapi import Document, texts_in
from services.cli.secret_files import SERVICES
from services.kit.web.errors import DomainError

PROBLEMS = "problems"  # the folder of its texts
HEAD = """# Refusals

Every refusal is `application/problem+json` (RFC 9457): a stable `code`, a `type` that is its page at the origin, a
`title` in Chinese or English by `Accept-Language`, never the value at fault. Made from the code by `make openapi`.

| code | status | means | do |
|---|---|---|---|
"""


OF_THE_API = {
    ("services", room) for room in ("kit", "origin", *SERVICES)
}  # what the desk refuses, it says on a page of its own


class NoLine(Exception):
    """A code that problems/ says nothing about, or a line about a code that is no more."""


def refusals() -> list[type[DomainError]]:
    for module in [f"{service}.main" for service in SERVICES] + ["origin.app"]:
        import_module(f"services.{module}")
    ours = {refusal for refusal in below(DomainError) if tuple(refusal.__module__.split(".")[:2]) in OF_THE_API}
    return sorted(ours, key=lambda refusal: (refusal.code(), refusal.__module__))


def below(one: type[DomainError]) -> Iterator[type[DomainError]]:
    for other in one.__subclasses__():
        yield other
        yield from below(other)


def problem_pages() -> Document:
    """By code. Several services may give one code its own words; then the page has them all."""
    lines = texts_in(PROBLEMS)
    known = {refusal.code() for refusal in refusals()}
    if odd := known ^ lines.keys():
        raise NoLine(f"{PROBLEMS}/: {', '.join(sorted(odd))}")
    pages: Document = {}
    for refusal in refusals():
        page = pages.setdefault(refusal.code(), {"status": [], "zh": [], "en": [], "do": lines[refusal.code()]})
        for part, said in (("status", refusal.status), ("zh", refusal.zh), ("en", refusal.en)):
            page[part] += [] if said in page[part] else [said]
    return pages


def as_markdown(pages: Document) -> str:
    rows = [
        f"| `{code}` | {' '.join(map(str, page['status']))} | {''.join(page['zh'])}<br>{' '.join(page['en'])} "
        f"| {page['do']['zh']}<br>{page['do']['en']} |"
        for code, page in pages.items()
    ]
    return HEAD + "\n".join(rows) + "\n"
