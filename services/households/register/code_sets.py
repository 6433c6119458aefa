"""The sets of codes in which persons and households are described, and the national form's own labels for them.

What is written takes codes. Labels are read in files alone, through the mapping; a bare code in a file is refused, for
one county's app numbers schooling otherwise than the standard does.
"""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from services.households.policy import allow
from services.kit.web.errors import found

router = APIRouter(prefix="/v1/code-sets", tags=["code-sets"])

HERE = Path(__file__).parent
Key: TypeAlias = Annotated[str, InPath(pattern=r"^[a-z][a-z_]{1,40}$", title="代码集")]


class CodeOut(BaseModel):
    code: str
    zh: str
    valid_from: date
    valid_until: date | None


class LabelOut(BaseModel):
    """`family`: the national form's own code list. Not exact: the label says less, or more, than the code does."""

    family: str
    label: str
    code: str
    exact: bool
    valid_from: date
    valid_until: date | None


class CodeSetLine(BaseModel):
    key: str
    zh: str
    source: str


class CodeSetOut(CodeSetLine):
    codes: list[CodeOut]
    labels: list[LabelOut]


@router.get("", dependencies=[allow("household:read")])
def list_code_sets() -> list[CodeSetLine]:
    return [CodeSetLine(**one.model_dump(include={"key", "zh", "source"})) for one in code_sets().values()]


@router.get("/{key}", dependencies=[allow("household:read")])
def get_code_set(key: Key) -> CodeSetOut:
    return found(code_sets().get(key))


@cache
def code_sets() -> Mapping[str, CodeSetOut]:
    named: dict[str, Any] = tomllib.loads((HERE / "code_sets.toml").read_text())
    sets = {key: CodeSetOut(key=key, **about, codes=[], labels=[]) for key, about in named.items()}
    for row in rows_of("code_sets.csv"):
        sets[row.pop("set")].codes.append(CodeOut.model_validate(row))
    for row in rows_of("national_labels.csv"):
        exact = row.pop("exact") == "是"
        sets[row.pop("set")].labels.append(LabelOut.model_validate(row | {"exact": exact}))
    return sets


def rows_of(name: str) -> Iterator[dict[str, Any]]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row | {"valid_until": row["valid_until"] or None}


@cache
def labels_of(key: str, on: date) -> Mapping[str, str]:
    """The code each label stood for on a day."""
    held = code_sets()[key].labels
    return {one.label: one.code for one in held if one.valid_from <= on and (on < (one.valid_until or date.max))}


@cache
def lasting_labels(key: str) -> Mapping[str, str]:
    """The code of each label that holds until further notice."""
    return {one.label: one.code for one in code_sets()[key].labels if one.valid_until is None}


@cache
def words_of(key: str) -> Mapping[str, str]:
    """A word for each code: the first lasting label, else the name in the standard itself, which an ended code has."""
    named = {one.code: one.zh for one in code_sets()[key].codes}
    return named | {code: label for label, code in reversed(list(lasting_labels(key).items()))}


@cache
def written_now(key: str) -> tuple[str, ...]:
    """Those that have not ended."""
    return tuple(one.code for one in code_sets()[key].codes if one.valid_until is None)


@dataclass(frozen=True)
class Coded:
    """Makes a text take the codes of a set that are written now, and nothing else. Which day is told of says nothing:
    what was so in 1990 is written in the codes of today. What is held in a code that has ended is read as before."""

    key: str

    def codes(self) -> tuple[str, ...]:
        return written_now(self.key)

    def known(self, code: str) -> str:
        if code not in self.codes():
            raise PydanticCustomError("enum", "not a code of the set")
        return code

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.known, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {"enum": list(self.codes())}
