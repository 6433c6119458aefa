"""What a posting left behind: no household has only somebody who is gone without the office being told of it."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.handovers.left import left_on
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Posting, Team
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.attendance.conftest import ARRIVED, VILLAGE, Stationed, cadre_in
from tests.callers import Headers, Office
from tests.conftest import TODAY

ELSEWHERE = "520621001006"
HOME = uuid4()
HORIZON = 12


def paired(session: Session, cadre: UUID, since: date = ARRIVED, until: date | None = None, home: UUID = HOME) -> UUID:
    row = Pairing(
        id=uuid4(), cadre_id=cadre, household_id=home, kind="assistant", village=VILLAGE, document_no="示例",
        valid=Range(since, until),
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row.id


def leaves(session: Session, cadre: UUID, day: date) -> None:
    posting = session.scalars(select(Posting).where(col(Posting.cadre_id) == cadre)).one()
    posting.valid = Range(ARRIVED, day)
    session.commit()


def goes_to(session: Session, cadre: UUID, village: str, day: date, until: date | None = None) -> None:
    team = Team(name=f"示例队{village}", village=village)
    session.add(team)
    session.flush()
    session.add(Posting(cadre_id=cadre, team_id=team.id, role="member", valid=Range(day, until)))
    session.commit()


def left(http: TestClient, caller: Headers, **said: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/left-pairings", params=said, headers=caller)
    assert answer.status_code == 200, answer.text
    told: list[dict[str, Any]] = answer.json()["rows"]
    return told


def test_who_leaves_is_told_with_each_household_still_theirs_from_the_day_on(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    county = office("a-county", "county")
    one = paired(attendance, village.first)
    assert left(http, county) == []
    leaves(attendance, village.first, TODAY)
    (row,) = left(http, county)
    assert (row["pairing"]["id"], row["team_id"]) == (str(one), str(village.team))
    assert row["posted_until"] == TODAY.isoformat()
    assert left(http, county, day=(TODAY - timedelta(days=1)).isoformat()) == []
    assert left(http, county, team_id=str(uuid4())) == left(http, county, cadre_id=str(village.second)) == []
    assert left(http, county, village_prefix=ELSEWHERE) == []


def test_a_household_somebody_else_answers_for_is_left_no_longer(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    paired(attendance, village.first, until=TODAY)
    paired(attendance, village.second, since=TODAY)
    leaves(attendance, village.first, TODAY)
    assert left(http, office("a-county", "county")) == []


def test_who_goes_to_another_village_leaves_the_households_of_the_first(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    paired(attendance, village.first)
    leaves(attendance, village.first, date(2026, 6, 1))
    goes_to(attendance, village.first, ELSEWHERE, date(2026, 6, 1))
    assert len(left(http, office("a-county", "county"))) == 1


def test_who_has_gone_on_twice_left_the_household_with_the_posting_in_its_own_village(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    paired(attendance, village.first)
    leaves(attendance, village.first, date(2026, 6, 1))
    goes_to(attendance, village.first, ELSEWHERE, date(2026, 6, 1), date(2026, 8, 1))
    goes_to(attendance, village.first, "520621001007", date(2026, 8, 1))
    (row,) = left(http, office("a-county", "county"))
    assert (row["team_id"], row["posted_until"]) == (str(village.team), "2026-06-01")


def test_who_is_posted_anew_in_the_same_village_leaves_nothing(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    paired(attendance, village.first)
    leaves(attendance, village.first, date(2026, 6, 1))
    goes_to(attendance, village.first, VILLAGE, date(2026, 6, 1))
    assert left(http, office("a-county", "county")) == []


def test_who_was_paired_after_leaving_was_meant(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    leaves(attendance, village.first, date(2026, 6, 1))
    paired(attendance, village.first, since=date(2026, 6, 1))
    assert left(http, office("a-county", "county")) == []


def test_an_office_is_told_of_its_own_places(
    http: TestClient, office: Office, attendance: Session, village: Stationed
) -> None:
    paired(attendance, village.first)
    leaves(attendance, village.first, TODAY)
    assert left(http, office("another-township", "township", place="520621002")) == []


Spans = st.tuples(st.integers(0, HORIZON - 1), st.one_of(st.none(), st.integers(1, 6)), st.booleans())


@settings(max_examples=60, deadline=None)
@given(postings=st.lists(Spans, max_size=4), begins=st.integers(0, HORIZON - 1))
def test_every_day_a_pairing_is_told_once_exactly_while_its_owner_is_gone(
    engines: dict[str, Engine], seal: Seal, postings: list[tuple[int, int | None, bool]], begins: int
) -> None:
    """Held against a calendar: where the cadre was on each day, in the household's village or another."""
    where: dict[int, tuple[int, bool]] = {}
    with open_session(engines["attendance"]) as session:
        teams = {here: Team(name=f"示例{here}", village=VILLAGE if here else ELSEWHERE) for here in (True, False)}
        session.add_all(teams.values())
        cadre = cadre_in(session, seal, teams[True], "10001000001")
        session.execute(text("DELETE FROM posting WHERE cadre_id = :cadre"), {"cadre": cadre})
        for number, (first, length, here) in enumerate(postings):
            days = range(first, first + length if length else HORIZON + 9)
            if where.keys() & set(days):
                continue
            where |= dict.fromkeys(days, (number, here))
            valid = Range(on(first), on(first + length) if length else None)
            session.add(Posting(cadre_id=cadre, team_id=teams[here].id, role="member", valid=valid))
        row = Pairing(
            id=uuid4(), cadre_id=cadre, household_id=HOME, kind="assistant", village=VILLAGE, document_no="示例",
            valid=Range(on(begins), None),
        )  # fmt: skip
        session.add(row)
        session.flush()
        for day in range(HORIZON):
            found = session.execute(left_on(on(day))[0]).all()
            assert len(found) == (1 if is_left(where, begins, day) else 0)
        session.rollback()


def is_left(where: dict[int, tuple[int, bool]], begins: int, day: int) -> bool:
    if day < begins:
        return False
    today = where.get(day)
    past = {where[one] for one in range(begins, day) if one in where} - {today}
    if today is None:
        return bool(past)
    return not today[1] and any(here for _, here in past)


def on(day: int) -> date:
    return ARRIVED + timedelta(days=day)
