"""From one write to the last system that hears of it, step by step, with a fault at one point of the way."""

import os
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import httpx
from sqlalchemy import Engine, text

from services.kit.post.fan_out import fan_out
from services.kit.post.outgoing import Lane
from services.kit.post.receivers import Allowed
from services.kit.post.relay import STOCK, Courier
from services.kit.store.db import open_session
from tests.attendance.test_check_ins import body
from tests.callers import HERE
from tests.faults.one_county import CLERK, Shared, serve
from tests.faults.points import Points, Struck, place
from tests.households.conftest import statement

ROUNDS = 12  # of all workers; a minute passes between two
TRIES = 12  # of a client
IDS = UUID(int=4)
POOR = 100_000  # fen a year


@dataclass(frozen=True)
class Case:
    """`subject` is the family or the team, `sender` the account that writes."""

    path: str
    subject: UUID
    sender: str = CLERK

    @property
    def id(self) -> str:
        """Of the write: the same whenever it is repeated."""
        return str(uuid5(IDS, str(self.subject)))


def request_of(shared: Shared, case: Case) -> dict[str, Any]:
    if case.path == "check-in":
        url = f"http://127.0.0.1:{shared.ports['attendance']}/v1/check-ins"
        return {"url": url, "json": body(id=case.id), "headers": shared.sign(case.sender, "cadre")}
    url = f"http://127.0.0.1:{shared.ports['households']}/v1/households/{case.subject}/statements"
    said = statement(id=case.id, lines=[{"kind": "wage", "amount": POOR}])
    return {"url": url, "json": said, "headers": shared.sign(CLERK, "township")}


def walk(shared: Shared, case: Case, points: Points) -> None:
    """All of the county in this process: the write, repeated until it is acknowledged, and all that follows."""
    place(points)
    owner = "attendance" if case.path == "check-in" else "households"
    for name in (owner, "alerts"):
        serve(shared.apps[name], shared.ports[name])
    asked = request_of(shared, case)
    points.counting = True
    with httpx.Client(transport=Struck(points), timeout=30) as client:
        tries = [acknowledged(client, asked)]
        while not tries[-1] and len(tries) < TRIES:
            tries.append(acknowledged(client, asked))
    assert tries[-1], "never acknowledged"
    follow(shared, owner)
    points.counting = False


def acknowledged(client: httpx.Client, asked: Mapping[str, Any]) -> bool:
    try:
        answer = client.post(**asked)
    except httpx.HTTPError:
        return False
    assert answer.status_code in (201, 503), f"{answer.status_code} {answer.text}"
    return answer.status_code == 201


def follow(shared: Shared, owner: str) -> None:
    """What the workers' loops do, in turn, until nothing is owed. A step that fails is tried in the next round."""
    couriers = {
        (name, own): Courier(shared.workers[name], lane_of(shared, name), shared.seal, name, own=own)
        for name in (owner, "alerts")
        for own in (True, False)
    }
    for number in range(ROUNDS):
        now = HERE + timedelta(minutes=number)
        for (name, _), courier in couriers.items():
            attempt(partial(fan_out, shared.workers[name], now))
            attempt(partial(courier.take_up, now))
            note_all(courier, now)
        if number and not any(owed(shared.owners[name]) for name in (owner, "alerts")):
            return


def note_all(courier: Courier, now: datetime) -> None:
    """The whole of what was taken up: the next post of a stock is sent when the one before it is noted."""
    for _ in range(STOCK):
        if not courier.under_way:
            return
        wait([stock.answer for stock in courier.under_way.values()], 15)
        attempt(partial(courier.note, now))


def lane_of(shared: Shared, name: str) -> Lane:
    return Lane(Allowed.read(shared.settings[name]))


def attempt(step: Callable[[], object]) -> None:
    """As a worker's loop bears it."""
    try:
        step()
    except Exception:
        return


def owed(engine: Engine) -> int:
    """Looked at as nobody's process: it is no part of the path."""
    query = (
        "SELECT (SELECT count(*) FROM event WHERE NOT fanned_out)"
        " + (SELECT count(*) FROM delivery WHERE done_at IS NULL AND dead_at IS NULL)"
    )
    return look(engine, query)


def look(engine: Engine, query: str, **told: object) -> int:
    raw = engine.raw_connection()
    try:
        return int(raw.cursor().execute(query, told or None).fetchone()[0])
    finally:
        raw.rollback()
        raw.close()


def forked(shared: Shared, act: Callable[[], None]) -> int:
    """The exit code of a child of ours that did it: 0, CRASHED, or 1 with its error told."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        shared.let_go()
        act()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def state_of(shared: Shared, case: Case) -> dict[str, Any]:
    """All that came of the write, without ids and moments of its own."""
    owner = "attendance" if case.path == "check-in" else "households"
    with open_session(shared.owners["alerts"]) as session:
        subject = {"subject": case.subject}
        found = session.execute(
            text("SELECT id, rule_key, closed_at FROM alert WHERE subject = :subject"), subject
        ).all()
        table = "team_facts" if case.path == "check-in" else "household_facts"
        facts = session.execute(text(f"SELECT version FROM {table} WHERE subject = :subject"), subject).all()  # noqa: S608
    told = [str(case.subject), case.id]
    return {
        "alerts": sorted((rule, closed is None) for _, rule, closed in found),
        "facts": [version for (version,) in facts],
        "written": written(shared.owners[owner], case),
        "events": sorted(events(shared.owners[owner], told)),
        "alert events": sorted(events(shared.owners["alerts"], [str(key) for key, *_ in found])),
        "heard": sorted(len(shared.receiver.heard.get(key, ())) for key in [case.id, *(str(key) for key, *_ in found)]),
    }


WRITTEN = {
    "check-in": (
        "SELECT count(*) FROM check_in WHERE id = :id",
        "SELECT coalesce(sum(cardinality(evidence)), 0) FROM day_status WHERE :id = ANY (evidence)",
    ),
    "income": (
        "SELECT count(*) FROM statement WHERE id = :id",
        "SELECT count(*) FROM statement_line WHERE statement_id = :id",
    ),
}


def written(engine: Engine, case: Case) -> list[int]:
    with open_session(engine) as session:
        return [int(session.execute(text(query), {"id": UUID(case.id)}).scalar_one()) for query in WRITTEN[case.path]]


def events(engine: Engine, subjects: list[str]) -> list[tuple[Any, ...]]:
    """By type: how many, all fanned out, deliveries that are done, and others."""
    query = text(
        "SELECT type, count(DISTINCT event.id), bool_and(fanned_out), count(*) FILTER (WHERE done_at IS NOT NULL),"
        " count(*) FILTER (WHERE delivery.id IS NOT NULL AND done_at IS NULL)"
        " FROM event LEFT JOIN delivery ON delivery.event_id = event.id WHERE subject = ANY (:subjects) GROUP BY type"
    )
    with open_session(engine) as session:
        return [tuple(row) for row in session.execute(query, {"subjects": subjects})]
