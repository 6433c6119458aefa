"""What visits came upon waits for an office, which answers once; corrections may come in any order."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.inbox import HANDLERS
from services.alerts.main import create
from services.alerts.models.visits import VisitClue
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import NotAnEvent, receive
from services.kit.store.tables import Event
from tests.callers import Headers, Office, served
from tests.conftest import NOW

VILLAGE = "520621001005"
VISIT, HOME = uuid4(), uuid4()


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def told(*findings: str, version: int = 1, visit: UUID = VISIT, place: str = VILLAGE, **said: Any) -> CloudEvent:
    data = {"version": version, "household": str(HOME), "day": "2026-11-20", "findings": findings} | said
    return CloudEvent(
        id=uuid4(), source=source_of("attendance"), type="visit.recorded", subject=str(visit), time=NOW,
        division=place, data=data,
    )  # fmt: skip


def hear(session: Session, *events: CloudEvent) -> None:
    receive(session, "attendance", events, HANDLERS["attendance"], NOW)
    session.commit()


def states(session: Session) -> dict[str, str]:
    session.expire_all()
    return {clue.kind: clue.state for clue in session.scalars(select(VisitClue))}


@pytest.fixture
def township(office: Office) -> Headers:
    return office("a-township", "township", place="520621001")


def waiting(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/visit-clues", params={"division": VILLAGE} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def answer(http: TestClient, caller: Headers, clue: str, outcome: str, code: str | None = None) -> Any:
    return http.put(f"/v1/visit-clues/{clue}/answer", json={"outcome": outcome, "code": code}, headers=caller)


def test_what_a_visit_came_upon_waits_for_an_office_that_is_told_once(
    http: TestClient, township: Headers, alerts: Session
) -> None:
    hear(alerts, told("illness", "debt"), told(visit=uuid4()))
    rows = waiting(http, township)
    assert [(row["kind"], row["subject"], row["visit"]) for row in sorted(rows, key=lambda row: row["kind"])] == [
        ("debt", str(HOME), str(VISIT)), ("illness", str(HOME), str(VISIT)),
    ]  # fmt: skip
    assert waiting(http, township, subject=str(uuid4())) == []
    hear(alerts, told("illness", "debt", version=2))
    notices = http.get("/v1/notices", headers=township).json()["rows"]
    assert [(row["kind"], row["subject"]) for row in notices] == [("clue_waiting", str(HOME))] * 2
    assert {row["text"] for row in notices} == {f"{VILLAGE}：1条走访线索待答复"}  # and not of which kind


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_corrections_come_in_any_order_and_the_last_version_counts(alerts: Session, order: tuple[int, ...]) -> None:
    events = [told("illness", "debt"), told("debt", version=2), told("debt", "accident", version=3)]
    for at in order:
        hear(alerts, events[at])
    assert {kind for kind, state in states(alerts).items() if state == "told"} == {"debt", "accident"}
    hear(alerts, told("illness", version=2))
    assert states(alerts).get("illness") != "told"


def test_in_one_post_too_the_last_version_counts(alerts: Session) -> None:
    hear(alerts, told("debt", version=2), told("illness"))
    assert states(alerts) == {"debt": "told"}


def test_an_answer_is_given_once_and_told(http: TestClient, township: Headers, alerts: Session) -> None:
    hear(alerts, told("illness", "debt"))
    ids = {row["kind"]: row["id"] for row in waiting(http, township)}
    assert answer(http, township, ids["illness"], "accepted").json()["state"] == "accepted"
    assert answer(http, township, ids["illness"], "accepted").status_code == 200
    assert answer(http, township, ids["illness"], "refused", "too_small").json()["code"] == "clue-answered-already"
    assert answer(http, township, ids["debt"], "refused").json()["code"] == "code-wanting"
    assert answer(http, township, ids["debt"], "refused", "known_already").json()["answered_by"] == "a-township"
    assert waiting(http, township) == []
    events = alerts.scalars(select(Event).where(col(Event.type) == "visit_clue.answered")).all()
    assert sorted((event.data["kind"], event.data["outcome"], event.data["code"]) for event in events) == [
        ("debt", "refused", "known_already"), ("illness", "accepted", None),
    ]  # fmt: skip


def test_what_was_answered_is_not_withdrawn_by_a_correction(
    http: TestClient, township: Headers, alerts: Session
) -> None:
    hear(alerts, told("illness", "debt"))
    clue = next(row["id"] for row in waiting(http, township) if row["kind"] == "illness")
    answer(http, township, clue, "accepted")
    hear(alerts, told(version=2))
    assert states(alerts) == {"illness": "accepted", "debt": "withdrawn"}


def test_what_was_withdrawn_and_is_found_again_waits_again(
    http: TestClient, township: Headers, alerts: Session
) -> None:
    hear(alerts, told("debt"), told(version=2, visit=VISIT))
    hear(alerts, told("debt", version=3))
    assert states(alerts) == {"debt": "told"}


def test_the_field_reads_and_an_office_answers(http: TestClient, office: Office, alerts: Session) -> None:
    hear(alerts, told("debt"))
    cadre = office("a-cadre", "cadre", place=VILLAGE)
    (row,) = waiting(http, cadre)
    assert answer(http, cadre, row["id"], "accepted").status_code == 403
    elsewhere = office("another-township", "township", place="520621002")
    assert waiting(http, elsewhere) == []
    assert answer(http, elsewhere, row["id"], "accepted").status_code == 404


@pytest.mark.parametrize("said", [{"version": "x"}, {"household": 7}, {"findings": None}, {"day": "soon"}])
def test_what_cannot_be_read_is_refused_whole(alerts: Session, said: dict[str, Any]) -> None:
    with pytest.raises(NotAnEvent):
        hear(alerts, told("debt", **said))
    alerts.rollback()
    assert states(alerts) == {}
