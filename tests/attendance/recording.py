"""Check-ins written down as the lanes do it, in the transaction of a test's own session."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.attendance.presence.check_ins import CheckInIn
from services.attendance.presence.entries import Outcome
from services.attendance.presence.recorders import Recorder
from services.attendance.presence.recording import Sending, record
from services.attendance.teams.postings import POSTINGS, Posted
from services.kit.store.grants import Grant
from services.kit.store.lanes import Ask, Row
from tests.attendance.conftest import ARRIVED, COUNTY
from tests.callers import HERE

AN_OFFICE = Recorder("an office", ("county",), for_others=True, now=HERE)


def recorded(session: Session, bodies: Sequence[CheckInIn], recorder: Recorder = AN_OFFICE) -> list[Outcome]:
    """As of one request. Nothing is committed."""
    session.flush()
    driver: Any = session.connection().connection.driver_connection
    work = record([Sending(recorder, [body.sighting() for body in bodies], lambda _: None)], "a test")
    asked = next(work)
    try:
        while True:
            asked = work.send([rows_of(driver, one) for one in asked])
    except StopIteration as end:
        session.expire_all()
        told: list[list[Outcome]] = end.value
    return told[0]


def rows_of(driver: Any, one: Ask) -> list[Row]:
    with driver.cursor(row_factory=dict_row) as cursor:
        rows: list[Row] = cursor.execute(one.query, one.told).fetchall()
    return rows


def grant_to_an_office(session: Session) -> None:
    """The whole county, to whom `AN_OFFICE` is."""
    held: dict[str, Any] = {"owner": "county", "source": "示例", "version": 1, "valid": Range(ARRIVED, None)}
    session.merge(Grant(id=UUID(int=1), holder=AN_OFFICE.who, role="county", place=COUNTY, kind="division", **held))
    session.flush()


def postings_of(session: Session, cadre: UUID) -> list[Posted]:
    query = text(f"SELECT ({POSTINGS}) FROM cadre c WHERE c.id = :cadre")  # noqa: S608  # our own words
    return [Posted.read(row) for row in session.execute(query, {"cadre": cadre}).scalar_one()]
