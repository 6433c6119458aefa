"""Which request, event and trace is being worked on: known to every log line without being passed along."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")
event_id: ContextVar[str] = ContextVar("event_id", default="")
