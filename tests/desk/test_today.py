"""What Today shows is what the services answer to the same person, part by part."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from services.cli.demo import COUNTY, TOWNSHIP
from services.cli.office import Office
from services.desk.pages import HERE
from services.desk.words import WORDS
from tests.desk.conftest import Open, panel, rows, shown, sign_in, today
from tests.outside.watched_county import WatchedCounty, wait_for

NASTY = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"


def asked(office: Office, service: str, path: str, **params: Any) -> Any:
    return office.get(service, path, **params)


def test_the_alerts_by_rule_are_those_that_can_be_counted_one_by_one(desk: TestClient, county: WatchedCounty) -> None:
    sign_in(desk, "county")
    listed: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = asked(county.office("county"), "alerts", "/v1/alerts", division=COUNTY, limit=200, **cursor)
        listed += page["rows"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    told = {row[0]: int(row[2]) for row in rows(panel(today(desk), "alerts"))}
    counted: dict[str, int] = {}
    for alert in listed:
        counted[alert["title"]] = counted.get(alert["title"], 0) + 1
    assert told == counted
    assert len(told) > 3


def test_the_villages_are_listed_by_code_with_their_points_and_their_alerts(
    desk: TestClient, county: WatchedCounty
) -> None:
    sign_in(desk, "county")
    office = county.office("county")
    villages = asked(office, "attendance", "/v1/villages")
    stations = asked(office, "attendance", "/v1/stations", village_prefix=COUNTY)
    listed = panel(today(desk), "villages")
    assert listed is not None
    told = [row.attrib for row in listed.findall(".//tbody/tr")]
    assert [one["data-name"] for one in told] == [village["name"] for village in villages]
    assert len(villages) > 100
    points = {(one["data-latitude"], one["data-longitude"]) for one in told if "data-latitude" in one}
    assert points == {(str(one["latitude"]), str(one["longitude"])) for one in stations}
    alerts = asked(office, "alerts", "/v1/alerts", division=COUNTY, limit=200)["rows"]
    assert sum(int(one["data-open"]) for one in told) >= len(alerts) > 0


def test_every_team_is_in_one_of_four_states_and_unknown_is_not_absent(desk: TestClient, county: WatchedCounty) -> None:
    sign_in(desk, "county")
    days = asked(county.office("county"), "attendance", "/v1/team-days")
    teams = panel(today(desk), "teams")
    assert teams is not None
    tally = [int(shown(one)) for one in teams.findall(".//dd")]
    present = sum(team["present"] > 0 for team in days["teams"])
    assert (sum(tally), tally[0], len(rows(teams))) == (len(days["teams"]), present, len(days["teams"]))
    assert days["day"] in shown(teams)
    assert "不等于不在岗" in shown(teams)


def test_the_sweep_is_told_with_its_certificate(desk: TestClient, county: WatchedCounty) -> None:
    sign_in(desk, "county")
    certificate = asked(county.office("county"), "alerts", "/v1/sweeps")["rows"][0]["certificate"]
    sweep = panel(today(desk), "sweep")
    assert sweep is not None
    assert f"登记册 {certificate['register']} 户" in shown(sweep)
    assert f"全部规则可判 {certificate['judged']} 户" in shown(sweep)
    assert "一户不漏。" in shown(sweep)
    assert sweep.get("hx-get") == "/desk/panels/sweep"
    assert shown(panel(today(desk), "overdue")).endswith("没有逾期的月度筛查。")


def test_what_is_owed_to_other_systems_is_told_by_service(desk: TestClient) -> None:
    sign_in(desk, "county")
    told = rows(panel(today(desk), "deliveries"))
    assert [row[:2] for row in told] == [["在岗", "demo-bureau"], ["预警", "demo-bureau"]]
    assert {int(cell) for row in told for cell in row[4:]} == {0}


def test_a_township_sees_its_own_villages_teams_and_alerts_alone(desk: TestClient, county: WatchedCounty) -> None:
    sign_in(desk, "clerk")
    page = today(desk)
    own = asked(county.office("clerk"), "attendance", "/v1/villages")
    assert {village["code"][:9] for village in own} == {TOWNSHIP}
    assert [row[1].partition(" ")[0] for row in rows(panel(page, "villages"))] == [one["name"] for one in own]
    all_alerts = asked(county.office("county"), "alerts", "/v1/alert-counts")
    township = sum(one["open"] for one in all_alerts["villages"] if one["division"].startswith(TOWNSHIP))
    assert sum(int(row[2]) for row in rows(panel(page, "alerts"))) == township < all_alerts["open"]
    teams = asked(county.office("county"), "attendance", "/v1/teams", village_prefix=TOWNSHIP, limit=200)["rows"]
    assert len(rows(panel(page, "teams"))) == len(teams)
    assert panel(page, "deliveries") is None  # no part of a township's office


def test_a_cadre_is_shown_the_own_village_and_no_office_work(desk: TestClient, county: WatchedCounty) -> None:
    sign_in(desk, "cadre")
    page = today(desk)
    assert len(rows(panel(page, "villages"))) == 1
    assert {name for name in ("sweep", "overdue", "deliveries") if panel(page, name) is not None} == set()


def test_who_holds_no_office_is_told_whom_to_ask(desk: TestClient) -> None:
    sign_in(desk, "admin")
    assert "您目前没有任何辖区或职责范围" in shown(panel(today(desk), "villages"))


@pytest.mark.parametrize(
    ("away", "missing", "whole"),
    [
        ("alerts", ("alerts", "overdue", "sweep"), ("teams", "villages")),
        ("attendance", ("villages", "teams"), ("alerts", "overdue", "sweep")),
        ("households", (), ("villages", "alerts", "teams", "sweep")),
    ],
)
def test_a_service_that_is_away_is_said_and_the_rest_works(
    opened: Open, away: str, missing: tuple[str, ...], whole: tuple[str, ...]
) -> None:
    with opened(away) as desk:
        sign_in(desk, "county")
        page = today(desk)
    for name in missing:
        assert "服务暂时没有答复，这一栏暂缺" in shown(panel(page, name))
    for name in whole:
        assert "服务暂时没有答复" not in shown(panel(page, name))
    assert "以下服务暂时没有答复" in shown(panel(page, "deliveries"))


def test_one_part_can_be_asked_for_alone_and_another_is_not_there(desk: TestClient) -> None:
    sign_in(desk, "county")
    assert desk.get("/desk/panels/sweep").text.lstrip().startswith('<section id="sweep"')
    assert desk.get("/desk/panels/nothing").status_code == 404


def test_what_somebody_wrote_is_text_on_the_page_and_never_markup(
    desk: TestClient, county: WatchedCounty, tmp_path: Path
) -> None:
    office, code = county.office("county"), f"{TOWNSHIP}998"
    for service, path, row in (
        ("county", "/v1/division-imports", {"code": code, "name": NASTY, "level": "village", "parent_code": TOWNSHIP}),
        ("attendance", "/v1/team-imports/teams", dict(zip(TEAM, (
            NASTY[:60], code, "示例局", "示丁", "19900000001", "队员", "2026-01-01", ""), strict=True))),
    ):  # fmt: skip
        file = tmp_path / "nasty.csv"
        file.write_text(written(row), encoding="utf-8")
        assert office.upload(service, path, file)["refused"] == 0
    wait_for(lambda: any(one["name"] == NASTY for one in office.get("attendance", "/v1/villages")), 30)
    sign_in(desk, "county")
    page = today(desk)
    assert list(page.iter("img")) == []
    assert {one.get("src") for one in page.iter("script")} == SCRIPTS
    assert NASTY in [row.get("data-name") for row in page.iter("tr")]
    assert NASTY[:60] in [row[1] for row in rows(panel(page, "teams"))]


TEAM = ("工作队", "村代码", "派出单位", "姓名", "手机号", "职务", "到任日期", "登录账号")
SCRIPTS = {"/desk/vendor/htmx.min.js", "/desk/vendor/echarts.common.min.js", "/desk/static/map.js"}


def written(row: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, row.keys())
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue()


def test_every_word_stands_in_both_languages_and_says_the_same_things() -> None:
    for key, word in WORDS.items():
        assert set(re.findall(r"{\w+}", word.zh)) == set(re.findall(r"{\w+}", word.en)), key
        assert not re.search(r"[,;:!?](?!\w)", word.zh), key
    asked = {key for path in HERE.rglob("*.html") for key in re.findall(r"say\('([\w-]+)'[,)]", path.read_text())}
    assert asked <= WORDS.keys()


def test_the_vendored_files_are_those_their_packages_published() -> None:
    manifest = json.loads((HERE / "vendor" / "manifest.json").read_text())
    files = {path.name: path for path in (HERE / "vendor").iterdir() if path.name not in ("manifest.json", "README.md")}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == manifest["sha256"]
    assert {package["licence"] for package in manifest["packages"].values()} == {"Apache-2.0", "0BSD"}
    assert {"echarts.LICENSE", "echarts.NOTICE", "htmx.LICENSE"} <= files.keys()
