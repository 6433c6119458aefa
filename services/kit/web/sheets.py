"""Tables as offices send them: XLSX, or CSV in UTF-8 or GB18030. Read to rows of text, headers matched by name."""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from services.kit.web.errors import DomainError

LARGEST = 20 * 1024 * 1024  # bytes of an upload
LARGEST_UNPACKED = 200 * 1024 * 1024  # bytes of a workbook when unzipped
MOST_ROWS = 50_000
MOST_COLUMNS = 200
PIECE = 1024 * 1024  # bytes of a workbook's part looked at together
# What says where a filled cell lies. Raw bytes, as calamine reads them: its tags hold no entities.
MARKS = re.compile(
    rb"""<(?:\w+:)?(?P<tag>sheetData|row|c|v|is)\b|\br\s*=\s*["'](?P<column>[A-Za-z]*)(?P<row>[0-9]+)["']"""
)


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
        check_workbook(content)
        workbook = CalamineWorkbook.from_object(io.BytesIO(content))
        yield from workbook.get_sheet_by_index(0).iter_rows()
    except (CalamineError, zipfile.BadZipFile, zlib.error, IndexError, EOFError) as error:
        raise NotASheet from error


def check_workbook(content: bytes) -> None:
    """Before calamine opens it, which makes room for every cell up to the last one and aborts where there is none.
    Sizes are counted, not believed; any part may be a worksheet, whatever its name."""
    left = LARGEST_UNPACKED
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = {name.lower() for name in packed.namelist()}
        if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
            raise NotASheet  # calamine would try ODS and XLSB, whose cells are told otherwise
        for entry in packed.infolist():
            if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise NotASheet
            entry.file_size = LARGEST_UNPACKED + 1  # reads on to its real end
            with packed.open(entry) as part:
                extent = Extent()
                while piece := part.read(PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise FileTooLarge
                    extent.look_at(piece)
                extent.look_at(b"<")


class Extent:
    """Follows where the filled cells of a worksheet lie, and refuses one beyond what a table of ours can hold."""

    def __init__(self) -> None:
        self._row = self._column = 0
        self._inside = False  # after <sheetData>
        self._rest = b""

    def look_at(self, piece: bytes) -> None:
        """A piece ends anywhere, so what follows its last `<` waits for the next one."""
        whole, opening, rest = (self._rest + piece).rpartition(b"<")
        self._rest = opening + rest
        if len(self._rest) > 2 * PIECE:
            raise NotASheet
        for mark in MARKS.finditer(whole):
            self._follow(mark["tag"], mark["column"], mark["row"])

    def _follow(self, tag: bytes | None, column: bytes, row: bytes) -> None:
        if tag == b"sheetData":
            self._inside, self._row, self._column = True, 0, 0
        elif tag == b"row":
            self._row, self._column = self._row + 1, 0
        elif tag == b"c":
            self._column += 1  # a cell without a reference follows its neighbour
        elif tag is None:
            self._row = int(row[:9])
            self._column = column_number(column[:9]) if column else self._column
        elif self._inside and (self._row > MOST_ROWS + 1 or self._column > MOST_COLUMNS):
            raise FileTooLarge(f"> {MOST_ROWS + 1} × {MOST_COLUMNS}")


def column_number(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def read_csv(content: bytes) -> Iterator[Sequence[object]]:
    if b"\0" in content:
        raise NotASheet
    try:
        yield from csv.reader(io.StringIO(decode(content), newline=""), strict=True)
    except csv.Error as error:  # a quote that nobody closed would take the rest of the table for one cell
        raise NotASheet from error


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
