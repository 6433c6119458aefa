"""A villager without an account is heard, answered, and forgotten in time."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.declarations.hearing import Allowance
from services.households.declarations.outcome import CAME_OF_IT
from services.households.declarations.purge import purge
from services.households.models.register import Household
from services.households.models.voices import SelfDeclaration
from services.households.settings import VoiceSettings
from services.kit.store.tables import Event
from tests.callers import Headers, Office
from tests.conftest import NOW
from tests.households.conftest import VILLAGE, Send, household_row, member_row, valid
from tests.households.declarations.conftest import declaration, set_standard
from tests.households.open_cases import case_of

DECLARE, STATUS = "/v1/self-declarations", "/v1/self-declaration-status"
NUMBER = valid("99062119600101001")

pytestmark = pytest.mark.usefixtures("frame")


@pytest.fixture
def receipt(http: TestClient) -> Any:
    return http.post(DECLARE, json=declaration()).json()


def read(http: TestClient, receipt: Any) -> Any:
    return http.post(STATUS, json={"number": receipt["number"], "secret": receipt["secret"]})


def queue(http: TestClient, headers: Headers, state: str = "") -> list[Any]:
    asked = f"&state={state}" if state else ""
    rows: list[Any] = http.get(f"{DECLARE}?village={VILLAGE}{asked}", headers=headers).json()["rows"]
    return rows


def decide(http: TestClient, headers: Headers, receipt: Any, **said: Any) -> Any:
    return http.put(f"{DECLARE}/{receipt['id']}/decision", json=said, headers=headers)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_whoever_declares_gets_a_receipt_that_reads_the_status_without_an_account(http: TestClient) -> None:
    answer = http.post(DECLARE, json=declaration())
    assert answer.status_code == 201
    status = read(http, answer.json()).json()
    assert status["state"] == "received"
    assert status["due_on"] == answer.json()["due_on"] == "2026-11-27"  # five working days after a Saturday


def test_what_was_said_is_stored_sealed(http: TestClient, receipt: Any, households: Session) -> None:
    stored = households.execute(text("SELECT self_declaration::text FROM self_declaration")).scalar_one()
    for said in ("示甲", "10000000001", "房屋", receipt["secret"]):
        assert said not in stored
        assert said.encode().hex() not in stored


def test_the_same_declaration_sent_again_is_one_with_one_receipt(http: TestClient, households: Session) -> None:
    said = declaration(proxy={"name": "示乙", "relation": "邻居", "reason": "卧床不能出门"})
    first, again = http.post(DECLARE, json=said), http.post(DECLARE, json=said)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(households.scalars(select(SelfDeclaration)).all()) == 1
    assert code(http.post(DECLARE, json=said | {"text": "别的困难。"})) == (409, "declared-before")
    assert code(http.post(DECLARE, json=said | {"village": VILLAGE[:9]})) == (409, "declared-before")


@pytest.mark.parametrize(
    "wrong", [{"number": "000000000000"}, {"secret": "222222222222"}], ids=["another number", "another secret"]
)
def test_without_both_number_and_secret_nothing_is_told(http: TestClient, receipt: Any, wrong: dict[str, str]) -> None:
    assert code(read(http, receipt | wrong)) == (404, "not-there")


def test_a_place_of_another_county_is_refused(http: TestClient) -> None:
    assert code(http.post(DECLARE, json=declaration(village="990101001001"))) == (422, "no-such-place")


def test_an_unsound_id_number_is_refused_and_none_at_all_is_not(http: TestClient) -> None:
    wrong = NUMBER[:17] + ("0" if NUMBER[17] != "0" else "1")
    refused = http.post(DECLARE, json=declaration(id_number=wrong))
    assert code(refused) == (422, "id-number-unsound")
    assert wrong not in refused.text
    assert http.post(DECLARE, json=declaration(id_number=None)).status_code == 201


def test_an_id_number_finds_the_household_in_the_place_that_was_named_and_in_no_other(
    http: TestClient, clerk: Headers, households: Session, send: Send
) -> None:
    send("households", household_row())
    send("members", member_row(id_number=NUMBER))
    http.post(DECLARE, json=declaration(id_number=NUMBER))
    http.post(DECLARE, json=declaration(id_number=NUMBER, village=VILLAGE[:9]))
    http.post(DECLARE, json=declaration(id_number=NUMBER, village=VILLAGE[:-1] + "6"))
    here = str(households.scalars(select(col(Household.id))).one())
    rows = http.get(f"{DECLARE}?village={VILLAGE[:6]}", headers=clerk).json()["rows"]
    assert sorted((row["village"], row["household_id"]) for row in rows) == [
        (VILLAGE[:9], here), (VILLAGE, here), (VILLAGE[:-1] + "6", None),
    ]  # fmt: skip
    placed = households.scalars(select(Event).where(col(Event.type) == "self_declaration.placed")).all()
    assert sorted((event.division, event.data["household"]) for event in placed) == [
        (VILLAGE[:9], here), (VILLAGE, here),
    ]  # fmt: skip
    assert {event.subject for event in placed} == {event.data["declaration_id"] for event in placed}


def test_the_office_reads_what_was_said_and_the_list_tells_nothing_of_it(
    http: TestClient, clerk: Headers, receipt: Any
) -> None:
    told = http.get(f"{DECLARE}/{receipt['id']}", headers=clerk).json()
    assert (told["name"], told["phone"], told["text"]) == ("示甲", "10000000001", "家中房屋受损。")
    assert "示甲" not in str(queue(http, clerk))


def test_a_refusal_has_a_reason_and_the_villager_reads_it(http: TestClient, clerk: Headers, receipt: Any) -> None:
    assert code(decide(http, clerk, receipt, outcome="refused")) == (422, "reason-wanting")
    assert read(http, receipt).json()["state"] == "received"
    assert decide(http, clerk, receipt, outcome="refused", reason="住房已于上月修缮").status_code == 200
    status = read(http, receipt).json()
    assert (status["state"], status["reason"], status["decided_on"]) == ("refused", "住房已于上月修缮", "2026-11-21")


def test_offices_hear_that_there_is_one_and_nothing_of_it(
    http: TestClient, clerk: Headers, receipt: Any, households: Session
) -> None:
    assert decide(http, clerk, receipt, outcome="refused", reason="住房已于上月修缮").status_code == 200
    about = select(Event).where(col(Event.subject) == receipt["id"]).order_by(col(Event.type))
    assert [(event.type, event.division, event.data) for event in households.scalars(about)] == [
        ("self_declaration.received", VILLAGE, {"due_on": receipt["due_on"]}),
        ("self_declaration.refused", VILLAGE, {}),
    ]


def test_an_accepted_one_is_of_a_household_and_is_announced_by_ids_alone(
    http: TestClient, clerk: Headers, receipt: Any, family: str, households: Session
) -> None:
    household = family.rpartition("/")[2]
    assert code(decide(http, clerk, receipt, outcome="accepted")) == (422, "household-wanting")
    assert code(decide(http, clerk, receipt, outcome="accepted", household_id=str(uuid4()))) == (404, "not-there")
    assert decide(http, clerk, receipt, outcome="accepted", household_id=household).status_code == 200
    told = households.scalars(select(Event).where(col(Event.type) == "self_declaration.accepted")).one()
    assert (told.subject, told.division) == (household, VILLAGE)
    assert told.data == {"declaration_id": receipt["id"], "household_id": household}
    to_open = f"/v1/self-declarations?village={VILLAGE}&state=to_open"
    assert [one["id"] for one in http.get(to_open, headers=clerk).json()["rows"]] == [receipt["id"]]
    assert read(http, receipt).json()["came_of_it_zh"] == "已受理，正待开立监测案卷。"
    case = case_of(households, UUID(household), ground_kind="self_declaration", ground_id=UUID(receipt["id"]))
    for state, said in CAME_OF_IT.items():
        case.state, case.closed_on = state, NOW.date() if state in ("ended", "refused") else None
        households.commit()
        told_now = read(http, receipt).json()
        assert (told_now["came_of_it_zh"], told_now["came_of_it_en"]) == said
    assert http.get(to_open, headers=clerk).json()["rows"] == []


def test_a_decision_sent_again_changes_nothing_and_another_is_refused(
    http: TestClient, clerk: Headers, receipt: Any, family: str, households: Session
) -> None:
    accepted = {"outcome": "accepted", "household_id": family.rpartition("/")[2]}
    first = decide(http, clerk, receipt, **accepted)
    assert decide(http, clerk, receipt, **accepted).json() == first.json()
    refused = decide(http, clerk, receipt, outcome="refused", reason="不属于困难情形")
    assert code(refused) == (409, "decided-already")
    kinds = list(households.scalars(select(col(Event.type))))
    assert kinds.count("self_declaration.accepted") == 1


def test_what_waits_behind_its_day_is_listed_as_overdue_and_not_on_the_day_itself(
    http: TestClient, clerk: Headers, receipt: Any, households: Session
) -> None:
    row = households.get_one(SelfDeclaration, UUID(receipt["id"]))
    for due_on, late in ((NOW.date() - timedelta(days=1), True), (NOW.date(), False), (None, True)):
        row.due_on = due_on
        households.commit()
        assert [one["id"] for one in queue(http, clerk, "overdue")] == ([receipt["id"]] if late else [])
        assert queue(http, clerk)[0]["overdue"] is late
    decide(http, clerk, receipt, outcome="refused", reason="不属于困难情形")
    assert queue(http, clerk, "overdue") == []


def test_where_the_county_has_set_no_days_a_villager_is_heard_all_the_same(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    households.execute(text("DELETE FROM standard"))
    households.commit()
    answer = http.post(DECLARE, json=declaration())
    assert (answer.status_code, answer.json()["due_on"]) == (201, None)
    assert len(queue(http, clerk, "overdue")) == 1


def test_another_townships_office_neither_lists_nor_reads_nor_decides_it(
    http: TestClient, office: Office, receipt: Any
) -> None:
    other = office("other", "township", place="520621002")
    assert queue(http, other) == []
    assert code(http.get(f"{DECLARE}/{receipt['id']}", headers=other)) == (404, "not-there")
    assert code(decide(http, other, receipt, outcome="refused", reason="不属于困难情形")) == (404, "not-there")


def test_one_address_is_heard_so_often_and_all_together_so_often(http: TestClient) -> None:
    """Of `together` as many first requests and as many further ones; for each operation apart."""
    for settings, heard in ((VoiceSettings(per_address=2), 2), (VoiceSettings(together=2), 4)):
        http.app.state.voices = Allowance(settings)  # type: ignore[attr-defined]
        codes = [http.post(DECLARE, json=declaration()).status_code for _ in range(heard + 1)]
        assert codes == [201] * heard + [429]
        assert http.post(STATUS, json={"number": "000000000000", "secret": "222222222222"}).status_code == 404


def test_few_addresses_that_flood_an_operation_keep_nobody_out(http: TestClient) -> None:
    http.app.state.voices = Allowance(VoiceSettings(per_address=20, together=10))  # type: ignore[attr-defined]
    said = declaration()
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
        flooding = TestClient(http.app, client=(address, 5000))
        codes = [flooding.post(DECLARE, json=said).status_code for _ in range(12)]
    assert codes[2:] == [429] * 10
    villager = TestClient(http.app, client=("10.0.0.9", 5000))
    receipt = villager.post(DECLARE, json=declaration())
    assert receipt.status_code == 201
    assert read(villager, receipt.json()).status_code == 200


def test_a_wrong_receipt_is_in_the_audit_and_names_nobody(http: TestClient, receipt: Any, households: Session) -> None:
    assert read(http, receipt | {"secret": "222222222222"}).status_code == 404
    told = households.execute(text("SELECT audit::text FROM audit WHERE status = 404")).scalar_one()
    assert "villager" in told
    assert receipt["number"] not in told


def test_an_address_that_has_had_its_share_takes_nothing_of_the_others(http: TestClient) -> None:
    http.app.state.voices = Allowance(VoiceSettings(per_address=1, together=2))  # type: ignore[attr-defined]
    greedy, other = (TestClient(http.app, client=(address, 5000)) for address in ("10.0.0.1", "10.0.0.2"))
    assert [greedy.post(DECLARE, json=declaration()).status_code for _ in range(4)] == [201, 429, 429, 429]
    assert other.post(DECLARE, json=declaration()).status_code == 201


def test_what_was_said_goes_when_its_days_are_over_and_the_outcome_stays(
    http: TestClient, clerk: Headers, receipt: Any, households: Session, engines: dict[str, Engine]
) -> None:
    waiting = http.post(DECLARE, json=declaration()).json()
    decide(http, clerk, receipt, outcome="refused", reason="不属于困难情形")
    later = NOW + timedelta(days=400)
    purge(engines["households"], later)
    assert read(http, receipt).status_code == 200  # the county has not said when
    set_standard(households, "declaration_kept_days", 365)
    households.commit()
    purge(engines["households"], NOW + timedelta(days=365))
    assert read(http, receipt).status_code == 200
    purge(engines["households"], later)
    assert code(read(http, receipt)) == (404, "not-there")
    told = http.get(f"{DECLARE}/{receipt['id']}", headers=clerk).json()
    assert (told["state"], told["name"], told["text"], told["reason"]) == ("refused", None, None, None)
    assert read(http, waiting).json()["state"] == "received"
    set_standard(households, "declaration_waiting_days", 400)
    households.commit()
    purge(engines["households"], later - timedelta(days=1))
    assert read(http, waiting).json()["state"] == "received"
    purge(engines["households"], later + timedelta(days=1))
    assert code(read(http, waiting)) == (404, "not-there")
    lapsed = households.scalars(select(Event).where(col(Event.type) == "self_declaration.lapsed")).all()
    assert [(event.subject, event.data) for event in lapsed] == [(waiting["id"], {})]  # what was decided does not lapse
    assert queue(http, clerk, "overdue") == queue(http, clerk, "received") == []
    assert code(decide(http, clerk, waiting, outcome="refused", reason="不属于困难情形")) == (409, "declaration-over")


def test_a_declaration_leaves_a_line_in_the_audit_that_names_nobody(
    http: TestClient, receipt: Any, households: Session
) -> None:
    line = households.execute(text("SELECT audit::text FROM audit WHERE action LIKE '%self-declarations'")).scalar_one()
    assert "villager" in line
    assert receipt["id"] in line
    assert "示甲" not in line
