"""Inspections as the reports tell of them: three groups, a visit nobody announced, what was put right on the spot."""

from typing import Any

from starlette.testclient import TestClient

from tests.attendance.conftest import COUNTY, http
from tests.attendance.inspections.conftest import (
    FAR,
    REPAIR,
    Inspected,
    ask,
    closed,
    county,
    draw,
    findings,
    found,
    inspected,
    inspector,
    order,
    ordered,
    read,
    record,
)
from tests.attendance.inspections.test_issues import PUT_RIGHT
from tests.callers import Headers

__all__ = ["county", "http", "inspected", "inspector"]  # fixtures


def listed(http: TestClient, caller: Headers) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = http.get("/v1/inspections", params={"division": COUNTY}, headers=caller).json()["rows"]
    return told


def test_three_groups_inspect_each_by_its_own_order(http: TestClient, inspected: Inspected, county: Headers) -> None:
    """Going into homes, talking to people, reading papers."""
    for words in ("入户督导组", "访谈督导组", "资料督导组"):
        order(http, county, ordered(kind="announced", document_no=f"示例督〔2021〕{words}"))
    rows = listed(http, county)
    assert sorted(one["number"] for one in rows) == [1, 2, 3]
    assert len({one["document_no"] for one in rows}) == 3


def test_nobody_was_told_and_what_was_found_was_put_right_on_the_spot(
    http: TestClient, inspected: Inspected, county: Headers, inspector: Headers
) -> None:
    one = draw(http, county, division=FAR, how_many=2)
    assert all(village.startswith(FAR) for village in one["villages"])
    first, second = one["villages"]
    mended = {"issue": REPAIR | {"put_right": PUT_RIGHT}}
    record(http, inspector, one["id"], found(first, "repair", **mended))
    there = [{"cadre_id": str(inspected.cadres[second]), "present": True}]
    record(http, inspector, one["id"], found(second, seen=there))
    closed(http, county, inspector, one)
    told = {row["village"]: row["verdict"] for row in findings(http, county, one["id"])}
    assert told == {first: "repair", second: "well"}
    assert read(http, county, one["id"])["state"] == "closed"


def test_every_half_month_some_villages_are_looked_at_without_a_fixed_day(
    http: TestClient, inspected: Inspected, county: Headers
) -> None:
    for day in ("2026-12-01", "2026-12-16"):
        asked = ordered(first_day=day, last_day=day[:8] + ("15" if day.endswith("01") else "31"), how_many=2)
        ask(http, county, f"{order(http, county, asked)['id']}/draw")
    rows = listed(http, county)
    assert [(one["first_day"], len(one["villages"])) for one in rows] == [("2026-12-16", 2), ("2026-12-01", 2)]
