"""What I was told of: mine alone, in my language, read once, and only while my office lasts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.main import create
from services.alerts.models.watch import Alert
from services.alerts.telling.notices import tell
from services.kit.store.db import open_session
from services.kit.store.tables import Division
from tests.alerts.conftest import VILLAGE, told
from tests.callers import Headers, Office, edit, served
from tests.conftest import NOW


@pytest.fixture
def http(api_engines: dict[str, Engine], watched: Session, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    watched.add(Division(code=VILLAGE, name="示例村", level="village", version=1))
    watched.commit()
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def inbox(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/notices", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def test_what_i_was_told_of_is_mine_alone_and_speaks_my_language(
    http: TestClient, office: Office, watched: Session
) -> None:
    cadre, other = office("a-cadre", "cadre", place=VILLAGE), office("another", "cadre", place=VILLAGE)
    family = told(watched, safe_water=False)
    (row,) = inbox(http, cadre)
    assert (row["subject"], row["read_at"], row["division"]) == (str(family), None, VILLAGE)
    assert row["text"].startswith("示例村：新增")
    assert "示例村: " in inbox(http, cadre | {"accept-language": "en"})[0]["text"]
    (others,) = inbox(http, other)
    assert others["id"] != row["id"]
    assert http.put(f"/v1/notices/{others['id']}/read", headers=cadre).status_code == 404
    assert http.put("/v1/notices/read", json={"until": others["id"]}, headers=cadre).status_code == 404
    assert inbox(http, other, unread=True)


def test_a_notice_is_read_once_and_up_to_where_i_have_seen(http: TestClient, office: Office, watched: Session) -> None:
    cadre = office("a-cadre", "cadre", place=VILLAGE)
    for _ in range(4):
        told(watched, safe_water=False)
    newest, second, third, oldest = inbox(http, cadre)
    read = http.put(f"/v1/notices/{third['id']}/read", headers=cadre).json()["read_at"]
    assert read
    assert http.put("/v1/notices/read", json={"until": second["id"]}, headers=cadre).json() == {"read": 2}
    assert http.put("/v1/notices/read", json={"until": second["id"]}, headers=cadre).json() == {"read": 0}
    assert http.put(f"/v1/notices/{third['id']}/read", headers=cadre).json()["read_at"] == read
    assert [row["id"] for row in inbox(http, cadre, unread=True)] == [newest["id"]]
    first = http.get("/v1/notices", params={"limit": 3}, headers=cadre).json()
    rest = inbox(http, cadre, limit=3, cursor=first["next"])
    assert [row["id"] for row in rest] == [oldest["id"]]


def test_what_i_was_told_of_in_an_office_i_have_left_is_no_longer_mine_to_read(
    http: TestClient, office: Office, watched: Session
) -> None:
    cadre = office("a-cadre", "cadre", place=VILLAGE)
    told(watched, safe_water=False)
    assert inbox(http, cadre)
    watched.execute(text("UPDATE access_grant SET place = '520621001006'"))
    watched.commit()
    assert inbox(http, cadre) == []
    watched.execute(text("UPDATE access_grant SET revoked = true"))
    watched.commit()
    assert http.get("/v1/notices", headers=cadre).status_code == 403


def test_the_database_itself_shows_nobody_another_persons_notices(
    http: TestClient, office: Office, watched: Session, api_engines: dict[str, Engine]
) -> None:
    office("a-cadre", "cadre", place=VILLAGE)
    told(watched, safe_water=False)
    with api_engines["alerts"].connect() as api:
        bind = text("SELECT set_config('shouwang.holder', :who, true), set_config('shouwang.divisions', :at, true)")
        for who, where, seen in (("a-cadre", VILLAGE, 1), ("another", VILLAGE, 0), ("a-cadre", "52062100100600", 0)):
            api.execute(bind, {"who": who, "at": f"{{{where}}}"})
            assert api.scalar(text("SELECT count(*) FROM notice")) == seen
            api.rollback()
    office("a-captain", "captain", place=VILLAGE)
    with open_session(api_engines["alerts"]) as session:  # who makes something happen tells others of it all the same
        session.execute(bind, {"who": "another", "at": f"{{{VILLAGE}}}"})
        (alert,) = session.scalars(select(col(Alert.id)))
        assert tell(session, "alert_opened", [alert], NOW) == 1


def test_a_person_alone_sees_and_sets_how_it_is_told(http: TestClient, office: Office, watched: Session) -> None:
    cadre, other = office("a-cadre", "cadre", place=VILLAGE), office("another", "cadre", place=VILLAGE)
    asked = "/v1/notice-preferences"
    empty = {"channels": [], "language": "zh"} | dict.fromkeys(
        ("quiet_from", "quiet_until", "email", "phone", "feishu_id")
    )
    assert http.get(asked, headers=cadre).json() == empty
    wanted = empty | {"channels": ["sms", "email"], "phone": "10000000001", "email": "a@county.example"}
    assert edit(http, asked, wanted, cadre).json() == wanted
    assert edit(http, asked, wanted | {"quiet_from": 22, "quiet_until": 6}, cadre).status_code == 200
    assert http.put(asked, json=wanted, headers=cadre).status_code == 428
    assert http.get(asked, headers=other).json() == empty
    held = watched.execute(text("SELECT * FROM addressee")).mappings().one()
    assert b"10000000001" not in bytes(held["sealed_phone"])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"channels": ["sms"]}, "address-wanting"),
        ({"channels": ["email", "email"], "email": "a@county.example"}, "channel-named-twice"),
        ({"quiet_from": 22}, "quiet-hours-half"),
        ({"email": "a@county.example\nBcc: b@county.example"}, "not-understood"),
        ({"phone": "１００００００００００"}, "not-understood"),
    ],
)
def test_preferences_that_cannot_be_kept_are_refused(
    http: TestClient, office: Office, said: dict[str, Any], code: str
) -> None:
    answer = http.put("/v1/notice-preferences", json=said, headers=office("a-cadre", "cadre", place=VILLAGE))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
