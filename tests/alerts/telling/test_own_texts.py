"""A county says it in its own words, by kind, role, language and day; nobody's words hold more than the product's."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.tasks.conftest import http
from tests.alerts.telling.test_delivery import MORNING, WHO, Place, place
from tests.callers import Headers, Office, grant

__all__ = ["http", "place"]  # fixtures
OURS = "{place}：{title}，共{number}条，请本周内入户。"


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county", "county")


def put(http: TestClient, caller: Headers, text: str | None, path: str = "", **headers: str) -> Any:
    whole = f"/v1/telling-texts/{path or f'{COUNTY}/alert_opened/cadre/zh/2026-11-01'}"
    return http.put(whole, json={"text": text, "document_no": "示例〔2026〕8号"}, headers=caller | headers)


def inbox(http: TestClient, caller: Headers, language: str = "zh") -> list[str]:
    rows = http.get("/v1/notices", headers=caller | {"accept-language": language}).json()["rows"]
    return [row["text"] for row in rows]


def test_a_role_reads_the_countys_words_from_their_day_on_and_others_the_products(
    http: TestClient, place: Place, county: Headers, office: Office
) -> None:
    captain = office("a-captain", "captain", place=VILLAGE)
    cadre = office(WHO, "cadre", place=VILLAGE)
    assert put(http, county, OURS).status_code == 200
    assert put(http, county, "{place}：以后", f"{COUNTY}/alert_opened/cadre/zh/2026-12-01").status_code == 200
    assert put(http, county, "另一类", f"{COUNTY}/alert_high/cadre/zh/2026-11-01").status_code == 200
    place.prefers("dingtalk")
    place.prefers("wecom", who="a-captain")
    place.happens()
    place.goes_on()
    said = {text.splitlines()[1] for text in place.texts}
    ours, usual = sorted(said, key=lambda one: "本周" not in one)
    assert ours.endswith("，共1条，请本周内入户。")
    assert "：新增预警“" in usual
    assert (inbox(http, cadre), inbox(http, captain)) == ([ours], [usual])
    assert inbox(http, cadre, "en") == inbox(http, captain, "en")


def test_without_a_text_the_products_words_hold_again_and_an_edit_takes_what_was_seen(
    http: TestClient, place: Place, county: Headers, office: Office
) -> None:
    cadre = office(WHO, "cadre", place=VILLAGE)
    first = put(http, county, OURS)
    assert put(http, county, OURS).json() == first.json()
    assert put(http, county, "{place}：别的").status_code == 428
    place.happens()
    assert "本周" in inbox(http, cadre)[0]
    assert put(http, county, None, f"{COUNTY}/alert_opened/cadre/zh/2026-11-20").status_code == 200
    assert "新增预警" in inbox(http, cadre)[0]
    listed = http.get("/v1/telling-texts", params={"division": COUNTY}, headers=cadre).json()
    assert [(one["since"], one["text"], one["document_no"]) for one in listed] == [
        ("2026-11-01", OURS, "示例〔2026〕8号"), ("2026-11-20", None, "示例〔2026〕8号"),
    ]  # fmt: skip


def test_words_are_of_one_county_and_of_the_office_by_which_the_place_is_theirs(
    http: TestClient, place: Place, county: Headers, office: Office
) -> None:
    """A cadre there who is a captain elsewhere is told in the words for cadres."""
    grant(place.engine, WHO, "captain", "520621002001")
    cadre = office(WHO, "cadre", place=VILLAGE)
    assert put(http, county, "给队长", f"{COUNTY}/alert_opened/captain/zh/2026-11-01").status_code == 200
    elsewhere = office("elsewhere", "county", place="520622")
    assert put(http, elsewhere, OURS, "520622/alert_opened/cadre/zh/2026-11-01").status_code == 200
    place.happens()
    assert "新增预警" in inbox(http, cadre)[0]
    assert put(http, elsewhere, OURS).status_code == 404
    assert put(http, office("a-township", "township", place=VILLAGE[:9]), OURS).status_code == 403
    for nowhere in ("no_such_kind/cadre", "alert_opened/auditor"):
        assert put(http, county, OURS, f"{COUNTY}/{nowhere}/zh/2026-11-01").status_code == 404


@pytest.mark.parametrize(
    "text",
    ["{name}有预警", "{place.__class__}", "{number:>9}条", "{place!r}", "{place", "{}条", "{0}条"],
    ids=["unknown", "attribute", "form", "conversion", "open", "empty", "position"],
)
def test_a_placeholder_that_is_none_is_refused(http: TestClient, place: Place, county: Headers, text: str) -> None:
    refused = put(http, county, text).json()
    assert (refused["code"], refused["detail"]) == ("unknown-placeholder", "place, title, number")
    no_title = put(http, county, "{title}", f"{COUNTY}/task_late/township/zh/2026-11-01").json()
    assert (no_title["code"], no_title["detail"]) == ("unknown-placeholder", "place, number")
    assert MORNING.day == 21
