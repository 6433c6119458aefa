"""Files of rows, written one row at a time."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TypeAlias

from xlsxwriter import Workbook  # type: ignore[import-untyped]

WriteRow: TypeAlias = Callable[[Sequence[str]], object]


@contextmanager
def csv_file(path: Path, header: Sequence[str], *, encoding: str) -> Iterator[WriteRow]:
    with path.open("w", encoding=encoding, newline="") as file:
        rows = csv.writer(file)
        rows.writerow(header)
        yield rows.writerow


@contextmanager
def text_workbook(path: Path, header: Sequence[str], *, as_of: date) -> Iterator[WriteRow]:
    """Every cell is text: a number keeps fifteen digits only. Dated as_of, so that two runs are alike."""
    with Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": datetime.combine(as_of, time(), tzinfo=UTC)})
        sheet = book.add_worksheet()
        sheet.set_column(0, len(header) - 1, 16, book.add_format({"num_format": "@"}))
        rows_written = 0

        def write_row(cells: Sequence[str]) -> None:
            nonlocal rows_written
            for column, text in enumerate(cells):
                sheet.write_string(rows_written, column, text)
            rows_written += 1

        write_row(header)
        yield write_row
