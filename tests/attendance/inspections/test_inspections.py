"""督查、暗访: ordered by the county, recorded by its inspectors, unknown to the villages until it is closed; and then
read where it was."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.inspections import InspectionFinding, InspectionSighting
from services.attendance.models.teams import Posting, Team
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.tables import Event
from tests.attendance.conftest import COUNTY, cadre_in, set_standard
from tests.attendance.inspections.conftest import (
    FAR,
    HOME,
    NEAR,
    REPAIR,
    VILLAGES,
    Inspected,
    ask,
    at_moment,
    closed,
    draw,
    findings,
    found,
    order,
    ordered,
    read,
    record,
)
from tests.callers import HERE, Headers, Office

WRONG: dict[str, tuple[dict[str, Any], str, int]] = {
    "upside down": ({"last_day": "2026-11-20"}, "inspection-days-wrong", 422),
    "over": ({"first_day": "2026-11-01", "last_day": "2026-11-20"}, "inspection-days-wrong", 422),
    "too long": ({"last_day": "2027-02-21"}, "inspection-days-wrong", 422),
    "elsewhere": ({"division": "520622"}, "not-there", 404),
    "without anybody": ({"inspectors": []}, "not-understood", 422),
    "without a ground": ({"document_no": ""}, "not-understood", 422),
}


@pytest.fixture
def everywhere(http: TestClient, inspected: Inspected, county: Headers) -> Any:
    """One that was drawn: every village but the inspector's own."""
    return draw(http, county, how_many=7)


def listed(http: TestClient, caller: Headers, **asked: str) -> list[str]:
    answer = http.get("/v1/inspections", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["rows"]]


def test_an_order_is_read_back_as_it_was_sent_and_never_changed(
    http: TestClient, inspected: Inspected, county: Headers
) -> None:
    at, body = str(uuid4()), ordered()
    told = ask(http, county, at, body)
    assert {name: told[name] for name in body} == body
    assert (told["year"], told["number"], told["state"], told["among"]) == (2026, 1, "ordered", "team_villages")
    assert ask(http, county, at, body) == told == read(http, county, at)
    assert ask(http, county, at, ordered(how_many=2), 409)["code"] == "inspection-ordered-before"


@pytest.mark.parametrize("wrong", list(WRONG))
def test_an_order_has_its_ground_its_days_and_its_people(
    wrong: str, http: TestClient, inspected: Inspected, county: Headers
) -> None:
    said, code, status = WRONG[wrong]
    assert order(http, county, ordered(**said), status)["code"] == code


def test_numbers_are_one_row_for_the_county_and_a_refusal_takes_none(
    http: TestClient, inspected: Inspected, county: Headers
) -> None:
    order(http, county, ordered(last_day="2026-11-01"), 422)
    with ThreadPoolExecutor(10) as pool:
        told = list(pool.map(lambda place: order(http, county, ordered(division=place)), [COUNTY, NEAR] * 5))
    assert sorted(one["number"] for one in told) == list(range(1, 11))


def test_the_county_orders_draws_and_closes_and_nobody_else(
    http: TestClient, county: Headers, office: Office, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    for caller in (office("a-clerk", "township", place=NEAR), office("an-auditor", "auditor"), inspector):
        for path in (str(uuid4()), f"{one}/draw", f"{one}/closing", f"{one}/withdrawal"):
            assert http.put(f"/v1/inspections/{path}", json=ordered(), headers=caller).status_code == 403
    elsewhere = office("another-county", "county", place="520622")
    for path in ("draw", "closing"):
        assert ask(http, elsewhere, f"{one}/{path}", status=404)["code"] == "not-there"
    ask(http, elsewhere, f"{one}/withdrawal", {"because": "mistake"}, 404)
    assert ask(http, elsewhere, one, ordered(how_many=7), 404)["code"] == "not-there"


def test_nobody_hears_of_one_before_it_is_closed_but_its_office_and_its_inspectors(
    http: TestClient, county: Headers, office: Office, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    villagers = [office(f"of-{place}", role, place=place) for place in VILLAGES[1:3] for role in ("cadre", "captain")]
    clerk, auditor = office("a-clerk", "township", place=NEAR), office("an-auditor", "auditor")
    record(http, inspector, one, found(VILLAGES[1], "noted"))
    for caller in (*villagers, clerk):
        assert listed(http, caller) == []
        for path in ("", "/population", "/findings"):
            assert read(http, caller, one + path, 404)["code"] == "not-there"
    for caller in (county, auditor, inspector):
        assert listed(http, caller) == [one]
        assert len(read(http, caller, f"{one}/population")["rows"]) == 8
        assert len(findings(http, caller, one)) == 1


def test_the_database_itself_shows_a_village_nothing_before(
    http: TestClient, county: Headers, inspector: Headers, everywhere: Any, api_engines: dict[str, Engine]
) -> None:
    """Whatever a query of ours asks: the second barrier."""
    record(http, inspector, everywhere["id"], found(VILLAGES[1], "repair", seen=[]))
    counts = {"inspection": 1, "inspection_village": 8, "inspection_finding": 7, "inspection_issue": 1}
    assert seen_by(api_engines, VILLAGES[1]) == dict.fromkeys(counts, 0)
    assert seen_by(api_engines, VILLAGES[1], "inspector-one")["inspection_finding"] == 1
    closed(http, county, inspector, everywhere)
    assert seen_by(api_engines, COUNTY) == counts
    assert seen_by(api_engines, VILLAGES[1]) == counts | {"inspection_finding": 1}
    assert seen_by(api_engines, VILLAGES[2]) == counts | {"inspection_finding": 1, "inspection_issue": 0}
    assert seen_by(api_engines, "520622") == dict.fromkeys(counts, 0)


def seen_by(api_engines: dict[str, Engine], place: str, holder: str = "") -> dict[str, int]:
    with open_session(api_engines["attendance"]) as session:
        told = {"divisions": f"{{{place}}}", "holder": holder}
        for name, value in told.items():
            session.execute(
                text("SELECT set_config('shouwang.' || :name, :value, true)"), {"name": name, "value": value}
            )
        tables = ("inspection", "inspection_village", "inspection_finding", "inspection_issue")
        return {name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in tables}  # noqa: S608  # ours


def test_when_it_is_closed_a_village_reads_what_was_found_there_and_not_what_was_found_elsewhere(
    http: TestClient, county: Headers, office: Office, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    team, clerk = office("of-one", "captain", place=VILLAGES[1]), office("a-clerk", "township", place=FAR)
    spared = office("of-home", "captain", place=HOME)
    record(http, inspector, one, found(VILLAGES[1], "noted", text="示例情况甲"))
    told = closed(http, county, inspector, everywhere)
    assert (told["state"], told["closed_by"]) == ("closed", "a-county-account")
    assert ask(http, county, f"{one}/closing") == told
    assert [row["text"] for row in findings(http, team, one)] == ["示例情况甲"]
    assert {row["village"] for row in findings(http, clerk, one)} == set(VILLAGES[4:])
    assert len(findings(http, inspector, one)) == len(findings(http, county, one)) == 7
    assert (listed(http, team), read(http, team, one)["seed"]) == ([one], everywhere["seed"])
    assert (listed(http, spared), read(http, spared, one, 404)["code"]) == ([], "not-there")
    assert len(read(http, team, f"{one}/findings?village={VILLAGES[2]}")["rows"]) == 0


def test_who_reads_no_words_reads_that_something_was_found(
    http: TestClient, county: Headers, office: Office, inspector: Headers, everywhere: Any, attendance: Session
) -> None:
    record(http, inspector, everywhere["id"], found(VILLAGES[1], "repair", text="示例路灯损坏"))
    told = findings(http, office("an-auditor", "auditor"), everywhere["id"])[0]
    assert (told["verdict"], told["text"], told["issue"]) == ("repair", None, None)
    kept = attendance.scalars(select(InspectionFinding)).one()
    assert "示例路灯".encode() not in kept.sealed_said


def test_a_member_of_the_team_reads_of_nobody_else_who_was_there(
    http: TestClient, county: Headers, office: Office, inspector: Headers, everywhere: Any, inspected: Inspected,
    attendance: Session, seal: Seal,
) -> None:  # fmt: skip
    team = attendance.get_one(Team, inspected.teams[VILLAGES[1]])
    second = cadre_in(attendance, seal, team, "10001000099", "a-second")
    attendance.commit()
    seen = [{"cadre_id": str(one), "present": False} for one in (inspected.cadres[VILLAGES[1]], second)]
    record(http, inspector, everywhere["id"], found(VILLAGES[1], seen=seen))
    closed(http, county, inspector, everywhere)
    readers = {"cadre-1": seen[:1], "a-second": seen[1:], "a-third": []}
    for account, own in readers.items():
        told = findings(http, office(account, "cadre", place=VILLAGES[1]), everywhere["id"])
        assert [row["seen"] for row in told] == [own]
    for caller in (office("a-captain", "captain", place=VILLAGES[1]), county, inspector):
        told = findings(http, caller, everywhere["id"])
        assert next(row["seen"] for row in told if row["village"] == VILLAGES[1]) == seen


def test_a_finding_is_written_once_and_the_same_again_changes_nothing(
    http: TestClient, county: Headers, inspector: Headers, everywhere: Any, inspected: Inspected, attendance: Session
) -> None:
    at, one = str(uuid4()), everywhere["id"]
    seen = [{"cadre_id": str(inspected.cadres[VILLAGES[1]]), "present": False}]
    body = found(VILLAGES[1], "noted", seen=seen)
    told = record(http, inspector, one, body, at=at)
    assert {name: told[name] for name in body} == body
    assert (told["version"], told["standing"], told["opened"], told["recorded_by"]) == (1, True, None, "inspector-one")
    assert record(http, inspector, one, body, at=at) == told
    assert record(http, inspector, one, body | {"text": "另一情况"}, 409, at)["code"] == "finding-sent-before"
    other = draw(http, county, how_many=7)["id"]
    assert record(http, inspector, other, body, 409, at)["code"] == "finding-sent-before"
    closed(http, county, inspector, everywhere)
    assert record(http, inspector, one, body, at=at) == told
    sighted = attendance.scalars(select(InspectionSighting)).one()
    assert (sighted.cadre_id, sighted.present) == (inspected.cadres[VILLAGES[1]], False)


def test_a_finding_is_corrected_by_the_next_and_what_was_written_stays(
    http: TestClient, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    first = record(http, inspector, one, found(VILLAGES[1], "noted"))["id"]
    second = record(http, inspector, one, found(VILLAGES[1], corrects=first))
    assert (second["version"], second["first_id"]) == (2, first)
    assert {row["id"]: row["standing"] for row in findings(http, inspector, one)} == {first: False, second["id"]: True}
    again = record(http, inspector, one, found(VILLAGES[1], corrects=first), 409)
    assert again["code"] == "finding-corrected-already"
    for corrects in (str(uuid4()), second["id"]):
        assert record(http, inspector, one, found(VILLAGES[2], corrects=corrects), 404)["code"] == "not-there"


BAD: dict[str, tuple[dict[str, Any], str, int]] = {
    "an own village": ({"village": HOME}, "village-not-drawn", 422),
    "another county's": ({"village": "520622001001"}, "village-not-drawn", 422),
    "before it began": ({"day": "2026-11-20"}, "finding-day-wrong", 422),
    "tomorrow": ({"day": "2026-11-22"}, "finding-day-wrong", 422),
    "due before": (found(HOME, "repair", issue=REPAIR | {"due_on": "2026-11-20"}), "finding-day-wrong", 422),
    "no issue": ({"verdict": "repair", "text": "示例情况"}, "finding-not-said", 422),
    "an issue of what is well": ({"issue": REPAIR}, "finding-not-said", 422),
    "no words": ({"verdict": "noted"}, "finding-not-said", 422),
    "not inspected, not said why": ({"verdict": "not_inspected"}, "finding-not-said", 422),
    "a stranger": ({"seen": [{"cadre_id": str(uuid4()), "present": True}]}, "not-posted-there", 422),
}


@pytest.mark.parametrize("bad", list(BAD))
def test_a_finding_is_of_a_drawn_village_on_a_day_of_the_inspection_and_says_what_it_must(
    bad: str, http: TestClient, inspector: Headers, everywhere: Any
) -> None:
    said, code, status = BAD[bad]
    body = found(VILLAGES[1]) | said | ({"village": VILLAGES[1]} if bad == "due before" else {})
    assert record(http, inspector, everywhere["id"], body, status)["code"] == code
    assert findings(http, inspector, everywhere["id"]) == []


def test_somebody_of_another_team_or_named_twice_was_not_looked_for(
    http: TestClient, inspector: Headers, everywhere: Any, inspected: Inspected
) -> None:
    here, there = (str(inspected.cadres[village]) for village in VILLAGES[1:3])
    for named in ([there], [here, here]):
        seen = [{"cadre_id": cadre, "present": True} for cadre in named]
        refused = record(http, inspector, everywhere["id"], found(VILLAGES[1], seen=seen), 422)
        assert refused["code"] == "not-posted-there"


def test_its_inspectors_record_and_the_office_from_their_paper_and_nobody_else(
    http: TestClient, county: Headers, office: Office, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    assert record(http, county, one, found(VILLAGES[1]))["recorded_by"] == "a-county-account"
    for caller in (office("of-one", "captain", place=VILLAGES[1]), office("a-clerk", "township", place=NEAR)):
        assert record(http, caller, one, found(VILLAGES[1]), 404)["code"] == "not-there"
    elsewhere = office("another-county", "county", place="520622")
    assert record(http, elsewhere, one, found(VILLAGES[1]), 404)["code"] == "not-there"
    assert record(http, office("an-auditor", "auditor"), one, found(VILLAGES[1]), 403)["code"] == "not-allowed"


@pytest.mark.parametrize("township", [False, True], ids=["own village", "own township"])
def test_who_was_posted_to_a_village_since_it_was_drawn_inspects_it_no_more(
    township: bool, http: TestClient, inspector: Headers, everywhere: Any, inspected: Inspected, attendance: Session
) -> None:
    moved = attendance.scalars(select(Posting).where(col(Posting.cadre_id) == inspected.cadres[HOME])).one()
    moved.team_id = inspected.teams[VILLAGES[5]]
    if township:
        set_standard(attendance, "inspection_avoids_own_township", 1)
    attendance.commit()
    refused = VILLAGES[4:] if township else [VILLAGES[5]]
    for village in VILLAGES[4:]:
        status = 409 if village in refused else 200
        told = record(http, inspector, everywhere["id"], found(village), status)
        assert told.get("code") == ("own-village" if status == 409 else None)


def test_it_is_closed_when_each_village_has_its_finding_and_stays_closed(
    http: TestClient, county: Headers, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    for village in everywhere["villages"][:-1]:
        record(http, inspector, one, found(village))
    last = everywhere["villages"][-1]
    assert ask(http, county, f"{one}/closing", status=409) | {"detail": "1"} == ask(
        http, county, f"{one}/closing", status=409
    )
    assert ask(http, county, f"{one}/closing", status=409)["code"] == "villages-without-finding"
    record(http, inspector, one, found(last, "not_inspected", text="道路中断"))
    assert ask(http, county, f"{one}/closing")["state"] == "closed"
    assert record(http, inspector, one, found(last), 409)["code"] == "inspection-closed"
    assert ask(http, county, f"{one}/withdrawal", {"because": "mistake"}, 409)["code"] == "inspection-closed"


def test_what_is_not_drawn_is_neither_recorded_nor_closed(
    http: TestClient, county: Headers, inspector: Headers, inspected: Inspected
) -> None:
    one = order(http, county)["id"]
    assert record(http, inspector, one, found(VILLAGES[1]), 409)["code"] == "inspection-not-drawn"
    assert ask(http, county, f"{one}/closing", status=409)["code"] == "inspection-not-drawn"


def test_it_is_withdrawn_before_anything_was_found_and_keeps_its_number_and_its_draw(
    http: TestClient, county: Headers, inspector: Headers, everywhere: Any
) -> None:
    one = everywhere["id"]
    told = ask(http, county, f"{one}/withdrawal", {"because": "postponed"})
    assert (told["state"], told["villages"], told["seed"]) == ("withdrawn", everywhere["villages"], everywhere["seed"])
    assert ask(http, county, f"{one}/withdrawal", {"because": "postponed"}) == told
    assert ask(http, county, f"{one}/withdrawal", {"because": "mistake"}, 409)["code"] == "inspection-closed"
    assert record(http, inspector, one, found(VILLAGES[1]), 409)["code"] == "inspection-closed"
    assert ask(http, county, f"{one}/closing", status=409)["code"] == "inspection-closed"
    other = draw(http, county, how_many=7)
    assert other["number"] == told["number"] + 1
    record(http, inspector, other["id"], found(VILLAGES[1]))
    assert (
        ask(http, county, f"{other['id']}/withdrawal", {"because": "mistake"}, 409)["code"] == "inspection-has-findings"
    )


def test_a_draw_a_closing_and_findings_at_the_same_moment_are_one_after_the_other(
    http: TestClient, county: Headers, inspector: Headers, inspected: Inspected
) -> None:
    one = order(http, county, ordered(how_many=7))["id"]
    with ThreadPoolExecutor(8) as pool:
        seeds = set(pool.map(lambda _: ask(http, county, f"{one}/draw")["seed"], range(8)))
        assert len(seeds) == 1
        at = str(uuid4())
        same = pool.map(lambda _: record(http, inspector, one, found(VILLAGES[1]), at=at)["recorded_at"], range(8))
        assert len(set(same)) == 1


def test_the_list_is_the_newest_first_and_by_place_kind_and_days(
    http: TestClient, county: Headers, inspected: Inspected
) -> None:
    early = order(http, county, ordered(kind="announced", division=NEAR))["id"]
    late = order(http, county, ordered(first_day="2026-12-01", last_day="2026-12-05"))["id"]
    assert listed(http, county) == [late, early]
    assert listed(http, county, kind="announced") == listed(http, county, division=NEAR) == [early]
    assert listed(http, county, day_from="2026-12-01") == [late]
    assert listed(http, county, day_to="2026-11-30") == [early]
    assert listed(http, county, day_from="2026-11-30", day_to="2026-12-01") == [late, early]
    assert listed(http, county, day_from="2026-12-06") == listed(http, county, day_to="2026-11-20") == []
    first = http.get("/v1/inspections", params={"limit": 1}, headers=county).json()
    assert listed(http, county, limit="1", cursor=first["next"]) == [early]


def test_what_is_told_to_others_names_no_village_and_nobody(
    http: TestClient, county: Headers, inspector: Headers, everywhere: Any, attendance: Session
) -> None:
    record(http, inspector, everywhere["id"], found(VILLAGES[1], "noted"))
    closed(http, county, inspector, everywhere)
    told = {row.type: (row.division, row.data) for row in attendance.scalars(select(Event))}
    assert told == {
        "inspection.ordered": (COUNTY, {"kind": "unannounced", "number": 1}),
        "inspection.closed": (COUNTY, {"kind": "unannounced", "number": 1, "villages": 7}),
    }


def test_a_finding_of_the_last_day_is_still_written_down_later(
    http: TestClient, inspector: Headers, everywhere: Any
) -> None:
    at_moment(http, HERE + timedelta(20))
    assert record(http, inspector, everywhere["id"], found(VILLAGES[1], day="2026-11-30"))["day"] == "2026-11-30"
