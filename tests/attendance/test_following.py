"""Pairings follow what becomes of their households."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

from services.attendance.grants.pairings import grant_pairings
from services.attendance.inbox import HANDLERS
from services.attendance.models.pairings import Pairing
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import NotAnEvent, receive
from tests.attendance.conftest import VILLAGE, Stationed
from tests.conftest import NOW

A, B, C = uuid4(), uuid4(), uuid4()
ELSEWHERE = "520621001006"
DAY = date(2026, 11, 10)


def paired(session: Session, village: Stationed, home: UUID, *, since: date = date(2026, 1, 1), **said: Any) -> UUID:
    held: dict[str, Any] = {
        "id": uuid4(),
        "cadre_id": village.first,
        "household_id": home,
        "kind": "assistant",
        "village": VILLAGE,
        "valid": Range(since, None),
        "document_no": "示例",
    }
    row = Pairing(**held | said)
    session.add(row)
    grant_pairings(session, {row.cadre_id}, NOW)
    session.commit()
    return row.id


def changed(home: UUID, kind: str, *, into: UUID | None = None, place: str = VILLAGE, **said: Any) -> CloudEvent:
    into_place = said.pop("into_place", VILLAGE)
    data: dict[str, Any] = {"kind": kind, "on": DAY.isoformat(), "ended": False, "version": 1}
    data["into"] = {str(into): into_place} if into else {}
    time, came_from = said.pop("time", NOW), said.pop("came_from", None)
    data["from"] = [str(came_from)] if came_from else []
    return CloudEvent(
        id=uuid4(), source=source_of("households"), type="household.changed", subject=str(home), time=time,
        division=place, data=data | said,
    )  # fmt: skip


def hear(session: Session, *events: CloudEvent) -> None:
    receive(session, "households", events, HANDLERS["households"], NOW)
    session.commit()


def days_of(session: Session, home: UUID) -> list[tuple[str, date, date | None]]:
    session.expire_all()
    rows = session.scalars(select(Pairing).where(col(Pairing.household_id) == home).order_by(col(Pairing.valid)))
    return [(row.village, row.valid.lower, row.valid.upper) for row in rows if row.valid.lower]


def seen(session: Session, account: str) -> set[UUID]:
    """The households this account reaches today, by what was granted."""
    wanted = text(
        "SELECT m.subject FROM access_grant g JOIN set_member m ON m.set_id::text = g.place"
        " WHERE g.holder = :account AND NOT g.revoked AND NOT m.revoked"
        " AND g.valid @> CAST('2026-11-21' AS date) AND m.valid @> CAST('2026-11-21' AS date)"
    )
    return set(session.scalars(wanted, {"account": account}))


def test_a_pairing_of_a_merged_household_goes_to_the_one_it_went_into(attendance: Session, village: Stationed) -> None:
    paired(attendance, village, A)
    hear(attendance, changed(A, "merge", into=B, into_place=ELSEWHERE, ended=True))
    assert days_of(attendance, A) == [(VILLAGE, date(2026, 1, 1), DAY)]
    assert days_of(attendance, B) == [(ELSEWHERE, DAY, None)]
    assert seen(attendance, village.account) == {B}


def test_where_the_other_has_somebody_of_that_kind_already_the_pairing_just_ends(
    attendance: Session, village: Stationed
) -> None:
    paired(attendance, village, A)
    paired(attendance, village, B, cadre_id=village.second)
    hear(attendance, changed(A, "merge", into=B, ended=True))
    assert days_of(attendance, A) == [(VILLAGE, date(2026, 1, 1), DAY)]
    assert days_of(attendance, B) == [(VILLAGE, date(2026, 1, 1), None)]
    assert seen(attendance, village.account) == set()


def test_a_pairing_that_began_after_the_day_of_the_merge_never_was_of_that_household(
    attendance: Session, village: Stationed
) -> None:
    paired(attendance, village, A, since=date(2026, 11, 15))
    hear(attendance, changed(A, "merge", into=B, ended=True))
    assert (days_of(attendance, A), days_of(attendance, B)) == ([], [(VILLAGE, date(2026, 11, 15), None)])
    assert seen(attendance, village.account) == {B}


def test_both_parts_of_a_split_household_keep_who_answers_for_them(attendance: Session, village: Stationed) -> None:
    paired(attendance, village, A)
    paired(attendance, village, A, kind="leader", valid=Range(date(2026, 1, 1), date(2026, 6, 1)))
    hear(attendance, changed(A, "split", into=B), changed(B, "split", came_from=A))
    assert days_of(attendance, B) == [(VILLAGE, DAY, None)]
    assert seen(attendance, village.account) == {A, B}


def test_members_who_move_on_take_no_pairing_along(attendance: Session, village: Stationed) -> None:
    paired(attendance, village, A)
    hear(attendance, changed(A, "transfer", into=B))
    assert (days_of(attendance, B), seen(attendance, village.account)) == ([], {A})


def test_whoever_answered_for_a_household_that_is_gone_does_so_no_longer(
    attendance: Session, village: Stationed
) -> None:
    paired(attendance, village, A)
    hear(attendance, changed(A, "ending", ended=True))
    assert days_of(attendance, A) == [(VILLAGE, date(2026, 1, 1), DAY)]
    assert seen(attendance, village.account) == set()


def test_of_two_mergers_told_together_the_second_carries_what_the_first_brought(
    attendance: Session, village: Stationed
) -> None:
    paired(attendance, village, A)
    first = changed(A, "merge", into=B, ended=True, version=5)
    second = changed(B, "merge", into=C, ended=True, version=2, time=NOW + timedelta(seconds=1))
    hear(attendance, second, first)
    assert [len(days_of(attendance, home)) for home in (A, B, C)] == [1, 0, 1]
    assert seen(attendance, village.account) == {C}


def test_a_pairing_lies_where_its_household_has_moved_and_a_move_told_late_changes_nothing(
    attendance: Session, village: Stationed
) -> None:
    paired(attendance, village, A)
    hear(attendance, changed(A, "move", place=ELSEWHERE, version=2))
    hear(attendance, changed(A, "move", place="520621001007", version=1))
    assert days_of(attendance, A) == [(ELSEWHERE, date(2026, 1, 1), None)]


def test_an_event_that_comes_twice_is_heard_once(attendance: Session, village: Stationed) -> None:
    paired(attendance, village, A)
    split = changed(A, "split", into=B)
    hear(attendance, split)
    hear(attendance, split)
    assert len(days_of(attendance, B)) == 1


def test_pairings_of_merged_villages_lie_in_the_one_they_went_into(attendance: Session, village: Stationed) -> None:
    paired(attendance, village, A)
    paired(attendance, village, B, valid=Range(date(2026, 1, 1), date(2026, 6, 1)))
    data = {"from": [VILLAGE], "into": ELSEWHERE, "on": DAY.isoformat()}
    hear(
        attendance,
        CloudEvent(
            id=uuid4(), source=source_of("households"), type="village.merged", subject=ELSEWHERE,
            time=datetime(2026, 11, 21, tzinfo=UTC), data=data,
        ),
    )  # fmt: skip
    assert days_of(attendance, A)[0][0] == ELSEWHERE
    assert days_of(attendance, B)[0][0] == VILLAGE


@pytest.mark.parametrize("wrong", [{"on": "never"}, {"into": ["x"]}, {"version": None}], ids=["on", "into", "version"])
def test_what_cannot_be_a_change_is_refused(attendance: Session, wrong: dict[str, Any]) -> None:
    with pytest.raises(NotAnEvent):
        hear(attendance, changed(A, "move", **wrong))
