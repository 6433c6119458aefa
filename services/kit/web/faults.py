"""What is wrong with a request, fault by fault: where it stands and why, in both languages, and never what it says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIELD = re.compile(r"[a-z][a-z0-9_]{0,40}")  # a key that looks like a field's name; another may be somebody's number

# Pydantic's error types that people meet; any other is "not of the right form" and keeps its code.
TITLES: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少必填项。", "This is required."),
    "extra_forbidden": ("不认识的字段。", "There is no such field."),
    "uuid_parsing": ("不是有效的编号。", "This is not an id."),
    "date_from_datetime_parsing": ("不是有效的日期。", "This is not a date."),
    "date_parsing": ("不是有效的日期。", "This is not a date."),
    "int_parsing": ("不是整数。", "This is not a whole number."),
    "greater_than_equal": ("数值过小。", "The number is too small."),
    "less_than_equal": ("数值过大。", "The number is too large."),
    "string_too_long": ("文字过长。", "The text is too long."),
    "string_too_short": ("文字过短。", "The text is too short."),
    "enum": ("不在可选范围内。", "This is not one of the choices."),
    "literal_error": ("不在可选范围内。", "This is not one of the choices."),
    "json_invalid": ("不是有效的 JSON。", "This is not JSON."),
    "timezone_aware": ("时间必须带时区。", "A time must carry its zone."),
}
OTHER = ("格式不正确。", "This is not of the right form.")


@dataclass(frozen=True)
class Fault:
    """`place` is body, query, path or header; `pointer` a JSON pointer (RFC 6901) into it."""

    place: str
    pointer: str
    code: str
    title: str


def fault_of(error: Mapping[str, Any], language: str) -> Fault:
    place, *steps = (str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden" and not FIELD.fullmatch(steps[-1]):
        steps.pop()
    pointer = "".join(f"/{step}" for step in steps)
    chinese, english = TITLES.get(error["type"], OTHER)
    return Fault(place, pointer, error["type"].replace("_", "-"), english if language == "en" else chinese)
