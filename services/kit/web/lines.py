"""The lines of a table somebody sent, as lists of cells. Run as a program it reads a file it is given and nothing else,
with little memory and little time: whatever a hostile file does to it, it does to a process that has nothing.

It imports nothing of ours, so that it starts at once.
"""

import csv
import io
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import islice

from python_calamine import CalamineError, CalamineWorkbook

MEMORY = 256 * 1024 * 1024  # bytes of address space
SECONDS = 10  # of a processor
MOST_TOLD = 100 * 1024 * 1024  # bytes of JSON
LARGEST_UNPACKED = 200 * 1024 * 1024  # bytes of a workbook when unzipped
MOST_COLUMNS = 200
TOGETHER = 500  # lines told in one JSON text
LONGEST_CELL = 32_767  # characters, as in spreadsheets; a shared text costs its sender nothing the second time
PIECE = 1024 * 1024  # bytes of a workbook's part looked at together
FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)")  # no spreadsheet writes one; entities and foreign files begin there


class Unreadable(Exception):
    """`code` is what the reader of the lines makes a refusal of: broken, large, macros."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def lines_of(content: bytes) -> Iterator[Sequence[object]]:
    for line in read_workbook(content) if content[:2] == b"PK" else read_csv(content):
        if len(line) > MOST_COLUMNS:
            raise Unreadable("large")
        yield line


def read_workbook(content: bytes) -> Iterator[Sequence[object]]:
    try:
        check_workbook(content)
        workbook = CalamineWorkbook.from_object(io.BytesIO(content))
        yield from workbook.get_sheet_by_index(0).iter_rows()
    except (CalamineError, zipfile.BadZipFile, zlib.error, IndexError, EOFError) as error:
        raise Unreadable("broken") from error


def check_workbook(content: bytes) -> None:
    """Sizes are counted, not believed. A cell far away is left to the limit of memory: calamine makes room for every
    cell up to the last one, and ends where there is none."""
    left = LARGEST_UNPACKED
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        names = {name.lower() for name in packed.namelist()}
        if any(name.endswith("vbaproject.bin") for name in names):
            raise Unreadable("macros")
        if "xl/workbook.xml" not in names or names & {"content.xml", "xl/workbook.bin"}:
            raise Unreadable("broken")  # calamine would try ODS and XLSB, whose cells are told otherwise
        for entry in packed.infolist():
            if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Unreadable("broken")
            entry.file_size = LARGEST_UNPACKED + 1  # reads on to its real end
            with packed.open(entry) as part:
                end = b""
                while piece := part.read(PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise Unreadable("large")
                    if FORBIDDEN.search(end + piece):
                        raise Unreadable("broken")
                    end = piece[-10:]


def read_csv(content: bytes) -> Iterator[Sequence[object]]:
    if b"\0" in content:
        raise Unreadable("broken")
    try:
        yield from csv.reader(io.StringIO(decode(content), newline=""), strict=True)
    except csv.Error as error:  # a quote that nobody closed would take the rest of the table for one cell
        raise Unreadable("broken") from error


def decode(content: bytes) -> str:
    """BOM, then UTF-8, then GB18030: guessing takes short Chinese text for Korean."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("broken")


def as_json(cell: object) -> object:
    """A number stays one: whether a spreadsheet has made it one matters."""
    if isinstance(cell, float):
        return cell
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    text = cell if isinstance(cell, str) else cell.isoformat() if isinstance(cell, date) else str(cell)
    if len(text) > LONGEST_CELL:
        raise Unreadable("large")
    return text


def main() -> None:
    """The table's lines, many to a line of JSON, then its end: how many lines there are, or the code of
    what stood in the way."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    total, left = 0, MOST_TOLD
    end: int | str
    try:
        lines = lines_of(sys.stdin.buffer.read())
        while some := [[as_json(cell) for cell in line] for line in islice(lines, TOGETHER)]:
            told = json.dumps(some)
            left -= len(told)
            if left < 0:
                raise Unreadable("large")
            sys.stdout.write(told + "\n")
            total += len(some)
        end = total
    except Unreadable as reason:
        end = reason.code
    except MemoryError:
        end = "large"
    sys.stdout.write(json.dumps(end) + "\n")


if __name__ == "__main__":
    main()
