"""Tables as offices send them: XLSX, or CSV in UTF-8 or GB18030. Read to rows of text, headers matched by name."""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from services.kit.web import lines
from services.kit.web.errors import DomainError

LARGEST = 20 * 1024 * 1024  # bytes of an upload
MOST_ROWS = 50_000
SMALL = 1024 * 1024  # bytes of a text file that is read here: it cannot cost much


class FileTooLarge(DomainError):
    status = 413
    zh = "文件过大。"
    en = "The file is too large."


class NotASheet(DomainError):
    zh = "不是可读的 XLSX 或 CSV 表格。"
    en = "This is not a readable XLSX or CSV table."


class HoldsMacros(DomainError):
    zh = "表格含有宏，请另存为不含宏的 XLSX 后再上传。"
    en = "The workbook holds macros. Save it as XLSX without them."


class ColumnMissing(DomainError):
    zh = "表头缺少必需的列。"
    en = "A required column is missing from the header."


class Lines(NamedTuple):
    """The header among them; a line is a list of cells."""

    total: int
    each: Iterator[Sequence[object]]


NONE: frozenset[str] = frozenset()
REFUSALS: Mapping[str, type[DomainError]] = {"broken": NotASheet, "large": FileTooLarge, "macros": HoldsMacros}


@dataclass(frozen=True)
class Row:
    """`number` is the row as the spreadsheet shows it (the header is 1). A cell a spreadsheet has made a number of
    is in `numbers`: an ID number there has lost its last digits."""

    number: int
    cells: dict[str, str]
    numbers: frozenset[str]


def read_sheet(
    content: bytes, headers: Sequence[str], optional: Sequence[str] = (), most: int = MOST_ROWS
) -> Iterator[Row]:
    """Rows that are not blank, in order. Headers match after NFKC, without spaces; further columns are ignored."""
    return rows_in(read_lines(content), headers, optional, most)


def read_lines(content: bytes) -> Lines:
    """Of a file that can be read to its end. A small text is read here, anything else in a process of its own."""
    if len(content) > LARGEST:
        raise FileTooLarge
    try:
        if len(content) <= SMALL and content[:2] != b"PK":
            read = list(lines.lines_of(content))
            return Lines(len(read), iter(read))
        total, told = read_apart(content)
        return Lines(total, chain.from_iterable(map(json.loads, told)))
    except lines.Unreadable as reason:
        raise REFUSALS[reason.code] from reason


def read_apart(content: bytes) -> tuple[int, list[bytes]]:
    """How many lines, and they, many to a JSON text. One that ends without a word has met the limits of its memory or
    its time."""
    program = [sys.executable, "-I", str(Path(lines.__file__))]
    reader = subprocess.run(program, input=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    *told, end = reader.stdout.splitlines() or [b'"large"']
    total = json.loads(end) if reader.returncode == 0 else "large"
    if isinstance(total, str):
        raise lines.Unreadable(total)
    return total, told


def rows_in(table: Lines, headers: Sequence[str], optional: Sequence[str] = (), most: int = MOST_ROWS) -> Iterator[Row]:
    if table.total > most + 1:
        raise FileTooLarge(f"> {most}")
    first = next(table.each, None)
    if first is None:
        raise NotASheet
    at = {plain(str(cell)): index for index, cell in enumerate(first)}
    missing = [header for header in headers if plain(header) not in at]
    if missing:
        raise ColumnMissing("、".join(missing))
    wanted = {header: at[plain(header)] for header in (*headers, *optional) if plain(header) in at}
    width = max(wanted.values(), default=-1) + 1
    for number, line in enumerate(table.each, start=2):
        raw = line if len(line) >= width else [*line, *[""] * (width - len(line))]
        cells = {header: as_text(raw[index]) for header, index in wanted.items()}
        if any(cells.values()):
            counted = float in map(type, raw)
            yield Row(number, cells, numbers_in(raw, wanted) if counted else NONE)


def numbers_in(raw: Sequence[object], wanted: Mapping[str, int]) -> frozenset[str]:
    return frozenset(header for header, index in wanted.items() if isinstance(raw[index], float))


def plain(header: str) -> str:
    return "".join(unicodedata.normalize("NFKC", header).split())


def as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()
