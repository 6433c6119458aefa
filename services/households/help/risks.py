"""What a measure may answer: a risk of the household, or a safeguard that fails."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LISTED = tomllib.loads(Path(__file__).with_name("risks.toml").read_text())
RISKS: Mapping[str, str] = {one["key"]: one["zh"] for one in LISTED["risk"]}
SAFEGUARDS: Mapping[str, str] = {one["key"]: one["zh"] for one in LISTED["safeguard"]}
LABELS: Mapping[str, str] = {**RISKS, **SAFEGUARDS}


def is_risk(key: str) -> str:
    if key not in RISKS:
        raise PydanticCustomError("enum", "not a risk")
    return key


def is_answerable(key: str) -> str:
    if key not in LABELS:
        raise PydanticCustomError("enum", "neither a risk nor a safeguard")
    return key


Risk: TypeAlias = Annotated[str, AfterValidator(is_risk), Field(json_schema_extra={"enum": list(RISKS)})]
Answered: TypeAlias = Annotated[str, AfterValidator(is_answerable), Field(json_schema_extra={"enum": list(LABELS)})]


def answers(measure: str | None, risk: str) -> bool:
    """A measure against a flood answers the disaster, and one against disasters the flood."""
    return measure is not None and (risk.startswith(measure) or measure.startswith(risk))
