"""What counts as a day or a moment in a request."""

import pytest
from pydantic import TypeAdapter, ValidationError

from services.kit.web.written import WrittenDay, WrittenMoment

DAY, MOMENT = TypeAdapter[object](WrittenDay), TypeAdapter[object](WrittenMoment)


@pytest.mark.parametrize("said", [0, 0.5, "0", "1767225600", "2026-01-01T00:00:00", "２０２６-01-01", "2026-1-1", True])
def test_a_number_a_moment_or_another_digit_is_no_day(said: object) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(said)


@pytest.mark.parametrize(
    "said", [0, "0.5", "1767225600", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00Z", True]
)
def test_a_number_a_day_or_a_time_without_its_zone_is_no_moment(said: object) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(said)


def test_what_phones_and_offices_write_is_taken() -> None:
    assert str(DAY.validate_python("2026-01-01")) == "2026-01-01"
    for said in ("2026-01-01T08:00:00+08:00", "2026-01-01T00:00:00.000Z", "2026-01-01T00:00Z"):
        assert str(MOMENT.validate_python(said)).startswith("2026-01-01")


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("2026-01-01T00:00:00+15:59", "2026-01-01 00:00:00+15:59"),
        ("2026-01-01T00:00:00+16:00", "2025-12-31 08:00:00+00:00"),
        ("2026-01-01T00:00:00-23:59", "2026-01-01 23:59:00+00:00"),
    ],
)
def test_a_zone_that_the_database_cannot_read_is_told_in_utc(said: str, stored: str) -> None:
    assert str(MOMENT.validate_python(said)) == stored


@pytest.mark.parametrize("said", ["0001-01-01T00:00:00+19:06", "9999-12-31T23:59:59-23:59"])
def test_a_moment_beyond_all_years_is_none(said: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(said)
