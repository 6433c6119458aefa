"""What a phone is told: all of it, then what has changed; and of what left its scope nothing any more."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Posting
from services.attendance.sync.cursors import ROUND, Cursor, Horizon
from services.kit.store.fields import Seal
from tests.attendance.sync.conftest import (
    ACCOUNT,
    FIRST,
    HOME,
    OTHER,
    PAIRED,
    POSTED,
    POSTED_TOO,
    SECOND,
    TEAM,
    Phone,
    named,
    on_day,
    ops,
    pair,
    visit,
)
from tests.callers import Office, Sign
from tests.clock import TODAY

EVERYTHING = {
    ("scope.joined", "posting", str(POSTED)), ("scope.joined", "pairing", str(PAIRED)),
    ("row", "cadre", str(FIRST)), ("row", "team", str(TEAM)), ("row", "member", str(POSTED)),
    ("row", "member", str(POSTED_TOO)), ("row", "village", "520621001005"), ("row", "pairing", str(PAIRED)),
    ("row", "visit_list", str(PAIRED)), ("row", "words", "words"), ("row", "calendar", "2026-10"),
    ("row", "calendar", "2026-11"), ("row", "calendar", "2026-12"), ("row", "standard", str(named(50))),
    ("row", "standard", str(named(51))), ("row", "standard", str(named(52))),
}  # fmt: skip


def test_a_phone_is_told_all_of_its_scopes_once_and_then_what_changes(
    phone: Phone, attendance: Session, office: Office
) -> None:
    lines, cursor = phone.snapshot()
    assert ops(lines) == EVERYTHING
    (listed,) = [line["row"] for line in lines if line["kind"] == "visit_list"]
    assert (listed["expected"], listed["made"], listed["household_id"]) == (2, 0, str(HOME))
    told = phone.changes(cursor)
    assert (told["lines"], told["more"]) == ([], False)

    phone.send(visit(20))
    told = phone.changes(told["next"])
    assert ops(told["lines"]) == {("row", "visit_list", str(PAIRED))}
    assert told["lines"][0]["row"]["made"] == 1

    attendance.execute(text("UPDATE standard SET value = 3 WHERE key = 'visits_expected'"))
    attendance.commit()
    told = phone.changes(told["next"])
    assert ops(told["lines"]) == {("row", "visit_list", str(PAIRED)), ("row", "standard", str(named(52)))}

    pair(attendance, named(30), OTHER, since=TODAY + timedelta(days=1))
    attendance.commit()
    told = phone.changes(told["next"])
    assert ops(told["lines"]) == {("scope.left", "pairing", str(named(30)))}  # not yet
    assert str(OTHER) not in str(told)

    on_day(phone.http, 1)
    told = phone.changes(told["next"])
    joined = {("scope.joined", "pairing", str(named(30))), ("row", "pairing", str(named(30)))}
    assert joined <= ops(told["lines"])
    assert ops(phone.changes(told["next"])["lines"]) == set()

    attendance.get_one(Pairing, PAIRED).valid = Range(date(2026, 1, 1), TODAY + timedelta(days=2))
    attendance.get_one(Posting, POSTED_TOO).valid = Range(date(2026, 1, 1), TODAY + timedelta(days=2))
    attendance.commit()
    on_day(phone.http, 2)
    told = phone.changes(told["next"])
    assert {("scope.left", "pairing", str(PAIRED)), ("gone", "member", str(POSTED_TOO))} <= ops(told["lines"])
    assert str(HOME) not in str(told)
    phone.http.post("/v1/visits", json=visit(21)["body"], headers=office("a-county", "county"))
    assert str(HOME) not in str(phone.changes(told["next"])) + str(phone.snapshot()[0])


def test_who_has_left_is_told_to_drop_everything_and_gets_nothing_new(phone: Phone, attendance: Session) -> None:
    _, cursor = phone.snapshot()
    ended = {"until": TODAY}
    attendance.execute(text("UPDATE posting SET valid = daterange(lower(valid), :until)"), ended)
    attendance.execute(text("UPDATE pairing SET valid = daterange(lower(valid), :until)"), ended)
    attendance.execute(text("UPDATE access_grant SET valid = daterange(lower(valid), :until)"), ended)
    attendance.commit()
    told = phone.changes(cursor)
    assert ops(told["lines"]) == {("scope.left", "posting", str(POSTED)), ("scope.left", "pairing", str(PAIRED))}
    assert {line["kind"] for line in phone.snapshot()[0]} == {"cadre", "words", "calendar"}


def test_a_pairing_taken_back_as_if_it_had_never_been_is_told_as_left(phone: Phone, attendance: Session) -> None:
    _, cursor = phone.snapshot()
    attendance.delete(attendance.get_one(Pairing, PAIRED))
    attendance.commit()
    told = phone.changes(cursor)
    assert ("scope.left", "pairing", str(PAIRED)) in ops(told["lines"])
    assert phone.changes(told["next"])["lines"] == []


def test_what_was_begun_earlier_and_is_committed_later_is_not_passed_over(
    phone: Phone, attendance: Session, engines: dict[str, Engine]
) -> None:
    """Also in a savepoint, whose rows bear another transaction's number; others commit meanwhile."""
    _, cursor = phone.snapshot()
    with Session(engines["attendance"]) as late:
        late.get_one(Posting, POSTED_TOO).role = "captain"
        with late.begin_nested():
            pair(late, named(31), OTHER)
            late.flush()
        phone.send(visit(22))
        told = phone.changes(cursor)
        assert ops(told["lines"]) == {("row", "visit_list", str(PAIRED))}
        phone.send(visit(23))
        later = phone.changes(told["next"])
        late.commit()
    rows = ops(phone.changes(later["next"])["lines"])
    assert {("scope.joined", "pairing", str(named(31))), ("row", "member", str(POSTED_TOO))} <= rows
    assert rows <= ops(phone.changes(cursor)["lines"])


def test_pages_come_to_the_same_as_one_list(phone: Phone, attendance: Session) -> None:
    _, cursor = phone.snapshot()
    pair(attendance, named(32), OTHER)
    attendance.get_one(Posting, POSTED_TOO).role = "captain"
    attendance.commit()
    whole, after = phone.changes(cursor)["lines"], cursor
    lines: list[Any] = []
    for _ in range(100):
        told = phone.changes(after, limit=1)
        lines, after = lines + told["lines"], told["next"]
        if not told["more"]:
            break
    assert lines == whole
    assert len(lines) > 3
    assert phone.changes(after)["lines"] == []


def test_a_cursor_opens_for_its_phone_alone_and_not_after_the_clock_or_the_database_went_back(
    phone: Phone, attendance: Session, sign: Sign, office: Office, seal: Seal
) -> None:
    _, cursor = phone.snapshot()
    elsewhere = replace(Cursor.opened(cursor, seal, str(ACCOUNT)), history="of another server")
    assert phone.changes(elsewhere.closed(seal, str(ACCOUNT)), 410)["code"] == "sync-anew"
    other = Phone(phone.http, office("somebody", "cadre"))
    assert other.changes(cursor, 422)["code"] == "not-a-cursor-of-this-query"
    assert phone.changes("bm90aGluZw==", 422)["code"] == "not-a-cursor-of-this-query"
    on_day(phone.http, -1)
    assert phone.changes(cursor, 410)["code"] == "sync-anew"
    on_day(phone.http, 0)
    attendance.execute(text("UPDATE cadre SET account = NULL"))
    attendance.execute(text("UPDATE cadre SET account = :a WHERE id = :b"), {"a": str(ACCOUNT), "b": SECOND})
    attendance.commit()
    assert phone.changes(cursor, 410)["code"] == "sync-anew"  # the account is another cadre's now
    for caller, code in ((office("a-captain", "captain"), "not-a-cadre"), (sign("nobody", "cadre"), "no-office")):
        answer = phone.http.get("/v1/sync/snapshot", headers=caller)
        assert (answer.status_code, answer.json()["code"]) == (403, code)


@pytest.mark.parametrize(
    ("following", "mark", "whole"),
    [(100, 99, 99), (ROUND + 5, 4, ROUND + 4), (ROUND + 5, 7, 7), (3 * ROUND, 9, 9 + 2 * ROUND)],
)
def test_a_row_of_an_earlier_round_is_taken_for_the_latest_it_can_be(following: int, mark: int, whole: int) -> None:
    assert Horizon(following - 1, following).latest([mark, None]) == whole
