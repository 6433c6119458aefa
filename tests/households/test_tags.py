"""What a household is or was, over HTTP."""

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.imports.households import write_tag
from services.households.imports.upload import Upload
from services.kit.store.fields import Seal
from tests.callers import Headers, edit
from tests.clock import NOW, TODAY
from tests.households.changes.conftest import moment
from tests.households.conftest import EVERYWHERE, Send, facts_of, faults, household_row
from tests.households.open_cases import case_of

SOURCE = {"source": "示例〔2026〕2号"}
CLOSED = {"since": "2026-01-01", "until": "2026-06-01"}
REOPENED = {"since": "2026-08-01", "until": None}


@pytest.fixture
def put(http: TestClient, clerk: Headers, family: str) -> Any:
    def sent(period: dict[str, Any]) -> Any:
        return edit(http, f"{family}/tags/monitored", period | SOURCE, clerk)

    return sent


def kept(http: TestClient, clerk: Headers, family: str) -> list[tuple[str, str | None]]:
    return [(tag["since"], tag["until"]) for tag in http.get(f"{family}/tags", headers=clerk).json()]


@pytest.mark.parametrize("period", [{"since": "2026-11-22"}, {"since": "2026-01-01", "until": "2026-11-22"}])
def test_a_tag_neither_begins_nor_ends_after_today(put: Any, period: dict[str, Any]) -> None:
    refused = put(period)
    assert (refused.status_code, refused.json()["code"]) == (422, "tag-in-the-future")


def test_a_tag_that_ends_today_no_longer_holds_and_one_that_begins_today_does(put: Any, households: Session) -> None:
    put({"since": "2026-01-01", "until": "2026-11-21"})
    assert not facts_of(households, "JK1").monitored
    put({"since": "2026-11-21"})
    assert facts_of(households, "JK1").monitored


def test_closing_a_tag_again_answers_alike_and_changes_nothing(
    put: Any, http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    put(CLOSED | {"until": None})
    first = put(CLOSED)
    put(REOPENED)
    version = facts_of(households, "JK1").version
    again = put(CLOSED)
    assert (again.status_code, again.json()) == (200, first.json())
    assert kept(http, clerk, family) == [("2026-01-01", "2026-06-01"), ("2026-08-01", None)]
    assert facts_of(households, "JK1").version == version


def test_a_tag_over_days_that_have_it_already_is_a_conflict_and_no_error_of_ours(
    put: Any, http: TestClient, clerk: Headers, family: str
) -> None:
    put(CLOSED)
    refused = put({"since": "2026-03-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "tags-overlap")
    assert kept(http, clerk, family) == [("2026-01-01", "2026-06-01")]


def test_the_beginning_of_an_open_tag_can_be_mended(put: Any, http: TestClient, clerk: Headers, family: str) -> None:
    put({"since": "2026-11-21"})
    put({"since": "2025-05-01"})
    assert kept(http, clerk, family) == [("2025-05-01", None)]


def test_beside_an_open_case_the_tag_is_the_cases_and_neither_hand_nor_file_sets_it(
    put: Any, http: TestClient, clerk: Headers, family: str, households: Session, send: Send
) -> None:
    put({"since": "2026-01-01"})
    case = case_of(households, UUID(family.rpartition("/")[2]))
    households.commit()
    refused = put({"since": "2026-01-01", "until": "2026-06-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "monitored-by-case")
    assert put({"since": "2026-01-01"}).status_code == 200  # what is so already
    poor = edit(http, f"{family}/tags/formerly_poor", {"since": "2026-01-01"} | SOURCE, clerk)
    assert poor.status_code == 200
    assert faults(send("households", household_row(监测对象="否"))) == [(2, "监测对象", "monitored-by-case")]
    assert faults(send("households", household_row(监测对象="是", 户类型="脱贫户", 村民小组="二组"))) == []
    case.state, case.closed_on = "ended", TODAY
    households.commit()
    assert put({"since": "2026-01-01", "until": "2026-06-01"}).status_code == 200
    assert faults(send("households", household_row(监测对象="是"))) == []


def test_undoing_a_file_leaves_the_tag_of_an_open_case_alone(
    http: TestClient, clerk: Headers, households: Session, seal: Seal, family: str, put: Any
) -> None:
    home = UUID(family.rpartition("/")[2])
    put({"since": "2026-01-01"})
    case_of(households, home)
    households.commit()
    upload = Upload(households, EVERYWHERE, seal, "clerk", TODAY, NOW, True)
    write_tag(upload, "monitored", [{"id": home, "monitored": False}], "撤销导入")
    households.commit()
    assert kept(http, clerk, family) == [("2026-01-01", None)]


def test_tags_are_read_as_of_a_day_and_as_they_were_known(
    put: Any, http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    put(CLOSED | {"until": None})
    known = moment(households)
    put(CLOSED)

    def told(**asked: str) -> list[str | None]:
        return [tag["until"] for tag in http.get(f"{family}/tags", params=asked, headers=clerk).json()]

    assert (told(), told(known_at=known)) == ([CLOSED["until"]], [None])
    assert (told(as_of="2026-05-31"), told(as_of="2026-06-01")) == ([CLOSED["until"]], [])
    assert told(as_of="2026-06-01", known_at=known) == [None]
