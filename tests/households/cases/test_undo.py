"""What a case rests on is not taken away with the file that brought it."""

from typing import Any

from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.cases.conftest import Home, Walk
from tests.households.conftest import household_row, member_row
from tests.households.test_undo import files

__all__ = ["files"]


def test_a_household_with_a_case_and_a_member_who_signed_in_it_stay(
    files: Any, frame: Session, http: TestClient, people: dict[str, Headers]
) -> None:
    homes, members = files.send("households", household_row()), files.send("members", member_row())
    home, person = frame.execute(text("SELECT household_id, person_id FROM membership")).one()
    walk = Walk(http, people, Home(str(home), str(person), str(person), ""))
    assert walk.open().status_code == 201
    only = [{"person_id": str(person), "how": "in_writing"}]
    walk.took("visit").took("authorisation", signatures=only)
    assert [files.undo(batch).status_code for batch in (members, homes)] == [409, 409]
    assert files.undo(members).json()["code"] == "built-upon-since"
