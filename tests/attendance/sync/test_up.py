"""What a phone brings back: of each item what became of it, in whatever order and however often it is sent."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any, get_args

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session, SQLModel, col

from services.attendance.models.leave import DayCorrection, Leave
from services.attendance.models.presence import CheckIn
from services.attendance.models.visits import Visit
from services.attendance.sync import versions
from services.attendance.visits.words import Duty
from services.kit.store.audit import Audit
from services.kit.store.tables import Revocation
from tests.attendance.conftest import set_standard
from tests.attendance.sync.conftest import (
    ACCOUNT,
    FIRST,
    OTHER,
    SECOND,
    Phone,
    check_in,
    item,
    leave,
    named,
    on_day,
    said,
    visit,
)
from tests.callers import HERE, Office
from tests.clock import NOW, TODAY


def count(session: Session, table: type[SQLModel]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def correction(number: int, of: int, **body: Any) -> dict[str, Any]:
    return visit(number, **({"corrects": str(named(of)), "because": "mistake"} | body))


def return_of(number: int, of: int, day: str = "2026-11-11") -> dict[str, Any]:
    return item("leave_return", number, leave_id=str(named(of)), day=day)


def test_each_item_of_each_kind_is_answered_by_itself(phone: Phone, attendance: Session) -> None:
    put_right = item("day_correction", 44, day="2026-11-02", status="present", because="no_signal", evidence="visit")
    batch = [
        return_of(43, 42), correction(41, 40), visit(40), check_in(45), leave(42), put_right, {"kind": "poem"},
        visit(46, away_to="x"), visit(47, household_id=str(OTHER)), correction(48, 49), visit(40) | {"v": 2},
    ]  # fmt: skip
    rows = phone.send(*batch)
    assert said(rows) == [
        "waiting not-away", "stored", "stored", "stored", "stored", "stored", "refused not-understood",
        "refused not-understood", "refused not-there", "waiting not-there", "refused version-unknown",
    ]  # fmt: skip
    assert (rows[0]["waits_for"], rows[9]["waits_for"]) == (str(named(42)), str(named(49)))
    assert rows[7]["problem"]["errors"][0]["pointer"] == "/away_to"
    assert rows[3]["words"] == "已登记：位置在村内。2026年11月21日：在岗。"
    assert [row["id"] for row in rows[:3]] == [str(named(43)), str(named(41)), str(named(40))]
    again = said(phone.send(*reversed(batch)))
    assert again[5:] == ["duplicate"] * 5 + ["waiting not-away"]
    assert [count(attendance, table) for table in (Visit, CheckIn, Leave, DayCorrection)] == [2, 1, 1, 1]
    lines = attendance.scalars(select(col(Audit.detail)).where(col(Audit.action) == "POST /v1/sync/batches")).all()
    assert any('"duplicate": 5' in line for line in lines)


def test_no_order_leaves_a_trace(phone: Phone, attendance: Session) -> None:
    """Two that exclude each other too: which is stored does not hang on the order in the batch."""
    outcomes = []
    for n, order in enumerate(list(permutations(range(4)))[::3]):
        base = 1000 * (n + 1)
        batch = [
            visit(base), correction(base + 1, base, note="甲"), correction(base + 2, base, note="乙"), visit(base, 1),
        ]  # fmt: skip
        rows = phone.send(*(batch[at] for at in order))
        outcomes.append([said(rows)[order.index(at)] for at in range(4)])
    assert len(set(map(tuple, outcomes))) == 1
    assert sorted(outcomes[0]) == [
        "conflict corrected-already", "conflict visit-sent-before", "stored", "stored",
    ]  # fmt: skip


def test_a_conflict_says_what_each_said_field_by_field_and_overwrites_nothing(
    phone: Phone, attendance: Session, office: Office
) -> None:
    county = office("a-county", "county")
    phone.send(visit(60, note="母亲住院", contact="home"))
    theirs = correction(61, 60, contact="telephone", note="母亲住院", findings=["illness"])["body"]
    assert phone.http.post("/v1/visits", json=theirs | {"cadre_id": str(FIRST)}, headers=county).status_code == 201
    (row,) = phone.send(correction(62, 60, contact="video", note="父亲住院", findings=["illness"]))
    assert said([row]) == ["conflict corrected-already"]
    assert row["conflict"] == {
        "theirs": str(named(61)),
        "fields": [
            {"field": "contact", "mine": "video", "theirs": "telephone", "base": "home"},
            {"field": "note", "mine": "父亲住院", "theirs": "母亲住院", "base": "母亲住院"},
        ],
    }
    assert said(phone.send(correction(62, 61, contact="video"))) == ["stored"]  # as a person decided

    batch = [check_in(63), leave(64, reason="家事"), item("day_correction", 65, day="2026-11-03", status="rest",
             because="device", evidence="register")]  # fmt: skip
    assert said(phone.send(*batch)) == ["stored"] * 3
    others = [check_in(63, 1), leave(64, reason="公事"), batch[2] | {"body": batch[2]["body"] | {"status": "leave"}}]
    rows = phone.send(*others)
    assert said(rows) == ["conflict sent-before", "conflict leave-sent-before", "conflict day-correction-sent-before"]
    assert [[one["field"] for one in row["conflict"]["fields"]] for row in rows] == [["at"], ["reason"], ["status"]]
    hidden = {"id": str(named(66)), "at": HERE.isoformat(), "cadre_id": str(SECOND)}
    assert phone.http.post("/v1/check-ins", json=hidden, headers=county).status_code == 201
    attendance.execute(text("UPDATE check_in SET village = '520621002001' WHERE cadre_id = :s"), {"s": SECOND})
    attendance.commit()
    assert said(phone.send(check_in(66))) == ["refused sent-before"]  # of another, out of sight


def test_a_leave_is_corrected_and_returned_from_in_whatever_order_its_items_come(
    phone: Phone, attendance: Session, office: Office
) -> None:
    other = leave(71, last="2026-11-13", corrects=str(named(70)))
    assert said(phone.send(other)) == ["waiting not-there"]
    assert said(phone.send(return_of(72, 71))) == ["waiting not-there"]
    assert said(phone.send(other, leave(70), return_of(72, 71))) == ["stored", "stored", "waiting not-away"]
    township = office("a-township", "township", place="520621001")
    decided = phone.http.put(
        f"/v1/leaves/{named(71)}/decisions/township", json={"outcome": "approved"}, headers=township
    )
    assert decided.status_code == 200, decided.text
    assert said(phone.send(return_of(72, 71))) == ["stored"]
    (row,) = phone.send(return_of(73, 71, "2026-11-12"))
    assert row["conflict"]["fields"] == [{"field": "day", "mine": "2026-11-12", "theirs": "2026-11-11", "base": None}]
    monday = leave(74, "2026-11-23", "2026-11-23")
    own_cover = leave(75, "2026-11-23", "2026-11-24", corrects=str(named(74)), cover_id=str(FIRST))
    assert said(phone.send(own_cover, monday)) == ["refused cover-not-there", "stored"]
    lines, _ = phone.snapshot()
    states = {line["id"]: line["row"]["state"] for line in lines if line["kind"] == "leave"}
    whole = {str(named(70)): "replaced", str(named(71)): "returned", str(named(74)): "requested"}
    assert states == whole  # of what was refused nothing is left


def test_who_has_left_may_still_send_what_is_of_the_days_before_for_as_long_as_the_county_says(
    phone: Phone, attendance: Session
) -> None:
    ended = {"until": TODAY - timedelta(days=3)}
    for table in ("posting", "pairing", "access_grant"):
        attendance.execute(text(f"UPDATE {table} SET valid = daterange(lower(valid), :until)"), ended)  # noqa: S608
    attendance.commit()
    batch = [check_in(80, 5), visit(81, 5), leave(82, "2026-11-10", "2026-11-10"), check_in(83), visit(84)]
    late = ["refused dated-outside-posting"] * 2
    assert said(phone.send(*batch)) == ["stored"] * 3 + late
    set_standard(attendance, "sync_days_after_leaving", 4)
    attendance.commit()
    assert said(phone.send(*batch)) == ["duplicate"] * 3 + late
    on_day(phone.http, 1)
    assert said(phone.send(*batch))[:3] == ["refused sent-too-long-after-leaving"] * 3
    assert [count(attendance, table) for table in (CheckIn, Visit, Leave)] == [1, 1, 1]


def test_the_form_before_is_understood_for_half_a_year(
    phone: Phone, attendance: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when visits come to have a second form, which names the duties left undone and no longer the others."""

    def lift(body: versions.Body) -> versions.Body:
        undone = [duty for duty in get_args(Duty) if duty not in body["done"]]
        return {name: value for name, value in body.items() if name != "done"} | {"undone": undone}

    monkeypatch.setitem(versions.NEWEST, "visit", 2)
    monkeypatch.setitem(versions.UPGRADES, ("visit", 1), versions.Upgrade(lift, date(2027, 5, 31)))
    old = visit(90, done=["policy", "handbook"]) | {"v": 1}
    new = visit(90, undone=["hygiene", "counsel", "standards"]) | {"v": 2}
    assert said(phone.send(old)) == ["stored"]
    assert said(phone.send(new, old)) == ["duplicate", "duplicate"]
    held = attendance.get_one(Visit, named(90))
    assert held.undone == ["counsel", "hygiene", "standards"]
    monkeypatch.setitem(versions.UPGRADES, ("visit", 1), versions.Upgrade(lift, date(2026, 1, 1)))
    assert said(phone.send(old)) == ["refused version-too-old"]


def test_while_the_register_is_away_what_needs_it_waits(phone: Phone, register: list[bool]) -> None:
    register.append(True)
    assert said(phone.send(visit(95), visit(96, household_id=str(OTHER)))) == ["stored", "waiting register-away"]


def test_a_lost_phone_is_refused_at_the_next_reading_and_told_to_drop_what_it_holds(
    phone: Phone, attendance: Session
) -> None:
    _, cursor = phone.snapshot()
    ages = {"not_before": NOW.replace(year=2099), "expires_at": NOW.replace(year=2100)}
    attendance.add(Revocation(subject=str(ACCOUNT), **ages, version=1))
    attendance.commit()
    phone.http.app.state.revoked.read()  # type: ignore[attr-defined]  # which it does every two seconds
    for path in (f"/v1/sync/changes?cursor={cursor}", "/v1/sync/snapshot"):
        answer = phone.http.get(path, headers=phone.headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in-ended")
    refused = phone.http.post("/v1/sync/batches", json={"items": [visit(97)]}, headers=phone.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "sign-in-ended")
