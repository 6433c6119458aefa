"""What a log line says of the events it is about: at the inbox that takes them in, and at the relay that posts them."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import Future
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from services.kit.post.events import emit
from services.kit.post.outgoing import Answer
from services.kit.post.posts import Group
from services.kit.post.relay import Courier, Stock
from services.kit.store.tables import Event, Subscription
from services.kit.web.logs import JsonLine
from services.kit.web.request_id import begin, event_id, request_id, speaks_of, trace_id, traceparent
from tests.conftest import NOW

MANY = [uuid5(NAMESPACE_URL, str(number)) for number in range(200)]  # none looks like a telephone number


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a test sets here would be in the lines of the tests after it."""
    before = [(one, one.get()) for one in (request_id, event_id, trace_id, traceparent)]
    yield
    for one, value in before:
        one.set(value)


class Heard(logging.Handler):
    """Formats at once, as the real handler does: the ids are those of the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, str]] = []
        self.setFormatter(JsonLine("county", "worker"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.mark.parametrize("events", [MANY[:1], MANY], ids=["one", "a whole batch"])
def test_a_line_names_every_event_of_its_request_and_the_next_request_none(events: list[UUID]) -> None:
    scope: dict[str, object] = {}
    begin("", "")
    speaks_of(scope, events)
    record = logging.LogRecord("a", logging.INFO, "", 1, "request", (), None)
    assert json.loads(JsonLine("county", "api").format(record))["event_id"].split() == [str(one) for one in events]
    begin("", "")
    assert "event_id" not in json.loads(JsonLine("county", "api").format(record))


def test_the_relay_says_of_each_post_what_it_told(engines: dict[str, Engine], county: Session) -> None:
    with county.begin():
        emit(county, "reference.changed", "days", NOW)
    event = county.scalars(select(Event)).one()
    answer: Future[Answer] = Future()
    answer.set_result(Answer(503))
    subscription = Subscription(id=uuid4(), subscriber="x", url="x", types=[], sealed_secret=b"", created_at=NOW)
    courier = Courier(engines["county"], None, None, "county", own=True)  # type: ignore[arg-type]
    courier.under_way[subscription.id] = Stock(Group(subscription, [], [event]), [], answer, NOW)
    heard, logger = Heard(), logging.getLogger("services.kit.post.relay")
    logger.addHandler(heard)
    logger.setLevel(logging.INFO)
    try:
        courier.note(NOW)
    finally:
        logger.removeHandler(heard)
        logger.setLevel(logging.NOTSET)
    assert [(line["event_id"], line["message"]) for line in heard.lines] == [
        (str(event.id), f"posted to {subscription.id}: 503")
    ]
    assert event_id.get() == ""


@pytest.mark.parametrize(
    "sent", ["id-990101199001011234", "req.10009777002", "990101199001011234", "a" * 65, "x y z a b"]
)
def test_a_request_id_that_could_be_a_number_is_replaced(sent: str) -> None:
    assert begin(sent, "") != sent
    assert request_id.get() != sent


@pytest.mark.parametrize(
    "sent", ["12345678-1234-4234-8234-123456789012", "upload-2026-11-22.01", "4a0e1234567890ab4a0e1234567890ab"]
)
def test_a_request_id_that_is_nobodys_number_is_taken_over(sent: str) -> None:
    assert begin(sent, "") == sent
