"""What a phone has gathered offline: a verdict for each visit, in whatever order they come and however often."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.visits import Visit
from services.kit.store.audit import Audit
from services.kit.store.tables import Event
from tests.attendance.conftest import Stationed
from tests.attendance.visits.conftest import FREE, HOME, NEXT, correction, listed, send, visit
from tests.callers import HERE, Headers, Office, Sign

BATCHES = "/v1/visit-batches"


def sent(http: TestClient, caller: Headers, *bodies: Any) -> list[dict[str, Any]]:
    answer = http.post(BATCHES, json={"visits": bodies}, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    assert [row["index"] for row in rows] == list(range(len(bodies)))
    return rows


def told(rows: list[dict[str, Any]]) -> list[str]:
    return [row["problem"]["code"] if row["problem"] else row["outcome"] for row in rows]


def test_each_is_answered_by_itself_and_what_is_wrong_with_one_keeps_none_of_the_others(
    http: TestClient, assistant: Headers, attendance: Session
) -> None:
    before, fresh = visit(), visit(days_ago=1)
    send(http, assistant, before)
    rows = sent(http, assistant, before, {"id": "1"}, fresh, before | {"contact": "video"}, visit(FREE), 7, fresh)
    assert told(rows) == [
        "known", "not-understood", "stored", "visit-sent-before", "not-there", "not-understood", "known",
    ]  # fmt: skip
    assert {fault["pointer"] for fault in rows[1]["problem"]["errors"]} == {"/id", "/household_id", "/at"}
    assert len(attendance.scalars(select(Visit)).all()) == 2
    line = attendance.scalars(select(Audit).where(col(Audit.action) == f"POST {BATCHES}")).one()
    assert line.detail == '{"known": 2, "refused": 4, "stored": 1}'


def test_five_hundred_are_one_request_and_more_are_refused(
    http: TestClient, assistant: Headers, attendance: Session
) -> None:
    bodies = [visit(days_ago=n % 20, note="示例", findings=["debt"]) for n in range(500)]
    assert set(told(sent(http, assistant, *bodies))) == {"stored"}
    assert set(told(sent(http, assistant, *reversed(bodies)))) == {"known"}
    kinds = list(attendance.scalars(select(col(Event.type))))
    assert kinds.count("visit.recorded") == 500
    assert http.post(BATCHES, json={"visits": [*bodies, visit()]}, headers=assistant).status_code == 422


def test_a_correction_may_come_before_what_it_corrects(http: TestClient, assistant: Headers) -> None:
    first = visit(findings=["debt"])
    second = correction(first)
    third = correction(second, findings=["illness"])
    assert told(sent(http, assistant, third, second, first)) == ["stored", "stored", "stored"]
    assert listed(http, assistant) == [third["id"]]
    answers = http.get(f"/v1/visits/{first['id']}", headers=assistant).json()["answers"]
    assert [one["kind"] for one in answers] == ["illness"]


def test_visits_that_correct_each_other_are_refused(http: TestClient, assistant: Headers) -> None:
    first = visit()
    second = correction(first)
    first |= {"corrects": second["id"], "because": "mistake"}
    alone = visit() | {"because": "mistake"}
    alone["corrects"] = alone["id"]
    assert told(sent(http, assistant, first, second, alone)) == ["not-there", "not-there", "not-there"]


def test_two_corrections_of_one_visit_are_not_both_stored(http: TestClient, assistant: Headers) -> None:
    first = visit()
    rows = sent(http, assistant, correction(first), correction(first), first)
    assert sorted(told(rows)) == ["corrected-already", "stored", "stored"]


def test_an_id_of_somebody_elses_visit_out_of_sight_is_refused_and_cannot_be_corrected_by_a_trick(
    http: TestClient, assistant: Headers, office: Office, paired: Stationed
) -> None:
    county = office("a-county", "county")
    theirs = visit(NEXT, cadre_id=str(paired.second))
    send(http, county, theirs)
    taken = visit() | {"id": theirs["id"]}
    assert told(sent(http, assistant, taken, correction(taken))) == ["visit-sent-before", "corrected-already"]
    assert listed(http, county) == [theirs["id"]]
    assert http.get(f"/v1/visits/{theirs['id']}", headers=county).json()["corrected_by"] is None


def test_the_register_away_keeps_back_the_households_one_is_not_paired_with_alone(
    http: TestClient, assistant: Headers, register: list[bool]
) -> None:
    register.append(True)
    assert told(sent(http, assistant, visit(), visit(FREE))) == ["stored", "register-away"]


def test_who_holds_no_office_is_told_so_once(http: TestClient, paired: Stationed, register: Any, sign: Sign) -> None:
    answer = http.post(BATCHES, json={"visits": [visit()]}, headers=sign("nobody", "township"))
    assert (answer.status_code, answer.json()["code"]) == (403, "no-office")


seen = st.lists(
    st.tuples(st.uuids(version=4), st.integers(0, 4), st.sampled_from(["home", "telephone", "not_reached"])),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one[0],
)


@settings(suppress_health_check=list(HealthCheck), max_examples=5, deadline=None)
@given(seen, st.data())
def test_no_order_repetition_or_division_leaves_a_trace(
    http: TestClient, assistant: Headers, attendance: Session, seen: list[Any], data: st.DataObject
) -> None:
    bodies = [visit(days_ago=days, contact=contact) | {"id": str(number)} for number, days, contact in seen]
    bodies += [correction(one) for one in bodies[::2]]
    order = data.draw(st.permutations(bodies))
    again = data.draw(st.lists(st.sampled_from(bodies), max_size=3))
    sent(http, assistant, *order, *again)
    plain = rows_of(attendance)
    cuts = data.draw(st.integers(0, len(bodies)))
    for part in (bodies[:cuts], bodies[cuts:], again):  # as the phone wrote them, in two posts, some again
        if part:
            sent(http, assistant, *part)
    assert rows_of(attendance) == plain
    attendance.execute(text("DELETE FROM visit"))
    attendance.commit()
    for part in (bodies[:cuts], bodies[cuts:], again):
        if part:
            sent(http, assistant, *part)
    assert rows_of(attendance) == plain
    attendance.execute(text("DELETE FROM visit"))
    attendance.commit()


def rows_of(session: Session) -> str:
    session.commit()
    rows = text("SELECT string_agg((to_jsonb(v) - 'sealed_note')::text, E'\\n' ORDER BY id) FROM visit v")
    return str(session.execute(rows).scalar_one())


def test_a_day_is_that_of_the_county(http: TestClient, assistant: Headers) -> None:
    late = (HERE - timedelta(days=1)).replace(hour=23, minute=30)
    row = sent(http, assistant, visit() | {"id": str(uuid4()), "at": late.isoformat()})[0]
    assert row["visit"]["day"] == late.date().isoformat()
    assert row["visit"]["household_id"] == str(HOME)
