"""A visit is recorded once, by who answers for the household, and corrected by another that names it."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.visits import Visit, VisitFinding
from services.kit.store.tables import Event
from tests.attendance.conftest import Stationed
from tests.attendance.visits.conftest import FAR, FREE, HOME, NEXT, correction, listed, pair, send, visit
from tests.callers import HERE, Headers, Office, Sign


def test_one_tap_is_a_visit_at_home_where_all_is_as_it_was(
    http: TestClient, assistant: Headers, paired: Stationed
) -> None:
    body = visit()
    told = send(http, assistant, body)
    assert (told["contact"], told["findings"], told["undone"], told["answers"]) == ("home", [], [], [])
    assert (told["cadre_id"], told["recorded_by"]) == (str(paired.first), paired.account)
    assert send(http, assistant, body) == told
    assert listed(http, assistant, household_id=HOME) == [body["id"]]


def test_the_same_id_with_another_content_is_refused(http: TestClient, assistant: Headers) -> None:
    body = visit(note="门锁已修")
    send(http, assistant, body)
    for changed in ({"note": "门锁未修"}, {"contact": "telephone"}, {"household_id": str(NEXT)}):
        assert send(http, assistant, body | changed, 409)["code"] == "visit-sent-before"


@pytest.mark.parametrize("home", [NEXT, FREE, FAR, uuid4()], ids=["anothers", "nobodys", "far", "unknown"])
def test_a_household_one_is_not_paired_with_is_not_there(
    http: TestClient, assistant: Headers, home: Any, attendance: Session
) -> None:
    assert send(http, assistant, visit(home), 404)["code"] == "not-there"
    assert attendance.scalars(select(Visit)).all() == []


def test_who_holds_the_village_visits_any_household_in_it(
    http: TestClient, office: Office, sign: Sign, assistant: Headers, paired: Stationed
) -> None:
    office(paired.account, "cadre", place="520621001005")
    cadre = sign(paired.account, "cadre")
    send(http, cadre, visit(FREE))
    assert send(http, cadre, visit(FAR), 404)["code"] == "not-there"


def test_while_the_register_is_away_visits_of_paired_households_are_stored_and_others_wait(
    http: TestClient, assistant: Headers, register: list[bool]
) -> None:
    register.append(True)
    send(http, assistant, visit())
    assert send(http, assistant, visit(FREE), 503)["code"] == "register-away"


def test_what_was_visited_while_the_pairing_held_is_taken_in_after_it_has_ended(
    http: TestClient, assistant: Headers, paired: Stationed, attendance: Session
) -> None:
    pair(attendance, paired.first, FREE, until=HERE.date() - timedelta(days=3))
    attendance.commit()
    send(http, assistant, visit(FREE, days_ago=4))
    assert send(http, assistant, visit(FREE, days_ago=3), 404)["code"] == "not-there"


def test_the_doer_is_not_the_recorder(http: TestClient, office: Office, assistant: Headers, paired: Stationed) -> None:
    clerk = office("a-township", "township", place="520621001")
    told = send(http, clerk, visit(cadre_id=str(paired.second)))
    assert (told["cadre_id"], told["recorded_by"]) == (str(paired.second), "a-township")
    assert send(http, assistant, visit(cadre_id=str(paired.second)), 403)["code"] == "not-allowed"
    elsewhere = office("another-township", "township", place="520621002")
    assert send(http, elsewhere, visit(FAR, cadre_id=str(paired.second)), 404)["code"] == "not-there"
    assert send(http, clerk, visit(), 403)["code"] == "not-a-cadre"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"at": (HERE + timedelta(days=1)).isoformat()}, "visit-in-the-future"),
        ({"contact": "not_reached", "met": ["head"]}, "nobody-was-reached"),
        ({"contact": "away", "met": ["member"]}, "nobody-was-reached"),
        ({"contact": "not_reached", "findings": ["illness"]}, "nobody-was-reached"),
        ({"because": "mistake"}, "correction-incomplete"),
        ({"corrects": str(uuid4())}, "correction-incomplete"),
        ({"corrects": str(uuid4()), "because": "not_made", "findings": ["illness"]}, "correction-incomplete"),
        ({"corrects": str(uuid4()), "because": "mistake"}, "not-there"),
        ({"findings": ["gossip"]}, "not-understood"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    http: TestClient, assistant: Headers, said: dict[str, Any], code: str
) -> None:
    assert http.post("/v1/visits", json=visit() | said, headers=assistant).json()["code"] == code


def test_a_household_that_is_away_is_a_contact_with_where_and_since(http: TestClient, assistant: Headers) -> None:
    away: dict[str, Any] = {"contact": "away", "away_since": "2026-09-01", "away_to": "3301"}
    told = send(http, assistant, visit(**away, findings=["moved_away"]))
    assert (told["away_since"], told["away_to"]) == ("2026-09-01", "3301")


def test_a_note_is_sealed_told_to_field_and_office_and_to_no_list(
    http: TestClient, assistant: Headers, office: Office, attendance: Session
) -> None:
    body = visit(note="示例备注")
    assert send(http, assistant, body)["note"] == "示例备注"
    row = attendance.scalars(select(Visit)).one()
    assert row.sealed_note
    assert "示例备注".encode() not in row.sealed_note
    auditor = office("an-auditor", "auditor")
    assert http.get(f"/v1/visits/{body['id']}", headers=auditor).json()["note"] is None
    assert "示例备注" not in http.get("/v1/visits", headers=assistant).text
    assert "示例备注" not in str([event.data for event in attendance.scalars(select(Event))])


def test_a_correction_takes_the_place_of_the_other_and_both_can_be_read(http: TestClient, assistant: Headers) -> None:
    first = visit(findings=["illness", "debt"])
    send(http, assistant, first)
    second = correction(first, findings=["illness"])
    told = send(http, assistant, second)
    assert (told["first_id"], told["version"]) == (first["id"], 2)
    assert listed(http, assistant) == [second["id"]]
    assert set(listed(http, assistant, corrected=True)) == {first["id"], second["id"]}
    before = http.get(f"/v1/visits/{first['id']}", headers=assistant).json()
    assert (before["findings"], before["corrected_by"]) == (["debt", "illness"], second["id"])
    assert {one["kind"]: one["state"] for one in before["answers"]} == {"illness": "told", "debt": "withdrawn"}
    assert send(http, assistant, correction(first), 409)["code"] == "corrected-already"
    third = correction(second, "learnt_later", findings=["debt", "illness"])
    assert {one["state"] for one in send(http, assistant, third)["answers"]} == {"told"}


def test_a_visit_that_was_not_made_counts_nowhere(http: TestClient, assistant: Headers) -> None:
    first = visit(findings=["illness"])
    send(http, assistant, first)
    send(http, assistant, correction(first, "not_made", findings=[]))
    assert listed(http, assistant) == []
    assert len(listed(http, assistant, corrected=True)) == 2


def test_nobody_corrects_the_visit_of_another(
    http: TestClient, assistant: Headers, office: Office, paired: Stationed
) -> None:
    clerk = office("a-township", "township", place="520621001")
    theirs = visit(cadre_id=str(paired.second))
    send(http, clerk, theirs)
    own = {name: value for name, value in correction(theirs).items() if name != "cadre_id"}
    assert send(http, assistant, own, 404)["code"] == "not-there"
    send(http, clerk, correction(theirs, contact="telephone"))


def test_the_event_tells_ids_and_kinds_alone(http: TestClient, assistant: Headers, attendance: Session) -> None:
    body = visit(findings=["water_failed"], note="示例", met=["head"])
    send(http, assistant, body)
    event = attendance.scalars(select(Event).where(col(Event.type) == "visit.recorded")).one()
    assert event.subject == body["id"]
    assert event.data.keys() == {
        "visit", "version", "household", "cadre", "day", "contact", "made", "findings",
    }  # fmt: skip
    assert event.data["findings"] == ["water_failed"]


def test_visits_are_listed_by_household_by_cadre_and_by_day(
    http: TestClient, assistant: Headers, office: Office, paired: Stationed
) -> None:
    clerk = office("a-county", "county")
    now, before = visit(cadre_id=str(paired.first)), visit(NEXT, days_ago=30, cadre_id=str(paired.second))
    for body in (now, before):
        send(http, clerk, body)
    assert listed(http, clerk) == [now["id"], before["id"]]
    assert listed(http, clerk, cadre_id=paired.second) == [before["id"]]
    assert listed(http, clerk, household_id=HOME) == [now["id"]]
    assert listed(http, clerk, day_to=date(2026, 10, 31)) == [before["id"]]
    assert listed(http, clerk, day_from=date(2026, 11, 1)) == [now["id"]]
    assert listed(http, clerk, village_prefix="520621002") == []
    assert listed(http, assistant) == [now["id"]]
    assert http.get(f"/v1/visits/{before['id']}", headers=assistant).status_code == 404


def test_an_assistant_reads_what_others_saw_of_the_household_while_paired_with_it(
    http: TestClient, assistant: Headers, office: Office, paired: Stationed
) -> None:
    theirs = visit(cadre_id=str(paired.second))
    send(http, office("a-county", "county"), theirs)
    assert listed(http, assistant, household_id=HOME) == [theirs["id"]]


def test_the_database_holds_one_correction_of_a_visit(
    http: TestClient, assistant: Headers, attendance: Session
) -> None:
    first = visit()
    send(http, assistant, first)
    send(http, assistant, correction(first))
    assert attendance.scalars(select(VisitFinding)).all() == []
    found = attendance.execute(
        text("SELECT count(*) FROM pg_indexes WHERE tablename = 'visit' AND indexdef LIKE '%UNIQUE%(corrects)%'")
    )
    assert found.scalar_one() == 1
