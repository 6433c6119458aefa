"""Every exchange of docs/sync.md, as it is written down: asked of the server and held against its answer.

    SHOUWANG_WRITE_EXCHANGES=1 python -m pytest tests/attendance/sync/test_exchanges.py

writes them anew. Whoever builds a client reads these files and needs no server.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.tables import Revocation
from tests.attendance.sync.conftest import (
    ACCOUNT,
    FIRST,
    OTHER,
    PAIRED,
    Phone,
    check_in,
    item,
    leave,
    named,
    on_day,
    pair,
    visit,
)
from tests.callers import Office
from tests.clock import NOW, TODAY

FOLDER = Path(__file__).parent / "exchanges"
CURSOR = re.compile(r"^[A-Za-z0-9_-]{100,}=*$")
DOCS = Path(__file__).parents[3] / "docs" / "sync.md"


class Written:
    """What is asked and answered, under a name. A cursor is sealed anew each time, and stands there as one."""

    def __init__(self, phone: Phone) -> None:
        self._phone, self.names = phone, list[str]()
        self.cursor = ""

    def get(self, name: str, path: str, status: int = 200, **asked: Any) -> Any:
        answer = self._phone.http.get(path, params=asked, headers=self._phone.headers)
        return self._hold(name, {"method": "GET", "path": path, "query": asked}, answer, status)

    def send(self, name: str, *items: Any, status: int = 200) -> Any:
        body = {"items": list(items)}
        answer = self._phone.http.post("/v1/sync/batches", json=body, headers=self._phone.headers)
        return self._hold(name, {"method": "POST", "path": "/v1/sync/batches", "body": body}, answer, status)

    def _hold(self, name: str, asked: Mapping[str, Any], answer: Any, status: int) -> Any:
        assert answer.status_code == status, answer.text
        lined = answer.headers["content-type"] == "application/x-ndjson"
        told = [json.loads(line) for line in answer.text.splitlines()] if lined else answer.json()
        written = sealed({"request": asked, "status": status, "answer": told})
        path = FOLDER / f"{len(self.names) + 1:02}-{name}.json"
        if os.environ.get("SHOUWANG_WRITE_EXCHANGES"):
            path.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n")
        assert json.loads(path.read_text()) == written, name
        self.names.append(path.name)
        last: Any = told[-1] if lined else told
        self.cursor = last.get("cursor") or last.get("next") or self.cursor
        return told


def sealed(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: sealed(value) for name, value in said.items()}
    if isinstance(said, list):
        return [sealed(value) for value in said]
    return "<cursor>" if isinstance(said, str) and CURSOR.match(said) else said


def test_every_exchange_is_as_it_is_written_down(phone: Phone, attendance: Session, office: Office) -> None:
    it = Written(phone)
    it.get("snapshot", "/v1/sync/snapshot")
    it.get("nothing-has-changed", "/v1/sync/changes", cursor=it.cursor)
    first, put_right = visit(20, 1, note="示例"), item(
        "day_correction", 23, day="2026-11-18", status="present", because="no_signal", evidence="witness"
    )  # fmt: skip
    gathered = [check_in(21, 1), first, leave(22, "2026-11-25", "2026-11-25"), put_right]
    it.send("items-of-all-kinds", *gathered)
    it.send("sent-again-after-a-lost-answer", *gathered)
    it.send("another-body-under-an-id", visit(20, 1, note="另一示例"))
    it.send("what-follows-is-not-here-yet", visit(25, corrects=str(named(24)), because="mistake"))
    it.send("a-return-waits-for-the-decision", item("leave_return", 26, leave_id=str(named(22)), day="2026-11-25"))
    theirs = first["body"] | {"id": str(named(27)), "corrects": str(named(20)), "because": "learnt_later"}
    county = office("a-county", "county")
    sent = phone.http.post("/v1/visits", json=theirs | {"contact": "video", "cadre_id": str(FIRST)}, headers=county)
    assert sent.status_code == 201
    mine = {"corrects": str(named(20)), "because": "mistake", "contact": "telephone", "note": "示例"}
    it.send("both-have-corrected", visit(28, 1, **mine))
    it.send(
        "refused-one-by-one", visit(29, -2), visit(30, household_id=str(OTHER)), {"kind": "visit"}, visit(31) | {"v": 9}
    )
    it.send("a-form-not-known-yet", visit(32) | {"v": 2})
    it.get("what-others-wrote", "/v1/sync/changes", cursor=it.cursor)
    pair(attendance, named(33), OTHER)
    attendance.execute(
        text("UPDATE pairing SET valid = daterange(lower(valid), :d) WHERE id = :p"), {"d": TODAY, "p": PAIRED}
    )
    attendance.commit()
    before = it.cursor
    it.get("a-household-joins-and-another-leaves", "/v1/sync/changes", cursor=before)
    after = it.cursor
    it.get("the-first-page-of-several", "/v1/sync/changes", cursor=before, limit=2)
    leave_everything(attendance)
    it.get("who-has-left-is-told-so", "/v1/sync/changes", cursor=after)
    on_day(phone.http, 2)
    it.send("what-a-leaver-may-still-send", check_in(34, 1), check_in(35, -1))
    on_day(phone.http, -1)
    it.get("begin-anew", "/v1/sync/changes", 410, cursor=it.cursor)
    ages = {"not_before": NOW.replace(year=2099), "expires_at": NOW.replace(year=2100)}
    attendance.add(Revocation(subject=str(ACCOUNT), **ages, version=1))
    attendance.commit()
    phone.http.app.state.revoked.read()  # type: ignore[attr-defined]
    it.get("the-phone-was-lost", "/v1/sync/changes", 401, cursor=it.cursor)
    assert it.names == sorted(path.name for path in FOLDER.glob("*.json"))
    page = DOCS.read_text()
    assert [name for name in it.names if f"exchanges/{name}" not in page] == []


def leave_everything(session: Session) -> None:
    """As of today."""
    for table in ("posting", "pairing", "access_grant"):
        ended = f"UPDATE {table} SET valid = daterange(lower(valid), :until) WHERE NOT isempty(valid)"  # noqa: S608
        session.execute(text(ended), {"until": TODAY})
    session.commit()
