"""A village on one page: what is counted, what was stated beside it, and what it is and has."""

from typing import Any

from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers import entries
from tests.households.ledgers.entries import actor, entry, for_whom, reverse, those
from tests.households.ledgers.test_entries import OTHER, family_in
from tests.households.villages.records import end, facility, post, profile, record

__all__ = ["clerk", "http"]  # fixtures


def stated(http: TestClient, caller: Headers, kind: str, amount: int, unit: str = "persons", **said: Any) -> Any:
    return entries.post(http, caller, entry(kind, amount, unit, **said))


def levels(told: Any) -> dict[str, tuple[int, int | None]]:
    return {one["kind"]: (one["amount"], one["computed"]) for one in told["levels"]}


def test_what_was_stated_stands_beside_what_the_register_comes_to(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    family_in(households, persons=3)
    family_in(households, OTHER)
    stated(http, clerk, "village_households", 411, "households", document_no="示例〔2018〕9号")
    stated(http, clerk, "village_persons", 1384)
    stated(http, clerk, "party_members", 56)
    told = profile(http, clerk)
    assert levels(told) == {"party_members": (56, None), "village_households": (411, 1), "village_persons": (1384, 3)}
    assert {one["document_no"] for one in told["levels"]} == {None, "示例〔2018〕9号"}
    assert told["households"]["total"] == {"households": 1, "persons": 3, "unknown": 0}


def test_the_last_level_counts_and_one_taken_back_does_not(http: TestClient, clerk: Headers) -> None:
    stated(http, clerk, "party_members", 54, day="2025-01-01")
    wrong = stated(http, clerk, "party_members", 65, day="2026-01-01")
    reverse(http, clerk, wrong["id"], day="2026-02-01")
    assert levels(profile(http, clerk, as_of="2025-12-31"))["party_members"][0] == 54
    assert levels(profile(http, clerk, as_of="2026-01-31"))["party_members"][0] == 65
    assert levels(profile(http, clerk))["party_members"][0] == 54
    assert levels(profile(http, clerk, known_at="2020-01-01T00:00:00Z")) == {}


def test_a_level_of_somebody_in_the_village_is_none_of_the_village(http: TestClient, clerk: Headers) -> None:
    said: dict[str, Any] = {"goods": "香菇", "day": "2026-01-01"}
    stated(http, clerk, "industry_scale", 600, "logs", **said)
    stated(http, clerk, "industry_scale", 9, "logs", actor=actor("company", "示例公司"), **said)
    stated(http, clerk, "industry_scale", 8, "logs", lines=[for_whom(those("household", "低保户", 2))], **said)
    stated(http, clerk, "industry_scale", 2000, "racks", goods="木耳", day="2026-01-01")
    told = profile(http, clerk)["levels"]
    assert {(one["goods"], one["amount"], one["zh"]) for one in told} == {
        ("香菇", 600, "产业规模"), ("木耳", 2000, "产业规模"),
    }  # fmt: skip


def test_levels_of_two_kinds_are_never_added(http: TestClient, clerk: Headers) -> None:
    stated(http, clerk, "party_members", 56)
    stated(http, clerk, "party_activists", 4)
    told = entries.totals(http, clerk, by="nature")
    assert [(one["kind"], one["amount"]) for one in told] == [("party_activists", 4), ("party_members", 56)]


def test_what_holds_is_on_the_page_and_nothing_of_another_village(
    http: TestClient, clerk: Headers, office: Office
) -> None:
    gone = facility("school")
    post(http, clerk, gone)
    end(http, clerk, gone["id"])
    post(http, clerk, facility())
    post(http, office("clerk", "county"), facility(division=OTHER))
    post(http, clerk, record("status", what="out_of_poverty", document_no="示例〔2018〕1号", since="2018-12-01"))
    told = profile(http, clerk)
    assert [one["said"]["what"] for one in told["records"]] == ["clinic", "out_of_poverty"]
    assert not told["more"]
    assert [one["said"]["what"] for one in profile(http, clerk, as_of="2020-01-01")["records"]] == ["out_of_poverty"]
    here = office("here", "township", place=VILLAGE[:9])
    assert http.get(f"/v1/village-profiles/{OTHER}", headers=here).status_code == 404
    assert profile(http, clerk, VILLAGE, known_at="2020-01-01T00:00:00Z")["records"] == []
