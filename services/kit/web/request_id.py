"""By what one request is known in every log and every service it reaches: `X-Request-ID`, and W3C `traceparent`."""

import re
import secrets
from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

from services.kit.web.redaction import redact

# A UUID, or something in which no number stands that could be somebody's: it is written to logs and to the audit.
WELL_FORMED = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?![0-9.]+$)(?!.*(?<![0-9A-Za-z])[0-9]{11})[A-Za-z0-9_.-]{8,64}"
)
TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

request_id: ContextVar[str] = ContextVar("request_id", default="")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")  # the part of it that log lines bear
event_id: ContextVar[str] = ContextVar("event_id", default="")  # of a batch all of them, parted by spaces
EVENTS = "shouwang.events"  # in the scope of a request


def begin(sent_id: str, sent_trace: str) -> str:
    """Takes over what the caller named well, makes what is missing. Each service is a span of its own in the trace."""
    request_id.set(sent_id if WELL_FORMED.fullmatch(sent_id) and redact(sent_id) == sent_id else str(uuid4()))
    known = TRACEPARENT.fullmatch(sent_trace)
    trace, flags = (known[1], known[2]) if known else (secrets.token_hex(16), "00")
    trace_id.set(trace)
    event_id.set("")
    traceparent.set(f"00-{trace}-{secrets.token_hex(8)}-{flags}")
    return request_id.get()


def speaks_of(scope: MutableMapping[str, Any], events: Iterable[UUID]) -> None:
    """The request brought these. Kept with it too: what an endpoint's thread sets is not seen by those around it."""
    scope[EVENTS] = " ".join(map(str, events))
    event_id.set(scope[EVENTS])


def passed_on() -> dict[str, str]:
    """Headers for a call to another service; none outside a request."""
    told = {"x-request-id": request_id.get(), "traceparent": traceparent.get()}
    return {name: value for name, value in told.items() if value}
