"""A member's circumstances, health, phones, insurances and months of work."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.facts import facts_changed
from services.kit.web.limits import GUESS, Limits
from tests.callers import Headers, Office
from tests.conftest import NOW
from tests.households.conftest import Send, facts_of, household_numbered, household_row, member_row, valid
from tests.households.people.conftest import Count, Put

DAY = "2026-03-01"
MAN, OTHER = valid("99010119600101123"), valid("99010119600101125")
YEAR = 2026


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_circumstances_take_the_codes_of_the_standards_and_no_others(member: str, put: Put) -> None:
    told = put(member, {"since": DAY, "ethnicity": "07", "schooling_level": "70", "marital": "20"}).json()
    assert (told["ethnicity"], told["schooling_level"], told["name"]) == ("07", "70", "示甲")
    for wrong in ({"ethnicity": "57"}, {"ethnicity": "彝族"}, {"schooling_level": "50"}, {"labour_capacity": "1"}):
        refused = put(member, {"since": DAY, **wrong})
        assert (code(refused), refused.json()["errors"][0]["code"]) == ((422, "not-understood"), "enum")


def test_who_is_no_member_of_the_household_is_not_found_there(family: str, put: Put, send: Send) -> None:
    assert put(f"{family}/members/{uuid4()}", {"since": DAY}).status_code == 404


@pytest.mark.parametrize(
    ("said", "dropped_out"),
    [
        ({"school_state": "junior_2"}, 0),
        ({"school_state": "not_in_school"}, 0),
        ({"school_state": "not_in_school", "dropout_reason": "unwilling"}, 1),
    ],
    ids=["in-school", "not-in-school", "dropped-out"],
)
def test_schooling_told_of_a_member_is_what_rules_ask_for(
    households: Session, member: str, put: Put, said: dict[str, str], dropped_out: int
) -> None:
    households.execute(text("UPDATE person SET birth_date = '2012-01-01'"))
    households.commit()
    assert put(member, {"since": DAY, **said}).status_code == 200
    households.rollback()
    assert facts_of(households, "JK1").dropped_out_members == dropped_out


def test_a_pupil_has_no_reason_for_having_left_school(member: str, put: Put) -> None:
    body = {"since": DAY, "school_state": "primary", "dropout_reason": "work"}
    assert code(put(member, body)) == (422, "dropout-in-school")


def test_health_is_shown_to_who_visits_and_decides_and_to_nobody_else(
    http: TestClient, office: Office, family: str, member: str, put: Put
) -> None:
    body = {"since": DAY, "conditions": ["disabled", "chronic"], "disability_category": "4", "disability_grade": "2"}
    assert put(f"{member}/health", body).json()["conditions"] == ["chronic", "disabled"]
    for role, status in {"cadre": 200, "captain": 200, "county": 200, "assistant": 403, "evaluator": 403}.items():
        assert http.get(f"{member}/health", headers=office(role, role)).status_code == status
    listed = (
        http.get(family, headers=office("county", "county")).text
        + http.get(member, headers=office("county", "county")).text
    )
    assert "chronic" not in listed
    assert "disability" not in listed


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"conditions": ["healthy", "chronic"]}, "health-contradicted"),
        ({"conditions": ["chronic", "chronic"]}, "health-contradicted"),
        ({"disability_category": "4"}, "disability-half-told"),
        ({"disability_category": "4", "disability_grade": "2", "card_number": MAN + "43"}, "card-does-not-fit"),
        ({"disability_category": "4", "disability_grade": "2", "card_number": OTHER + "42"}, "card-does-not-fit"),
        ({"disability_category": "4", "disability_grade": "2", "card_number": "1" * 18 + "42"}, "card-does-not-fit"),
    ],
    ids=["healthy-and-ill", "twice", "half", "other-grade", "other-person", "no-number"],
)
def test_health_that_contradicts_itself_is_refused(
    send: Send, member: str, put: Put, said: dict[str, Any], refusal: str
) -> None:
    send("members", member_row(id_number=MAN))
    assert code(put(f"{member}/health", {"since": DAY, **said})) == (422, refusal)


def test_a_card_stays_until_its_disability_goes_and_is_never_shown_whole(
    households: Session, send: Send, member: str, put: Put, count: Count
) -> None:
    send("members", member_row(id_number=MAN))
    path, body = f"{member}/health", {"since": DAY, "disability_category": "4", "disability_grade": "2"}
    told = put(path, body | {"card_number": MAN + "42"})
    assert told.json()["card_number_masked"].startswith("990101")
    assert MAN[10:] not in told.text
    assert put(path, body | {"card_number": MAN + "42"}).content == told.content
    assert put(path, body).content == told.content
    assert count("person_health") == 1
    kept = put(path, body | {"since": "2026-04-01", "conditions": ["disabled"]}).json()
    assert kept["card_number_masked"] == told.json()["card_number_masked"]
    assert put(path, {"since": "2026-05-01", "conditions": ["healthy"]}).json()["card_number_masked"] is None
    stored = households.execute(text("SELECT string_agg(CAST(person_health AS text), '') FROM person_health"))
    assert MAN not in stored.scalar_one()


def test_no_answer_tells_who_may_not_see_a_card_whether_a_guess_is_the_one_that_is_held(
    http: TestClient, office: Office, member: str, put: Put, count: Count
) -> None:
    """Nothing is known of the member's own number here: any card fits."""
    path, body = f"{member}/health", {"since": DAY, "disability_category": "4", "disability_grade": "2"}
    right, wrong = ({**body, "card_number": number + "42"} for number in (MAN, OTHER))
    told = put(path, right)
    assert put(path, right).content == told.content
    other = office("other", "cadre")
    unseen = [http.put(path, json=guess, headers=other) for guess in (right, wrong)]
    assert [code(answer) for answer in unseen] == [(428, "seen-nothing")] * 2
    assert put(path, body, other).content == told.content
    for rows, guess in ((2, right), (3, wrong)):
        assert put(path, guess, other).json()["recorded_by"] == "other"
        assert count("person_health") == rows
    carried = put(path, body | {"since": "2026-04-01", "conditions": ["disabled"]}, office("third", "cadre")).json()
    assert carried["recorded_by"] == "third"
    again = wrong | {"since": "2026-04-01", "conditions": ["disabled"]}
    assert code(http.put(path, json=again, headers=office("third", "cadre"))) == (428, "seen-nothing")


def test_whether_a_card_bears_the_members_own_number_is_told_as_often_as_somebody_types_one(
    http: TestClient, households: Session, send: Send, member: str, put: Put
) -> None:
    http.app.state.allowance = Limits({"read": 100, "write": 100, GUESS: 2})  # type: ignore[attr-defined]
    send("members", member_row(id_number=MAN))
    body = {"since": DAY, "disability_category": "4", "disability_grade": "2"}
    answers = [code(put(f"{member}/health", body | {"card_number": OTHER + "42"})) for _ in range(2)]
    assert answers == [(422, "card-does-not-fit")] * 2
    for number in (MAN, OTHER):
        assert code(put(f"{member}/health", body | {"card_number": number + "42"})) == (429, "too-many-requests")
    assert put(f"{member}/health", body).status_code == 200
    lines = households.execute(text("SELECT count(*) FROM audit WHERE code = 'card-does-not-fit'"))
    assert lines.scalar_one() == 2


def test_a_phone_is_told_once_masked_ever_after_and_ends(
    http: TestClient, clerk: Headers, office: Office, member: str, put: Put
) -> None:
    path = f"{member}/phones/{uuid4()}"
    assert code(put(path, {"since": DAY, "whose": "own"})) == (422, "phone-untold")
    told = put(path, {"since": DAY, "whose": "neighbour", "number": "10000000007"})
    assert told.json()["number_masked"] == "100****0007"
    assert put(path, {"since": DAY, "whose": "neighbour"}).content == told.content
    assert code(put(path, {"since": DAY, "whose": "neighbour", "number": "10000000008"})) == (
        409,
        "phone-number-stands",
    )
    assert put(path, {"since": DAY, "whose": "neighbour", "number": "10000000007"}).content == told.content
    for guess in ("10000000007", "10000000008"):
        guessed = put(path, {"since": DAY, "whose": "neighbour", "number": guess}, office("other", "cadre"))
        assert code(guessed) == (409, "phone-number-stands")
    ended = put(path, {"since": DAY, "whose": "neighbour", "until": "2026-05-01"}).json()
    assert ended["until"] == "2026-05-01"
    [listed] = http.get(f"{member}/phones", headers=office("judge", "evaluator")).json()
    assert listed["number_masked"] is None


def test_a_phone_ends_after_it_begins_and_not_after_today(member: str, put: Put) -> None:
    body = {"since": DAY, "whose": "own", "number": "10000000007"}
    for until in (DAY, "2026-11-22"):
        refused = put(f"{member}/phones/{uuid4()}", body | {"until": until})
        assert code(refused) == (422, "phone-ends-before-it-begins")
    assert put(f"{member}/phones/{uuid4()}", body | {"until": "2026-11-21"}).status_code == 200


def test_an_id_of_another_persons_phone_is_not_taken_over(
    households: Session, send: Send, family: str, member: str, put: Put
) -> None:
    send("members", member_row(姓名="示乙", 与户主关系="配偶"))
    other = households.execute(text("SELECT id FROM person WHERE name = '示乙'")).scalar_one()
    phone, body = uuid4(), {"since": DAY, "whose": "own", "number": "10000000007"}
    assert put(f"{member}/phones/{phone}", body).status_code == 200
    assert code(put(f"{family}/members/{other}/phones/{phone}", body)) == (409, "phone-number-stands")


def test_this_years_medical_insurance_is_what_rules_ask_for_and_no_other(
    households: Session, send: Send, member: str, put: Put
) -> None:
    send("members", member_row(参加基本医保="否"))

    def uninsured() -> int | None:
        households.rollback()
        return facts_of(households, "JK1").uninsured_members

    put(f"{member}/insurances/{YEAR - 1}/resident", {"enrolled": True})
    put(f"{member}/insurances/{YEAR}/commercial", {"enrolled": True})
    assert uninsured() == 1
    put(f"{member}/insurances/{YEAR}/resident", {"enrolled": True, "paid_by": "proxy", "amount": 40_000})
    assert uninsured() == 0
    put(f"{member}/insurances/{YEAR}/resident", {"enrolled": False})
    assert uninsured() == 1
    put(f"{member}/insurances/{YEAR}/employee", {"enrolled": True})
    assert uninsured() == 0
    send("members", member_row(参加基本医保="否"))
    assert uninsured() == 0


def test_of_next_year_only_next_years_insurance_counts(households: Session, send: Send, member: str, put: Put) -> None:
    send("members", member_row(参加基本医保="否"))
    put(f"{member}/insurances/{YEAR}/resident", {"enrolled": True})
    households.rollback()
    facts_changed(households, [household_numbered(households, "JK1")], datetime(YEAR + 1, 1, 5, tzinfo=UTC))
    households.commit()
    assert facts_of(households, "JK1").uninsured_members == 1


def test_insurances_are_corrected_by_appending_and_listed_as_they_count(
    http: TestClient, clerk: Headers, member: str, put: Put, count: Count
) -> None:
    path = f"{member}/insurances/{YEAR}/resident"
    for amount in (38_000, 40_000, 40_000):
        assert put(path, {"enrolled": True, "paid_by": "self", "amount": amount}).json()["amount"] == amount
    assert count("person_insurance") == 2
    [listed] = http.get(f"{member}/insurances?year={YEAR}", headers=clerk).json()
    assert listed["amount"] == 40_000
    assert http.get(f"{member}/insurances?year={YEAR - 1}", headers=clerk).json() == []


def test_an_insurance_somebody_does_not_have_is_paid_by_nobody(member: str, put: Put) -> None:
    path = f"{member}/insurances/{YEAR}/resident"
    assert code(put(path, {"enrolled": False, "amount": 0})) == (422, "paid-without-insurance")
    assert put(path, {"enrolled": False}).status_code == 200


def test_next_years_insurance_is_the_last_that_can_be_paid(member: str, put: Put) -> None:
    assert put(f"{member}/insurances/{YEAR + 1}/resident", {"enrolled": True}).status_code == 200
    refused = put(f"{member}/insurances/{YEAR + 2}/resident", {"enrolled": True})
    assert code(refused) == (422, "insurance-year-not-come")


WORK = {
    "working": True,
    "area": "province",
    "place": "示例市",
    "employer": "示例厂",
    "occupation": "焊工",
    "pay": 420_000,
}


def test_a_month_without_change_is_copied_for_the_whole_family_in_one_tap(
    http: TestClient, clerk: Headers, send: Send, family: str, member: str, put: Put, count: Count
) -> None:
    send("members", member_row(姓名="示乙", 与户主关系="配偶"))
    assert put(f"{member}/work-months/2026-09", WORK).json()["employer"] == "示例厂"
    tap = f"{family}/work-months/2026-10/as-before"
    [copied] = http.put(tap, json={"doer": "示丙"}, headers=clerk).json()
    assert (copied["month"], copied["pay"], copied["doer"]) == ("2026-10", 420_000, "示丙")
    assert [one["month"] for one in http.put(tap, json={}, headers=clerk).json()] == ["2026-10"]
    assert count("work_month") == 2


def test_one_tap_leaves_what_was_told_of_the_month(
    http: TestClient, clerk: Headers, family: str, member: str, put: Put
) -> None:
    put(f"{member}/work-months/2026-09", WORK)
    put(f"{member}/work-months/2026-10", {"working": False})
    [kept] = http.put(f"{family}/work-months/2026-10/as-before", json={}, headers=clerk).json()
    assert kept["working"] is False
    [later] = http.put(f"{family}/work-months/2026-11/as-before", json={}, headers=clerk).json()
    assert later["working"] is False
    months = [one["month"] for one in http.get(f"{member}/work-months", headers=clerk).json()]
    assert months == ["2026-11", "2026-10", "2026-09"]


def test_a_month_that_has_not_come_is_not_told(http: TestClient, clerk: Headers, family: str, member: str) -> None:
    for month, status in {"2026-11": 200, "2026-12": 422}.items():
        path = f"{member}/work-months/{month}"
        assert http.put(path, json={"working": False}, headers=clerk).status_code == status
        assert http.put(f"{family}/work-months/{month}/as-before", json={}, headers=clerk).status_code == status


def test_who_did_not_work_has_no_pay_to_tell(member: str, put: Put) -> None:
    assert code(put(f"{member}/work-months/2026-09", {"working": False, "pay": 0})) == (422, "paid-without-work")


def test_another_household_sees_nothing_of_a_member_here(
    households: Session, http: TestClient, clerk: Headers, send: Send, member: str, put: Put
) -> None:
    send("households", household_row("JK2"))
    put(member, {"since": DAY, "ethnicity": "07"})
    elsewhere = f"/v1/households/{household_numbered(households, 'JK2')}/{member.partition('/members/')[2]}"
    for part in ("", "/health", "/phones", "/insurances", "/work-months"):
        path = elsewhere.replace(member[-36:], f"members/{member[-36:]}")
        assert http.get(path + part, headers=clerk).status_code == 404


@pytest.mark.parametrize(
    ("of", "table"),
    [(f"insurances/{YEAR}/resident", "person_insurance"), ("work-months/2026-09", "work_month")],
    ids=["insurance", "month of work"],
)
def test_of_a_year_or_a_month_is_told_what_was_known_at_a_moment(
    households: Session, http: TestClient, clerk: Headers, member: str, put: Put, of: str, table: str
) -> None:
    path, fact = f"{member}/{of}", "enrolled" if "insurances" in of else "working"
    put(path, {fact: False})
    known = NOW - timedelta(days=1)
    households.execute(text(f"UPDATE {table} SET recorded_at = :known"), {"known": known})  # noqa: S608
    households.commit()
    put(path, {fact: True})
    then, before = {"known_at": known.isoformat()}, {"known_at": "2020-01-01T00:00:00Z"}
    every = f"{member}/{of.partition('/')[0]}"
    for asked, told in (({}, [True]), (then, [False]), (before, [])):
        assert [row[fact] for row in http.get(every, params=asked, headers=clerk).json()] == told
        one = http.get(path, params=asked, headers=clerk)
        assert (one.status_code, one.json().get(fact)) == ((200, told[0]) if told else (404, None))


def test_months_of_work_are_those_until_the_day(
    households: Session, http: TestClient, clerk: Headers, member: str, put: Put
) -> None:
    households.execute(text("UPDATE membership SET valid = daterange('2020-01-01', NULL)"))
    households.commit()
    for month in ("2026-08", "2026-10"):
        put(f"{member}/work-months/{month}", {"working": True})
    told = http.get(f"{member}/work-months", params={"as_of": "2026-10-01"}, headers=clerk).json()
    assert [row["month"] for row in told] == ["2026-10", "2026-08"]
    earlier = http.get(f"{member}/work-months", params={"as_of": "2026-09-30"}, headers=clerk).json()
    assert [row["month"] for row in earlier] == ["2026-08"]
