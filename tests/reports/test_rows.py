"""No row is left out, and none is said to be covered by a test there is not."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.reports.rows import HERE, counted, rows

OF_EACH = {"0": 47, "1": 40, "2": 44, "3": 39, "4": 30}  # report: its rows


def test_the_two_hundred_rows_of_five_reports_stand_each_once_in_their_order() -> None:
    names = [row.id for row in rows()]
    assert names == [f"{report}-{number:02}" for report, last in OF_EACH.items() for number in range(1, last + 1)]
    assert Counter(name[0] for name in names) == OF_EACH


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_row_is_read_back_by_tests_there_are_or_says_what_it_lacks(row: object) -> None:
    assert isinstance(row, type(rows()[0]))
    assert row.phrase
    assert row.read_by or row.lacks
    for test in row.read_by:
        path, _, name = test.partition("::")
        assert name in functions(HERE.parent / path), test


def functions(path: Path) -> set[str]:
    return {part.name for part in ast.parse(path.read_text()).body if isinstance(part, ast.FunctionDef)}


def test_what_is_covered_in_part_or_not_yet_is_counted_as_such() -> None:
    told = counted(rows())
    assert told["rows"] == told["covered"] + told["partly"] + told["missing"] == sum(OF_EACH.values())
