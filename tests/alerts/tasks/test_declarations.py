"""What a household declares itself is one more reason of its one visit: it is answered once, there or by the visit."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.models.tasks import TaskCase
from services.alerts.tasks.declared import answers_declarations
from services.alerts.tasks.folding import Folded, fold_county
from services.households.declarations.visited import NOT_SO
from services.households.models.cases import Case
from services.households.models.voices import REASON, SelfDeclaration
from services.kit.store.claim import work_a_job
from services.kit.store.fields import Seal
from services.kit.store.tables import Event
from tests.alerts.conftest import COUNTY, VILLAGE
from tests.alerts.tasks.conftest import POOR, one_task, read, reasons, tasks, tell, visited
from tests.alerts.tasks.test_outcomes import Register, answered, register, settled, work
from tests.alerts.telling.test_matters import post, said
from tests.callers import Headers, Office
from tests.conftest import NOW

__all__ = ["register"]  # a fixture


@pytest.fixture
def township(office: Office) -> Headers:
    return office("a-township", "township", place=VILLAGE[:9])


def declares(session: Session, family: UUID, declaration: UUID | None = None) -> UUID:
    """As the register tells it where the number has found the household."""
    one = declaration or uuid4()
    post(session, "households", said("self_declaration.received", one, due_on=None))
    post(session, "households", placed(one, family))
    return one


def placed(declaration: UUID, family: UUID) -> Any:
    return said("self_declaration.placed", declaration, declaration_id=str(declaration), household=str(family))


def accepted(declaration: UUID, family: UUID) -> Any:
    return said("self_declaration.accepted", family, declaration_id=str(declaration), household_id=str(family))


def ended_as(http: TestClient, caller: Headers, task: UUID) -> dict[str, str]:
    return {one["key"]: one["ended_as"] for one in read(http, caller, task).json()["reasons"]}


def declared(households: Session, household: UUID) -> UUID:
    row = SelfDeclaration(id=uuid4(), number="1", village=VILLAGE, household_id=household, received_at=NOW)
    households.add(row)
    households.commit()
    return row.id


def answer_it(engine: Engine, register: Register, after: int = 0) -> int:
    return work_a_job(engine, answers_declarations(engine, register), NOW + timedelta(seconds=after))


def test_it_folds_into_the_visit_and_what_that_confirms_takes_it_up_and_opens_its_case(
    http: TestClient, waiting: Session, township: Headers, office: Office, register: Register, households: Session,
    engines: dict[str, Engine],
) -> None:  # fmt: skip
    family = settled(households)
    declaration = declared(households, family)
    tell(waiting, family)
    declares(waiting, family, declaration)
    tell(waiting, family, version=2, **POOR)
    task = one_task(waiting).id
    assert reasons(waiting) == ["income-below-line", "self_declaration"]
    (told,) = [one for one in read(http, township, task).json()["reasons"] if one["source"] == "declaration"]
    assert (told["title"], told["severity"], told["explanation"]) == (
        "农户自主申报", "medium", "内容由乡镇、县级在自主申报中查看。",
    )  # fmt: skip
    assert (UUID(told["source_id"]), fold_county(waiting, COUNTY, NOW)) == (declaration, Folded())
    cadre = office("a-cadre", "cadre", place=VILLAGE)
    assert answered(http, cadre, task, self_declaration="dismissed").json()["code"] == "not-allowed"
    known = {"self_declaration": "confirmed", "income_below_line": "dismissed"}
    assert answered(http, township, task, ("01",), **known).json()["closed_as"] == "answered"
    register.fails = 1
    with pytest.raises(Exception, match="the answer was lost"):
        answer_it(engines["alerts"], register)
    assert [answer_it(engines["alerts"], register, 60), work(engines["alerts"], register)] == [1, 1]
    row = households.get_one(SelfDeclaration, declaration, populate_existing=True)
    assert (row.state, row.decided_by) == ("accepted", "a-township")
    case = households.scalars(select(Case)).one()
    assert (case.ground_kind, case.ground_service, case.ground_id) == ("self_declaration", "households", declaration)
    (heard,) = households.scalars(select(Event).where(Event.type == "self_declaration.accepted"))  # type: ignore[arg-type]
    post(waiting, "households", said(heard.type, family, **heard.data))
    assert ([one.closed_as for one in tasks(waiting)], reasons(waiting)) == (["answered"], [])
    assert [one.ground_kind for one in waiting.scalars(select(TaskCase))] == ["self_declaration"]


def test_what_the_visit_dismisses_is_refused_and_the_villager_reads_why(
    http: TestClient, waiting: Session, township: Headers, register: Register, households: Session, seal: Seal,
    engines: dict[str, Engine],
) -> None:  # fmt: skip
    family = settled(households)
    first, second = declared(households, family), uuid4()
    tell(waiting, family)
    declares(waiting, family, first)
    declares(waiting, family, second)  # the register knows nothing of it
    visited(waiting, family)
    task = one_task(waiting).id
    assert answered(http, township, task, self_declaration="dismissed").status_code == 201
    assert answered(http, township, task, self_declaration="dismissed").json()["closed_as"] == "answered"
    assert [answer_it(engines["alerts"], register, after) for after in (0, 1, 2)] == [1, 1, 0]
    row = households.get_one(SelfDeclaration, first, populate_existing=True)
    assert (row.state, row.decided_by) == ("refused", "a-township")
    assert seal.open(row.sealed_reason or b"", REASON.place(row.id)) == NOT_SO
    told = http.get("/v1/task-yield", headers=township).json()["rules"]
    assert [(one["title"], one["sent"], one["visited"], one["confirmed"]) for one in told] == [
        ("农户自主申报", 2, 2, 0)
    ]
    declares(waiting, family)  # anew: an answer keeps nothing quiet
    assert reasons(waiting) == ["self_declaration"]


def test_what_an_office_decides_itself_ends_the_reason_as_it_was_decided(
    http: TestClient, waiting: Session, township: Headers
) -> None:
    ends: Any = {
        "confirmed": accepted,
        "dismissed": lambda one, _: said("self_declaration.refused", one),
        "over": lambda one, _: said("self_declaration.lapsed", one),
    }
    for verdict, told in ends.items():
        family = tell(waiting)
        declaration = declares(waiting, family)
        task = one_task(waiting).id
        post(waiting, "households", told(declaration, family))
        assert ended_as(http, township, task) == {"self_declaration": verdict}
    family, other = tell(waiting), tell(waiting)
    declaration = declares(waiting, family)
    task = one_task(waiting).id
    post(waiting, "households", accepted(declaration, other))  # it was another household's
    assert ended_as(http, township, task) == {"self_declaration": "over"}
    assert reasons(waiting) == []


def test_nobody_is_sent_for_what_is_of_nobody_known_and_the_order_of_events_does_not_matter(waiting: Session) -> None:
    declares(waiting, uuid4())
    post(waiting, "households", said("self_declaration.received", uuid4(), due_on=None))
    assert tasks(waiting) == []
    for order in permutations(range(3)):
        declaration, family = uuid4(), tell(waiting)
        events = [
            said("self_declaration.received", declaration, due_on=None), placed(declaration, family),
            accepted(declaration, family),
        ]  # fmt: skip
        for number in order:
            post(waiting, "households", events[number])
        assert reasons(waiting) == [], order
