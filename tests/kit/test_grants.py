"""Grants travel from their owner to every copy, in whatever order, and only in the owner's own name."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, select

from services.attendance.grants.postings import grant_postings
from services.attendance.models.teams import Cadre
from services.kit.store.grants import GRANTS, Grant, SetMember, changed_since, copied_kind, copy_grants
from services.kit.store.reference import copied_version
from tests.attendance.conftest import Stationed, village
from tests.conftest import NOW

__all__ = ["village"]


def told(one: UUID, version: int, **changed: Any) -> dict[str, Any]:
    row = {"id": str(one), "holder": "somebody", "role": "cadre", "kind": "division", "place": "520621001005"}
    return row | {"valid": ["2026-01-01", None], "source": "示例", "version": version, "revoked": False} | changed


def copy(session: Session, owner: str, *rows: dict[str, Any]) -> None:
    version = max(row["version"] for row in rows)
    copy_grants(session, owner, {"version": version, "grants": rows, "members": []})


def places(session: Session) -> list[str]:
    return sorted(session.scalars(text("SELECT place FROM access_grant WHERE NOT revoked")))


def test_two_pulls_that_end_crosswise_leave_the_newer_row(alerts: Session) -> None:
    one = uuid4()
    copy(alerts, "county", told(one, 2, place="520621002001"))
    copy(alerts, "county", told(one, 1))
    assert (places(alerts), copied_version(alerts, copied_kind("county"))) == (["520621002001"], 2)


def test_an_owner_changes_no_other_owner_s_grant(alerts: Session) -> None:
    one = uuid4()
    copy(alerts, "county", told(one, 1))
    copy(alerts, "attendance", told(one, 9, place="52", owner="county"))
    assert places(alerts) == ["520621001005"]


def test_a_linked_cadre_acts_where_posted_and_an_unlinked_one_nowhere(
    attendance: Session, village: Stationed  # the fixture
) -> None:  # fmt: skip
    grant_postings(attendance, [village.first, village.second], NOW)
    held = attendance.scalars(select(Grant)).one()
    assert (held.holder, held.role, held.place) == (village.account, "cadre", "520621001005")
    cadre = attendance.get(Cadre, village.first)
    assert cadre
    cadre.account = None
    grant_postings(attendance, [village.first], NOW)
    attendance.expire_all()
    assert attendance.scalars(select(Grant)).one().revoked


def test_who_is_moved_acts_in_the_new_village_from_that_day_and_in_the_old_one_until_then(
    attendance: Session, village: Stationed  # the fixture
) -> None:  # fmt: skip
    grant_postings(attendance, [village.first], NOW)
    before = changed_since(attendance, "attendance", 0).version
    attendance.execute(text("UPDATE posting SET valid = daterange('2026-01-01', '2026-11-03')"))
    grant_postings(attendance, [village.first], NOW)
    fresh = changed_since(attendance, "attendance", before)
    assert [grant["valid"] for grant in fresh.grants] == [["2026-01-01", "2026-11-03"]]
    grant_postings(attendance, [village.first], NOW)
    assert len(attendance.execute(text("SELECT FROM event WHERE type = 'grant.changed'")).all()) == 2


def test_a_range_that_holds_no_day_is_told_as_taken_back(attendance: Session) -> None:
    empty = Range(date(2026, 1, 1), date(2026, 1, 1))
    row: dict[str, Any] = {
        "owner": "attendance",
        "holder": "x",
        "role": "cadre",
        "kind": "division",
        "place": "52",
        "source": "示例",
    }
    attendance.add(Grant(id=uuid4(), valid=empty, version=1, **row))
    attendance.execute(text("INSERT INTO reference_version (kind, version) VALUES ('grants', 1)"))
    assert [grant["revoked"] for grant in changed_since(attendance, "attendance", 0).grants] == [True]


def test_a_copy_holds_on_the_days_it_was_given_for(alerts: Session) -> None:
    copy(alerts, "county", told(uuid4(), 1, valid=["2026-01-01", "2026-02-01"]))
    copy(alerts, "county", told(uuid4(), 2, valid=["2026-03-01", None]))
    kept = alerts.scalars(text("SELECT valid::text FROM access_grant ORDER BY version")).all()
    assert kept == ["[2026-01-01,2026-02-01)", "[2026-03-01,)"]


def test_an_owner_tells_of_its_own_grants_and_not_of_those_it_copied(alerts: Session) -> None:
    """Its answer would make others take somebody else's word from it."""
    copy(alerts, "county", told(uuid4(), 1))
    copy(alerts, "attendance", told(uuid4(), 1, revoked=True))
    alerts.execute(text("INSERT INTO reference_version (kind, version) VALUES (:kind, 9)"), {"kind": GRANTS})
    grants = changed_since(alerts, "attendance", 0).grants
    assert [(grant["owner"], grant["revoked"]) for grant in grants] == [("attendance", True)]


def test_members_of_sets_are_copied_with_the_grants_and_in_the_owner_s_name_alone(alerts: Session) -> None:
    where, who = uuid4(), uuid4()
    member = {"set_id": str(where), "subject": str(who), "valid": ["2026-01-01", None], "revoked": False}
    copy_grants(alerts, "county", {"version": 1, "grants": [], "members": [member | {"version": 1}]})
    copy_grants(alerts, "attendance", {"version": 2, "grants": [], "members": [member | {"version": 2}]})
    kept = alerts.scalars(select(SetMember)).one()
    assert (kept.set_id, kept.subject, kept.owner, kept.version, kept.revoked) == (where, who, "county", 1, False)


def test_a_member_is_in_its_set_until_it_is_taken_out(attendance: Session) -> None:
    always: Range[date] = Range(None, None)
    attendance.add(SetMember(set_id=uuid4(), subject=uuid4(), owner="attendance", valid=always, version=1))
    attendance.flush()
    assert attendance.scalars(text("SELECT revoked FROM set_member")).all() == [False]


def test_what_was_copied_from_an_owner_is_counted_under_the_name_that_tables_hold(alerts: Session) -> None:
    copy(alerts, "county", told(uuid4(), 3))
    assert alerts.scalars(text("SELECT version FROM reference_version WHERE kind = 'grants:county'")).all() == [3]
