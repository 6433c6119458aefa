"""What a day was and why; the month as confirmed, frozen and told again; and what it comes to in money."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.months import AllowanceLine, MonthLine
from services.attendance.models.presence import CheckIn, DayStatus
from services.attendance.months.freezing import freeze as freeze_place
from services.attendance.months.sheets import AS_IT_STANDS
from tests.attendance.conftest import COUNTY, VILLAGE, set_standard
from tests.attendance.leave.conftest import House, back, decide, leave, send
from tests.callers import HERE, Headers
from tests.door.probes import texts_of

OCTOBER = "2026-10"


def seen(session: Session, cadre: UUID, day: str, status: str = "present", at: datetime = HERE) -> None:
    """A check-in and what it came to, as the lanes leave them."""
    one = CheckIn(
        id=uuid4(), cadre_id=cadre, recorded_by="示例", at=at, received_at=at, day=date.fromisoformat(day),
        datum="wgs84", village=VILLAGE, verdict="inside",
    )  # fmt: skip
    session.add(one)
    session.flush()
    session.merge(DayStatus(cadre_id=cadre, day=one.day, status=status, evidence=[one.id]))
    session.commit()


def days(http: TestClient, caller: Headers, **asked: Any) -> dict[str, tuple[str, str]]:
    answer = http.get("/v1/cadre-days", params={"month": OCTOBER} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return {one["day"][8:]: (one["status"], one["why"]) for one in answer.json()["days"]}


def correct(http: TestClient, caller: Headers, day: str, status: str = "present", **said: Any) -> Any:
    body = {"id": str(uuid4()), "day": day, "status": status, "because": "forgotten", "evidence": "register"} | said
    answer = http.post("/v1/day-corrections", json=body, headers=caller)
    assert answer.status_code == 201, answer.text
    assert http.post("/v1/day-corrections", json=body, headers=caller).json() == answer.json()
    return answer.json()


def agree(http: TestClient, caller: Headers, to: Any, outcome: str = "approved", status: int = 200) -> Any:
    answer = http.put(f"/v1/day-corrections/{to['id']}/decision", json={"outcome": outcome}, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_every_day_has_a_status_and_a_reason_and_none_is_absent(
    http: TestClient, house: House, attendance: Session
) -> None:
    for body in (leave("2026-10-12", "2026-10-13", "sick"), leave("2026-10-14", "2026-10-17", "training")):
        send(http, house.member, body)
        decide(http, house.township, body)
    seen(attendance, house.member_id, "2026-10-13")  # there, though on leave
    seen(attendance, house.member_id, "2026-10-19", "uncertain")
    seen(attendance, house.member_id, "2026-10-20", "outside")
    back(http, house.member, body, "2026-10-22")
    told = days(http, house.member)
    assert len(told) == 31
    assert told["01"] == told["11"] == ("rest", "rest_day")  # a holiday, a Sunday
    assert told["10"] == ("no_evidence", "nothing")  # a Saturday made up for
    assert (told["12"], told["13"]) == (("leave", "on_leave"), ("present", "check_in"))
    assert told["17"] == ("official", "on_duty_elsewhere")  # a Saturday of training
    assert told["18"] == ("rest", "rest_day")
    assert told["19"] == ("uncertain", "place_uncertain")
    assert (told["20"], told["21"]) == (("no_evidence", "seen_elsewhere"), ("no_evidence", "return_overdue"))
    assert told["22"] == ("no_evidence", "nothing")
    assert (
        http.get("/v1/cadre-days", params={"cadre_id": str(house.second_id)}, headers=house.member).status_code == 404
    )
    assert days(http, house.captain, cadre_id=str(house.member_id)) == told
    elsewhere = http.get("/v1/cadre-days", params={"cadre_id": str(house.member_id)}, headers=house.elsewhere)
    assert elsewhere.status_code == 404
    words = http.get("/v1/cadre-days", params={"month": OCTOBER}, headers=house.member).json()["days"][9]["words"]
    assert words == "没有依据，不等于缺勤"
    missing = http.get("/v1/cadre-days", params={"month": "2026-08"}, headers=house.member)
    assert missing.json()["code"] == "calendar-missing"


def test_a_day_is_put_right_by_two(http: TestClient, house: House) -> None:
    asked = correct(http, house.member, "2026-10-12")
    assert days(http, house.member)["12"] == ("no_evidence", "nothing")
    assert http.put(f"/v1/day-corrections/{asked['id']}/decision", json={"outcome": "approved"},
                    headers=house.captain).status_code == 403  # fmt: skip
    agree(http, house.elsewhere, asked, status=404)
    assert agree(http, house.township, asked) == agree(http, house.township, asked)
    agree(http, house.township, asked, "refused", 409)
    assert days(http, house.member)["12"] == ("present", "corrected")
    again = correct(http, house.clerk, "2026-10-12", "leave", cadre_id=str(house.member_id), because="written_wrongly")
    agree(http, house.clerk, again, status=403)  # wrote it down
    agree(http, house.township, again)
    assert days(http, house.member)["12"] == ("leave", "corrected")
    listed = http.get("/v1/day-corrections", headers=house.member).json()["rows"]
    assert {one["state"] for one in listed} == {"approved", "replaced"}
    none = {"because": "forgotten", "evidence": "witness", "status": "present"}
    for day, code in (("2026-12-01", "day-not-come"), ("2025-10-01", "not-posted-then")):
        answer = http.post("/v1/day-corrections", json={"id": str(uuid4()), "day": day} | none, headers=house.member)
        assert answer.json()["code"] == code


def sheet(http: TestClient, caller: Headers, team: UUID, month: str = OCTOBER) -> Any:
    answer = http.get(f"/v1/month-sheets/{month}/teams/{team}", headers=caller)
    assert answer.status_code == 200, answer.text
    return answer.json()


def confirm(http: TestClient, caller: Headers, team: UUID, digest: str, month: str = OCTOBER, status: int = 200) -> Any:
    path = f"/v1/month-sheets/{month}/teams/{team}/confirmation"
    answer = http.put(path, json={"digest": digest}, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def freeze(http: TestClient, caller: Headers, month: str = OCTOBER, place: str = VILLAGE[:9], status: int = 200) -> Any:
    answer = http.put(f"/v1/month-sheets/{month}/divisions/{place}/freezing", headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
def paid(attendance: Session, house: House) -> House:
    """30 yuan a day, from 16 October 100 (by two documents), for days present or away on duty."""
    set_standard(attendance, "allowance_counts", 0, COUNTY)
    for number, status in enumerate(("present", "official")):
        set_standard(attendance, "allowance_counts", 1, COUNTY + "00")
        attendance.flush()
        ranked = "UPDATE standard SET population_class = :one WHERE key = 'allowance_counts' AND division = :place"
        attendance.execute(text(ranked + " AND population_class = ''"), {"one": status, "place": COUNTY + "00"})
        assert number < 2
    set_standard(attendance, "allowance_rate", 3000)
    attendance.execute(text("UPDATE standard SET valid = daterange('2026-01-01', '2026-10-16'), document_no = '一号'"
                            " WHERE key = 'allowance_rate'"))  # fmt: skip
    set_standard(attendance, "allowance_rate", 10000, since=date(2026, 10, 16))
    attendance.execute(text("UPDATE standard SET document_no = '二号' WHERE key = 'allowance_rate' AND value = 10000"))
    for cadre in (house.member_id, house.captain_id):
        for day in ("2026-10-12", "2026-10-13", "2026-10-19"):
            seen(attendance, cadre, day, at=HERE - timedelta(days=5))
    attendance.commit()
    return house


def test_a_month_is_confirmed_by_one_frozen_by_another_and_tells_later_what_was_different(
    http: TestClient, paid: House, attendance: Session
) -> None:
    first = sheet(http, paid.captain, paid.team)
    assert (first["state"], first["total"]) == (
        "open", {"present": 6, "official": 0, "leave": 0, "rest": 13 * 3, "uncertain": 0, "no_evidence": 18 * 3 - 6}
    )  # fmt: skip
    assert [one["cadre_id"] for one in sheet(http, paid.member, paid.team)["lines"]] == [str(paid.member_id)]
    assert freeze(http, paid.township) == {"frozen_now": 0, "frozen": 0, "open": 2, "changed": 0, "own": 0}
    confirm(http, paid.member, paid.team, first["digest"], status=403)
    confirm(http, paid.captain, paid.team, "0" * 32, status=409)
    confirm(http, paid.captain, paid.team, first["digest"])
    fixed = correct(http, paid.member, "2026-10-20")
    agree(http, paid.clerk, fixed)
    assert sheet(http, paid.captain, paid.team)["state"] == "changed"
    assert freeze(http, paid.township)["changed"] == 1
    confirm(http, paid.captain, paid.team, sheet(http, paid.captain, paid.team)["digest"])
    freeze(http, paid.elsewhere, status=404)
    assert freeze(http, paid.township)["frozen_now"] == 1
    assert freeze(http, paid.township) == {"frozen_now": 0, "frozen": 1, "open": 1, "changed": 0, "own": 0}
    frozen = http.get(f"/v1/month-sheets/{OCTOBER}/teams/{paid.team}", headers=paid.township).content
    lines = allowances(http, paid.township)
    assert [(one["days"], one["rate"], one["amount"], one["document_no"]) for one in lines if
            one["cadre_id"] == str(paid.member_id)] == [(2, 3000, 6000, "一号"), (2, 10000, 20000, "二号")]  # fmt: skip
    book = f"/v1/month-sheets/{OCTOBER}/teams/{paid.team}/workbook"
    before = http.get(book, headers=paid.township).content
    change_october_later(http, paid, attendance)
    assert http.get(book, headers=paid.township).content == before
    assert before != http.get(book, headers=paid.member).content
    assert "260.00" in texts_of(http.get(f"/v1/allowances/{OCTOBER}/workbook", headers=paid.member).content)
    assert http.get(f"/v1/month-sheets/{OCTOBER}/teams/{paid.team}", headers=paid.township).content == frozen
    assert freeze(http, paid.township, "2026-11", status=409)["code"] == "month-not-over"
    tell_later(attendance, paid)
    told = attendance.scalars(select(MonthLine).where(col(MonthLine.month) > col(MonthLine.of_month))).all()
    assert {(one.cadre_id, one.present, one.leave, one.no_evidence) for one in told} == {
        (paid.member_id, -1, 0, 1), (paid.second_id, 1, 0, -1), (paid.captain_id, 0, 2, -2),
    }  # fmt: skip
    money = attendance.scalars(select(AllowanceLine).where(col(AllowanceLine.of_month) == date(2026, 10, 1))).all()
    later = {(one.cadre_id, one.rate, one.days) for one in money if one.month != one.of_month}
    assert later == {(paid.member_id, 10000, -1), (paid.second_id, 3000, 1)}
    assert sheet(http, paid.county, paid.team, "2026-11")["state"] == "frozen"
    sums = http.get("/v1/allowances/2026-11", headers=paid.county).json()
    assert sums["total"]["earlier"] == 3000 - 10000 == sum(one["earlier"] for one in sums["teams"])
    assert sum(one["earlier"] for one in sums["units"]) == sums["total"]["earlier"]
    assert http.get("/v1/allowances/2026-11", headers=paid.elsewhere).json()["teams"] == []
    own = http.get("/v1/allowances/2026-10/lines", headers=paid.member).json()["rows"]
    assert {one["cadre_id"] for one in own} == {str(paid.member_id)}


def allowances(http: TestClient, caller: Headers, month: str = OCTOBER) -> list[Any]:
    answer = http.get(f"/v1/allowances/{month}/lines", headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[Any] = answer.json()["rows"]
    return rows


def change_october_later(http: TestClient, paid: House, attendance: Session) -> None:
    """A day fewer for one, a check-in that comes late for another, a leave approved afterwards for the captain."""
    agree(http, paid.clerk, correct(http, paid.member, "2026-10-20", "no_evidence"))
    seen(attendance, paid.second_id, "2026-10-13")
    decide(http, paid.township, send(http, paid.captain, leave("2026-10-26", "2026-10-27")))


def tell_later(session: Session, paid: House) -> None:
    """November is frozen in December: twice, and again in January, which tells nothing twice."""
    team = str(paid.team)
    for month, last in (("2026-11-01", 30), ("2026-12-01", 31)):
        session.execute(
            text("INSERT INTO month_sheet (team_id, month, village, digest, confirmed_by, confirmed_at)"
                 " VALUES (:team, :month, :village, '', 'a captain', now())"),
            {"team": team, "month": month, "village": VILLAGE},
        )  # fmt: skip
        first = date.fromisoformat(month)
        digest = digest_of(session, paid.team, first, first.replace(day=last))
        session.execute(text("UPDATE month_sheet SET digest = :it WHERE month = :of"), {"it": digest, "of": first})
        assert freeze_place(session, first, VILLAGE, "a township", HERE) == [paid.team]
        assert freeze_place(session, first, VILLAGE, "a township", HERE) == []
    session.commit()


def digest_of(session: Session, team: UUID, first: date, last: date) -> str:
    rows = session.execute(AS_IT_STANDS, {"month": first, "last": last, "teams": [team]}).mappings().all()
    return str(rows[0]["digest"])


def test_who_confirms_does_not_freeze_and_a_posting_found_shorter_is_told(
    http: TestClient, paid: House, attendance: Session
) -> None:
    confirm(http, paid.township, paid.team, sheet(http, paid.township, paid.team)["digest"])
    assert freeze(http, paid.township)["own"] == 1
    assert freeze(http, paid.clerk)["frozen_now"] == 1
    rows = http.get(f"/v1/month-sheets/{OCTOBER}", headers=paid.township).json()["rows"]
    assert [one["state"] for one in rows] == ["frozen", "open"]
    assert http.get(f"/v1/month-sheets/{OCTOBER}", headers=paid.member).status_code == 404
    attendance.execute(text("UPDATE posting SET valid = daterange('2026-01-01', '2026-10-13') WHERE cadre_id = :id"),
                       {"id": paid.member_id})  # fmt: skip
    tell_later(attendance, paid)
    (told,) = attendance.scalars(select(MonthLine).where(col(MonthLine.month) > col(MonthLine.of_month))).all()
    assert (told.cadre_id, told.present, told.rest) == (paid.member_id, -2, -5)
    money = attendance.scalars(select(AllowanceLine).where(col(AllowanceLine.month) > col(AllowanceLine.of_month)))
    assert sorted((one.rate, one.days) for one in money) == [(3000, -1), (10000, -1)]
