"""An operation on its way out says so on every answer (RFC 9745, RFC 8594) and in OpenAPI, and what to use instead."""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any

from fastapi import Request

ON, ENDS, INSTEAD = "x-deprecated-on", "x-sunset", "x-instead"


def deprecated(*, on: date, ends: date, instead: str) -> dict[str, Any]:
    """For `openapi_extra`. `ends` is the first day it may be gone; `instead` the path to use."""
    return {"deprecated": True, ON: on.isoformat(), ENDS: ends.isoformat(), INSTEAD: instead}


def announce_end(request: Request) -> None:
    extra = request.scope["route"].openapi_extra or {}
    if ENDS in extra:
        since, ends = (datetime.combine(date.fromisoformat(extra[day]), time(), UTC) for day in (ON, ENDS))
        request.scope["said"] |= {
            "Deprecation": f"@{int(since.timestamp())}",
            "Sunset": format_datetime(ends, usegmt=True),
            "Link": f'<{extra[INSTEAD]}>; rel="successor-version"',
        }
