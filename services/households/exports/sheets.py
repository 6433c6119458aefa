"""A table as a file that does nothing when it is opened, and says on each page whose copy it is."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from unicodedata import normalize

from xlsxwriter import Workbook  # type: ignore[import-untyped]

from services.households.exports.columns import Labels

BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
LAST_ROW = 1_048_575  # of a sheet


def inert(text: str) -> str:
    """A spreadsheet reckons what begins like a formula, in full width too, also when somebody has it as their name."""
    return f"'{text}" if normalize("NFKC", text[:1]).startswith(FORMULAS) else text


def as_csv(headers: Sequence[str], rows: Iterable[Sequence[str]], mark: str) -> bytes:
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow([inert(header) for header in headers])
    lines.writerows([inert(cell) for cell in row] for row in rows)
    lines.writerow([mark])
    return (BOM + file.getvalue()).encode()


def as_xlsx(headers: Sequence[str], choices: Mapping[str, Labels], rows: Iterable[Sequence[str]], mark: str) -> bytes:
    """Every cell is text: that keeps formulas asleep, and long numbers whole."""
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.set_column(0, len(headers) - 1, 16, book.add_format({"num_format": "@"}))
        sheet.set_footer(f"&C{mark.replace('&', '&&')}")
        for column, header in enumerate(headers):
            if header in choices:
                told = {"validate": "list", "source": list(choices[header].values())}
                sheet.data_validation(1, column, LAST_ROW, column, told)
        number = -1
        for number, row in enumerate(chain([headers], rows)):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
        sheet.write_string(number + 1, 0, mark)
    return file.getvalue()
