"""What is to be put right lies where its household lies, and is of the one it went into; what has ended stays."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.clock import TODAY
from tests.households.changes.conftest import OTHER_VILLAGE, Record, related
from tests.households.conftest import VILLAGE
from tests.households.issues.issues import ISSUES, listed, problem, put, step

Ids = dict[str, UUID]


@pytest.fixture
def issues(http: TestClient, clerk: Headers, homes: Ids) -> dict[str, str]:
    """Of the household: one to be put right, one that is; and one of the village."""
    home = str(homes["JK1"])
    made = {name: put(http, clerk, problem(**said))["id"] for name, said in {
        "open": {"household_id": home}, "closed": {"household_id": home}, "of the village": {},
    }.items()}  # fmt: skip
    step(http, clerk, made["closed"], "closed")
    return made


def lie(http: TestClient, clerk: Headers, issues: dict[str, str]) -> dict[str, Any]:
    told = {row["id"]: (row["division"], row["household_id"]) for row in listed(http, clerk)}
    return {name: told[one] for name, one in issues.items()}


def test_what_is_to_be_put_right_moves_with_its_household(
    http: TestClient, clerk: Headers, homes: Ids, issues: dict[str, str], record: Record
) -> None:
    home = str(homes["JK1"])
    assert record("move", household_id=home, village=OTHER_VILLAGE).status_code == 201
    assert lie(http, clerk, issues) == {
        "open": (OTHER_VILLAGE, home), "closed": (VILLAGE, home), "of the village": (VILLAGE, None),
    }  # fmt: skip


def test_sent_again_after_its_household_has_moved_it_is_the_same(
    http: TestClient, clerk: Headers, homes: Ids, record: Record
) -> None:
    one, body = str(uuid4()), problem(household_id=str(homes["JK1"]))
    put(http, clerk, body, issue_id=one)
    record("move", household_id=homes["JK1"], village=OTHER_VILLAGE)
    assert put(http, clerk, body, issue_id=one)["division"] == OTHER_VILLAGE
    assert put(http, clerk, problem(household_id=str(homes["JK1"])), 422)["code"] == "issue-elsewhere"


def test_what_is_to_be_put_right_is_of_the_household_that_the_other_went_into(
    http: TestClient, clerk: Headers, homes: Ids, people: Ids, issues: dict[str, str], record: Record
) -> None:
    record("move", household_id=homes["JK2"], village=OTHER_VILLAGE)
    come = [related(people[name], "99") for name in ("示甲", "示乙", "示丙", "示丁")]
    answer = record("merge", into_id=homes["JK2"], merged=[homes["JK1"]], relations=come)
    assert answer.status_code == 201, answer.text
    assert lie(http, clerk, issues) == {
        "open": (OTHER_VILLAGE, str(homes["JK2"])), "closed": (VILLAGE, str(homes["JK1"])),
        "of the village": (VILLAGE, None),
    }  # fmt: skip
    assert [(one["thing"], one["row_id"]) for one in answer.json()["carried"]] == [("issue", issues["open"])]
    ended = problem(household_id=str(homes["JK1"]))
    assert put(http, clerk, ended, 409)["code"] == "household-ended"


def test_where_villages_merge_what_is_to_be_put_right_lies_in_the_new_one(
    http: TestClient, clerk: Headers, homes: Ids, issues: dict[str, str]
) -> None:
    body = {"id": str(uuid4()), "on": TODAY.isoformat(), "ground": "示例", "document_no": "示例〔2026〕3号",
            "done_by": "示己", "from_villages": [VILLAGE], "into_village": OTHER_VILLAGE}  # fmt: skip
    assert http.post("/v1/village-mergers", json=body, headers=clerk).status_code == 201
    home = str(homes["JK1"])
    assert lie(http, clerk, issues) == {
        "open": (OTHER_VILLAGE, home), "closed": (VILLAGE, home), "of the village": (OTHER_VILLAGE, None),
    }  # fmt: skip
    assert http.get(f"{ISSUES}/{issues['open']}", headers=clerk).json()["state"] == "open"
