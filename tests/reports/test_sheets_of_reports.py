"""The cards and sheets of the reports, printed and counted again by their records."""

from typing import Any

from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.sheets.making import AT_ONCE
from tests.callers import Headers
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.sheets.test_sheets import Work, ask, presence, work
from tests.reports.test_households_of_reports import settle

__all__ = ["clerk", "http", "presence", "work"]  # fixtures


def issued(http: TestClient, headers: Headers, kind: str, village: str = VILLAGE) -> list[dict[str, Any]]:
    """Those that stand, page by page."""
    rows: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"village": village, "kind": kind, "current": True, "limit": AT_ONCE}
    while True:
        page = http.get("/v1/sheets", params=asked, headers=headers).json()
        rows += page["rows"]
        if page["next"] is None:
            return rows
        asked["cursor"] = page["next"]


def test_527_households_have_a_card_each_and_no_number_stands_on_two(
    http: TestClient, clerk: Headers, households: Session, work: Work
) -> None:
    settle(households, [1] * 527, "formerly_poor")
    asked = ask(http, clerk, paper="a5").json()
    work()
    run = http.get(f"/v1/sheet-runs/{asked['id']}", headers=clerk).json()
    assert (run["state"], run["households"], run["made"]) == ("done", 527, 527)
    cards = issued(http, clerk, "household_card")
    assert len({card["number"] for card in cards}) == len({card["household_id"] for card in cards}) == 527


def test_1461_sheets_are_three_for_each_of_487_households(
    http: TestClient, clerk: Headers, households: Session, work: Work
) -> None:
    settle(households, [1] * 487)
    kinds = ("household_table", "income_sheet", "policy_list")
    for kind in kinds:
        ask(http, clerk, kind)
        work()
    held = [issued(http, clerk, kind) for kind in kinds]
    assert sum(map(len, held)) == 1461 == 3 * 487
    assert len({frozenset(sheet["household_id"] for sheet in sheets) for sheets in held}) == 1
