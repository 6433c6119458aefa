"""Nothing of a hundred canary people is found where it must not be; and the look finds what is put there."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import psycopg
import pytest

from services.cli.audit import dsn_of
from services.cli.demo import COUNTY
from tests.outside.breaking import break_constraints, tell_while_it_breaks
from tests.outside.canaries import NEVER_SENT, PEOPLE, STEMS, forms_of, told_in
from tests.outside.careless import tell_in_addresses, tell_in_bodies, tell_in_refused_rows
from tests.outside.sinks import Answers, Sinks, data_of, search, sinks_of
from tests.outside.telling import Teller, change_and_look, spaced, tell_as_meant
from tests.outside.watched_county import WatchedCounty, wait_for


@pytest.mark.parametrize("kind", STEMS)
@pytest.mark.parametrize("before", ["", "a", "ab", "好"])
def test_no_way_of_writing_a_value_is_overlooked(kind: str, before: str) -> None:
    values = dict(zip(STEMS, (NEVER_SENT.id_number, NEVER_SENT.name, NEVER_SENT.phone, NEVER_SENT.card,
                              NEVER_SENT.illness), strict=True))  # fmt: skip
    for form in forms_of(values[kind]):
        assert kind in told_in(f"{before} ".encode() + form + b" and on"), form
    assert told_in(b"nothing of anybody") == {}


def test_an_id_number_is_found_apart_small_cut_short_and_hashed() -> None:
    number = NEVER_SENT.id_number
    assert number.endswith("X")
    for said in (number.lower(), spaced(number), spaced(number).replace(" ", "%20"), spaced(number).replace(" ", "-"),
                 f"…{number[-6:].lower()}"[1:], number[-8:], hashlib.sha256(number.encode()).hexdigest()):  # fmt: skip
        assert told_in(f"({said})".encode()), said
    assert told_in(f"2026-11-22T00:00:00.{PEOPLE[0].id_number[-6:]}Z".encode()) == {}


def test_nothing_of_a_hundred_people_stands_where_it_must_not(county: WatchedCounty) -> None:
    begun = time.monotonic()
    answers = Answers()
    with closing(Teller(county, answers)) as teller:
        families = tell_as_meant(teller)
        change_and_look(teller, families)
        tell_in_refused_rows(teller)
        tell_in_addresses(teller, families[0]["id"])
        tell_in_bodies(teller, families[0]["id"])
        break_constraints(teller)
        assert tell_while_it_breaks(teller, families) > 0
        wait_for(lambda: heard_of_all(county, [family["id"] for family in families]), 30)
    found, looked = search(sinks_of(county, answers))
    told = time.monotonic() - begun
    print(f"{len(answers.refused)} refusals, {len(answers.given)} answers, {told:.1f} s, bytes: {looked}")  # noqa: T201
    assert not found, "\n".join(map(str, found))
    assert all(looked[name] for name in sinks_of(county, answers) if name != "temporary files"), looked
    assert len(answers.refused) > 500


def heard_of_all(county: WatchedCounty, families: list[str]) -> bool:
    """An alert about each of them was opened, and its webhook received."""
    office = county.office("county")
    opened = office.get("alerts", "/v1/alerts", division=COUNTY, rule="income-below-line", limit=200)["rows"]
    of_ours = {alert["id"] for alert in opened if alert["subject"] in families}
    return len(of_ours) == len(families) and of_ours <= {event["subject"] for event in county.heard()}


FOLDERS = {"logs": "logs", "state folder": "", "webhooks": "receiver"}
TOLD = f"{NEVER_SENT.id_number} {NEVER_SENT.name} {NEVER_SENT.phone} {NEVER_SENT.card} {NEVER_SENT.illness}"


@pytest.fixture
def planted(county: WatchedCounty) -> Iterator[tuple[Sinks, WatchedCounty]]:
    """One more person, put by hand into every sink as far as a hand reaches."""
    answers = Answers()
    told = httpx.Response(422, content=TOLD.encode(), request=httpx.Request("GET", "http://here"))
    answers.note("planted", told)
    answers.note("planted", httpx.Response(200, content=TOLD.encode(), request=told.request))
    files = [county.state / folder / "planted" for folder in FOLDERS.values()]
    files += [county.temporary / "planted", data_of(county.state) / "planted"]
    for file in files:
        file.write_text(TOLD)
    county.said.append(TOLD.encode())
    with psycopg.connect(dsn_of(county.state, "county").replace("+psycopg", ""), autocommit=True) as database:
        row = "INSERT INTO event (id, type, subject, division, occurred_at, data, fanned_out) VALUES"
        database.execute(
            row
            + " ('00000000-0000-4000-8000-00000000cafe', 'x', 'x', '', now(), jsonb_build_object('a', %s::text), true)",
            [TOLD],
        )
        database.execute(f"SELECT '{TOLD}'")
        yield sinks_of(county, answers), county
        database.execute("DELETE FROM event WHERE type = 'x'")
    county.said.pop()
    for file in files:
        file.unlink()


def test_the_look_finds_a_person_put_into_each_sink(planted: tuple[Sinks, WatchedCounty]) -> None:
    sinks, _ = planted
    found, _ = search(sinks)
    red = {one.sink for one in found}
    assert red == sinks.keys() - {"metrics", "audit exports"}
    assert {one.kind for one in found if one.sink == "databases"} == STEMS.keys()
    assert {one.place for one in found if one.sink == "databases"} == {"county.event.data"}
    for name in ("metrics", "audit exports"):  # read-only: what is read gets a line more
        place, content = next(sinks[name]())
        assert told_in(content + TOLD.encode()).keys() == STEMS.keys(), place
