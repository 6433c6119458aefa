"""When a day of duty begins, and what its check-ins come to."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.attendance.facts import facts_changed_in_bulk
from services.attendance.models.facts import TeamFacts
from services.attendance.models.presence import CheckIn, DayStatus
from services.attendance.models.teams import Posting, Team
from services.attendance.presence.check_ins import CheckInIn
from services.attendance.presence.days import day_of
from services.attendance.presence.entries import Recorded
from services.attendance.teams.postings import Home, home_on
from services.kit.web.errors import found
from tests.attendance.conftest import ARRIVED, STATION, VILLAGE, Stationed
from tests.attendance.recording import grant_to_an_office, postings_of, recorded
from tests.callers import HERE
from tests.conftest import TODAY

FIVE = Decimal(5)
PLACES = {"inside": (STATION, 10), "outside": ((28.5, 108.84), 10), "uncertain": (STATION, 4000)}

# Each example is rolled back, so the session of the test may serve them all.
several = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
sightings = st.lists(
    st.tuples(st.uuids(version=4), st.sampled_from(sorted(PLACES)), st.integers(0, 90)),
    min_size=1,
    max_size=5,
    unique_by=lambda sighting: sighting[0],
)


def see(session: Session, cadre: UUID, number: UUID, place: str, minutes: int = 0, *, at: datetime = HERE) -> CheckIn:
    (latitude, longitude), accuracy = PLACES[place]
    moment = at - timedelta(minutes=minutes)
    said = {"id": number, "at": moment, "latitude": latitude, "longitude": longitude, "accuracy": accuracy}
    grant_to_an_office(session)
    (outcome,) = recorded(session, [CheckInIn.model_validate(said | {"cadre_id": cadre})])
    assert isinstance(outcome, Recorded)
    return found(session.get(CheckIn, number))


def state(session: Session) -> list[object]:
    """Everything a check-in leaves behind, but when it came and the versions."""
    session.flush()
    days = select(col(DayStatus.cadre_id), col(DayStatus.day), col(DayStatus.status), col(DayStatus.evidence))
    facts = select(
        *(col(of) for of in (TeamFacts.subject, TeamFacts.members, TeamFacts.last_present_on)),
        col(TeamFacts.member_away_since),
    )
    verdicts = select(col(CheckIn.id), col(CheckIn.day), col(CheckIn.verdict)).order_by(col(CheckIn.id))
    return [session.execute(wanted).all() for wanted in (days, facts, verdicts)]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-21T02:00:00+08:00", date(2026, 11, 20)),
        ("2026-11-21T04:59:59+08:00", date(2026, 11, 20)),
        ("2026-11-21T05:00:00+08:00", date(2026, 11, 21)),
        ("2026-11-21T23:59:00+08:00", date(2026, 11, 21)),
        ("2027-01-01T00:30:00+08:00", date(2026, 12, 31)),
    ],
)
def test_until_five_in_the_morning_it_is_still_yesterday(at: str, day: date) -> None:
    assert day_of(datetime.fromisoformat(at), FIVE) == day


@given(st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1)), st.integers(0, 23))  # noqa: DTZ001  # strategies want none
def test_every_moment_belongs_to_one_day_that_began_less_than_24_hours_ago(moment: datetime, hour: int) -> None:
    at = moment.replace(tzinfo=HERE.tzinfo)
    day = day_of(at, Decimal(hour))
    began = datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001  # on the wall
    assert timedelta(0) <= moment - began < timedelta(days=1)


@several
@given(sightings, st.data())
def test_the_order_in_which_check_ins_arrive_leaves_no_trace(
    attendance: Session, village: Stationed, seen: list[tuple[UUID, str, int]], data: st.DataObject
) -> None:
    states = []
    for order in (seen, data.draw(st.permutations(seen))):
        for sighting in order:
            see(attendance, village.first, *sighting)
        states.append(state(attendance))
        attendance.rollback()
    assert states[0] == states[1]


@several
@given(sightings, st.data())
def test_a_check_in_sent_again_changes_nothing(
    attendance: Session, village: Stationed, seen: list[tuple[UUID, str, int]], data: st.DataObject
) -> None:
    for sighting in seen:
        see(attendance, village.first, *sighting)
    before = state(attendance)
    for sighting in data.draw(st.lists(st.sampled_from(seen), max_size=5)):
        see(attendance, village.first, *sighting)
    assert state(attendance) == before
    attendance.rollback()


@pytest.mark.parametrize(
    ("places", "status"),
    [
        (["inside"], "present"),
        (["outside", "uncertain", "inside"], "present"),
        (["uncertain"], "uncertain"),
        (["outside", "uncertain"], "uncertain"),
        (["outside", "outside"], "outside"),
    ],
)
def test_one_check_in_inside_is_presence_and_doubt_is_nobodys_absence(
    attendance: Session, village: Stationed, places: list[str], status: str
) -> None:
    for number, place in enumerate(places, start=1):
        see(attendance, village.first, UUID(int=number), place)
    (day,) = attendance.scalars(select(DayStatus)).all()
    assert (day.cadre_id, day.day, day.status) == (village.first, TODAY, status)
    assert len(day.evidence) == len(places)


def test_a_day_before_the_posting_is_kept_and_says_so(attendance: Session, village: Stationed) -> None:
    record = see(attendance, village.first, UUID(int=1), "inside", at=datetime(2025, 12, 1, 2, tzinfo=UTC))
    assert (record.village, record.verdict, record.day) == (None, "uncertain", date(2025, 12, 1))
    assert attendance.scalars(select(DayStatus)).one().status == "not_posted"


def test_facts_say_the_newest_day_somebody_was_present(attendance: Session, village: Stationed) -> None:
    see(attendance, village.first, UUID(int=1), "inside", at=HERE - timedelta(days=1))
    see(attendance, village.second, UUID(int=2), "inside", at=HERE - timedelta(days=6))
    see(attendance, village.second, UUID(int=3), "outside")
    facts = attendance.get(TeamFacts, village.team, populate_existing=True)
    assert facts
    assert (facts.members, facts.last_present_on, facts.version) == (2, TODAY - timedelta(days=1), 2)
    assert facts.member_away_since == TODAY - timedelta(days=6)


def moved_away(session: Session, cadre: UUID, since: date) -> UUID:
    """To another team, whose id is answered."""
    posting = session.scalars(select(Posting).where(col(Posting.cadre_id) == cadre)).one()
    posting.valid = Range(ARRIVED, since)
    other = Team(name="另一队", village="520621001006")
    session.add(other)
    session.flush()
    session.add(Posting(cadre_id=cadre, team_id=other.id, role="member", valid=Range(since, None)))
    session.flush()
    return other.id


def test_presence_counts_for_the_team_of_that_day(attendance: Session, village: Stationed) -> None:
    other = moved_away(attendance, village.first, TODAY - timedelta(days=1))
    see(attendance, village.first, UUID(int=1), "inside", at=HERE - timedelta(days=3))
    facts_changed_in_bulk(attendance, [other], HERE)
    seen = {facts.subject: (facts.members, facts.last_present_on) for facts in attendance.scalars(select(TeamFacts))}
    assert seen == {village.team: (1, TODAY - timedelta(days=3)), other: (1, None)}


def test_on_a_day_without_a_posting_the_latest_one_is_the_cadres_place(attendance: Session, village: Stationed) -> None:
    other = moved_away(attendance, village.first, TODAY)
    postings = postings_of(attendance, village.first)
    assert home_on(postings, date(2025, 5, 1)) == Home(other, "520621001006", holds=False)
    home = home_on(postings, ARRIVED)
    assert (home.team_id, home.village, home.holds) == (village.team, VILLAGE, True)
    assert home.station
    assert (home.station.latitude, home.station.longitude) == STATION


def test_a_night_in_the_village_counts_for_the_day_before(attendance: Session, village: Stationed) -> None:
    at_two = HERE.replace(hour=2)
    assert see(attendance, village.first, UUID(int=1), "inside", at=at_two).day == TODAY - timedelta(days=1)
