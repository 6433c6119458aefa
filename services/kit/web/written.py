"""Numbers as JSON writes them, days and moments as RFC 3339 does: Pydantic would take one for another."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(DAY.pattern + r"[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})")


def written_day(value: Any) -> Any:
    if isinstance(value, date) or (isinstance(value, str) and DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_parsing", "not a date")


def written_moment(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and MOMENT.fullmatch(value)):
        return value
    raise PydanticCustomError("datetime_parsing", "not a moment")


def storable(moment: datetime) -> datetime:
    """PostgreSQL reads no zone of sixteen hours or more, and no place on earth has one."""
    try:
        return moment if abs(moment.utcoffset() or timedelta()) < timedelta(hours=16) else moment.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("datetime_parsing", "not a moment") from error


def written_number(value: Any) -> Any:
    """JSON's 5.0 is a whole number, and neither "5" nor true is one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("int_parsing", "not a number")


WRITTEN_NUMBER = BeforeValidator(written_number)  # after the bounds, which would not be told else
WrittenDay = Annotated[date, BeforeValidator(written_day)]
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"  # in paths and queries; kept as its first day, and told as it is asked for
ToldMonth = Annotated[date, PlainSerializer("{:%Y-%m}".format, Annotated[str, Field(pattern=MONTH)], "json")]
WrittenMoment = Annotated[AwareDatetime, BeforeValidator(written_moment), AfterValidator(storable)]
