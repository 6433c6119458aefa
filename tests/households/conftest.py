"""Files as a clerk would send them, and an upload as the endpoint starts one."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.households.facts import facts_changed_in_bulk
from services.households.imports import cases as import_cases
from services.households.imports import households as import_households
from services.households.imports import measures as import_measures
from services.households.imports import members as import_members
from services.households.imports import received as import_received
from services.households.imports import statements as import_statements
from services.households.imports.upload import Upload
from services.households.main import create
from services.households.models.facts import HouseholdFacts
from services.households.models.register import Household
from services.households.register.id_numbers import check_digit
from services.kit.store.fields import Seal
from services.kit.store.scope import Scope
from services.kit.web.cells import ImportOut
from services.kit.web.sheets import read_sheet
from tests.callers import Headers, Office, served
from tests.conftest import NOW, TODAY

VILLAGE = "520621001005"
EVERYWHERE = Scope("clerk", TODAY, divisions=("",))
KINDS: dict[str, Any] = {
    "households": import_households,
    "members": import_members,
    "statements": import_statements,
    "received": import_received,
    "measures": import_measures,
    "cases": import_cases,
}

Send = Callable[..., ImportOut]


def csv_of(headers: Sequence[str], *rows: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows((headers, *rows))
    return written.getvalue().encode("utf-8-sig")


@pytest.fixture
def send(households: Session, seal: Seal) -> Send:
    """Upload rows of a kind, with the headers of that kind."""

    def upload(kind: str, *rows: Sequence[str], content: bytes | None = None) -> ImportOut:
        taken = take(households, seal, kind, content or csv_of(KINDS[kind].HEADERS, *rows))
        households.commit()
        return taken

    return upload


def take(session: Session, seal: Seal, kind: str, content: bytes) -> ImportOut:
    """What the endpoint does, before its commit."""
    read = list(read_sheet(content, KINDS[kind].HEADERS))
    taken = KINDS[kind].take(Upload(session, EVERYWHERE, seal, "clerk", TODAY, NOW, True), read)
    if taken.changed:
        facts_changed_in_bulk(session, taken.changed, NOW)
    return ImportOut.of(taken.verdicts)


def household_row(number: str = "JK1", **changed: str) -> list[str]:
    row = {
        "户编号": number,
        "村代码": VILLAGE,
        "村民小组": "一组",
        "户主姓名": "示甲",
        "联系电话": "10000000001",
        "户类型": "一般农户",
        "监测对象": "否",
        "住房等级": "A",
        "饮水安全": "是",
    } | changed
    return list(row.values())


def member_row(number: str = "JK1", id_number: str = "", **changed: str) -> list[str]:
    row = {
        "户编号": number,
        "姓名": "示甲",
        "证件号码": id_number,
        "与户主关系": "户主",
        "出生日期": "" if id_number else "1960-01-01",
        "性别": "" if id_number else "男",
        "学业状况": "非在校",
        "参加基本医保": "是",
    } | changed
    return list(row.values())


def statement_row(number: str = "JK1", **changed: str) -> list[str]:
    row = {"户编号": number, "起始月": "2025-11", "截止月": "2026-10"} | dict.fromkeys(
        import_statements.AMOUNTS, "0.00"
    )
    return list((row | changed).values())


def household_numbered(session: Session, number: str) -> UUID:
    return session.scalars(select(col(Household.id)).where(col(Household.number) == number)).one()


def facts_of(session: Session, number: str) -> HouseholdFacts:
    facts = session.get(HouseholdFacts, household_numbered(session, number), populate_existing=True)
    assert facts
    return facts


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "households", api_engines["households"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def clerk(office: Office) -> Headers:
    return office("clerk", "township")


@pytest.fixture
def family(households: Session, send: Send) -> str:
    """A household with one member, in the register."""
    send("households", household_row())
    send("members", member_row())
    return f"/v1/households/{household_numbered(households, 'JK1')}"


def statement(**changed: Any) -> dict[str, Any]:
    lines = [{"kind": "wage", "amount": 2_000_000}, {"kind": "production_cost", "amount": 500_000}]
    period = {"period_from": "2025-11-01", "period_to": "2026-10-31"}
    return {"id": str(uuid4()), **period, "lines": lines} | changed


def faults(verdict: ImportOut) -> list[tuple[int, str, str]]:
    return [(v.row, f.column, f.code) for v in verdict.refusals for f in v.faults]


def valid(number: str) -> str:
    return number[:17] + check_digit(number[:17])
