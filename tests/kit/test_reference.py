"""The copies of the frame follow the county, whatever the order in which its rows arrive."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.reference import StandardKey, copied_version, copy_reference, standard, standards_on

LINE = StandardKey("monitoring_line", "money", "fen", "监测线", "line")
OLD, NEXT = UUID(int=9), UUID(int=1)


def row(one: UUID, valid: tuple[str, str | None], version: int, value: int, **changed: Any) -> dict[str, Any]:
    fixed = {"key": LINE.key, "division": "520621", "population_class": "", "unit": "fen", "document_no": "示例"}
    return fixed | {"id": str(one), "valid": list(valid), "value": value, "version": version, "source": ""} | changed


OPEN = row(OLD, ("2026-01-01", None), 1, 632_000)
ENDED = row(OLD, ("2026-01-01", "2027-01-01"), 2, 632_000)
FOLLOWING = row(NEXT, ("2027-01-01", None), 3, 700_000)


def values(session: Session) -> list[int]:
    return [int(standard(session, LINE, "520621001", date(year, 6, 1))) for year in (2026, 2027)]


def test_next_year_s_line_replaces_an_open_one_in_the_copies(alerts: Session) -> None:
    copy_reference(alerts, "standards", [OPEN], 1)
    copy_reference(alerts, "standards", [FOLLOWING, ENDED], 3)
    assert values(alerts) == [632_000, 700_000]


def test_a_pull_that_ends_late_writes_no_older_row_over_a_newer_one(alerts: Session) -> None:
    copy_reference(alerts, "standards", [ENDED, FOLLOWING], 3)
    copy_reference(alerts, "standards", [OPEN], 1)
    assert (values(alerts), copied_version(alerts, "standards")) == ([632_000, 700_000], 3)


def test_a_place_s_figure_for_a_class_goes_before_the_one_for_everybody_there(alerts: Session) -> None:
    everybody = row(UUID(int=3), ("2026-01-01", None), 1, 1)
    of_a_class = row(UUID(int=4), ("2026-01-01", None), 1, 2, population_class="五保")
    of_another = row(UUID(int=5), ("2026-01-01", None), 1, 3, population_class="低保")
    nearer = row(UUID(int=6), ("2026-01-01", None), 1, 4, division="520621002")
    copy_reference(alerts, "standards", [everybody, of_a_class, of_another, nearer], 1)
    day = date(2026, 6, 1)
    assert [int(standard(alerts, LINE, "520621001", day, name)) for name in ("", "五保", "别的")] == [1, 2, 1]
    assert standard(alerts, LINE, "520621002", day, "五保") == 4
    assert [int(held.value) for held in standards_on(alerts, LINE.key, day)] == [4, 1]
    assert [int(held.value) for held in standards_on(alerts, LINE.key, day, "五保")] == [4, 2, 1]


def test_a_division_s_older_name_does_not_come_back(alerts: Session) -> None:
    place = {"code": "52", "name": "新", "level": "province", "parent_code": None, "version": 2}
    copy_reference(alerts, "divisions", [place], 2)
    copy_reference(alerts, "divisions", [place | {"name": "旧", "version": 1}], 1)
    assert alerts.execute(text("SELECT name FROM division")).scalars().all() == ["新"]
