"""Arrays as PostgreSQL reads them."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from services.kit.store.sets import as_array

KEY = UUID("00000000-0000-4000-8000-00000000000a")
MOMENT = datetime(2026, 11, 21, 9, 0, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["", "NULL", 'a"b', "a\\b\\", "{a,b}", " 两 行\n", "'; --", None]),
        ("bytea", [b"", b'\x00\\"{,', None]),
        ("uuid", [KEY, None]),
        ("boolean", [True, False, None]),
        ("float8", [0.1, -1e-7, 1e300, None]),
        ("bigint", [-(2**62), 0, None]),
        ("date", [date(2026, 1, 2), None]),
        ("timestamptz", [MOMENT, None]),
    ],
    ids=["text", "bytea", "uuid", "boolean", "float8", "bigint", "date", "timestamptz"],
)
def test_what_is_written_as_an_array_is_read_as_it_was(
    engines: dict[str, Engine], kind: str, values: list[object]
) -> None:
    with engines["households"].connect() as connection:
        asked = text(f"SELECT * FROM unnest(CAST(:given AS {kind}[]))")  # noqa: S608  # our own words
        found = [
            bytes(v) if kind == "bytea" and v is not None else v
            for v in connection.scalars(asked, {"given": as_array(values)})
        ]
    assert found == values
