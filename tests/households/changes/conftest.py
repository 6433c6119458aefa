"""Two families of a village in the register, and changes as a clerk records them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.clock import TODAY
from tests.households.conftest import Send, household_numbered, household_row, member_row

Record = Callable[..., Any]

OTHER_VILLAGE = "520621001006"
PEOPLE = {
    "JK1": (("示甲", "户主"), ("示乙", "配偶"), ("示丙", "之子"), ("示丁", "之父")),
    "JK2": (("示戊", "户主"),),
}


@pytest.fixture
def clerk(office: Office) -> Headers:
    return office("clerk", "county")


@pytest.fixture
def homes(households: Session, send: Send) -> dict[str, UUID]:
    """JK1 is monitored and has four members, JK2 has one."""
    send("households", household_row(监测对象="是"), household_row("JK2"))
    send("members", *[member_row(home, 姓名=name, 与户主关系=to) for home, they in PEOPLE.items() for name, to in they])
    return {number: household_numbered(households, number) for number in PEOPLE}


@pytest.fixture
def people(households: Session, homes: dict[str, UUID]) -> dict[str, UUID]:
    return {name: one for one, name in households.execute(text("SELECT id, name FROM person"))}


@pytest.fixture
def record(http: TestClient, clerk: Headers, people: dict[str, UUID]) -> Record:
    """Sends a change of a kind, by the clerk and of today unless said."""

    def send_change(kind: str, *, headers: Headers = clerk, **said: Any) -> Any:
        about = {"id": str(uuid4()), "kind": kind, "on": TODAY.isoformat(), "ground": "示例", "done_by": "示己"}
        return http.post("/v1/household-changes", json=about | written(said), headers=headers)

    return send_change


def written(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: written(value) for name, value in said.items()}
    if isinstance(said, list):
        return [written(one) for one in said]
    return str(said) if isinstance(said, UUID) else said


def related(person: UUID, relation: str) -> dict[str, Any]:
    return {"person_id": person, "relation": relation}


@pytest.fixture
def shown(http: TestClient, clerk: Headers) -> Callable[..., Any]:
    def get(household: UUID, **asked: str) -> Any:
        return http.get(f"/v1/households/{household}", params=asked, headers=clerk).json()

    return get


def names(household: Any) -> set[str]:
    return {member["name"] for member in household["members"]}


def moment(session: Session) -> str:
    """Now, by the clock that history is kept by."""
    session.rollback()
    told: str = session.execute(text("SELECT to_json(clock_timestamp())#>>'{}'")).scalar_one()
    return told
