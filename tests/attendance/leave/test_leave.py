"""Leave: asked for, decided by those the standards name, ended by the return; never two on a day, never by oneself."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.leave.overdue import tell_of_leaves
from services.attendance.models.leave import Leave
from services.kit.store.tables import Event, Standard
from tests.attendance.conftest import set_standard
from tests.attendance.leave.conftest import House, back, decide, leave, listed, send
from tests.clock import NOW, TODAY


@pytest.mark.parametrize(
    ("last", "kind", "chain"),
    [
        ("2026-11-23", "personal", ["captain"]),
        ("2026-11-24", "personal", ["township"]),
        ("2026-11-27", "sick", ["township"]),
        ("2026-11-28", "sick", ["township", "county"]),
        ("2026-12-20", "training", ["township"]),
    ],
)
def test_who_decides_follows_from_the_days(
    http: TestClient, house: House, attendance: Session, last: str, kind: str, chain: list[str]
) -> None:
    """23 November is a Monday. A document lets the township decide about absence on duty, however long."""
    set_ranked(attendance, "leave_days_captain", "official", 0)
    set_ranked(attendance, "leave_days_township", "official", 365)
    told = send(http, house.member, leave(last=last, kind=kind))
    assert (told["chain"], told["awaits"], told["state"]) == (chain, chain[0], "requested")
    assert told["document_no"] == "示例〔2026〕1号"


def set_ranked(session: Session, key: str, rank: str, value: int) -> None:
    set_standard(session, key, value, "52062100")
    session.flush()
    session.execute(
        text("UPDATE standard SET population_class = :rank WHERE key = :key AND division = '52062100'"),
        {"rank": rank, "key": key},
    )
    session.commit()


def test_a_leave_goes_through_its_chain_and_ends_with_the_return(
    http: TestClient, house: House, attendance: Session, engines: dict[str, Engine]
) -> None:
    body = leave("2026-11-10", "2026-11-16", "sick", reason="住院复查", cover_id=str(house.second_id))
    first = send(http, house.member, body)
    assert send(http, house.member, body) == first
    assert first["days"] == 7
    send(http, house.member, body | {"last_day": "2026-11-17"}, 409)
    assert listed(http, house.township, awaiting_me=True) == [body["id"]]
    assert listed(http, house.county, awaiting_me=True) == []
    decide(http, house.county, body, "county", 403)
    assert decide(http, house.township, body)["awaits"] == "county"
    assert decide(http, house.township, body)["awaits"] == "county"  # sent again
    decide(http, house.township, body, status=409, outcome="refused", code="other")
    assert listed(http, house.county, awaiting_me=True) == [body["id"]]
    assert decide(http, house.county, body, "county")["state"] == "approved"
    assert listed(http, house.captain, overdue=True) == [body["id"]]  # today is later than the 17th
    assert [tell_of_leaves(engines["attendance"], now) for now in (NOW.replace(day=17), NOW, NOW)] == [0, 1, 0]
    told = back(http, house.member, body, "2026-11-19")
    assert (told["state"], told["returned_on"], told["overdue"]) == ("returned", "2026-11-19", False)
    assert listed(http, house.captain, overdue=True) == []
    back(http, house.member, body, "2026-11-12", 409)
    told = back(http, house.township, body, "2026-11-12", because="mistake")
    assert [one["day"] for one in told["returns"]] == ["2026-11-19", "2026-11-12"]
    held = attendance.get_one(Leave, body["id"], populate_existing=True)
    assert (held.covers.lower, held.covers.upper) == (date(2026, 11, 10), date(2026, 11, 12))
    assert b"\xe4\xbd\x8f" not in held.sealed_reason  # type: ignore[operator]
    assert told["reason"] == "住院复查"
    events = attendance.scalars(select(Event).where(col(Event.type).startswith("leave.")))
    said = sorted(((event.type, event.data) for event in events), key=lambda one: one[0])
    assert [kind.partition(".")[2] for kind, _ in said] == [
        "approved", "passed_on", "requested", "return_overdue", "returned", "returned",
    ]  # fmt: skip
    assert all(set(data) - {"level"} == {"cadre", "team", "official"} for _, data in said)
    assert [data.get("level") for _, data in said] == [None, "county", "township", None, None, None]


def test_nobody_decides_about_themselves_or_what_they_wrote_down_or_from_elsewhere(
    http: TestClient, house: House
) -> None:
    own = send(http, house.captain, leave("2026-11-23", "2026-11-23"))
    assert own["chain"] == ["township"]  # who leads a team is not decided about within it
    decide(http, house.captain, own, "township", 403)
    written = send(http, house.clerk, leave(cadre_id=str(house.member_id)))
    assert (
        http.get("/v1/leaves", headers=house.clerk, params={"awaiting_me": True}).json()["rows"][0]["id"] == own["id"]
    )
    decide(http, house.clerk, written, status=403)
    decide(http, house.elsewhere, written, status=404)
    assert decide(http, house.township, written)["state"] == "approved"
    short = send(http, house.member, leave("2026-12-01", "2026-12-01"))
    decide(http, house.township, short, "captain", 403)
    decide(http, house.captain, short, "captain", 422, outcome="refused")
    assert decide(http, house.captain, short, "captain", outcome="refused", code="too_few_left")["state"] == "refused"


def test_one_member_sees_no_other_ones_leave_and_an_office_those_of_its_places(http: TestClient, house: House) -> None:
    body = send(http, house.clerk, leave(cadre_id=str(house.second_id), reason="示例"))
    assert listed(http, house.member) == []
    assert http.get(f"/v1/leaves/{body['id']}", headers=house.member).status_code == 404
    assert listed(http, house.captain) == listed(http, house.county) == [body["id"]]
    assert listed(http, house.elsewhere) == []
    http.post("/v1/leaves", json=leave(cadre_id=str(house.second_id)), headers=house.member)
    assert http.post("/v1/leaves", json=leave(cadre_id=str(house.second_id)), headers=house.member).status_code == 403
    elsewhere = http.post("/v1/leaves", json=leave(cadre_id=str(house.second_id)), headers=house.elsewhere)
    assert elsewhere.status_code == 404


def test_what_is_corrected_stands_until_the_correction_is_approved(http: TestClient, house: House) -> None:
    first = send(http, house.member, leave())
    decide(http, house.township, first)
    send(http, house.member, leave("2026-11-24", "2026-11-26"), 409)
    longer = send(http, house.member, leave("2026-11-23", "2026-11-26", corrects=first["id"]))
    send(http, house.member, leave("2026-11-23", "2026-11-27", corrects=first["id"]), 409)
    assert sorted(listed(http, house.member, on="2026-11-24")) == [first["id"]]
    decide(http, house.township, longer)
    assert listed(http, house.member, on="2026-11-24") == [longer["id"]]
    assert listed(http, house.member, state="replaced") == [first["id"]]
    pending = send(http, house.member, leave("2026-12-07", "2026-12-08"))
    other = send(http, house.member, leave("2026-12-08", "2026-12-09", corrects=pending["id"]))
    assert sorted(listed(http, house.member, state="requested")) == [other["id"]]
    path = f"/v1/leaves/{other['id']}/cancellation"
    assert http.put(path, headers=house.captain).status_code == 404
    assert [http.put(path, headers=house.member).json()["state"] for _ in range(2)] == ["cancelled", "cancelled"]


def test_what_cannot_be_is_refused(http: TestClient, house: House, attendance: Session) -> None:
    codes = [
        ("leave-too-long", leave("2026-11-25", "2026-11-24")),
        ("calendar-missing", leave("2026-12-30", "2027-01-02")),
        ("not-posted-then", leave("2025-11-23", "2025-11-24")),
        ("cover-not-there", leave(cover_id=str(house.member_id))),
        ("cover-not-there", leave(cover_id=str(uuid4()))),
        ("not-there", leave(corrects=str(uuid4()))),
    ]
    for code, body in codes:
        answer = http.post("/v1/leaves", json=body, headers=house.member)
        assert answer.json()["code"] == code, answer.text
    send(http, house.member, leave(cover_id=str(house.beside_id)))
    past = send(http, house.member, leave("2026-11-02", "2026-11-03"))
    back(http, house.member, past, "2026-11-04", 409)
    decide(http, house.township, past)
    assert http.put(f"/v1/leaves/{past['id']}/cancellation", headers=house.member).json()["code"] == "leave-begun"
    for day in ("2026-11-01", (TODAY + timedelta(1)).isoformat()):
        back(http, house.member, past, day, 422)
    attendance.execute(delete(Standard).where(col(Standard.key) == "leave_days_township"))
    attendance.commit()
    missing = http.post("/v1/leaves", json=leave("2026-12-01", "2026-12-03"), headers=house.member).json()
    assert (missing["code"], missing["detail"][:20]) == ("standard-missing", "leave_days_township ")


def test_the_year_is_pointed_out_and_refuses_nothing(http: TestClient, house: House, attendance: Session) -> None:
    set_standard(attendance, "leave_days_year", 3)
    set_standard(attendance, "leave_working_only", 1, "520621001")
    attendance.commit()
    holidays = send(http, house.member, leave("2026-10-01", "2026-10-10"))
    assert (holidays["days"], holidays["days_of_year"], holidays["year_cap"]) == (3, 3, 3)  # 8, 9 and the made-up 10
    decide(http, house.township, holidays)
    duty = send(http, house.member, leave("2026-11-02", "2026-11-03", "training"))
    decide(http, house.township, duty)
    assert send(http, house.member, leave())["days_of_year"] == 6


spans = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6), st.booleans()), min_size=1, max_size=6)


@settings(suppress_health_check=list(HealthCheck), max_examples=10, deadline=None)
@given(spans)
def test_no_day_of_a_cadre_is_covered_twice(
    http: TestClient, house: House, attendance: Session, spans: list[Any]
) -> None:
    for start, days, returns in spans:
        first = date(2026, 10, 20) + timedelta(start)
        body = leave(first.isoformat(), (first + timedelta(days)).isoformat(), "training")
        if http.post("/v1/leaves", json=body, headers=house.member).status_code == 201:
            by = house.captain if days == 0 else house.township
            http.put(f"/v1/leaves/{body['id']}/decisions/{'captain' if days == 0 else 'township'}",
                     json={"outcome": "approved"}, headers=by)  # fmt: skip
            if returns:
                http.post(f"/v1/leaves/{body['id']}/returns", headers=house.member,
                          json={"id": str(uuid4()), "day": min(first + timedelta(1), TODAY).isoformat()})  # fmt: skip
    attendance.commit()
    held = attendance.scalars(select(Leave).where(col(Leave.state).in_(("approved", "returned")))).all()
    days_of = [one.first_day + timedelta(n) for one in held for n in range(60)
               if one.covers.contains(one.first_day + timedelta(n))]  # fmt: skip
    assert len(days_of) == len(set(days_of))
    attendance.execute(text("TRUNCATE leave, leave_decision, leave_return"))
    attendance.commit()


def test_the_database_itself_refuses_a_day_covered_twice(http: TestClient, house: House, attendance: Session) -> None:
    one, other = send(http, house.member, leave()), send(http, house.member, leave())
    attendance.execute(text("UPDATE leave SET state = 'approved' WHERE id = :id"), {"id": one["id"]})
    attendance.commit()
    decide(http, house.township, other, status=409)
    with pytest.raises(IntegrityError):
        attendance.execute(text("UPDATE leave SET state = 'approved' WHERE id = :id"), {"id": other["id"]})
    attendance.rollback()
