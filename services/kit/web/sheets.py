"""Tables as offices send them: XLSX, or CSV in UTF-8 or GB18030. Read to rows of text, headers matched by name."""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from services.kit.web.errors import DomainError

LARGEST = 20 * 1024 * 1024  # bytes of an upload
LARGEST_UNPACKED = 200 * 1024 * 1024  # bytes of a workbook when unzipped
MOST_ROWS = 50_000


class FileTooLarge(DomainError):
    status = 413
    zh = "文件过大。"
    en = "The file is too large."


class NotASheet(DomainError):
    zh = "不是可读的 XLSX 或 CSV 表格。"
    en = "This is not a readable XLSX or CSV table."


class ColumnMissing(DomainError):
    zh = "表头缺少必需的列。"
    en = "A required column is missing from the header."


@dataclass(frozen=True)
class Row:
    """`number` is the row as the spreadsheet shows it (the header is 1). A cell a spreadsheet has made a number of
    is in `numbers`: an ID number there has lost its last digits."""

    number: int
    cells: dict[str, str]
    numbers: frozenset[str]


def read_sheet(content: bytes, headers: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Row]:
    """Rows that are not blank, in order. Headers match after NFKC, without spaces; further columns are ignored."""
    if len(content) > LARGEST:
        raise FileTooLarge
    lines = read_workbook(content) if content[:2] == b"PK" else read_csv(content)
    first = next(lines, None)
    if first is None:
        raise NotASheet
    at = {plain(str(cell)): index for index, cell in enumerate(first)}
    missing = [header for header in headers if plain(header) not in at]
    if missing:
        raise ColumnMissing("、".join(missing))
    wanted = {header: at[plain(header)] for header in (*headers, *optional) if plain(header) in at}
    yield from rows_of(lines, wanted)


def rows_of(lines: Iterator[Sequence[object]], wanted: dict[str, int]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=2):
        if number > MOST_ROWS + 1:
            raise FileTooLarge(f"> {MOST_ROWS}")
        raw = {header: line[index] if index < len(line) else "" for header, index in wanted.items()}
        cells = {header: as_text(value) for header, value in raw.items()}
        if any(cells.values()):
            yield Row(number, cells, frozenset(h for h, value in raw.items() if isinstance(value, float)))


def read_workbook(content: bytes) -> Iterator[Sequence[object]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > LARGEST_UNPACKED:
                raise FileTooLarge
        workbook = CalamineWorkbook.from_object(io.BytesIO(content))
        yield from workbook.get_sheet_by_index(0).iter_rows()
    except (CalamineError, zipfile.BadZipFile, IndexError) as error:
        raise NotASheet from error


def read_csv(content: bytes) -> Iterator[Sequence[object]]:
    if b"\0" in content:
        raise NotASheet
    yield from csv.reader(io.StringIO(decode(content), newline=""))


def decode(content: bytes) -> str:
    """BOM, then UTF-8, then GB18030: guessing takes short Chinese text for Korean."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotASheet


def plain(header: str) -> str:
    return "".join(unicodedata.normalize("NFKC", header).split())


def as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return unicodedata.normalize("NFC", str(value)).strip()
