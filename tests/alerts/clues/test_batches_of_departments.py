"""Departments send clues in batches; whose they are is asked of the register; offices answer and departments hear."""

import gzip
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.clues.levels import level_again
from services.alerts.clues.purge import purge
from services.alerts.clues.taking import Taking
from services.alerts.facts.learn import Told
from services.alerts.inbox import HANDLERS
from services.alerts.intake.take_in import take_in
from services.alerts.models.clues import ClueReading
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import ship
from services.alerts.tasks.later import FOLD
from services.households.models.register import Membership, Person
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import receive
from services.kit.store.fields import Seal
from services.kit.store.tables import Job
from tests.alerts.clues.sending import HOME, OTHER_HOME, Bureau, clues, costs, events, line, number_of, system
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.alerts.neighbours import households_service, register
from tests.callers import HERE, Office
from tests.conftest import NOW


def test_each_line_gets_its_verdict_by_the_senders_own_id(bureau: Bureau, alerts: Session) -> None:
    wrong = [
        ("{", "line-unsound"),
        (json.dumps(line(9)) + "{}", "line-unsound"),
        ("[" * 3_000, "line-unsound"),
        (line(9, note="长" * 2_000), "line-unsound"),
        (line(9, surname="示"), "line-unsound"),
        (line(9, record_id="a b"), "record-id-unsound"),
        (line(9, record_id=number_of(9)), "record-id-is-a-number"),
        (line(9, kind="bad_luck"), "kind-unknown"),
        (line(9, id_number=number_of(9)[:-1] + "0"), "number-unsound"),
        (line(9, id_number=990102195001010), "number-unsound"),
        (line(9, name=""), "name-unsound"),
        (line(9, place="520622001"), "place-outside"),
        (line(9, data_on="2026-11-31"), "day-unsound"),
        (line(9, data_on="2025-12-31"), "data-too-old"),
        (line(9, data_on="2027-01-01"), "data-in-the-future"),
        (costs(None, person=9), "amount-missing"),
        (costs("20000", unit="亿元", person=9), "unit-missing"),
        (costs("0.001", person=9), "amount-unsound"),
        (costs("20000", semantics="yearly", person=9), "semantics-missing"),
        (line(9, tier=["city"]), "tier-unsound"),
        (line(9, note="a\u0000b"), "text-unsound"),
    ]  # fmt: skip
    rows = [line(1), line(1, record_id="R-again"), line(1, name="示丙"), *(row for row, _ in wrong)]
    assert bureau.told(*rows) == [
        ("stored", None),
        ("refused", "twice-in-the-batch"),
        ("refused", "twice-in-the-batch"),
        *(("refused", code) for _, code in wrong),
    ]
    (received,) = events(alerts, "clue.received")
    assert (received.division, received.data["stored"], received.data["refused"]) == ("medical-insurance", 1, 23)


def test_a_batch_is_one_however_often_it_is_sent_and_no_other_under_its_id(bureau: Bureau, alerts: Session) -> None:
    batch, lines = uuid4(), json.dumps(line()).encode()
    assert bureau.put(lines, batch=batch, zipped=True).status_code == 202
    again = bureau.put(lines, batch=batch)
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    operation = bureau.http.get(again.headers["location"], headers=bureau.headers).json()
    assert operation["state"] in ("waiting", "under_way")
    bureau.work()
    assert bureau.put(lines, batch=batch).json()["stored"] == 1
    bureau.work()
    assert alerts.scalar(select(func.count()).select_from(ClueReading)) == 1
    assert bureau.put(lines + b"\n{}", batch=batch).json()["code"] == "batch-sent-before"
    assert bureau.put(b"\n \n").json()["code"] == "nothing-in-it"
    assert bureau.put(b"{}\n" * 50_001).json()["code"] == "batch-too-large"
    broken = bureau.headers | {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    path = f"/v1/clue-batches/{uuid4()}"
    assert bureau.http.put(path, content=b"not gzip", headers=broken).json()["code"] == "not-gzip"
    bomb = gzip.compress(b" " * (33 * 1024 * 1024))
    assert bureau.http.put(path, content=bomb, headers=broken).json()["code"] == "batch-too-large"


def test_nothing_is_taken_where_the_county_has_not_said_how_long_it_is_kept(bureau: Bureau, alerts: Session) -> None:
    alerts.execute(text("DELETE FROM standard WHERE key = 'clue_kept_days'"))
    alerts.commit()
    refused = bureau.send(line())
    assert (refused.json()["code"], "clue_kept_days" in refused.json()["detail"]) == ("standard-missing", True)


def test_a_department_reads_its_own_alone(
    bureau: Bureau, http: TestClient, office: Office, engines: dict[str, Engine]
) -> None:
    batch = uuid4()
    bureau.send(line(), batch=batch)
    bureau.work()
    other = system(office, engines, "education-system", "education")
    for path in ("", "/rows", "/outcomes"):
        assert http.get(f"/v1/clue-batches/{batch}{path}", headers=other).status_code == 404
    assert http.put(f"/v1/clue-batches/{batch}/cancellation", headers=other).status_code == 404
    sent = json.dumps(line()).encode()
    taken = http.put(
        f"/v1/clue-batches/{batch}", content=sent, headers=other | {"content-type": "application/x-ndjson"}
    )
    assert taken.json()["code"] == "batch-sent-before"
    nobody = office("without-department", scopes="clue:send")
    assert http.get("/v1/clue-outcomes", headers=nobody).json()["code"] == "not-a-department"


def test_a_clue_is_matched_by_number_answered_once_and_told_to_its_sender(
    bureau: Bureau, http: TestClient, office: Office, alerts: Session
) -> None:
    assert bureau.told(line(1, note="示例备注"), costs("4999.99", person=1, record_id="M-1")) == [("stored", None)] * 2
    costly, ill = clues(alerts)
    assert {(one.state, one.household, one.division) for one in (ill, costly)} == {("matched", HOME, VILLAGE)}
    assert (ill.level, costly.level, ill.sealed_name) == ("reported", "below", None)
    assert sorted(event.subject for event in events(alerts, "clue.matched")) == sorted(map(str, (ill.id, costly.id)))
    township, cadre = office("a-township", "township", place="520621001"), office("a-cadre", "cadre", place=VILLAGE)
    listed = http.get("/v1/clues", params={"division": VILLAGE, "household": str(HOME)}, headers=cadre).json()["rows"]
    assert {row["id"] for row in listed} == {str(ill.id), str(costly.id)}
    path = f"/v1/clues/{ill.id}"
    assert http.get(path, headers=cadre).json()["note"] is None
    assert http.get(path, headers=township).json()["note"] == "示例备注"
    assert http.put(f"{path}/answer", json={"outcome": "confirmed"}, headers=cadre).status_code == 403
    elsewhere = office("b-township", "township", place="520621002")
    assert http.put(f"{path}/answer", json={"outcome": "confirmed"}, headers=elsewhere).status_code == 404
    assert http.put(f"{path}/answer", json={"outcome": "dismissed"}, headers=township).json()["code"] == "code-wanting"
    for _ in range(2):
        assert (
            http.put(f"{path}/answer", json={"outcome": "confirmed"}, headers=township).json()["state"] == "confirmed"
        )
    refused = {"outcome": "dismissed", "code": "too_small"}
    assert http.put(f"{path}/answer", json=refused, headers=township).json()["code"] == "not-to-be-answered"
    (answered,) = events(alerts, "clue.answered")
    assert (answered.division, answered.data["records"], answered.data["outcome"]) == (
        "medical-insurance", ["R-1"], "confirmed",
    )  # fmt: skip
    page = bureau.outcomes()
    assert [(row["records"], row["outcome"]) for row in page["rows"]] == [(["R-1"], "confirmed")]
    http.put(f"/v1/clues/{costly.id}/answer", json=refused, headers=township)
    later = bureau.outcomes(page["next"])
    assert [(row["records"], row["code"]) for row in later["rows"]] == [(["M-1"], "too_small")]
    assert bureau.outcomes(later["next"])["rows"] == []
    sheet = http.get(f"/v1/clue-batches/{ill.batch_id}/outcomes", headers=bureau.headers).text
    assert [row.split(",")[0] for row in sheet.splitlines()] == ["\ufeff记录编号", "R-1", "M-1"]
    heard = http.get("/v1/services/alerts/feed", headers=bureau.headers).json()["rows"]
    assert [event["type"] for event in heard] == ["clue.received", "clue.answered", "clue.answered"]


def test_whom_the_register_does_not_know_waits_for_the_county(
    bureau: Bureau, http: TestClient, office: Office, alerts: Session
) -> None:
    batch = uuid4()
    bureau.told(line(3, name="示丁"), line(2, name="示戊"), line(4), line(5), line(1), "{", batch=batch)
    known = http.get(f"/v1/clue-batches/{batch}/rows", headers=bureau.headers).json()["rows"]
    assert [row["person"] for row in known] == ["unknown"] * 4 + ["known", None]
    county, township = office("a-county", "county"), office("a-township", "township", place="520621001")
    asked = {"division": COUNTY}
    assert http.get("/v1/unmatched-clues", params=asked, headers=township).status_code == 403
    rows = http.get("/v1/unmatched-clues", params=asked, headers=county).json()["rows"]
    by_name = {row["name"]: row for row in rows if row["name"] != "示甲"}
    assert (by_name["示戊"]["state"], by_name["示戊"]["candidate"]) == ("ambiguous", str(OTHER_HOME))
    assert (by_name["示丁"]["state"], by_name["示丁"]["id_number_masked"]) == ("unmatched", "990102" + "*" * 12)
    unknown, other_name = (f"/v1/clues/{by_name[name]['id']}/match" for name in ("示丁", "示戊"))
    assert http.put(unknown, json={}, headers=county).json()["code"] == "one-of-the-two"
    assert http.put(unknown, json={"household": str(uuid4())}, headers=county).status_code == 404
    beside = office("b-county", "county", place="520622")
    assert http.put(unknown, json={"discarded": "died"}, headers=beside).status_code == 404
    assert http.get("/v1/unmatched-clues", params=asked, headers=beside).json()["rows"] == []
    for _ in range(2):
        told = http.put(other_name, json={"household": str(OTHER_HOME)}, headers=county).json()
        assert (told["state"], told["level"], told["division"]) == ("matched", "reported", VILLAGE)
        assert http.put(unknown, json={"discarded": "died"}, headers=county).json()["state"] == "discarded"
    assert http.put(unknown, json={"household": str(HOME)}, headers=county).json()["code"] == "matched-already"
    assert [row["code"] for row in bureau.outcomes()["rows"]] == ["died"]
    bureau.register.people[number_of(4)] = (HOME, "示甲")  # registered since, and told again
    bureau.told(line(4, data_on="2026-11-06"))
    assert [clue.state for clue in clues(alerts)] == ["matched", "matched", "discarded", "matched", "unmatched"]
    purge(alerts.get_bind(), HERE + timedelta(days=91))  # type: ignore[arg-type]
    assert [clue.state for clue in clues(alerts)] == ["matched", "matched", "discarded", "matched", "expired"]
    assert {(clue.id_index, clue.sealed_id_number, clue.sealed_name) for clue in clues(alerts)} == {(None, None, None)}
    assert [row["code"] for row in bureau.outcomes()["rows"]] == ["died", "nobody_known"]


def test_the_threshold_is_that_of_the_households_class_on_the_day_of_the_data(bureau: Bureau, alerts: Session) -> None:
    alerts.execute(
        text(
            "INSERT INTO standard (id, key, division, population_class, valid, value, unit, document_no, source,"
            " version) VALUES (gen_random_uuid(), 'clue_medical', '520621', 'formerly_poor',"
            " daterange('2026-10-01', NULL),"
            " 500000, '分', '示例〔2026〕2号', '', 1)"
        )
    )
    alerts.commit()
    bureau.told(costs("6000", "2026-09-30"), costs("6000", person=2, name="示乙"))
    assert [(one.household, one.level) for one in clues(alerts)] == [(HOME, "below"), (OTHER_HOME, "below")]
    bureau.told(costs("5000", "2026-10-01"))
    assert clues(alerts)[0].level == "over"


def test_a_clue_that_waits_follows_a_standard_that_changes_and_one_that_was_decided_does_not(
    bureau: Bureau, http: TestClient, alerts: Session, office: Office, engines: dict[str, Engine]
) -> None:
    alerts.execute(text("DELETE FROM standard WHERE key = 'clue_medical'"))
    alerts.commit()
    bureau.told(costs(5_000, person=1, record_id="M-1"), costs(6_000, person=2, record_id="M-2", name="示乙"))
    assert [one.level for one in clues(alerts)] == ["unset", "unset"]
    decided, waits = clues(alerts)
    answer = {"outcome": "dismissed", "code": "too_small"}
    put = http.put(f"/v1/clues/{decided.id}/answer", json=answer, headers=office("c", "township", place=VILLAGE[:9]))
    assert put.status_code == 200, put.text
    told = len(events(alerts, "clue.matched"))
    set_standards(alerts, {"clue_medical": 550_000})
    alerts.commit()
    for days in (1, 2):
        tomorrow = NOW + timedelta(days=days)
        level_again(engines["alerts"], COUNTY, tomorrow)
        assert [(one.state, one.level) for one in clues(alerts)] == [("dismissed", "unset"), ("matched", "over")]
        assert [event.subject for event in events(alerts, "clue.matched")[told:]] == [str(waits.id)]
    assert alerts.scalars(select(col(Job.kind)).where(col(Job.kind) == FOLD)).all() == [FOLD]


def test_a_batch_is_replaced_whole_or_cancelled_but_for_what_was_answered(
    bureau: Bureau, http: TestClient, office: Office, alerts: Session
) -> None:
    first, second = uuid4(), uuid4()
    bureau.told(line(1), line(2, name="示乙"), line(3), batch=first)
    ours = {clue.record_id: clue.id for clue in clues(alerts)}
    county = office("a-county", "county")
    http.put(f"/v1/clues/{ours['R-2']}/answer", json={"outcome": "confirmed"}, headers=county)
    unfit = bureau.send(line(1), replaces=str(uuid4()))
    assert unfit.json()["code"] == "not-to-be-replaced"
    assert bureau.told(line(1), line(4), batch=second, replaces=str(first)) == [("same", None), ("stored", None)]
    held = {clue.record_id: clue for clue in clues(alerts)}
    assert {key: clue.state for key, clue in held.items()} == {
        "R-1": "matched", "R-2": "confirmed", "R-3": "withdrawn", "R-4": "unmatched",
    }  # fmt: skip
    assert (held["R-1"].id, held["R-1"].batch_id) == (ours["R-1"], second)
    told = http.get(f"/v1/clue-batches/{first}", headers=bureau.headers).json()
    assert told["state"] == "withdrawn"
    for _ in range(2):
        cancelled = http.put(f"/v1/clue-batches/{second}/cancellation", headers=bureau.headers)
        assert cancelled.json()["state"] == "withdrawn"
    assert [clue.state for clue in clues(alerts)] == ["withdrawn", "confirmed", "withdrawn", "withdrawn"]
    bureau.told(line(1), line(3))
    assert [clue.state for clue in clues(alerts)] == ["matched", "confirmed", "unmatched", "withdrawn"]
    waiting = uuid4()
    bureau.send(line(5), batch=waiting)
    http.put(f"/v1/clue-batches/{waiting}/cancellation", headers=bureau.headers)
    bureau.work()
    assert len(clues(alerts)) == 4


def test_an_office_uploads_the_list_of_a_department_without_a_system(
    bureau: Bureau, http: TestClient, office: Office, alerts: Session
) -> None:
    county = office("a-county", "county")
    headers = "记录编号,线索类别,证件号码,姓名,数据日期,金额,金额单位,金额口径,反馈层级"
    sheet = [headers,
             f"C-1,医疗自付费用较高,{number_of(1)},示甲,2026-11-05,2.35,万元,累计,省", ",,,,,,,,",
             f"C-2,新增残疾或等级变更,{number_of(2)},示乙,2026-11-05,,,,",
             "C-3,残疾,1,示丙,2026-11-05,,,,"]  # fmt: skip
    sent: dict[str, Any] = {
        "files": {"file": ("list.csv", "\n".join(sheet).encode("gb18030"))},
        "data": {"division": COUNTY, "department": "disabled-federation"},
    }
    keyed = county | {"idempotency-key": "list-of-november"}
    told = http.post("/v1/clue-imports", headers=keyed, **sent)
    assert (told.status_code, told.json()["lines"]) == (202, 3)
    assert http.post("/v1/clue-imports", headers=keyed, **sent).json() == told.json()
    bureau.work()
    path = f"/v1/clue-imports/{told.json()['id']}"
    rows = http.get(f"{path}/rows", headers=county).json()["rows"]
    assert [(row["line"], row["record_id"], row["code"]) for row in rows] == [
        (2, "C-1", None), (4, "C-2", None), (5, "C-3", "kind-unknown"),
    ]  # fmt: skip
    medical, disability = clues(alerts)
    assert (medical.amount, medical.semantics, medical.tier, medical.level) == (
        2_350_000, "cumulative", "province", "over",
    )  # fmt: skip
    http.put(f"/v1/clues/{disability.id}/answer", json={"outcome": "confirmed"}, headers=county)
    assert "C-2,disability,属实,confirmed" in http.get(f"{path}/outcomes", headers=county).text
    corrected = sent | {"params": {"replaces": told.json()["id"]}}
    corrected["files"] = {"file": ("list.csv", "\n".join(sheet[:2]).encode())}
    elsewhere = corrected | {"data": corrected["data"] | {"department": "education"}}
    refused = http.post("/v1/clue-imports", headers=county | {"idempotency-key": "other-department"}, **elsewhere)
    assert refused.json()["code"] == "not-to-be-replaced"
    another = office("b-county", "county")
    assert http.post("/v1/clue-imports", headers=another | {"idempotency-key": "a"}, **corrected).status_code == 404
    later = http.post("/v1/clue-imports", headers=county | {"idempotency-key": "corrected"}, **corrected).json()["id"]
    bureau.work()
    assert [http.get(f"/v1/clue-imports/{one}", headers=county).json()["state"] for one in (path[-36:], later)] == [
        "withdrawn", "done",
    ]  # fmt: skip
    assert http.put(f"/v1/clue-imports/{later}/cancellation", headers=another).status_code == 404
    for _ in range(2):
        cancelled = http.put(f"/v1/clue-imports/{later}/cancellation", headers=county)
        assert cancelled.json()["state"] == "withdrawn", cancelled.text
    assert [one.state for one in clues(alerts)] == ["withdrawn", "confirmed"]
    assert {http.get(path + part, headers=another).status_code for part in ("", "/rows", "/outcomes")} == {404}
    elsewhere = sent | {"data": {"division": "520622", "department": "disabled-federation"}}
    assert http.post("/v1/clue-imports", headers=county | {"idempotency-key": "b"}, **elsewhere).status_code == 404
    assert bureau.outcomes()["rows"] == []


def test_while_households_is_away_clues_are_stored_and_matched_when_it_is_back(bureau: Bureau, alerts: Session) -> None:
    bureau.register.away = True
    bureau.send(line(1), line(2), line(3))
    with pytest.raises(httpx.ConnectError):
        bureau.work()
    assert {clue.state for clue in clues(alerts)} == {"waiting"}
    bureau.register.away = False
    bureau.work(NOW + timedelta(seconds=2))
    assert [(one.state, one.household, one.level) for one in clues(alerts)] == [
        ("matched", HOME, "reported"), ("ambiguous", None, "unset"), ("unmatched", None, "unset"),
    ]  # fmt: skip
    assert [event.subject for event in events(alerts, "clue.matched")] == [str(clues(alerts)[0].id)]


def test_the_register_itself_says_whose_a_clue_is(
    bureau: Bureau, alerts: Session, households: Session, engines: dict[str, Engine], seal: Seal, tmp_path: Path
) -> None:
    """The real households, asked over HTTP with the token of alerts; what it seals, it seals with keys of its own."""
    neighbour = households_service(engines["households"], tmp_path / "beside")
    home = register(households)
    person = Person(name="示甲", birth_date=date(1950, 1, 1), sex="1", id_index=neighbour.seal.index(number_of(1)))
    households.add(person)
    households.flush()
    valid: Any = Range(date(2026, 1, 1), None)
    households.add(Membership(household_id=home, person_id=person.id, relation="01", valid=valid))
    households.commit()
    sent = bureau.send(line(1), line(1, kind="disaster", record_id="R-1b", name="示乙"), line(2)).json()["id"]
    assert Taking(engines["alerts"], seal, neighbour, True, part=2).take(sent, NOW) is None
    assert [(clue.state, clue.household, clue.candidate) for clue in clues(alerts)] == [
        ("matched", home, None), ("ambiguous", None, home), ("unmatched", None, None),
    ]  # fmt: skip


def test_a_clue_goes_along_with_its_household(bureau: Bureau, alerts: Session, engines: dict[str, Engine]) -> None:
    """To another village, and when the household has ended, to that in which its person is now."""
    ship(engines["alerts"], NOW)
    bureau.told(line(1))
    moved = "520621002001"
    alerts.commit()
    take_in(alerts, HOUSEHOLD, [Told(HOME, moved, 2, {})], NOW)
    alerts.commit()
    assert clues(alerts)[0].division == moved
    bureau.register.people[number_of(1)] = (OTHER_HOME, "示甲")
    ended = CloudEvent(
        id=uuid4(), source=source_of("households"), type="household.changed", subject=str(HOME), time=NOW,
        division=moved, data={"ended": True},
    )  # fmt: skip
    receive(alerts, "households", [ended], HANDLERS["households"], NOW)
    alerts.commit()
    assert clues(alerts)[0].state == "waiting"
    bureau.work()
    assert [(one.state, one.household, one.division) for one in clues(alerts)] == [("matched", OTHER_HOME, VILLAGE)]


def test_a_county_ends_a_kind_and_makes_its_own(bureau: Bureau, http: TestClient, office: Office) -> None:
    county = office("a-county", "county")
    own = {"zh": "欠薪", "en": "wages owed", "threshold": None, "ended_on": None}
    assert http.put("/v1/clue-kinds/520621/wages_owed", json=own, headers=county).json()["division"] == "520621"
    assert http.put("/v1/clue-kinds/520622/wages_owed", json=own, headers=county).status_code == 404
    ended = {"zh": "其他", "en": "other", "ended_on": date(2026, 1, 1).isoformat()}
    http.put("/v1/clue-kinds/520621/other", json=ended, headers=county)
    kinds = http.get("/v1/clue-kinds", params={"division": COUNTY}, headers=bureau.headers).json()
    assert len(kinds) == 15
    assert bureau.told(line(1, kind="wages_owed"), line(2, kind="other")) == [
        ("stored", None), ("refused", "kind-unknown"),
    ]  # fmt: skip
