"""Who answers for which household: one of a kind at a time, seen by that cadre, and no longer on the day it ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.imports.pairings import HEADERS
from services.attendance.models.teams import Cadre
from services.attendance.pairings.register import Register
from services.cli.secret_files import secret_folder
from services.households.models.register import Household
from services.kit.store.db import open_session
from services.kit.store.grants import SetMember, changed_since, copy_grants
from tests.attendance.conftest import VILLAGE, Stationed
from tests.callers import Headers, Office, Sign, edit, served
from tests.conftest import NOW, TODAY
from tests.door.world import alerts as furnish_alerts
from tests.door.world import households as furnish_households
from tests.secrets_made_once import make_secrets

Put: TypeAlias = Callable[..., Any]
HOME = uuid4()


@pytest.fixture
def reading(
    api_engines: dict[str, Engine], signing_key: RSAKey, tmp_path: Path
) -> Iterator[Callable[[str], TestClient]]:
    """Another service's API on its own database."""
    with ExitStack() as opened:

        def open_one(service: str) -> TestClient:
            make_secrets(tmp_path)
            create = import_module(f"services.{service}.main").create
            secrets = secret_folder(tmp_path, service)
            return opened.enter_context(served(create, service, api_engines[service], signing_key, secrets))

        yield open_one


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def register(http: TestClient, reading: Callable[[str], TestClient]) -> TestClient:
    """The register as it is, asked by this test's attendance."""
    asked = reading("households")
    assert isinstance(http.app, FastAPI)
    http.app.state.register = Register(asked)  # type: ignore[arg-type]  # a client of httpx, in another wrapping
    return asked


@pytest.fixture
def lives(engines: dict[str, Engine]) -> Callable[..., UUID]:
    """A household of the register, there already or made for the test."""

    def make(household: UUID = HOME, village: str = VILLAGE) -> UUID:
        row = Household(
            id=household, number=f"JK{household.hex[:12]}", village=village, head_name="示甲", created_at=NOW
        )
        with open_session(engines["households"]) as session, session.begin():
            if not session.get(Household, household):
                session.add(row)
        return household

    return make


def pairing(cadre: UUID, household: UUID = HOME, **changed: Any) -> dict[str, Any]:
    said = {"kind": "assistant", "valid_from": "2026-01-01", "valid_until": None}
    return {"cadre_id": str(cadre), "household_id": str(household), "document_no": "示例〔2026〕3号"} | said | changed


@pytest.fixture
def put(http: TestClient, county: Headers, register: TestClient, lives: Callable[..., UUID]) -> Put:
    """As an office writes it: what is there is read first. The register has the household."""

    def write(cadre: UUID, household: UUID = HOME, number: UUID | None = None, **changed: Any) -> Any:
        lives(household)
        return edit(http, f"/v1/pairings/{number or uuid4()}", pairing(cadre, household, **changed), county)

    return write


def days(http: TestClient, county: Headers, household: UUID = HOME) -> list[tuple[str, str, str | None]]:
    rows = http.get("/v1/pairings", params={"household_id": str(household)}, headers=county).json()["rows"]
    return sorted((row["valid_from"], row["cadre_id"], row["valid_until"]) for row in rows)


def copied(session: Session, to: Session) -> None:
    """As a service pulls what attendance has given."""
    session.expire_all()
    told = changed_since(session, "attendance", 0)
    copy_grants(to, "attendance", told.model_dump())
    to.commit()


def test_a_pairing_is_begun_changed_and_told_once_each_time(
    put: Put, http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    number = uuid4()
    first = put(village.first, number=number)
    assert (first.status_code, first.json()) == (200, pairing(village.first) | {"id": str(number), "village": VILLAGE})
    assert put(village.first, number=number).status_code == 200
    ended = put(village.first, number=number, valid_until="2026-11-21")
    assert (ended.status_code, days(http, county)) == (200, [("2026-01-01", str(village.first), "2026-11-21")])
    events = attendance.execute(text("SELECT FROM event WHERE type = 'grant.changed'")).all()
    assert len(events) == 2


def test_a_change_names_what_was_read(http: TestClient, put: Put, county: Headers, village: Stationed) -> None:
    number = uuid4()
    put(village.first, number=number)
    path, body = f"/v1/pairings/{number}", pairing(village.first, valid_until="2026-11-21")
    assert http.put(path, json=body, headers=county).status_code == 428
    assert http.put(path, json=body, headers=county | {"if-match": '"other"'}).status_code == 412


def test_a_household_is_moved_by_pairing_it_anew(
    put: Put, http: TestClient, county: Headers, village: Stationed
) -> None:
    put(village.first)
    assert put(village.second, valid_from="2026-11-03").status_code == 200
    assert days(http, county) == [
        ("2026-01-01", str(village.first), "2026-11-03"),
        ("2026-11-03", str(village.second), None),
    ]
    on = {"household_id": str(HOME), "day": "2026-11-02"}
    assert [row["cadre_id"] for row in http.get("/v1/pairings", params=on, headers=county).json()["rows"]] == [
        str(village.first)
    ]


def test_a_cadre_answers_for_many_and_a_household_has_one_of_each_kind(put: Put, village: Stationed) -> None:
    assert {put(village.first, uuid4()).status_code for _ in range(5)} == {200}
    assert put(village.first).status_code == 200
    assert put(village.second, kind="leader").status_code == 200
    refused = put(village.second)
    assert (refused.status_code, refused.json()["code"]) == (409, "paired-already")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"valid_until": "2026-01-01"}, 422, "ends-before-it-begins"),
        ({"cadre_id": str(uuid4())}, 404, "not-there"),
        ({"kind": "friend"}, 422, "not-understood"),
    ],
)
def test_a_pairing_that_cannot_be_is_refused(
    put: Put, village: Stationed, changed: dict[str, str], status: int, code: str
) -> None:
    refused = put(village.first, **changed)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


@pytest.mark.parametrize("where", ["nowhere", "520622001001"])
def test_a_household_that_the_writer_does_not_see_in_the_register_is_paired_by_nobody(
    put: Put, http: TestClient, county: Headers, lives: Callable[..., UUID], village: Stationed, where: str
) -> None:
    unseen = uuid4() if where == "nowhere" else lives(uuid4(), where)
    refused = http.put(f"/v1/pairings/{uuid4()}", json=pairing(village.first, unseen), headers=county)
    assert (refused.status_code, refused.json()["code"]) == (404, "not-there")
    assert days(http, county, unseen) == []


def test_a_household_of_a_set_is_seen_and_lies_where_the_writer_pairs_nobody(
    http: TestClient, register: TestClient, lives: Callable[..., UUID], office: Office, village: Stationed,
    households: Session,
) -> None:  # fmt: skip
    group, elsewhere = uuid4(), lives(uuid4(), "520622001001")
    since = Range(date(2026, 1, 1), None)
    households.add(SetMember(set_id=group, subject=elsewhere, owner="households", valid=since, version=1))
    households.commit()
    office("writer", "county", place=str(group), kind="set")
    writer = office("writer", "county")
    assert register.get(f"/v1/households/{elsewhere}", headers=writer).status_code == 200
    refused = http.put(f"/v1/pairings/{uuid4()}", json=pairing(village.first, elsewhere), headers=writer)
    assert (refused.status_code, refused.json()["code"]) == (404, "not-there")


def test_where_a_household_lies_is_asked_and_not_told(put: Put, village: Stationed) -> None:
    refused = put(village.first, village=VILLAGE)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/village")


def test_a_pairing_of_a_household_that_moved_away_can_be_ended_and_nothing_else(
    put: Put, village: Stationed, households: Session
) -> None:
    number = uuid4()
    put(village.first, number=number, valid_until="2026-12-01")
    households.execute(text("UPDATE household SET village = '520622001001' WHERE id = :id"), {"id": HOME})
    households.commit()
    assert put(village.first, number=number, valid_until="2026-12-02").status_code == 404
    assert put(village.first, number=number, valid_until=None).status_code == 404
    assert put(village.first).status_code == 404
    ended = put(village.first, number=number, valid_until="2026-11-03")
    assert (ended.status_code, ended.json()["village"]) == (200, VILLAGE)


@pytest.mark.parametrize("answer", [None, 500, 429, b"[{}]", b"{"], ids=["away", "500", "429", "other", "broken"])
def test_while_the_register_cannot_be_asked_nobody_is_paired_and_check_ins_go_on(
    http: TestClient, county: Headers, sign: Sign, village: Stationed, answer: int | bytes | None
) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if answer is None:
            raise httpx.ConnectError("away")
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, content=answer)

    assert isinstance(http.app, FastAPI)
    with httpx.Client(base_url="http://register", transport=httpx.MockTransport(reply)) as asked:
        http.app.state.register = Register(asked)
        refused = http.put(f"/v1/pairings/{uuid4()}", json=pairing(village.first), headers=county)
        checked_in = http.post(
            "/v1/check-ins", json={"id": str(uuid4()), "at": NOW.isoformat()}, headers=sign(village.account, "cadre")
        )
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "register-away", "5")
    assert checked_in.status_code == 201


def test_a_system_that_may_not_read_the_register_pairs_nobody(
    http: TestClient, register: TestClient, lives: Callable[..., UUID], office: Office, village: Stationed
) -> None:
    body, path = pairing(village.first, lives()), f"/v1/pairings/{uuid4()}"
    asked = ("pairing:write", "pairing:write household:read")
    answers = [http.put(path, json=body, headers=office("bureau", scopes=scopes)) for scopes in asked]
    assert [answer.status_code for answer in answers] == [403, 200]


def test_an_id_stays_its_cadre_s_and_its_household_s(put: Put, village: Stationed) -> None:
    number = uuid4()
    put(village.first, number=number)
    for refused in (put(village.second, number=number), put(village.first, uuid4(), number=number)):
        assert (refused.status_code, refused.json()["code"]) == (409, "paired-for-another")


def test_nobody_pairs_a_household_with_themselves(
    http: TestClient, register: TestClient, lives: Callable[..., UUID], office: Office, village: Stationed
) -> None:
    mine = office(village.account, "county")
    refused = http.put(f"/v1/pairings/{uuid4()}", json=pairing(village.first, lives()), headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (403, "not-to-oneself")


def test_a_township_writes_none_and_reads_those_of_its_villages(
    http: TestClient, put: Put, office: Office, village: Stationed
) -> None:
    put(village.first)
    there, elsewhere = office("here", "township", place="520621001"), office("there", "township", place="520621002")
    assert http.put(f"/v1/pairings/{uuid4()}", json=pairing(village.first), headers=there).status_code == 403
    assert [len(http.get("/v1/pairings", headers=one).json()["rows"]) for one in (there, elsewhere)] == [1, 0]


def test_the_assistant_sees_the_paired_household_and_its_alerts_and_not_the_village(
    put: Put, village: Stationed, engines: dict[str, Engine], attendance: Session, households: Session, alerts: Session,
    sign: Sign, reading: Callable[[str], TestClient],
) -> None:  # fmt: skip
    home, beside = (furnish_households(engines["households"], VILLAGE[:-1] + last) for last in "56")
    alert = furnish_alerts(engines["alerts"], VILLAGE)
    assistant = sign(village.account, "assistant")
    number = uuid4()
    put(village.first, UUID(home.ids["household"]), number)
    put(village.first, UUID(alert.ids["household"]))
    for session in (households, alerts):
        copied(attendance, session)
    register, watch = reading("households"), reading("alerts")
    path, other = (f"/v1/households/{thing.ids['household']}" for thing in (home, beside))
    assert [register.get(one, headers=assistant).status_code for one in (path, other)] == [200, 404]
    assert watch.get(f"/v1/alerts/{alert.ids['alert']}", headers=assistant).status_code == 200
    listed = register.get("/v1/households?village=520621", headers=assistant).json()["rows"]
    assert {row["id"] for row in listed} == {home.ids["household"], alert.ids["household"]}
    households.execute(text("UPDATE household SET village = '520621002001' WHERE id = :id"), {"id": home.ids["uuid"]})
    households.commit()
    assert register.get(path, headers=assistant).status_code == 200  # it moved; the pairing has not
    put(village.first, UUID(home.ids["household"]), number, valid_until=TODAY.isoformat())
    copied(attendance, households)
    ended, never = (register.get(one, headers=assistant) for one in (path, f"/v1/households/{uuid4()}"))
    assert (ended.status_code, ended.content) == (404, never.content)


def test_who_is_unlinked_sees_nothing_and_who_is_linked_anew_sees_again(
    http: TestClient, put: Put, county: Headers, village: Stationed, attendance: Session
) -> None:
    put(village.first)
    held = "SELECT holder, revoked FROM access_grant WHERE source = 'pairing'"
    path = f"/v1/cadres/{village.first}/account"
    edit(http, path, {"account_id": None}, county)
    assert attendance.execute(text(held)).all() == [("", True)]
    attendance.rollback()
    other = str(uuid4())
    edit(http, path, {"account_id": other}, county)
    assert attendance.execute(text(held)).all() == [(other, False)]


def test_a_pairing_s_set_is_no_set_of_anybody_else_s(put: Put, village: Stationed, attendance: Session) -> None:
    """Whoever chose the id of a known set for a pairing would add a household to that set."""
    number = uuid4()
    put(village.first, number=number)
    ids = text("SELECT id FROM access_grant WHERE source = 'pairing' UNION SELECT set_id FROM set_member")
    assert number not in set(attendance.scalars(ids))


MOBILES = ("10001000001", "10001000002")
ROW = (str(HOME), "帮扶责任人", MOBILES[0], "2026-01-01", "", "示例〔2026〕3号")


@pytest.fixture
def send(
    http: TestClient, county: Headers, register: TestClient, lives: Callable[..., UUID], village: Stationed
) -> Callable[..., dict[str, Any]]:
    lives()

    def rows(*rows: tuple[str, ...], headers: Headers = county) -> dict[str, Any]:
        content = "\n".join(",".join(row) for row in (HEADERS, *rows)).encode()
        answer = http.post("/v1/pairing-imports", files={"file": ("p.csv", content)}, headers=headers)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return rows


def changed(row: tuple[str, ...], **cells: str) -> tuple[str, ...]:
    return tuple(cells.get(header, cell) for header, cell in zip(HEADERS, row, strict=True))


def told(answer: dict[str, Any]) -> tuple[int, int, int]:
    return answer["stored"], answer["unchanged"], answer["refused"]


def faults(answer: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(row["row"], fault["column"], fault["code"]) for row in answer["refusals"] for fault in row["faults"]]


def test_a_file_begins_ends_and_moves_and_twice_is_harmless(
    send: Callable[..., dict[str, Any]], http: TestClient, county: Headers, village: Stationed, attendance: Session
) -> None:
    assert told(send(ROW, changed(ROW, 类别="包户领导"))) == (2, 0, 0)
    assert told(send(ROW, changed(ROW, 类别="包户领导"))) == (0, 2, 0)
    assert told(send(changed(ROW, 手机号=MOBILES[1], 起始日期="2026-11-03"))) == (1, 0, 0)
    assert told(send(changed(ROW, 类别="包户领导", 失效日期="2026-11-21"))) == (1, 0, 0)
    assert days(http, county) == [
        ("2026-01-01", str(village.first), "2026-11-03"),
        ("2026-01-01", str(village.first), "2026-11-21"),
        ("2026-11-03", str(village.second), None),
    ]
    held = text("SELECT holder, place = id::text FROM access_grant WHERE source = 'pairing'")
    assert attendance.execute(held).all() == [(village.account, True)] * 2  # the second has no account


def test_each_row_of_a_file_is_judged_for_itself(
    send: Callable[..., dict[str, Any]], put: Put, lives: Callable[..., UUID], village: Stationed
) -> None:
    put(village.first, UUID(int=5), valid_from="2026-06-01")
    home, late, last = (str(lives(uuid4())) for _ in range(3))
    far = str(lives(uuid4(), "520622001001"))
    answer = send(
        ROW,
        ROW,
        changed(ROW, 农户标识=home, 手机号="10009999999"),
        changed(ROW, 农户标识="JK1"),
        changed(ROW, 农户标识=far),
        changed(ROW, 农户标识=str(uuid4())),
        changed(ROW, 农户标识=late, 失效日期="2026-01-01"),
        changed(ROW, 农户标识=str(UUID(int=5)), 手机号=MOBILES[1]),
        changed(ROW, 农户标识=last, 文号="x"),
    )
    assert told(answer) == (2, 0, 7)
    assert faults(answer) == [
        (3, "农户标识", "twice-in-the-file"),
        (4, "手机号", "no-such-cadre"),
        (5, "农户标识", "not-an-id"),
        (6, "农户标识", "no-such-household"),
        (7, "农户标识", "no-such-household"),
        (8, "失效日期", "ends-before-it-begins"),
        (9, "农户标识", "paired-already"),
    ]


def test_whoever_sees_nothing_of_a_pairing_can_neither_move_the_household_nor_pair_it_twice(
    send: Callable[..., dict[str, Any]], put: Put, http: TestClient, office: Office, village: Stationed,
    attendance: Session, households: Session,
) -> None:  # fmt: skip
    put(village.first)
    households.execute(text("UPDATE household SET village = '520622001001' WHERE id = :id"), {"id": HOME})
    households.commit()
    neighbour = office("neighbour", "county", place="520622")
    moved = changed(ROW, 起始日期="2026-11-03")
    assert faults(send(moved, headers=neighbour)) == [(2, "手机号", "no-such-cadre")]
    unit = attendance.scalars(select(col(Cadre.unit_id)).where(col(Cadre.id) == village.second)).one()
    office("neighbour", "county", place=str(unit), kind="unit")
    refused = send(changed(moved, 手机号=MOBILES[1]), headers=neighbour)
    assert faults(refused) == [(2, "农户标识", "paired-already")]
    body = pairing(village.second, valid_from="2026-11-03")
    alone = http.put(f"/v1/pairings/{uuid4()}", json=body, headers=neighbour)
    assert (alone.status_code, alone.json()["code"]) == (409, "paired-already")


def test_nobody_pairs_themselves_by_a_file_either(
    send: Callable[..., dict[str, Any]], office: Office, village: Stationed
) -> None:
    mine = office(village.account, "county")
    assert faults(send(ROW, headers=mine)) == [(2, "手机号", "not-to-oneself")]
