"""The catalogue by day, what was received, and who is left out or should not have been let in."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office, edit
from tests.households.conftest import Send, household_numbered, household_row, member_row
from tests.households.help.conftest import Put, policy


def test_a_later_version_ends_the_one_before_and_each_day_has_its_own(
    http: TestClient, clerk: Headers, put_policy: Put
) -> None:
    put_policy("cash", age_from=60)
    put_policy("cash", since="2026-07-01", age_from=65)
    shown = http.get("/v1/policies/cash", headers=clerk).json()
    assert [(row["since"], row["until"], row["age_from"]) for row in shown] == [
        ("2026-01-01", "2026-07-01", 60), ("2026-07-01", None, 65),
    ]  # fmt: skip
    for day, ages in (("2025-12-31", []), ("2026-06-30", [60]), ("2026-07-01", [65])):
        rows = http.get(f"/v1/policies?as_of={day}", headers=clerk).json()["rows"]
        assert [row["age_from"] for row in rows] == ages


def test_a_version_is_changed_by_its_first_day_and_not_unseen(
    http: TestClient, county: Headers, put_policy: Put
) -> None:
    assert put_policy("cash").status_code == 200
    changed = policy(name="另一名称")
    assert http.put("/v1/policies/cash", json=policy(), headers=county).status_code == 200  # the same again
    assert http.put("/v1/policies/cash", json=changed, headers=county).status_code == 428
    assert put_policy("cash", name="另一名称").json()["name"] == "另一名称"
    assert len(http.get("/v1/policies/cash", headers=county).json()) == 1


def test_an_earlier_version_does_not_cut_off_a_later_one(put_policy: Put) -> None:
    put_policy("cash", since="2026-07-01")
    assert put_policy("cash", since="2026-01-01").json()["code"] == "versions-overlap"
    assert put_policy("cash", since="2026-01-01", until="2026-07-02").json()["code"] == "versions-overlap"
    assert put_policy("cash", since="2026-01-01", until="2026-07-01").status_code == 200


@pytest.mark.parametrize("said", [{"until": "2026-01-01"}, {"age_from": 61, "age_to": 60}], ids=["days", "ages"])
def test_a_policy_upside_down_is_refused(put_policy: Put, said: dict[str, Any]) -> None:
    assert put_policy("cash", **said).json()["code"] == "policy-upside-down"
    assert put_policy("cash", until="2026-01-02", age_from=60, age_to=60).status_code == 200


def test_a_policy_of_another_county_is_not_ours_to_write(http: TestClient, put_policy: Put, office: Office) -> None:
    assert put_policy("cash", division="520622").status_code == 404
    assert put_policy("cash").status_code == 200
    beside = office("beside", "county", place="520622")
    seen = http.get("/v1/policies/cash", headers=beside).headers["etag"]
    stolen = http.put(
        "/v1/policies/cash", json=policy(since="2026-05-01", division="520622"), headers=beside | {"if-match": seen}
    )
    assert stolen.status_code == 404


def received(**changed: Any) -> dict[str, Any]:
    told = {"id": str(uuid4()), "policy_key": "cash", "since": "2026-01-01", "until": "2026-12-31"}
    return told | {"amount": 360_001, "paid_on": "2026-03-05", "source": "示例发放表"} | changed


def test_what_was_received_is_kept_to_the_fen_and_its_account_is_shown_by_its_end(
    http: TestClient, clerk: Headers, family: str, put_policy: Put, households: Session
) -> None:
    put_policy("cash")
    sent = received(account="6222000011112222")
    told = http.post(f"{family}/received", json=sent, headers=clerk).json()
    assert (told["amount"], told["account_masked"], told["until"]) == (360_001, "************2222", "2026-12-31")
    assert http.get(f"{family}/received", headers=clerk).json()["rows"] == [told]
    kept = households.execute(text("SELECT sealed_account FROM received")).scalar_one()
    assert b"2222" not in bytes(kept)


def test_the_same_id_is_the_same_record_or_a_mistake(
    http: TestClient, clerk: Headers, office: Office, family: str, put_policy: Put
) -> None:
    put_policy("cash")
    sent = received(account="6222000011112222")
    another = office("another", "township")
    first = http.post(f"{family}/received", json=sent, headers=clerk)
    assert http.post(f"{family}/received", json=sent, headers=another).json() == first.json()
    for changed in ({"amount": 1}, {"account": "6222000011112223"}, {"until": "2026-12-30"}, {"since": "2026-01-02"}):
        mistaken = http.post(f"{family}/received", json=sent | changed, headers=another)
        assert (mistaken.status_code, mistaken.json()["code"]) == (409, "recorded-before")
    assert len(http.get(f"{family}/received", headers=clerk).json()["rows"]) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"until": "2025-12-31"}, "received-upside-down"),
        ({"until": "9999-12-31"}, "received-upside-down"),
        ({"paid_on": "2026-11-22"}, "received-upside-down"),
        ({"since": "2025-12-31"}, "no-such-policy"),
        ({"policy_key": "school"}, "person-not-named"),
        ({"person_id": str(UUID(int=4))}, "never-a-member"),
    ],
    ids=[f"{n:02}" for n in range(6)],
)
def test_a_record_that_does_not_fit_is_refused(
    http: TestClient, clerk: Headers, family: str, put_policy: Put, said: dict[str, Any], code: str
) -> None:
    put_policy("cash")
    put_policy("school", given_to="person")
    refused = http.post(f"{family}/received", json=received(**said), headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_mistake_is_withdrawn_with_its_reason_and_stays_to_be_read(
    http: TestClient, clerk: Headers, family: str, put_policy: Put
) -> None:
    put_policy("cash")
    made = http.post(f"{family}/received", json=received(), headers=clerk).json()
    path = f"{family}/received/{made['id']}/withdrawn"
    for _ in range(2):
        told = http.put(path, json={"because": "登记错户"}, headers=clerk).json()
        assert told == made | {"withdrawn_because": "登记错户"}
    assert http.put(path, json={"because": "另一个原因"}, headers=clerk).json()["code"] == "withdrawn-before"
    assert http.get(f"{family}/received", headers=clerk).json()["rows"] == [told]


def gaps(http: TestClient, headers: Headers, key: str, query: str = "") -> list[tuple[str, str | None, str]]:
    answer = http.get(f"/v1/policies/{key}/gaps?village=520621{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [(row["household_id"], row["person_id"], row["gap"]) for row in answer.json()["rows"]]


def test_who_qualifies_and_does_not_receive_and_who_receives_and_does_not_qualify(
    http: TestClient, clerk: Headers, households: Session, send: Send, put_policy: Put, office: Office
) -> None:
    send("households", *(household_row(f"JK{n}") for n in (1, 2, 3, 4)))
    homes = {n: str(household_numbered(households, f"JK{n}")) for n in (1, 2, 3, 4)}
    for n in (1, 2):
        tag = {"since": "2026-02-01", "source": "示例"}
        http.put(f"/v1/households/{homes[n]}/tags/subsistence_allowance", json=tag, headers=clerk)
    put_policy("cash", tag="subsistence_allowance")
    for n in (2, 3):
        http.post(f"/v1/households/{homes[n]}/received", json=received(), headers=clerk)
    left_out, let_in = (homes[1], None, "not_received"), (homes[3], None, "not_qualified")
    assert set(gaps(http, clerk, "cash")) == {left_out, let_in}
    assert set(gaps(http, clerk, "cash", "&as_of=2026-01-31")) == {
        (homes[2], None, "not_qualified"), let_in,
    }  # fmt: skip
    assert gaps(http, clerk, "cash", "002") == []
    assert gaps(http, office("beside", "township", place="520621002"), "cash") == []
    assert http.get("/v1/policies/none/gaps?village=520621", headers=clerk).status_code == 404


def test_what_was_withdrawn_or_is_over_is_not_received(
    http: TestClient, clerk: Headers, family: str, put_policy: Put
) -> None:
    put_policy("cash")
    home = family.rpartition("/")[2]
    made = http.post(f"{family}/received", json=received(until="2026-11-20"), headers=clerk).json()
    assert gaps(http, clerk, "cash") == [(home, None, "not_received")]
    assert gaps(http, clerk, "cash", "&as_of=2026-11-20") == []
    http.put(f"{family}/received/{made['id']}/withdrawn", json={"because": "登记错户"}, headers=clerk)
    assert gaps(http, clerk, "cash", "&as_of=2026-11-20") == [(home, None, "not_received")]


def test_the_pages_of_gaps_neither_repeat_nor_skip(
    http: TestClient, clerk: Headers, send: Send, put_policy: Put
) -> None:
    send("households", *(household_row(f"JK{n}") for n in range(5)))
    put_policy("cash")
    seen, cursor = [], ""
    while True:
        answer = http.get(f"/v1/policies/cash/gaps?village=520621&limit=2{cursor}", headers=clerk).json()
        seen += [row["household_id"] for row in answer["rows"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert len(seen) == len({*seen}) == 5


BIRTHDAYS = {"示甲": "1966-11-21", "示乙": "1966-11-22", "示丙": "2010-11-21", "示丁": "2009-11-21"}


@pytest.fixture
def five(http: TestClient, clerk: Headers, households: Session, send: Send) -> dict[str, str]:
    """Persons by name: 60 today, 60 tomorrow, 16 today, 17 today; their household under its number."""
    send("households", household_row())
    send("members", *(member_row(姓名=name, 出生日期=born, 学业状况="在校" if name == "示丙" else "非在校",
                                 与户主关系="户主" if name == "示甲" else "之子")
                      for name, born in BIRTHDAYS.items()))  # fmt: skip
    home = f"/v1/households/{household_numbered(households, 'JK1')}"
    return {one["name"]: one["person_id"] for one in http.get(home, headers=clerk).json()["members"]} | {"home": home}


@pytest.mark.parametrize(
    ("asked", "qualify"),
    [
        ({"age_from": 60}, ["示甲"]),
        ({"age_from": 59}, ["示乙", "示甲"]),
        ({"age_to": 16}, ["示丙"]),
        ({"age_from": 16, "age_to": 17}, ["示丁", "示丙"]),
        ({"in_school": True}, ["示丙"]),
        ({"in_school": False, "age_to": 17}, ["示丁"]),
        ({"monitored": True}, []),
        ({"monitored": False, "age_from": 60}, ["示甲"]),
        ({"division": "520621002"}, []),
    ],
    ids=[f"{n}" for n in range(9)],
)
def test_ages_are_whole_years_on_the_day_and_every_condition_counts(
    http: TestClient, clerk: Headers, five: dict[str, str], put_policy: Put, asked: dict[str, Any], qualify: list[str]
) -> None:
    put_policy("cash", given_to="person", **asked)
    names = {person: name for name, person in five.items()}
    assert sorted(names[str(person)] for _, person, _ in gaps(http, clerk, "cash")) == qualify


def test_a_household_qualifies_by_any_of_its_members(
    http: TestClient, clerk: Headers, five: dict[str, str], put_policy: Put
) -> None:
    put_policy("cash", age_from=60)
    assert len(gaps(http, clerk, "cash")) == 1
    put_policy("cash", age_from=61)
    assert gaps(http, clerk, "cash") == []


def test_whose_schooling_is_unknown_is_neither_left_out_nor_let_in(
    http: TestClient, clerk: Headers, five: dict[str, str], put_policy: Put
) -> None:
    put_policy("cash", given_to="person", in_school=True)
    home, pupil, farmer = five["home"], five["示丙"], five["示甲"]
    for person in (pupil, farmer):
        sent = received(person_id=person)
        assert http.post(f"{home}/received", json=sent, headers=clerk).status_code == 201
    assert [(person, gap) for _, person, gap in gaps(http, clerk, "cash")] == [(farmer, "not_qualified")]
    edit(http, f"{home}/safeguards", {"members": []}, clerk)  # nobody's schooling is known any more
    assert gaps(http, clerk, "cash") == []


def test_who_has_left_the_household_is_not_left_out(
    http: TestClient, clerk: Headers, five: dict[str, str], put_policy: Put, households: Session
) -> None:
    put_policy("cash", given_to="person", age_from=60)
    assert len(gaps(http, clerk, "cash")) == 1
    ended = text("UPDATE membership SET valid = daterange(NULL, :day) WHERE person_id = :person")
    households.execute(ended, {"person": five["示甲"], "day": date(2026, 11, 21)})
    households.commit()
    assert gaps(http, clerk, "cash") == []
