"""Files that would cost more than they hold are refused before they are opened, and broken ones are no sheet."""

import io
import zipfile

import pytest
from xlsxwriter import Workbook  # type: ignore[import-untyped]

from services.kit.web.sheets import FileTooLarge, NotASheet, read_sheet

HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'


def workbook(rows: str, dimension: str = "A1") -> bytes:
    empty, made = io.BytesIO(), io.BytesIO()
    with Workbook(empty) as opened:
        opened.add_worksheet()
    with zipfile.ZipFile(empty) as plain, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            text = plain.read(name).decode()
            text = text.replace("<sheetData/>", f"<sheetData>{rows}</sheetData>")
            packed.writestr(name, text.replace('ref="A1"', f'ref="{dimension}"'))
    return made.getvalue()


def filled(reference: str, row: str = "") -> str:
    return f"<row {row}><c {reference}><v>1</v></c></row>"


FAR = {
    "the last cell of all": filled('r="XFD1048576"'),
    "a row too many": filled('r="A50002"'),
    "a column too many": filled('r="GS2"'),
    "a row that says where it is, and a cell that does not": filled("", 'r="50002"'),
    "single quotes and spaces": filled("s='1' r = 'XFD9'"),
    "a sign within another attribute": filled('s=">" r="XFD9"'),
    "cells in a row that say nothing": "<row>" + "<c><v>1</v></c>" * 201 + "</row>",
    "a prefix": filled('r="XFD9"').replace("<", "<x:").replace("<x:/", "</x:"),
}


@pytest.mark.parametrize("what", FAR)
def test_a_small_workbook_with_a_cell_far_away_is_refused_and_does_not_end_the_process(what: str) -> None:
    with pytest.raises(FileTooLarge):
        list(read_sheet(workbook(HEADER + FAR[what]), ["a"]))


def test_the_last_row_and_column_are_taken_and_empty_cells_beyond_them_do_not_matter() -> None:
    header = HEADER.replace("</row>", '<c r="T1"><v>9</v></c></row>')
    styled = '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    content = workbook(header + filled('r="A50001"') + styled, "A1:XFD1048576")
    assert [(row.number, row.cells) for row in read_sheet(content, ["a"])] == [(50_001, {"a": "1"})]


def test_a_far_cell_is_found_wherever_the_pieces_of_a_large_sheet_are_cut() -> None:
    near = "".join(filled(f'r="A{number}"') for number in range(2, 40_000))
    with pytest.raises(FileTooLarge):
        list(read_sheet(workbook(HEADER + near + filled('r="XFD40000"')), ["a"]))


def test_a_workbook_that_lies_about_its_size_is_counted() -> None:
    content = workbook(HEADER + "<a/> " * 42_000_000)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        size = packed.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = content.replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    with pytest.raises(FileTooLarge):
        list(read_sheet(lying, ["a"]))


BROKEN = {
    "an unclosed quote": b'a,b\n1,"2\n3,4\n',
    "a huge field": b"a,b\n1," + b"x" * 200_000 + b"\n",
    "a zip of something else": b"PK\x03\x04",
    "half a workbook": workbook(HEADER)[:300],
}


@pytest.mark.parametrize("what", BROKEN)
def test_it_is_no_sheet_that_holds(what: str) -> None:
    with pytest.raises(NotASheet):
        list(read_sheet(BROKEN[what], ["a"]))
