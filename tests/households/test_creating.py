"""A household comes into the register with its members, whole or not at all."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.models.register import Household, Membership, Person
from services.kit.web.limits import GUESS, Limits
from tests.callers import Headers, Office
from tests.households.conftest import VILLAGE, Send, facts_of, household_row, member_row, valid

PATH = "/v1/households"
NUMBER, OTHER = valid("99062119600101001"), valid("99062119850505002")


def member(**changed: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "name": "示甲", "relation": "01", "birth_date": "1960-01-01", "sex": "1"} | changed


def numbered(number: str, **changed: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "name": "示乙", "relation": "99", "id_number": number} | changed


def household(*members: dict[str, Any], **changed: Any) -> dict[str, Any]:
    made = {"id": str(uuid4()), "number": "JK9", "village": VILLAGE, "head_name": "示甲", "phone": "10000000001"}
    return made | {"members": list(members)} | changed


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def counts(session: Session) -> list[int]:
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in (Household, Person, Membership)]


def test_a_household_is_there_with_its_members_and_facts(http: TestClient, clerk: Headers, households: Session) -> None:
    answer = http.post(PATH, json=household(member(), numbered(OTHER), numbered(NUMBER)), headers=clerk)
    assert answer.status_code == 201, answer.text
    told = http.get(f"{PATH}/{answer.json()['id']}", headers=clerk).json()
    assert [(m["birth_date"], m["sex"]) for m in told["members"]][-1] == (
        "1985-05-05",
        "2" if OTHER[16] in "02468" else "1",
    )
    assert sorted(m["person_id"] for m in told["members"]) == sorted(answer.json()["members"])
    assert facts_of(households, "JK9").persons == 3
    assert NUMBER not in households.execute(text("SELECT string_agg(person::text, '') FROM person")).scalar_one()


def test_sent_again_it_is_one_household(http: TestClient, clerk: Headers, households: Session) -> None:
    sent = household(member())
    first, again = (http.post(PATH, json=sent, headers=clerk) for _ in range(2))
    assert first.content == again.content
    assert counts(households) == [1, 1, 1]
    assert code(http.post(PATH, json=sent | {"head_name": "示乙"}, headers=clerk)) == (409, "number-taken")


@pytest.mark.parametrize(
    ("members", "refused", "where"),
    [
        (
            [member(), numbered(NUMBER[:17] + "5"), numbered("1" * 18)],
            "id-number-unsound",
            "/members/1/id_number /members/2/id_number",
        ),
        ([member(birth_date=None), member(), member(sex=None)], "born-when", "/members/0 /members/2"),
        ([member(birth_date="2026-11-22")], "born-when", "/members/0"),
        ([numbered(NUMBER), member(), numbered(NUMBER)], "member-elsewhere", "/members/0 /members/2"),
    ],
    ids=["unsound numbers", "too little said", "born tomorrow", "twice"],
)
def test_every_member_that_cannot_come_in_is_named_and_nothing_is_stored(
    http: TestClient, clerk: Headers, households: Session, members: list[Any], refused: str, where: str
) -> None:
    answer = http.post(PATH, json=household(*members), headers=clerk)
    assert (answer.json()["code"], answer.json()["detail"]) == (refused, where)
    assert counts(households) == [0, 0, 0]


def test_a_person_of_the_register_comes_into_no_second_household(
    http: TestClient, clerk: Headers, households: Session, send: Send
) -> None:
    send("households", household_row())
    send("members", member_row(id_number=NUMBER))
    answer = http.post(PATH, json=household(member(), numbered(NUMBER)), headers=clerk)
    assert (answer.status_code, answer.json()["detail"]) == (409, "/members/1")
    assert counts(households) == [1, 1, 1]


def test_that_a_number_is_taken_is_told_as_often_as_somebody_types_one(
    http: TestClient, clerk: Headers, households: Session, send: Send
) -> None:
    """Households whose numbers are nobody's cost nothing, however many another system brings."""
    http.app.state.allowance = Limits({"read": 100, "write": 100, GUESS: 2})  # type: ignore[attr-defined]
    send("households", household_row())
    send("members", member_row(id_number=NUMBER))
    for day in ("01", "02", "03"):
        fresh = numbered(valid(f"990621199002{day}003"))
        assert http.post(PATH, json=household(fresh, number=f"N{day}"), headers=clerk).status_code == 201
    told = [code(http.post(PATH, json=household(numbered(NUMBER)), headers=clerk)) for _ in range(3)]
    assert told == [(409, "member-elsewhere")] * 2 + [(429, "too-many-requests")]
    assert code(http.post(PATH, json=household(numbered(OTHER)), headers=clerk)) == (429, "too-many-requests")
    assert http.post(PATH, json=household(member()), headers=clerk).status_code == 201
    assert households.scalar(text("SELECT count(*) FROM audit WHERE code = 'member-elsewhere'")) == 2


def test_whether_somebody_is_registered_is_not_told_where_nothing_would_be_stored(
    http: TestClient, clerk: Headers, send: Send
) -> None:
    """Else a thousand numbers could be tried under a household's number that is taken, and leave no trace."""
    send("households", household_row())
    send("members", member_row(id_number=NUMBER))
    tried = [household(member(), numbered(number), number="JK1") for number in (NUMBER, OTHER)]
    answers = [http.post(PATH, json=one, headers=clerk) for one in tried]
    assert [code(answer) for answer in answers] == [(409, "number-taken")] * 2
    assert answers[0].json() == answers[1].json()


def test_a_number_of_another_township_is_taken_and_a_village_there_is_not_there(
    http: TestClient, office: Office, households: Session, send: Send
) -> None:
    send("households", household_row(村代码="520621002001"))
    here = office("here", "township", place=VILLAGE[:9])
    assert code(http.post(PATH, json=household(member(), number="JK1"), headers=here)) == (409, "number-taken")
    assert code(http.post(PATH, json=household(member(), village="520621002001"), headers=here)) == (404, "not-there")


def test_a_set_made_from_a_filter_holds_whom_the_filter_found_when_it_was_put(http: TestClient, clerk: Headers) -> None:
    for number, head in (("JK1", "示甲"), ("JK2", "例乙"), ("JK3", "示丙")):
        http.post(PATH, json=household(number=number, head_name=head), headers=clerk)
    path = f"/v1/household-sets/{uuid4()}"
    made = http.put(path, json={"name": "示姓", "from_filter": {"q": "示", "village": VILLAGE}}, headers=clerk)
    assert (made.status_code, len(made.json()["households"])) == (200, 2)
    http.post(PATH, json=household(number="JK4", head_name="示丁"), headers=clerk)
    assert len(http.get(path, headers=clerk).json()["households"]) == 2
    again = http.put(path, json={"name": "示姓", "from_filter": {"q": "示"}}, headers=clerk)
    assert len(again.json()["households"]) == 3


@pytest.mark.parametrize(
    ("body", "refused"),
    [({}, "named-or-chosen"), ({"from_filter": {"tag": "monitored"}}, "nobody-chosen"),
     ({"from_filter": {}, "households": [str(uuid4())]}, "named-or-chosen")],
    ids=["neither", "nobody", "both"],
)  # fmt: skip
def test_a_set_is_of_households_named_or_found_and_of_some(
    http: TestClient, clerk: Headers, body: dict[str, Any], refused: str
) -> None:
    answer = http.put(f"/v1/household-sets/{uuid4()}", json={"name": "示例"} | body, headers=clerk)
    assert code(answer) == (422, refused)


def test_copies_sent_at_once_are_one_household_and_answered_alike(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    sent = household(member(), numbered(NUMBER))
    with ThreadPoolExecutor(8) as clerks:
        answers = list(clerks.map(lambda _: http.post(PATH, json=sent, headers=clerk), range(8)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert counts(households) == [1, 2, 2]


def test_of_those_that_come_together_the_refused_harm_nobody(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    """Of two numbers and of two persons that are the same one comes in; a village elsewhere and a newborn do not."""
    told = [household(member(), number=f"JK{n % 6}") for n in range(12)]
    told += [household(numbered(NUMBER), number=f"P{n}") for n in range(3)]
    told += [household(member(), number="V", village="520622001001"), household(member(sex=None), number="S")]
    with ThreadPoolExecutor(8) as clerks:
        answers = list(clerks.map(lambda one: http.post(PATH, json=one, headers=clerk), told))
    assert Counter(code(answer) for answer in answers) == {
        (201, ""): 7,
        (409, "number-taken"): 6,
        (409, "member-elsewhere"): 2,
        (404, "not-there"): 1,
        (422, "born-when"): 1,
    }
    assert counts(households) == [7, 7, 7]
