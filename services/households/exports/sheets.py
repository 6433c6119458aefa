"""A table as a file that does nothing when it is opened, and says on each page whose copy it is."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any
from unicodedata import normalize

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_range_abs  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from services.households.exports.columns import Labels

BOM = "\ufeff"  # without it spreadsheets take UTF-8 for something else
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
TAKEN_BACK = re.compile(r"-[0-9]+(\.[0-9]+)?", re.ASCII)
LAST_ROW = 1_048_575  # of a sheet
CHOICES = "选项"
LONGEST_CHOICE = 255  # characters of a list within the rule


def inert(text: str) -> str:
    """A spreadsheet reckons what begins like a formula, in full width too, also when somebody has it as their name. An
    amount that was taken back stays a number."""
    if TAKEN_BACK.fullmatch(text):
        return text
    return f"'{text}" if normalize("NFKC", text[:1]).startswith(FORMULAS) else text


def as_csv(headers: Sequence[str], rows: Iterable[Sequence[str]], mark: str) -> bytes:
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow([inert(header) for header in headers])
    lines.writerows([inert(cell) for cell in row] for row in rows)
    lines.writerow([mark])
    return (BOM + file.getvalue()).encode()


def as_xlsx(
    headers: Sequence[str], choices: Mapping[str, Labels], rows: Iterable[Sequence[str]], mark: str = ""
) -> bytes:
    """Every cell is text: that keeps formulas asleep, and long numbers whole."""
    file = io.BytesIO()
    with Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.set_column(0, len(headers) - 1, 16, book.add_format({"num_format": "@"}))
        if mark:
            sheet.set_footer(f"&C{mark.replace('&', '&&')}")
        offer_choices(book, sheet, headers, choices)
        number = -1
        for number, row in enumerate(chain([headers], rows)):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
        if mark:
            sheet.write_string(number + 1, 0, mark)
    return file.getvalue()


def offer_choices(book: Workbook, sheet: Worksheet, headers: Sequence[str], choices: Mapping[str, Labels]) -> None:
    """As drop-downs. A list that is too long for a cell's own rule stands on a hidden sheet."""
    offered = {column: list(dict.fromkeys(choices[h].values())) for column, h in enumerate(headers) if h in choices}
    long = {column: told for column, told in offered.items() if len(",".join(told)) > LONGEST_CHOICE}
    for column, told in offered.items():
        source: Any = told
        if column in long:
            place = list(long).index(column)
            source = f"={CHOICES}!{xl_range_abs(0, place, len(told) - 1, place)}"
        sheet.data_validation(1, column, LAST_ROW, column, {"validate": "list", "source": source})
    if long:
        aside = book.add_worksheet(CHOICES)
        aside.hide()
        for number, row in enumerate(zip_longest(*long.values(), fillvalue="")):
            for place, text in enumerate(row):
                aside.write_string(number, place, text)
