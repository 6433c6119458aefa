"""One JSON line for each thing worth knowing, whatever it says; what names a person or opens a door is struck out."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from services.kit.web.errors import without_values
from services.kit.web.redaction import redact
from services.kit.web.request_id import event_id, request_id, trace_id

LONGEST = 8_000  # characters of a message; the launcher's pipe takes 64 KiB as one line
# What json leaves as it is and a terminal or a viewer would act upon: C1 controls, line and direction marks, halves.
ACTED_UPON = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
FIELDS = ("method", "route", "status", "ms")  # of an access line; no other extra is written


class JsonLine(logging.Formatter):
    """`service` is its name, `process` api, worker or scheduler."""

    def __init__(self, service: str, process: str) -> None:
        super().__init__()
        self._who = {"service": service, "process": process}

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "at": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": said(record),
            **self._who,
        }
        ids = {"request_id": request_id.get(), "event_id": event_id.get(), "trace_id": trace_id.get()}
        line |= {name: redact(value[:LONGEST]) for name, value in ids.items() if value}
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        return ACTED_UPON.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(line, ensure_ascii=False))


def said(record: logging.LogRecord) -> str:
    """Also for what libraries log: an error is told without its values. The end of a long text is kept, for there an
    error says what it was."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[1]:
        text += "\n" + without_values(record.exc_info[1])
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2]}\n… {len(text) - LONGEST} …\n{text[-LONGEST // 2 :]}"
    return redact(text)


def log_lines(service: str, process: str) -> None:
    """To standard error. The process that started us, or the journal, puts it away."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLine(service, process))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for chatty in ("httpx", "apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
