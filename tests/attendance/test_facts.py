"""What rules may ask of a team: who leads it, who is away since when, and who came first."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col, select

from services.attendance.facts import facts_changed_in_bulk
from services.attendance.models.facts import TeamFacts
from services.attendance.models.presence import DayStatus
from services.attendance.models.teams import Posting
from tests.attendance.conftest import ARRIVED, Stationed
from tests.conftest import NOW

LATER = date(2026, 6, 1)


def facts_of(session: Session, team: UUID) -> TeamFacts:
    session.flush()
    facts_changed_in_bulk(session, [team], NOW)
    session.commit()
    return session.get_one(TeamFacts, team, populate_existing=True)


def posted(session: Session, cadre: UUID, **said: object) -> None:
    posting = session.exec(select(Posting).where(col(Posting.cadre_id) == cadre)).one()
    for name, value in said.items():
        setattr(posting, name, value)
    session.add(posting)


def seen(session: Session, cadre: UUID, day: date, status: str = "present") -> None:
    session.add(DayStatus(cadre_id=cadre, day=day, status=status, evidence=[]))


def test_whoever_was_never_seen_is_away_since_the_day_of_arrival(attendance: Session, village: Stationed) -> None:
    posted(attendance, village.first, role="captain")
    posted(attendance, village.second, valid=Range(LATER, None))
    facts = facts_of(attendance, village.team)
    assert (facts.members, facts.leaders, facts.last_present_on) == (2, 1, None)
    assert (facts.leader_away_since, facts.member_away_since, facts.longest_posted_since) == (ARRIVED, ARRIVED, ARRIVED)


def test_a_leader_is_away_since_the_last_day_of_presence_of_any_of_them(
    attendance: Session, village: Stationed
) -> None:
    posted(attendance, village.first, role="captain")
    posted(attendance, village.second, role="first_secretary")
    seen(attendance, village.first, date(2026, 7, 1))
    seen(attendance, village.first, date(2026, 7, 9), "uncertain")
    seen(attendance, village.second, date(2026, 7, 3))
    facts = facts_of(attendance, village.team)
    assert (facts.leaders, facts.leader_away_since, facts.member_away_since) == (2, date(2026, 7, 3), date(2026, 7, 1))


def test_a_day_before_the_posting_is_presence_elsewhere(attendance: Session, village: Stationed) -> None:
    posted(attendance, village.second, valid=Range(LATER, None))
    for cadre in (village.first, village.second):
        seen(attendance, cadre, date(2026, 5, 1))
    assert facts_of(attendance, village.team).member_away_since == date(2026, 5, 1)
    posted(attendance, village.first, valid=Range(ARRIVED, LATER))
    facts = facts_of(attendance, village.team)
    assert (facts.members, facts.member_away_since, facts.longest_posted_since) == (1, LATER, LATER)


def test_a_team_without_anybody_has_nobody_away(attendance: Session, village: Stationed) -> None:
    attendance.execute(text("UPDATE posting SET valid = daterange(lower(valid), :day)"), {"day": LATER})
    facts = facts_of(attendance, village.team)
    assert (facts.members, facts.leaders) == (0, 0)
    assert (facts.leader_away_since, facts.member_away_since, facts.longest_posted_since) == (None, None, None)
