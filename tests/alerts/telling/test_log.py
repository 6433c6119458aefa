"""The county reads what became of each notice: tries, moments and answers; no address, and nothing of what was said."""

from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.alerts.tasks.conftest import http
from tests.alerts.telling.test_channels import PHONE
from tests.alerts.telling.test_delivery import MORNING, WHO, Place, place
from tests.callers import Headers, Office, grant

__all__ = ["http", "place"]  # fixtures


def log(http: TestClient, caller: Headers, **asked: Any) -> list[Any]:
    answer = http.get("/v1/notice-log", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[Any] = answer.json()["rows"]
    return rows


def tries(row: Any) -> list[tuple[str, bool, int | None]]:
    """By channel: in a test all are of one moment."""
    return sorted((one["channel"], one["accepted"], one["status"]) for one in row["attempts"])


def test_each_notice_shows_its_tries_and_whether_it_was_told(http: TestClient, place: Place, office: Office) -> None:
    county = office("a-county", "county")
    place.prefers("sms", "dingtalk")
    place.others.refusing |= {"/sms": (403, {})}
    grant(place.engine, "without-channels", "cadre", VILLAGE)
    place.happens()
    assert {one["state"] for one in log(http, county)} == {"waiting"}
    place.goes_on()
    (told,) = log(http, county, recipient=WHO)
    assert (told["state"], told["told_by"], told["kind"]) == ("told", "dingtalk", "alert_opened")
    assert tries(told) == [("dingtalk", True, 200), ("sms", False, 403)]
    (alert,) = place.session.execute(text("SELECT id FROM alert")).scalars()
    assert {one["recipient"]: one["state"] for one in log(http, county, source=str(alert))} == {
        WHO: "told", "without-channels": "inbox",
    }  # fmt: skip
    place.others.refusing |= {"/robot": (403, {})}
    set_standards(place.session, {"tell_alert_opened_cadre": 2})  # the day's digest has gone
    place.session.commit()
    place.happens()
    place.goes_on()
    (given_up,) = log(http, county, state="given_up")
    assert (given_up["recipient"], given_up["told_by"]) == (WHO, "inbox")
    assert tries(given_up) == [("dingtalk", False, 403), ("sms", False, 403)]
    place.others.refusing.clear()
    place.happens()
    place.goes_on()
    told_of = log(http, county, recipient=WHO)  # each of one message
    assert sorted(one["state"] for one in told_of) == ["given_up", "told", "told"]
    assert len({one["message"] for one in told_of}) == 3
    by_state = {state: len(log(http, county, state=state)) for state in ("waiting", "under_way", "told", "inbox")}
    assert by_state == {"waiting": 0, "under_way": 0, "told": 2, "inbox": 3}
    said = str(log(http, county))
    assert [word for word in (PHONE, "ou_0123", "示例", "饮水") if word in said] == []


def test_it_is_read_of_the_county_in_pages_and_by_nobody_of_a_part_of_it(
    http: TestClient, place: Place, office: Office
) -> None:
    county = office("a-county", "county")
    place.happens(3)
    place.goes_on()
    first = http.get("/v1/notice-log", params={"limit": 2}, headers=county).json()
    last = http.get("/v1/notice-log", params={"limit": 2, "cursor": first["next"]}, headers=county).json()
    newest = sorted((one["id"] for one in first["rows"] + last["rows"]), reverse=True)
    assert [one["id"] for one in first["rows"] + last["rows"]] == newest
    assert (len(newest), last["next"]) == (3, None)
    assert [len(log(http, county, division=where)) for where in (COUNTY, VILLAGE, "520621002")] == [3, 3, 0]
    assert log(http, office("elsewhere", "county", place="520622")) == []
    assert log(http, office("of-a-part", "county", place=VILLAGE[:9])) == []
    township = office("a-township", "township", place=VILLAGE[:9])
    assert http.get("/v1/notice-log", headers=township).status_code == 403
    operator = office("an-administrator", "system")
    assert len(log(http, operator)) == 3
    assert MORNING.isoformat()[:10] in log(http, operator)[0]["at"]
