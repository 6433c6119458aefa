"""Divisions, days and standards: what everybody else's answers rest on."""

from datetime import date
from pathlib import Path
from uuid import uuid4

import chinese_calendar
import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.county.days import keep_calendar
from services.kit.store.reference import StandardKey, StandardMissing, standard
from tests.callers import edit
from tests.conftest import NOW
from tests.county.conftest import SignedIn

DIVISIONS = Path("services/county/data/divisions.csv")
LINE = StandardKey("monitoring_line", "money", "fen", "监测线", "line")


def body(**changed: object) -> dict[str, object]:
    base = {
        "id": str(uuid4()),
        "key": "monitoring_line",
        "division": "520621",
        "valid_from": "2026-01-01",
        "value": 632_000,
        "unit": "fen",
        "document_no": "示例〔2026〕1号",
    }
    return base | changed


def working_days_since(session: Session, start: date, end: date) -> int:
    """After `start` up to and including `end`: the subtraction that rules make."""
    ordinals = text(
        "SELECT (SELECT ordinal FROM day WHERE date = :end) - (SELECT ordinal FROM day WHERE date = :start)"
    )
    return int(session.execute(ordinals, {"start": start, "end": end}).scalar_one())


def test_the_five_counties_are_taken_and_taken_again_without_a_change(client: TestClient, signed_in: SignedIn) -> None:
    headers = signed_in("county")
    for outcome in ("stored", "unchanged"):
        file = {"file": ("divisions.csv", DIVISIONS.read_bytes())}
        verdict = client.post("/v1/division-imports", files=file, headers=headers).json()
        assert (verdict[outcome], verdict["refused"]) == (verdict["rows"], 0)
    villages = client.get("/v1/divisions?parent=520621&level=village&limit=200", headers=headers).json()["rows"]
    assert len(villages) == 105
    assert {"code": "520621001005", "name": "兴隆社区", "level": "village", "parent_code": "520621001"} in [
        v | {"name": v["name"].removesuffix("居民委员会").removesuffix("居委会")} for v in villages
    ]


def test_a_code_of_the_wrong_length_or_under_another_parent_is_refused_by_row(
    client: TestClient, signed_in: SignedIn
) -> None:
    sheet = "code,name,level,parent_code\n5206,a,county,52\n520621001,b,township,520622\n"
    answer = client.post("/v1/division-imports", files={"file": ("d.csv", sheet)}, headers=signed_in("county")).json()
    assert [(r["row"], r["faults"][0]["code"]) for r in answer["refusals"]] == [
        (2, "wrong-length"),
        (3, "not-the-parent"),
    ]


def test_the_nearest_place_s_standard_holds_from_its_day(
    client: TestClient, signed_in: SignedIn, county: Session
) -> None:
    headers = signed_in("county")
    changes = [{}, {"division": "520621001", "value": 700_000}, {"division": "52", "value": 1}]
    for change in changes:
        assert client.post("/v1/standards", json=body(**change), headers=headers).status_code == 201
    assert standard(county, LINE, "520621002001", date(2026, 3, 1)) == 632_000
    assert standard(county, LINE, "520621001005", date(2026, 3, 1)) == 700_000
    with pytest.raises(StandardMissing) as missing:
        standard(county, LINE, "520621001005", date(2025, 12, 31))
    assert "monitoring_line" in missing.value.detail


def test_two_values_cannot_hold_at_once_and_one_sent_twice_is_one(client: TestClient, signed_in: SignedIn) -> None:
    headers, first = signed_in("county"), body()
    assert [client.post("/v1/standards", json=first, headers=headers).status_code for _ in range(2)] == [201, 201]
    assert client.post("/v1/standards", json=body(), headers=headers).json()["code"] == "already-set"
    assert client.post("/v1/standards", json=first | {"value": 1}, headers=headers).json()["code"] == "sent-before"
    upside_down = body(valid_until="2025-01-01")
    assert client.post("/v1/standards", json=upside_down, headers=headers).json()["code"] == "ends-before-it-begins"


def test_a_published_year_is_official_and_the_next_is_marked_provisional(county: Session) -> None:
    keep_calendar(county, NOW, until=2027)
    kinds = county.execute(text("SELECT DISTINCT extract(year FROM date)::int, provisional FROM day ORDER BY 1")).all()
    assert [tuple(kind) for kind in kinds] == [*((year, False) for year in range(2019, 2027)), (2027, True)]
    assert not county.execute(text("SELECT working FROM day WHERE date = '2027-10-01'")).scalar_one()


@pytest.mark.parametrize("end", [date(2026, 2, 28), date(2026, 10, 10), date(2025, 1, 2)])
def test_working_days_between_two_dates_follow_the_official_calendar(county: Session, end: date) -> None:
    keep_calendar(county, NOW, until=2026)
    start = date(2024, 12, 30)
    counted = chinese_calendar.get_workdays(start, end)
    assert working_days_since(county, start, end) == len([day for day in counted if day > start])


def test_a_county_s_own_day_off_moves_the_count_and_stays_when_the_calendar_is_kept(
    client: TestClient, signed_in: SignedIn, county: Session
) -> None:
    keep_calendar(county, NOW, until=2026)
    before = working_days_since(county, date(2026, 4, 1), date(2026, 4, 30))
    county.commit()
    festival = {"working": False, "document_no": "示例〔2026〕3号"}
    assert client.put("/v1/days/2026-04-20", json=festival, headers=signed_in("county")).status_code == 200
    keep_calendar(county, NOW, until=2027)
    assert working_days_since(county, date(2026, 4, 1), date(2026, 4, 30)) == before - 1


def test_what_changed_since_a_version_is_all_that_is_sent_and_nothing_is_missed(
    client: TestClient, signed_in: SignedIn
) -> None:
    headers = signed_in("county")
    client.post("/v1/standards", json=body(), headers=headers)
    first = client.get("/v1/reference/standards?since=0", headers=headers).json()
    client.post("/v1/standards", json=body(key="sweep_day", value=1), headers=headers)
    second = client.get(f"/v1/reference/standards?since={first['version']}", headers=headers).json()
    assert [row["key"] for row in first["rows"]] == ["monitoring_line"]
    assert [row["key"] for row in second["rows"]] == ["sweep_day"]
    assert second["version"] > first["version"]


def test_an_open_standard_can_be_ended_and_followed_by_another(client: TestClient, signed_in: SignedIn) -> None:
    headers, first = signed_in("county"), body()
    following = body(valid_from="2027-01-01", value=700_000)
    client.post("/v1/standards", json=first, headers=headers)
    assert client.post("/v1/standards", json=following, headers=headers).json()["code"] == "already-set"
    path, end = f"/v1/standards/{first['id']}/valid-until", {"valid_until": "2027-01-01"}
    answers = [client.put(path, json=end, headers=headers) for _ in range(2)]
    assert [(answer.status_code, answer.json()["valid_until"]) for answer in answers] == [(200, "2027-01-01")] * 2
    assert client.get("/v1/reference/standards?since=1", headers=headers).json()["version"] == 2
    assert client.post("/v1/standards", json=following, headers=headers).status_code == 201


def test_a_standard_s_end_is_announced_and_sent_to_the_copies(
    client: TestClient, signed_in: SignedIn, county: Session
) -> None:
    headers, first = signed_in("county"), body()
    client.post("/v1/standards", json=first, headers=headers)
    end = {"valid_until": "2027-01-01"}
    client.put(f"/v1/standards/{first['id']}/valid-until", json=end, headers=headers)
    rows = client.get("/v1/reference/standards?since=1", headers=headers).json()["rows"]
    assert [row["valid"] for row in rows] == [["2026-01-01", "2027-01-01"]]
    told = county.scalars(text("SELECT (data ->> 'version')::int FROM event WHERE subject = 'standards' ORDER BY 1"))
    assert told.all() == [1, 2]


def test_a_standard_cannot_end_before_it_begins_or_run_into_the_next(client: TestClient, signed_in: SignedIn) -> None:
    headers, first = signed_in("county"), body(valid_until="2027-01-01")
    client.post("/v1/standards", json=first, headers=headers)
    client.post("/v1/standards", json=body(valid_from="2027-01-01"), headers=headers)
    path = f"/v1/standards/{first['id']}/valid-until"
    refusals = {"2026-01-01": "ends-before-it-begins", "2027-01-02": "already-set"}
    for end, code in refusals.items():
        assert edit(client, path, {"valid_until": end}, headers).json()["code"] == code
    nowhere = client.put(f"/v1/standards/{uuid4()}/valid-until", json={"valid_until": "2027-01-01"}, headers=headers)
    assert nowhere.status_code == 404


def test_a_day_before_the_calendar_or_after_next_year_is_refused_and_nothing_is_written(
    client: TestClient, signed_in: SignedIn, county: Session
) -> None:
    headers, festival = signed_in("county"), {"working": False, "document_no": "示例〔2026〕3号"}
    for day in ("2018-12-31", f"{date.today().year + 2}-01-01", "2400-12-31"):  # noqa: DTZ011  # the app's own clock
        refused = client.put(f"/v1/days/{day}", json=festival, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "day-out-of-reach")
    assert county.execute(text("SELECT count(*) FROM day")).scalar_one() == 0
    assert client.put("/v1/days/2019-01-01", json=festival, headers=headers).status_code == 200
