"""Where a request belongs, read from the committed document: a path that is not in it is nobody's, but for pages."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DESK = "/desk"  # pages for people; which there are the desk itself knows


@dataclass(frozen=True)
class Place:
    """`methods` are all that the document has for this path."""

    service: str
    methods: frozenset[str]


class Table:
    """By the path's resource, then by its templates; one path may fit two of them (`/sweeps/due`, `/sweeps/{id}`)."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._by_resource: dict[str, list[tuple[re.Pattern[str], Place]]] = defaultdict(list)
        for path, item in document["paths"].items():
            methods = frozenset(key.upper() for key in item if not key.startswith("x-"))
            self._by_resource[resource_of(path)].append((pattern_of(path), Place(item["x-service"], methods)))

    def place(self, path: str) -> Place | None:
        """None also for a path with `.` or `..`: what stands behind us might read another path in it."""
        if {".", ".."} & set(path.split("/")):
            return None
        if path == DESK or path.startswith(f"{DESK}/"):
            return Place("desk", frozenset({"GET", "HEAD", "POST"}))
        fitting = [place for pattern, place in self._by_resource.get(resource_of(path), []) if pattern.fullmatch(path)]
        return Place(fitting[0].service, frozenset().union(*(one.methods for one in fitting))) if fitting else None


def resource_of(path: str) -> str:
    return "/".join(path.split("/")[:3])


def pattern_of(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", template))))
