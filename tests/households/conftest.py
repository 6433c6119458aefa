"""Files as a clerk would send them, and an upload as the endpoint starts one."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from services.households import import_households, import_members, import_statements
from services.households.facts import facts_changed_in_bulk
from services.households.models import Household, HouseholdFacts
from services.households.upload import Upload
from services.kit.store.fields import Seal
from services.kit.web.cells import ImportOut
from services.kit.web.sheets import read_sheet
from tests.conftest import NOW, TODAY

VILLAGE = "520621001005"
KINDS: dict[str, Any] = {
    "households": import_households,
    "members": import_members,
    "statements": import_statements,
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
        chosen = KINDS[kind]
        read = list(read_sheet(content or csv_of(chosen.HEADERS, *rows), chosen.HEADERS))
        started = Upload(households, seal, "clerk", TODAY, NOW, True)
        verdicts, changed = chosen.take(started, read)
        if changed:
            facts_changed_in_bulk(households, changed, NOW)
        households.commit()
        return ImportOut.of(verdicts)

    return upload


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
