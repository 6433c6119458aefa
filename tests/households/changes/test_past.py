"""What was true on a day, and what was known at a moment."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office, edit
from tests.households.changes.conftest import OTHER_VILLAGE, Record, moment, names, related
from tests.households.changes.test_members import MAN, Ids
from tests.households.conftest import VILLAGE, Send, household_row, statement, valid

OF_NOW = ("facts", "phone_masked")  # and of no day before


def get(http: TestClient, path: str, headers: Headers, **asked: str) -> Any:
    return http.get(path, params=asked, headers=headers).json()


def test_what_was_known_before_a_change_is_read_back_after_it(
    record: Record, http: TestClient, clerk: Headers, homes: Ids, people: Ids, households: Session
) -> None:
    path = f"/v1/households/{homes['JK1']}"
    held, then = get(http, path, clerk), moment(households)
    record("death", person_id=people["示甲"], on="2026-11-05", relations=[related(people["示乙"], "01")])
    record("move", household_id=homes["JK1"], village=OTHER_VILLAGE, on="2026-11-10")
    edit(http, f"{path}/tags/monitored", {"since": "2026-11-21", "until": None, "source": "更正"}, clerk)
    assert get(http, path, clerk) != held
    assert get(http, path, clerk, known_at=then) | {name: held[name] for name in OF_NOW} == held


def test_a_day_as_it_was_known_then_differs_from_what_is_known_of_it_now(
    record: Record, shown: Any, homes: Ids, people: Ids, households: Session
) -> None:
    then = moment(households)
    record("death", person_id=people["示丁"], on="2026-11-05")
    day = "2026-11-21"
    assert "示丁" not in names(shown(homes["JK1"], as_of=day))
    assert "示丁" in names(shown(homes["JK1"], as_of=day, known_at=then))


def test_before_anything_was_known_there_is_nothing(http: TestClient, clerk: Headers, homes: Ids) -> None:
    early = {"known_at": "2020-01-01T00:00:00Z"}
    assert get(http, f"/v1/households/{homes['JK1']}", clerk, **early)["code"] == "not-there"
    assert get(http, "/v1/households", clerk, village=VILLAGE, **early)["rows"] == []


def test_a_list_of_a_village_is_that_of_the_day_and_the_moment(
    record: Record, http: TestClient, clerk: Headers, homes: Ids, households: Session
) -> None:
    then = moment(households)
    record("move", household_id=homes["JK1"], village=OTHER_VILLAGE, on="2026-11-10")

    def listed(**asked: str) -> list[str]:
        return [row["number"] for row in get(http, "/v1/households", clerk, village=VILLAGE, **asked)["rows"]]

    assert listed() == ["JK2"]
    assert listed(as_of="2026-11-09") == listed(known_at=then) == ["JK1", "JK2"]
    assert listed(as_of="2026-11-10") == ["JK2"]
    first = get(http, "/v1/households", clerk, village=VILLAGE, known_at=then, limit="1")
    assert (
        get(http, "/v1/households", clerk, village=VILLAGE, known_at=then, limit="1", cursor=first["next"])["rows"][0][
            "number"
        ]
        == "JK2"
    )


def test_statements_and_safeguards_are_read_as_they_were(
    http: TestClient, clerk: Headers, homes: Ids, households: Session
) -> None:
    path = f"/v1/households/{homes['JK1']}"
    http.post(f"{path}/statements", json=statement(), headers=clerk)
    then = moment(households)
    http.post(f"{path}/statements", json=statement(lines=[{"kind": "wage", "amount": 1}]), headers=clerk)
    edit(http, f"{path}/safeguards", {"housing_grade": "D", "members": []}, clerk)
    assert len(get(http, f"{path}/statements", clerk)) == 2
    assert [len(one["lines"]) for one in get(http, f"{path}/statements", clerk, known_at=then)] == [2]
    assert get(http, f"{path}/statements", clerk, as_of="2026-10-31") == []
    assert get(http, f"{path}/safeguards", clerk, known_at=then)["housing_grade"] == "A"
    assert get(http, f"{path}/safeguards", clerk)["housing_grade"] == "D"


def test_a_place_beyond_reach_is_not_read_in_the_past_either(
    record: Record, http: TestClient, office: Office, homes: Ids, households: Session
) -> None:
    """It lay in the village then, and lies elsewhere now."""
    then = moment(households)
    record("move", household_id=homes["JK1"], village="520621002001", on="2026-11-10")
    mine = office("town", "township", place=VILLAGE[:9])
    for asked in ({"as_of": "2026-11-09"}, {"known_at": then}):
        assert get(http, f"/v1/households/{homes['JK1']}", mine, **asked)["code"] == "not-there"
        assert [row["number"] for row in get(http, "/v1/households", mine, village=VILLAGE, **asked)["rows"]] == ["JK2"]


def test_history_keeps_nothing_sealed_and_says_that_something_stood_there(
    record: Record, households: Session, people: Ids, homes: Ids, send: Send, shown: Any
) -> None:
    record("re_registration", person_id=people["示丙"], id_number=MAN)
    send("households", household_row(监测对象="是", 联系电话="10000000009"))
    then = moment(households)
    record("re_registration", person_id=people["示丙"], id_number=valid("99000019900101003X"))
    send("households", household_row(监测对象="是", 联系电话="10000000008"))
    kept = set(households.scalars(text(
        "SELECT held ->> name FROM history, unnest(ARRAY['sealed_phone', 'sealed_id_number', 'id_index']) AS name"
        " WHERE held ->> name IS NOT NULL"
    )))  # fmt: skip
    assert kept == {"\\x"}
    was = shown(homes["JK1"], known_at=then)
    he = next(m for m in was["members"] if m["name"] == "示丙")
    assert (he["has_id_number"], he["id_number_masked"]) == (True, None)
    assert was["phone_masked"] is None


def test_a_row_that_is_sealed_anew_has_not_changed(households: Session, homes: Ids) -> None:
    home = {"id": homes["JK1"]}
    count = text("SELECT count(*) FROM history WHERE table_name = 'household'")
    households.execute(text(
        "UPDATE household SET sealed_phone = '\\x01020002'::bytea || substring(sealed_phone FROM 5) WHERE id = :id"
    ), home)  # fmt: skip
    households.commit()
    assert households.scalar(count) == 0
    households.execute(text("UPDATE household SET sealed_phone = sealed_phone || '\\x00'::bytea WHERE id = :id"), home)
    households.commit()
    assert households.scalar(count) == 1


@pytest.mark.parametrize("role", ["api", "work"])
def test_nobody_but_the_trigger_writes_history(engines: dict[str, Engine], role: str) -> None:
    asked = text("SELECT has_table_privilege(:role, 'history', 'INSERT, UPDATE, DELETE')")
    with engines["households"].connect() as owner:
        assert not owner.scalar(asked, {"role": f"households_{role}"})


def test_a_file_taken_back_is_still_known_to_have_been_there(
    http: TestClient, clerk: Headers, homes: Ids, households: Session, shown: Any
) -> None:
    """A deleted row is kept like a changed one."""
    then = moment(households)
    households.execute(text("DELETE FROM tag WHERE household_id = :id"), {"id": homes["JK1"]})
    households.commit()
    assert shown(homes["JK1"])["tags"] == []
    assert shown(homes["JK1"], known_at=then)["tags"] == ["monitored"]
