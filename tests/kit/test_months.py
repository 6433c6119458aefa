"""What everybody has heard goes with its month; what is owed to somebody stays, and nothing is handled twice."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import ProgrammingError

from services.kit.post.events import CloudEvent, emit
from services.kit.post.fan_out import fan_out
from services.kit.post.inbox import note_receipts
from services.kit.post.outgoing import Lane
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.months import forget_events, made_at, make_months
from tests.callers import grant
from tests.kit.house import House
from tests.kit.receiving import Receiver

MARCH = datetime(2021, 3, 10, 8, tzinfo=UTC)
DAYS_30, DAYS_183 = timedelta(days=30), timedelta(days=183)
APRIL_30, MAY_1 = date(2021, 4, 30), date(2021, 5, 1)  # the last of March is 30 days old on the second


@pytest.fixture
def house(engines: dict[str, Engine], clean: None, seal: Seal) -> House:
    made = House(engines["households"], seal)
    grant(made.engine, "test", "client", "520621", valid=Range(MARCH.date(), None))
    return made


@pytest.fixture
def march(house: House) -> Iterator[House]:
    make_months(house.engine, MARCH.date())
    yield house
    forget_events(house.engine, date(2023, 1, 1), DAYS_30, DAYS_30)


def rows(engine: Engine, query: str, **told: object) -> list[object]:
    with engine.connect() as connection:
        return list(connection.execute(text(query), told).scalars())


def where(house: House, table: str = "event") -> list[object]:
    return rows(house.engine, f"SELECT tableoid::regclass::text FROM {table}")  # noqa: S608  # our own words


def test_an_event_and_what_is_owed_of_it_lie_in_the_month_its_id_tells(march: House) -> None:
    march.subscribe("http://127.0.0.1:9/")
    march.emits(2, now=MARCH)
    fan_out(march.engine, MARCH)
    assert where(march) == ["event_2021_03"] * 2
    assert where(march, "delivery") == ["delivery_2021_03"] * 2


def test_an_id_made_in_sql_tells_the_same_moment_as_one_made_here(house: House) -> None:
    here = made_at(MARCH)
    (there,) = rows(house.engine, "SELECT uuid_at(:at)", at=MARCH)
    assert isinstance(there, UUID)
    assert here.int >> 80 == there.int >> 80 == int(MARCH.timestamp() * 1000)
    assert (here.version, there.version, here.variant) == (7, 7, there.variant)
    assert here != made_at(MARCH)


def test_a_month_goes_when_all_of_it_is_older_than_what_is_kept(
    march: House, lanes: Callable[..., Lane], receiver: Receiver
) -> None:
    march.subscribe(receiver.url())
    march.emits(3, now=MARCH)
    march.delivers(lanes(receiver.place), MARCH)
    forget_events(march.engine, APRIL_30 - timedelta(days=1), DAYS_30, DAYS_183)
    assert len(where(march)) == len(march.deliveries) == 3
    forget_events(march.engine, MAY_1, DAYS_30, DAYS_183)
    assert where(march) == march.deliveries == []
    assert rows(march.engine, "SELECT to_regclass('event_2021_03')::text") == [None]


def test_what_is_owed_stays_when_its_month_goes_and_is_still_delivered(
    march: House, lanes: Callable[..., Lane], receiver: Receiver
) -> None:
    march.subscribe(receiver.url())
    march.emits(2, now=MARCH)
    fan_out(march.engine, MARCH)
    march.emits(1, now=MARCH)  # nobody has been told of this one
    with march.engine.begin() as connection:
        connection.execute(
            text("UPDATE delivery SET done_at = :at WHERE seq = (SELECT min(seq) FROM delivery)"), {"at": MARCH}
        )
    forget_events(march.engine, MAY_1, DAYS_30, DAYS_183)
    assert where(march) == ["event_default"] * 2
    assert march.delivers(lanes(receiver.place), MARCH + DAYS_183) == 2
    assert forget_events(march.engine, date(2022, 1, 1), DAYS_30, DAYS_30) == 4
    assert where(march) == march.deliveries == []


def test_a_dead_letter_is_kept_longer_than_what_arrived(march: House) -> None:
    march.subscribe("http://127.0.0.1:9/")
    march.emits(1, now=MARCH)
    fan_out(march.engine, MARCH)
    with march.engine.begin() as connection:
        connection.execute(text("UPDATE delivery SET dead_at = :at"), {"at": MARCH + timedelta(days=5)})
    forget_events(march.engine, MAY_1, DAYS_30, DAYS_183)
    assert len(where(march)) == len(march.deliveries) == 1
    forget_events(march.engine, MARCH.date() + timedelta(days=190), DAYS_30, DAYS_183)
    assert where(march) == march.deliveries == []


def test_what_came_before_its_month_was_made_moves_into_it(house: House) -> None:
    house.subscribe("http://127.0.0.1:9/")
    house.emits(1, now=MARCH)
    fan_out(house.engine, MARCH)
    before = [(d.id, d.seq) for d in house.deliveries]
    assert where(house) == ["event_default"]
    make_months(house.engine, MARCH.date())
    assert (where(house), where(house, "delivery")) == (["event_2021_03"], ["delivery_2021_03"])
    assert [(d.id, d.seq) for d in house.deliveries] == before
    forget_events(house.engine, date(2023, 1, 1), DAYS_30, DAYS_30)


def test_a_receipt_outlives_every_time_its_event_may_be_told(march: House) -> None:
    event = CloudEvent(id=made_at(MARCH), source="/v1/services/county", type="x", subject="x", time=MARCH)
    for day, fresh in ((MARCH.date(), True), (date(2021, 10, 31), False), (date(2021, 11, 2), True)):
        forget_events(march.engine, day, DAYS_30, DAYS_183)
        with open_session(march.engine) as session, session.begin():
            assert (note_receipts(session, "county", [event], MARCH) == {event.id}) is fresh


def test_an_event_without_a_month_is_forgotten_too(house: House) -> None:
    with open_session(house.engine) as session, session.begin():
        emit(session, "thing.done", "x", MARCH)
        session.flush()
        session.execute(text("UPDATE event SET id = :id, fanned_out = true"), {"id": uuid4()})
    assert forget_events(house.engine, MARCH.date() + DAYS_30, DAYS_30, DAYS_30) == 0
    assert forget_events(house.engine, MARCH.date() + timedelta(days=31), DAYS_30, DAYS_30) == 1


def test_an_api_can_neither_make_nor_drop_a_month(api_engines: dict[str, Engine]) -> None:
    engine = api_engines["households"]
    with pytest.raises(ProgrammingError, match="permission denied"):
        make_months(engine, MAY_1)
    with pytest.raises(ProgrammingError, match="permission denied"):
        forget_events(engine, MAY_1, DAYS_30, DAYS_30)
