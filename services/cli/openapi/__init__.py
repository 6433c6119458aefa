"""The one document of all services: built from the apps' own, and committed, so that a change of the API is seen."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
Texts: TypeAlias = Mapping[str, Mapping[str, Any]]
