"""Files with headers of their own: which of their columns is meant, and in which unit they count money."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.kit.web.errors import DomainError
from services.kit.web.sheets import Lines, Row, rows_in

Header = Annotated[str, Field(min_length=1, max_length=60)]
Unit = Literal["元", "万元", "分"]
YUAN: dict[Unit, Decimal] = {"元": Decimal(1), "万元": Decimal(10_000), "分": Decimal("0.01")}


class MappingNotUnderstood(DomainError):
    zh = "列对应关系有误：只能写本表已有的表头和金额列。"
    en = "The mapping names a header this kind of table does not have, or is no mapping."


class Mapped(BaseModel):
    """`columns`: our header and theirs. `units`: of a column of money, by our header; 元 where none is named."""

    model_config = ConfigDict(extra="forbid")

    columns: Annotated[dict[Header, Header], Field(max_length=50)] = {}
    units: Annotated[dict[Header, Unit], Field(max_length=50)] = {}


def read_mapping(written: str, headers: Sequence[str]) -> Mapped:
    try:
        mapped = Mapped.model_validate_json(written)
    except ValidationError as error:
        raise MappingNotUnderstood from error
    money = {header for header in headers if header.endswith("(元)")}
    if not (mapped.columns.keys() <= set(headers) and mapped.units.keys() <= money):
        raise MappingNotUnderstood
    return mapped


def mapped_rows(
    table: Lines, headers: Sequence[str], mapped: Mapped, most: int, optional: Sequence[str] = ()
) -> Iterator[Row]:
    """Under our headers and in yuan, whatever the file calls them. A column that the mapping names must be there."""
    theirs = {header: mapped.columns.get(header, header) for header in (*headers, *optional)}
    maybe = [header for header in optional if header not in mapped.columns]
    rows = rows_in(table, [its for ours, its in theirs.items() if ours not in maybe], maybe, most)
    if mapped == Mapped():
        yield from rows
        return
    for row in rows:
        cells = {ours: row.cells[its] for ours, its in theirs.items() if its in row.cells}
        cells |= {ours: in_yuan(cells[ours], unit) for ours, unit in mapped.units.items()}
        yield replace(row, cells=cells, numbers=frozenset(ours for ours, its in theirs.items() if its in row.numbers))


def in_yuan(written: str, unit: Unit) -> str:
    """What is no amount stays as it is and is refused as such."""
    try:
        amount = Decimal(written.replace(",", "")) * YUAN[unit]
    except InvalidOperation:
        return written
    return f"{amount:f}" if amount.is_finite() and abs(amount.adjusted()) < 20 else written
