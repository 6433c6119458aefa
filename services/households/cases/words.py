"""What the parts of a case are called, in both languages. The lists are data: words.toml."""

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

WORDS = Path(__file__).parent / "words.toml"


class Word(NamedTuple):
    zh: str
    en: str


@cache
def words(kind: str) -> dict[str, Word]:
    return {key: Word(*said) for key, said in tomllib.loads(WORDS.read_text())[kind].items()}


def word(kind: str, key: str) -> Word:
    return words(kind)[key]
