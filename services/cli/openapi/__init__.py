"""The one document of all services: built from the apps' own, and committed, so that a change of the API is seen."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
Texts: TypeAlias = Mapping[str, Mapping[str, Any]]


class SaidTwice(Exception):
    """Two files of texts have a word about the same thing."""


def texts_in(folder: str) -> Texts:
    """What people read beside the code: a file per service or room, each thing in one of them.

    `operations`: a Chinese title and a body to start from, by operation id; a plain function name stands for that
    operation of every service; `also` are further answers. `problems`: what to do about a refusal, by its code.
    """
    texts: dict[str, Mapping[str, Any]] = {}
    for file in sorted((Path(__file__).parent / folder).glob("*.toml")):
        said = tomllib.loads(file.read_text())
        if twice := said.keys() & texts.keys():
            raise SaidTwice(f"{folder}/{file.name}: {', '.join(sorted(twice))}")
        texts |= said
    return texts
