"""Group commit: who shares a transaction, what one that fails does to the others, and how long anybody waits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import URL, Engine, text

from services.kit.store import lanes as of_lanes
from services.kit.store.lanes import Ask, Crowded, Lanes, Work, append
from services.kit.web.errors import DatabaseAway

INSERT = """
    INSERT INTO event (id, type, subject, division, occurred_at, data)
    SELECT gen_random_uuid(), 'thing.done', one, '', now(), jsonb_build_object('size', 1 / (one <> 'poison')::int)
    FROM unnest(%(sent)s::text[]) AS one RETURNING subject
"""


class Notes:
    """What is written down is one event each; `groups` says what went together."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []

    def work(self, sent: Sequence[str], slot: str) -> Work[str]:
        yield [Ask("SELECT 1", {})]
        (rows, _) = yield [Ask(INSERT, {"sent": list(sent)}), append(slot, [])]
        self.groups.append([row["subject"] for row in rows])
        return [f"done {one}" for one in sent]


@pytest.fixture
def url(engines: dict[str, Engine], clean: None) -> URL:
    return engines["attendance"].url


def run(url: URL, notes: Notes, act: Callable[[Lanes[str, str]], Awaitable[Any]]) -> Any:
    async def within() -> Any:
        lanes: Lanes[str, str] = Lanes(url, "bench", notes.work)
        async with lanes.open():
            return await act(lanes)

    return asyncio.run(within())


def stored(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return sorted(connection.scalars(text("SELECT subject FROM event")))


def test_what_arrives_while_a_group_is_under_way_goes_together(url: URL, engines: dict[str, Engine]) -> None:
    notes = Notes()
    many = [str(n) for n in range(1200)]
    told = run(url, notes, lambda lanes: asyncio.gather(*(lanes.carried(one) for one in many)))
    assert told == [f"done {one}" for one in many]
    assert stored(engines["attendance"]) == sorted(many)
    assert len(notes.groups) <= 6
    assert max(map(len, notes.groups)) == of_lanes.MOST


def test_one_that_fails_is_told_so_and_its_neighbours_are_not(url: URL, engines: dict[str, Engine]) -> None:
    many = [str(n) for n in range(100)]
    sent = [*many[:37], "poison", *many[37:]]
    told = run(
        url, Notes(), lambda lanes: asyncio.gather(*(lanes.carried(one) for one in sent), return_exceptions=True)
    )
    assert isinstance(told.pop(37), psycopg.errors.DivisionByZero)
    assert told == [f"done {one}" for one in many]
    assert stored(engines["attendance"]) == sorted(many)


def test_a_connection_that_was_ended_refuses_nobody(url: URL, engines: dict[str, Engine]) -> None:
    async def act(lanes: Lanes[str, str]) -> list[str]:
        first = await lanes.carried("before")
        with engines["attendance"].connect() as connection:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(text(f"{ended} AND datname = current_database() AND query LIKE '%audit_append%'"))
        return [first, *await asyncio.gather(*(lanes.carried(f"after {n}") for n in range(20)))]

    assert len(run(url, Notes(), act)) == 21
    assert len(stored(engines["attendance"])) == 21


def test_a_database_that_is_away_is_said_to_be(url: URL) -> None:
    nowhere = url.set(port=1)
    told = run(
        nowhere, Notes(), lambda lanes: asyncio.gather(*map(lanes.carried, map(str, range(50))), return_exceptions=True)
    )
    assert {type(one) for one in told} == {DatabaseAway}


def test_more_than_can_wait_are_asked_to_come_again(url: URL) -> None:
    many = [str(uuid4()) for _ in range(of_lanes.LONGEST + 100)]
    told = run(
        url, Notes(), lambda lanes: asyncio.gather(*(lanes.carried(one) for one in many), return_exceptions=True)
    )
    crowded = [one for one in told if isinstance(one, Crowded)]
    assert len(crowded) == 100
    assert Crowded.status == 503


def test_one_that_waits_for_a_row_keeps_nobody_else(url: URL, engines: dict[str, Engine]) -> None:
    """It is put back by itself, and done once the row is free."""

    def work(sent: Sequence[str], slot: str) -> Work[str]:
        held = "SELECT FROM reference_version WHERE kind = ANY (%(sent)s) FOR UPDATE"
        yield [Ask(held, {"sent": list(sent)})]
        yield [append(slot, [])]
        return [f"done {one}" for one in sent]

    async def act(lanes: Lanes[str, str]) -> list[str]:
        waiting = asyncio.create_task(lanes.carried("held"))
        others = [asyncio.create_task(lanes.carried(str(n))) for n in range(50)]
        await asyncio.wait_for(asyncio.gather(*others), 8)
        assert not waiting.done()
        holder.rollback()
        return [await waiting]

    with engines["attendance"].connect() as connection:
        connection.execute(text("INSERT INTO reference_version (kind, version) VALUES ('held', 1)"))
        connection.commit()
        holder = connection
        connection.execute(text("SELECT FROM reference_version WHERE kind = 'held' FOR UPDATE"))
        notes = Notes()
        notes.work = work  # type: ignore[method-assign]
        assert run(url, notes, act) == ["done held"]
