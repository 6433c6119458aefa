"""A log line is one JSON line whatever it is told, and names nobody."""

import json
import logging
import sys
from pathlib import Path

import pytest

from services.cli.logs import Log
from services.cli.logs_as_read import as_read
from services.kit.web.logs import JsonLine, log_lines
from services.kit.web.redaction import STRUCK, redact
from services.kit.web.request_id import event_id, request_id, trace_id

NASTY = {
    "line break": "a\r\nERROR forged",
    "line separator": "a\u2028forged",
    "terminal": "a\x1b[2Jb",
    "C1 control": "a\x9b31mb",
    "direction": "a\u202eb\u2066",
    "half a character": "a\ud800b",
    "NUL": "a\x00b",
    "a megabyte": "x" * 1_000_000,
    "a megabyte of controls": "\x9b" * 1_000_000,
}


def line_of(message: str, **extra: object) -> str:
    record = logging.LogRecord("a.logger", logging.WARNING, "", 1, "%s", (message,), None)
    record.__dict__.update(extra)
    return JsonLine("county", "api").format(record)


@pytest.mark.parametrize("message", NASTY.values(), ids=NASTY)
def test_whatever_is_logged_stays_one_line_that_any_viewer_shows_as_text(message: str) -> None:
    line = line_of(message)
    assert line.isprintable()
    assert len(line.encode()) < 60_000
    assert json.loads(line)["message"].startswith(message[:1])


def test_chinese_stays_readable_and_the_ids_of_the_moment_are_in_the_line() -> None:
    set_before = [(variable, variable.set(variable.name)) for variable in (request_id, event_id, trace_id)]
    line = line_of("登记完成", route="/v1/{id}", status=200, ms=1.5, body="not a field of ours")
    for variable, token in set_before:
        variable.reset(token)
    assert "登记完成" in line
    told = json.loads(line)
    assert (told["request_id"], told["event_id"], told["trace_id"]) == ("request_id", "event_id", "trace_id")
    assert (told["level"], told["service"], told["process"], told["route"]) == ("warning", "county", "api", "/v1/{id}")
    assert "body" not in told


@pytest.mark.parametrize(
    "personal",
    [
        "990101199001011234",
        "99010119900101123X",
        "９９０１０１１９９００１０１１２３Ｘ",
        "990101900101123",
        "990101 19900101 1234",
        "990101-19900101-123X",
        "13812345678",
        "+86 138 1234 5678",
        "8613812345678",
        "138-1234-5678",
        "6222021234567890123",
        "6222 0212 3456 7890",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Bearer abcDEF123456.~+/=",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "postgresql://county:a-password@localhost/county",
    ],
)
def test_what_names_a_person_or_opens_a_door_is_struck_out(personal: str) -> None:
    struck = redact(f"值={personal}，end")
    assert STRUCK in struck
    assert not any(part in struck for part in (personal, "19900101", "12345678", "a-password", "abcDEF"))
    assert struck.startswith("值=")
    assert struck.endswith("，end")


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-22 01:49:10.123",
        "2026-11-22T01:49:10Z",
        "00000000-0000-4000-8000-000000000000",
        "4a0e1234-5678-4123-8123-1234567890ab",
        "520621001005",
        "status 503 after 12345678 ms",
        "127.0.0.1:8101",
    ],
)
def test_what_names_nobody_stays(harmless: str) -> None:
    assert redact(harmless) == harmless


def test_what_a_library_logs_passes_the_same_barrier(capsys: pytest.CaptureFixture[str]) -> None:
    root, before, level = logging.getLogger(), logging.getLogger().handlers[:], logging.getLogger().level
    try:
        log_lines("county", "worker")
        logging.getLogger("some.library").error("no such person: %s", "990101199001011234")
        root.handlers[0].flush()
    finally:
        root.handlers[:], root.level = before, level
        logging.captureWarnings(False)
    told = json.loads(capsys.readouterr().err)
    assert (told["message"], told["process"]) == (f"no such person: {STRUCK}", "worker")


def test_the_launcher_shows_a_line_to_a_person_as_text(tmp_path: Path) -> None:
    log = Log(tmp_path, "county")
    log.write(line_of("request", method="GET", route="/v1/days", status=200, ms=1.5).encode() + b"\n")
    log.write(line_of("first\nsecond \x1b[2J").encode() + b"\n")
    log.write(b"not a line of ours\n")
    log.close()
    said = (tmp_path / "county.log").read_text()
    assert "county | WARNING a.logger request  method=GET route=/v1/days status=200 ms=1.5\n" in said
    assert "first\n    second \\x1b[2J" in said
    assert said.endswith("county | not a line of ours\n")


@pytest.mark.parametrize("line", ["", "{", '{"at": ', '{"at": 1}', '{"at"', "Traceback (most recent call last):"])
def test_a_line_of_somebody_else_is_shown_as_it_is(line: str) -> None:
    assert as_read(line) == line


def test_an_error_is_told_with_its_place() -> None:
    try:
        raise LookupError("990101199001011234")
    except LookupError:
        record = logging.LogRecord("a", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    message = json.loads(JsonLine("county", "api").format(record))["message"]
    assert "test_an_error_is_told_with_its_place" in message
    assert message.endswith(f"LookupError: {STRUCK}")
