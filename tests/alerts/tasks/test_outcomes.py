"""What a visit has shown answers its task: what is confirmed becomes a case of the register, what is dismissed asks for
no visit until a fact behind it changes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.inbox import HANDLERS
from services.alerts.models.tasks import TaskCase, TaskReason
from services.alerts.models.watch import Alert
from services.alerts.tasks.cases import OPENINGS, opens_cases
from services.alerts.tasks.folding import fold_county
from services.households.main import create as create_households
from services.households.models.cases import Case
from services.households.models.register import Household
from services.kit.post.events import CloudEvent
from services.kit.post.inbox import receive
from services.kit.post.peers import Peer
from services.kit.store.claim import work_a_job
from services.kit.store.tables import Event, Job
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.tasks.conftest import POOR, one_task, read, reasons, step, tasks, tell, told_of, visited
from tests.callers import Headers, Office, Sign, served
from tests.conftest import NOW
from tests.households.cases.conftest import CHANGING, set_standard, write_days


class Register(Peer):
    """The households service itself, asked without a network. `fails` is how often it is away first."""

    def __init__(self, client: TestClient, headers: Headers) -> None:
        self.name, self._client, self._headers, self.fails = "households", client, headers, 0

    def post(self, path: str, body: Any) -> Any:
        answer = self._client.post(path, json=dict(body), headers=self._headers)
        if self.fails:
            self.fails -= 1
            raise httpx.ReadTimeout("the answer was lost")
        httpx_answer = httpx.Response(answer.status_code, content=answer.content, request=httpx.Request("POST", path))
        return httpx_answer.raise_for_status().json()


@pytest.fixture
def register(
    api_engines: dict[str, Engine], households: Session, signing_key: RSAKey, sign: Sign, tmp_path: Path
) -> Iterator[Register]:
    write_days(households)
    for key, value in CHANGING.items():
        set_standard(households, key, value)
    folder = tmp_path / "households"
    folder.mkdir()
    with served(create_households, "households", api_engines["households"], signing_key, folder) as client:
        yield Register(client, sign("alerts", scopes="case:open"))


@pytest.fixture
def cadre(office: Office) -> Headers:
    return office("a-cadre", "cadre", place=VILLAGE)


def settled(households: Session) -> UUID:
    home = Household(number="JK1", village=VILLAGE, head_name="示甲", created_at=NOW)
    households.add(home)
    households.commit()
    return home.id


def verdict(task: Any, key: str, said: str) -> dict[str, str]:
    reason = next(one for one in task["reasons"] if one["key"].replace("-", "_") == key and one["ended_at"] is None)
    return {"source": reason["source"], "source_id": reason["source_id"], "verdict": said}


def answered(http: TestClient, caller: Headers, task: UUID, risks: tuple[str, ...] = (), **said: str) -> Any:
    known = read(http, caller, task).json()
    verdicts = [verdict(known, key, word) for key, word in said.items()]
    return step(http, caller, task, "answered", done_on="2026-11-21", verdicts=verdicts, risks=list(risks))


def work(engine: Engine, register: Register, after: int = 0) -> int:
    return work_a_job(engine, opens_cases(engine, register), NOW + timedelta(seconds=after))


def test_what_is_confirmed_opens_one_case_in_the_register_however_often_its_answer_is_lost(
    http: TestClient, waiting: Session, cadre: Headers, register: Register, households: Session,
    engines: dict[str, Engine],
) -> None:  # fmt: skip
    family = tell(waiting, settled(households), uninsured_members=1, **POOR)
    task = one_task(waiting).id
    visit = visited(waiting, family)
    assert answered(http, cadre, task, income_below_line="confirmed").json()["code"] == "risks-wanting"
    said = answered(http, cadre, task, ("01",), income_below_line="confirmed", not_insured="dismissed").json()
    assert (said["closed_as"], said["case"]["case_id"], [one["visit"] for one in said["visits"]]) == (
        "answered", None, [str(visit)],
    )  # fmt: skip
    register.fails = 2
    for after in range(2):
        with pytest.raises(httpx.ReadTimeout):
            work(engines["alerts"], register, after * 10)
    assert work(engines["alerts"], register, 60) == 1
    case = households.scalars(select(Case)).one()
    assert (case.id, case.household_id, case.risks, case.opened_by) == (task, family, ["01"], "a-cadre")
    alert = waiting.scalar(select(Alert).where(col(Alert.rule_key) == "income-below-line"))
    assert alert
    assert (case.ground_kind, case.ground_service, case.ground_id) == ("alert", "alerts", alert.id)
    assert read(http, cadre, task).json()["case"]["case_id"] == str(task)
    assert (reasons(waiting), told_of(waiting)[-1]) == ([], "task.closed")

    tell(waiting, family, version=2, uninsured_members=1, **(POOR | {"net_income": 1_900_000}))
    assert [one.closed_as for one in tasks(waiting)] == ["answered"]  # a confirmed alert waits for its case
    moved = {"household": str(family), "step": "township", "state": "refused", "version": 7}
    hear_of_case(waiting, task, moved)
    fold_county(waiting, COUNTY, NOW)
    waiting.commit()
    assert [one.closed_as for one in tasks(waiting)] == ["answered"]
    tell(waiting, family, version=3, uninsured_members=1, **(POOR | {"net_income": 1_800_000}))
    assert reasons(waiting) == ["income-below-line"]  # the case is over, and a fact has changed since


def hear_of_case(session: Session, case: UUID, said: dict[str, Any]) -> None:
    event = CloudEvent(
        id=uuid4(), source="/v1/services/households", type="case.step_done", subject=str(case), time=NOW,
        division=VILLAGE, data=said,
    )  # fmt: skip
    receive(session, "households", [event], HANDLERS["households"], NOW)
    session.commit()


def refused(http: TestClient, caller: Headers) -> list[str]:
    answer = http.get("/v1/tasks", params={"state": "case_refused"}, headers=caller)
    return [row["id"] for row in answer.json()["rows"]]


def test_what_the_register_refuses_is_told_and_asked_for_again(
    http: TestClient, waiting: Session, cadre: Headers, register: Register, households: Session,
    engines: dict[str, Engine],
) -> None:  # fmt: skip
    tell(waiting, settled(households), **POOR)
    task = one_task(waiting).id
    answered(http, cadre, task, ("98",), income_below_line="confirmed")
    assert work(engines["alerts"], register) == 1
    assert read(http, cadre, task).json()["case"]["problem"] == "unknown-risk"
    assert work(engines["alerts"], register, 3600) == 0
    assert refused(http, cadre) == [str(task)]
    asked = step(http, cadre, task, "case_asked_again", risks=["01"]).json()
    assert asked["case"] | {"asked_at": ""} == {
        "case_id": None, "problem": None, "risks": ["01"], "asked_by": "a-cadre", "asked_at": "", "state": None,
        "included_at": None,
    }  # fmt: skip
    assert work(engines["alerts"], register, 1) == 1
    assert refused(http, cadre) == []
    assert read(http, cadre, task).json()["case"]["case_id"] == str(task)
    again = step(http, cadre, task, "case_asked_again", risks=["01"])
    assert again.json()["code"] == "case-not-refused"
    assert waiting.scalars(select(Job).where(col(Job.done_at).is_(None), col(Job.kind) == "open-case")).all() == []


def test_a_household_that_has_a_case_keeps_that_one(waiting: Session, register: Register, households: Session) -> None:
    home = settled(households)
    ground = {"kind": "clue", "service": "alerts", "id": str(uuid4()), "day": "2026-11-20"}
    body = {"id": str(uuid4()), "household_id": str(home), "ground": ground, "risks": ["01"], "opened_by": "somebody"}
    first = register.post(OPENINGS, body)
    second = register.post(OPENINGS, body | {"id": str(uuid4()), "ground": ground | {"id": str(uuid4())}})
    assert first == {"case_id": body["id"], "opened": True}
    assert second == {"case_id": body["id"], "opened": False}
    assert register.post(OPENINGS, body) == first
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        register.post(OPENINGS, body | {"id": str(uuid4()), "household_id": str(uuid4())})
    assert len(households.scalars(select(Event).where(col(Event.type) == "case.opened")).all()) == 1


def test_what_is_dismissed_stays_quiet_until_a_fact_behind_it_changes(
    http: TestClient, waiting: Session, cadre: Headers
) -> None:
    family = tell(waiting, uninsured_members=1, **POOR)
    task = one_task(waiting).id
    half = answered(http, cadre, task, income_below_line="dismissed").json()
    assert (half["closed_at"], half["severity"]) == (None, "medium")
    assert answered(http, cadre, task, not_insured="dismissed").json()["closed_as"] == "answered"
    fold_county(waiting, COUNTY, NOW)
    tell(waiting, family, version=2, uninsured_members=1, safe_house=True, **POOR)
    assert [one.closed_as for one in tasks(waiting)] == ["answered"]
    tell(waiting, family, version=3, uninsured_members=2, safe_house=True, **POOR)
    assert reasons(waiting) == ["not-insured"]
    tell(waiting, family, version=4, uninsured_members=1, safe_house=True, **POOR)
    assert reasons(waiting) == ["not-insured"]  # it has been otherwise meanwhile: what was seen then is not now
    assert waiting.scalars(select(TaskCase)).all() == []


def test_who_found_it_on_a_visit_does_not_confirm_it_and_an_office_does(
    http: TestClient, waiting: Session, cadre: Headers, office: Office
) -> None:
    family = tell(waiting, **POOR)
    visited(waiting, family, "illness", "debt")
    task = one_task(waiting).id
    assert answered(http, cadre, task, illness="dismissed").json()["code"] == "not-allowed"
    township = office("a-township", "township", place=VILLAGE[:9])
    answered(http, township, task, ("01",), illness="confirmed", debt="dismissed")
    events = waiting.scalars(select(Event).where(col(Event.type) == "visit_clue.answered"))
    assert sorted((one.data["kind"], one.data["outcome"], one.data["code"]) for one in events) == [
        ("debt", "refused", "not_confirmed"), ("illness", "accepted", None),
    ]  # fmt: skip
    assert reasons(waiting) == ["income-below-line"]
    known = read(http, township, task).json()
    gone = {"source": "visit_clue", "source_id": next(r["source_id"] for r in known["reasons"] if r["key"] == "debt")}
    twice = step(
        http, township, task, "answered", done_on="2026-11-21", verdicts=[gone | {"verdict": "dismissed"}]
    )  # fmt: skip
    assert twice.json()["code"] == "reason-not-open"
    early = step(http, township, task, "answered", done_on="2026-11-22", verdicts=[gone | {"verdict": "dismissed"}])
    assert early.json()["code"] == "visit-still-to-come"


def test_a_clue_that_an_office_answers_is_no_reason_any_more(
    http: TestClient, waiting: Session, office: Office
) -> None:
    family = tell(waiting, **POOR)
    visited(waiting, family, "debt")
    township = office("a-township", "township", place=VILLAGE[:9])
    (clue,) = http.get("/v1/visit-clues", params={"division": VILLAGE}, headers=township).json()["rows"]
    http.put(f"/v1/visit-clues/{clue['id']}/answer", json={"outcome": "accepted"}, headers=township)
    assert (reasons(waiting), reasons(waiting, ended=True)) == (["income-below-line"], ["debt"])
    ended = select(col(TaskReason.ended_as)).where(col(TaskReason.ended_at).is_not(None))
    assert waiting.scalars(ended).all() == ["confirmed"]  # as the office has answered, and not over by itself
