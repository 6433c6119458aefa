"""A large file is taken in by the worker: followed, resumed where a killed one stopped, and told row by row."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.imports import files as imports
from services.households.imports import job as import_job
from services.households.imports import statements as import_statements
from services.households.imports.batches import rows_left
from services.households.imports.households import HEADERS
from services.households.imports.job import Taking, take_next
from services.households.models.imports import FILE_PIECE, ImportBatch, ImportPiece
from services.households.pieces import read_file
from services.kit.store.fields import Seal
from services.kit.web.sheets import read_lines
from tests.callers import HERE, Headers, Office
from tests.households.conftest import clerk, csv_of, household_row, http, statement_row
from tests.outside.launching import eventually

__all__ = ["clerk", "http"]

PATH = "/v1/household-imports"
BATCHES = "/v1/household-import-batches"
Work = Callable[[], int]


@pytest.fixture
def work(engines: dict[str, Engine], seal: Seal) -> Work:
    loop = import_job.imports(engines["households"], seal, demo=True, part=3)
    return lambda: loop.step(HERE)


def upload(http: TestClient, headers: Headers, content: bytes, kind: str = "households", **form: str) -> Any:
    return http.post(f"{PATH}/{kind}", files={"file": ("户.csv", content)}, headers=headers, data=form)


def sheet(headers: Sequence[str], *rows: Sequence[str]) -> bytes:
    """Large enough for a job, by columns that nobody reads."""
    wide = 1 + imports.AT_ONCE // len(rows) // 30_000
    return csv_of([*headers, *["备注"] * wide], *([*row, *["x" * 30_000] * wide] for row in rows))


def batch_of(http: TestClient, headers: Headers, answer: Any) -> dict[str, Any]:
    told: dict[str, Any] = http.get(f"{BATCHES}/{answer.json()['id']}", headers=headers).json()
    return told


def file_of(how_many: int, **changed: str) -> bytes:
    return sheet(HEADERS, *(household_row(f"JK{number}", **changed) for number in range(how_many)))


def count(session: Session, table: str) -> int:
    session.rollback()
    return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


def test_it_is_accepted_followed_and_told_row_by_row(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    rows = [household_row(f"JK{number}") for number in range(7)] + [household_row("JK3"), household_row(住房等级="E")]
    answer = upload(http, clerk, sheet(HEADERS, *rows))
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    assert http.get(answer.headers["location"], headers=clerk).json()["state"] == "waiting"
    assert work() == 1
    followed = http.get(answer.headers["location"], headers=clerk).json()
    assert (followed["state"], followed["progress"], followed["problem"]) == ("done", 100, None)
    told = batch_of(http, clerk, answer)
    assert (told["state"], told["rows"], told["stored"], told["refused"]) == ("done", 9, 7, 2)
    faults = [(r["row"], r["faults"][0]["code"]) for r in told["refusals"]]
    assert faults == [(9, "twice-in-the-file"), (10, "not-a-choice")]
    assert (count(households, "household"), count(households, "import_piece")) == (7, 0)


def test_a_worker_killed_between_two_parts_doubles_nothing_and_loses_nothing(
    http: TestClient, clerk: Headers, work: Work, engines: dict[str, Engine], seal: Seal, households: Session
) -> None:
    answer = upload(http, clerk, file_of(8))
    key = UUID(answer.json()["id"])
    dying = Taking(engines["households"], seal, True, HERE, key, part=3, lines=9)
    first = list(islice(rows_of(households, seal, key), 3))
    assert take_next(dying, first, 1)  # and then it is gone
    assert batch_of(http, clerk, answer)["state"] == "under_way"
    assert not take_next(dying, first, 1)  # one that slept meanwhile writes nothing
    work()
    told = batch_of(http, clerk, answer)
    assert (told["state"], told["rows"], told["stored"], told["unchanged"]) == ("done", 8, 8, 0)
    assert (count(households, "household"), count(households, "import_row")) == (8, 8)


def rows_of(session: Session, seal: Seal, key: UUID) -> Any:
    batch = session.get_one(ImportBatch, key)
    return rows_left(batch, read_lines(read_file(session, seal, FILE_PIECE, ImportPiece, batch_id=key)))


def test_a_large_file_is_taken_back_by_the_worker_or_says_what_stands_in_the_way(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    answer = upload(http, clerk, file_of(4))
    work()
    key = answer.json()["id"]
    households.execute(text("UPDATE import_batch SET stored = 20000"))
    households.execute(text("UPDATE household SET head_name = '示乙' WHERE number = 'JK2'"))
    households.commit()
    stopped = http.put(f"{BATCHES}/{key}/undone", json={"undone": True}, headers=clerk)
    assert stopped.status_code == 202
    work()
    assert http.get(stopped.headers["location"], headers=clerk).json()["problem"] == "built-upon-since"
    assert count(households, "household") == 4
    households.execute(text("UPDATE household SET head_name = '示甲' WHERE number = 'JK2'"))
    households.commit()
    http.put(f"{BATCHES}/{key}/undone", json={"undone": True}, headers=clerk)
    work()
    assert (batch_of(http, clerk, answer)["state"], count(households, "household")) == ("undone", 0)


WORKER = """
import sys
from uuid import UUID
from services.households.imports.job import Taking, take_file
from services.kit.store.db import connect
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from tests.callers import HERE, TEST_KEY
take_file(Taking(connect(sys.argv[1]), Seal(KeyRing.of(TEST_KEY)), True, HERE, UUID(sys.argv[2]), part=2))
"""


def test_a_worker_killed_at_any_moment_doubles_nothing_and_loses_nothing(
    http: TestClient, clerk: Headers, work: Work, engines: dict[str, Engine], households: Session
) -> None:
    answer = upload(http, clerk, file_of(61))
    dsn = engines["households"].url.render_as_string(hide_password=False)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, dsn, answer.json()["id"]])
    assert eventually(lambda: count(households, "import_row") >= 6, within_s=60)
    worker.kill()
    assert worker.wait() == -9
    assert work() == 1
    told = batch_of(http, clerk, answer)
    assert (told["state"], told["rows"], told["stored"], told["refused"]) == ("done", 61, 61, 0)
    assert (count(households, "household"), count(households, "import_row")) == (61, 61)


def test_the_waiting_file_shows_nobody_in_a_copy_of_the_database(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    upload(http, clerk, file_of(5, 户主姓名="示例甲乙"))
    sealed = households.execute(text("SELECT sealed_content FROM import_piece")).scalars().all()
    assert sealed
    assert "示例甲乙".encode() not in b"".join(sealed)


def test_a_file_that_is_no_table_ends_with_its_code_and_stores_nothing(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    answer = upload(http, clerk, file_of(9) + b'JK99,"never closed\n')
    work()
    assert http.get(answer.headers["location"], headers=clerk).json()["problem"] == "not-a-sheet"
    told = batch_of(http, clerk, answer)
    assert (told["state"], told["problem"], told["rows"]) == ("refused", "not-a-sheet", 0)
    assert (count(households, "household"), count(households, "import_piece")) == (0, 0)


def test_an_office_that_ended_meanwhile_takes_in_nothing(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    answer = upload(http, clerk, file_of(5))
    households.execute(text("UPDATE access_grant SET revoked = true"))
    households.commit()
    work()
    assert http.get(answer.headers["location"], headers=clerk).json()["problem"] == "no-office"
    assert count(households, "household") == 0


def test_rows_outside_the_senders_places_are_refused_by_the_worker_too(
    http: TestClient, clerk: Headers, work: Work
) -> None:
    answer = upload(http, clerk, file_of(4, 村代码="110101001001"))
    work()
    told = batch_of(http, clerk, answer)
    assert (told["refused"], told["refusals"][0]["faults"][0]["code"]) == (4, "outside-your-places")


def test_the_rows_come_in_pages_and_the_refused_ones_as_a_table(http: TestClient, clerk: Headers, work: Work) -> None:
    rows = [household_row(f"JK{number}", 住房等级="E" if number % 2 else "A") for number in range(6)]
    answer = upload(http, clerk, sheet(HEADERS, *rows))
    work()
    address = f"{BATCHES}/{answer.json()['id']}"
    page = http.get(f"{address}/rows?outcome=refused&limit=2", headers=clerk).json()
    rest = http.get(f"{address}/rows?outcome=refused&limit=2&cursor={page['next']}", headers=clerk).json()
    assert [row["row"] for row in page["rows"] + rest["rows"]] == [3, 5, 7]
    table = http.get(f"{address}/refused-rows", headers=clerk)
    assert table.content.startswith("\ufeff行号,列".encode())
    assert len(table.text.strip().splitlines()) == 4


def test_somebody_elses_file_is_not_there(http: TestClient, clerk: Headers, office: Office) -> None:
    answer = upload(http, clerk, file_of(4))
    other = office("another", "county")
    for path in ("", "/rows", "/refused-rows"):
        assert http.get(f"{BATCHES}/{answer.json()['id']}{path}", headers=other).status_code == 404


def test_a_file_with_headers_and_units_of_its_own_is_taken_by_its_mapping(
    http: TestClient, clerk: Headers, work: Work, households: Session
) -> None:
    upload(http, clerk, file_of(1))
    work()
    theirs = {"户编号": "家庭编号", "工资性收入(元)": "工资(万元)"}
    headers = [theirs.get(header, header) for header in import_statements.HEADERS]
    content = sheet(headers, statement_row("JK0", **{"工资性收入(元)": "2.5"}))
    mapping = {"columns": theirs, "units": {"工资性收入(元)": "万元"}}
    answer = upload(http, clerk, content, "statements", mapping=json.dumps(mapping))
    work()
    assert batch_of(http, clerk, answer)["stored"] == 1
    wage = households.execute(text("SELECT amount FROM statement_line WHERE kind = 'wage'")).scalar_one()
    assert wage == 2_500_000


def test_a_mapping_is_said_once_for_a_header(http: TestClient, clerk: Headers, work: Work) -> None:
    upload(http, clerk, file_of(3))
    theirs = [{"户编号": "家庭编号"}.get(header, header) for header in import_statements.HEADERS]
    said = json.dumps({"columns": {"户编号": "家庭编号"}, "units": {"工资性收入(元)": "万元"}})

    def sent(number: int, **form: str) -> Any:
        """Each of another household."""
        content = sheet(theirs, statement_row(f"JK{number}", **{"工资性收入(元)": "2.5"}))
        answer = upload(http, clerk, content, "statements", **form)
        while work():
            continue
        return batch_of(http, clerk, answer)

    ours = upload(http, clerk, sheet(import_statements.HEADERS, statement_row("JK0")), "statements")
    again = upload(http, clerk, sheet(import_statements.HEADERS, statement_row("JK1")), "statements")
    assert sent(0)["problem"] == "column-missing"
    assert [batch_of(http, clerk, one)["mapping_of"] for one in (ours, again)] == [None, None]  # none was named
    mapped, next_one = sent(0, mapping=said), sent(1)
    assert (mapped["stored"], mapped["mapping_of"]) == (1, None)
    assert (next_one["stored"], next_one["mapping_of"]) == (1, mapped["id"])
    assert sent(1, mapping="{}")["problem"] == "column-missing"

    for done in (next_one, mapped):
        assert http.put(f"{BATCHES}/{done['id']}/undone", json={"undone": True}, headers=clerk).status_code == 200
    assert sent(2)["problem"] == "column-missing"


@pytest.mark.parametrize("mapping", ["{", '{"columns": {"不存在": "x"}}', '{"units": {"户编号": "万元"}}', "[]"])
def test_a_mapping_of_columns_there_are_not_is_refused(http: TestClient, clerk: Headers, mapping: str) -> None:
    answer = upload(http, clerk, file_of(1), mapping=mapping)
    assert (answer.status_code, answer.json()["code"]) == (422, "mapping-not-understood")
