"""The audit's chains: a change and its line live and die together, and nothing done behind our back stays hidden."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from textwrap import dedent
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, NullPool, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from services.cli.audit_chain import Flaw, check_database, check_lines, export
from services.cli.audit_purge import old_ends, purge_up_to
from services.cli.postgres import Cluster
from services.kit.store.audit import Audit, AuditHead, AuditSigned, Line, note
from services.kit.store.claim import enqueue
from services.kit.store.db import open_session
from services.kit.store.heads import NotOurSignature, copy_out, heads_in, read_copies, sign_heads
from tests.conftest import NOW
from tests.kit.tampering import KEY, KINDS, SLOTS, attack, awkward_line, fill, fill_and_purge

HOME = Path(__file__).resolve().parents[2]
ATTACKS = 5 * len(KINDS)


@pytest.fixture
def engine(engines: dict[str, Engine], clean: None) -> Engine:
    return engines["households"].execution_options(audit_slot="households-test-1")


@pytest.fixture
def ruler(cluster: tuple[Cluster, int], clean: None) -> Iterator[Engine]:
    """A superuser, whom triggers and privileges do not stop."""
    made, port = cluster
    opened = create_engine(made.dsn(port, "households"), poolclass=NullPool)
    yield opened
    opened.dispose()


def did(session: Session, action: str, at: datetime = NOW, actor: str = "somebody") -> None:
    note(session, Line(at, actor, action))


def actions(engine: Engine) -> list[str]:
    with open_session(engine) as session:
        return [line.action for line in session.scalars(select(Audit).order_by(text("slot, seq")))]


def flaws(engine: Engine) -> list[Flaw]:
    with engine.connect() as connection:
        return check_database(connection, [])


def jobs(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM job")).scalar_one())


def test_a_change_that_is_rolled_back_leaves_no_line(engine: Engine) -> None:
    with open_session(engine) as session:
        enqueue(session, "count-sheep", "one", NOW)
        did(session, "one")
        session.rollback()
        enqueue(session, "count-sheep", "two", NOW)
        did(session, "two")
        session.commit()
    assert (jobs(engine), actions(engine)) == (1, ["two"])


def test_a_change_whose_line_cannot_be_written_is_not_made(engine: Engine) -> None:
    with open_session(engine) as session:
        enqueue(session, "count-sheep", "one", NOW)
        note(session, Line(NOW, "somebody", "one", division=None))  # type: ignore[arg-type]
        with pytest.raises(DBAPIError):
            session.commit()
    assert (jobs(engine), actions(engine)) == (0, [])


def test_the_line_is_written_last_after_what_is_still_to_be_flushed(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        did(session, "signed")
        session.add(AuditSigned(hour=NOW, statement="{}", signature=b""))
    with engine.connect() as connection:
        order = connection.execute(
            text("SELECT (SELECT cmin::text::int FROM audit), cmin::text::int FROM audit_signed")
        )
        line, change = order.one()
    assert line > change


def test_a_savepoint_writes_no_line_of_its_own(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        with session.begin_nested():
            did(session, "inside")
        assert session.scalar(text("SELECT count(*) FROM audit")) == 0
        did(session, "outside")
    assert actions(engine) == ["inside", "outside"]


def test_lines_of_twelve_threads_on_one_slot_make_one_sound_chain(engine: Engine) -> None:
    def work(thread: int) -> None:
        for number in range(25):
            with open_session(engine) as session, session.begin():
                did(session, f"{thread} {number}")
                did(session, f"{thread} {number} again")

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(12)))
    with open_session(engine) as session:
        head = session.get(AuditHead, "households-test-1")
    assert head is not None
    assert (head.seq, len(actions(engine)), flaws(engine)) == (600, 600, [])


def test_a_clock_that_goes_backwards_does_not_reorder(engine: Engine) -> None:
    for number, moment in enumerate((NOW, NOW - timedelta(days=400), NOW + timedelta(days=1))):
        with open_session(engine) as session, session.begin():
            did(session, str(number), at=moment)
    assert (actions(engine), flaws(engine)) == (["0", "1", "2"], [])


def test_no_writer_of_ours_changes_or_takes_back_a_line(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        did(session, "one")
    for statement in ("UPDATE audit SET actor = ''", "DELETE FROM audit", "TRUNCATE audit", "DELETE FROM audit_signed"):
        with engine.connect() as connection, pytest.raises(DBAPIError):
            connection.execute(text(statement))
    assert actions(engine) == ["one"]


def test_what_no_database_text_can_hold_does_not_stop_a_change(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        did(session, "NUL \0 and half \ud83d a character", actor="x" * 5000)
    assert actions(engine) == ["NUL  and half ? a character"]


KILLED = """
    import sys
    from datetime import UTC, datetime
    from services.kit.store.audit import Line, note
    from services.kit.store.claim import enqueue
    from services.kit.store.db import connect, open_session

    engine = connect(sys.argv[1], slot="killed")
    for number in range(100_000):
        with open_session(engine) as session, session.begin():
            now = datetime.now(UTC)
            enqueue(session, "count-sheep", f"{sys.argv[2]} {number}", now)
            note(session, Line(now, "somebody", "enqueued"))
"""


def test_a_killed_process_leaves_a_change_with_its_line_or_neither(
    engine: Engine, cluster: tuple[Cluster, int]
) -> None:
    made, port = cluster
    dsn = made.dsn(port, "households", "households")
    for life in range(2):
        writer = subprocess.Popen([sys.executable, "-c", dedent(KILLED), dsn, str(life)], cwd=HOME)
        before, end = jobs(engine), time.monotonic() + 30
        while jobs(engine) < before + 20 and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    time.sleep(0.2)  # the server notices that its client is gone
    assert jobs(engine) == len(actions(engine)) >= 40
    assert flaws(engine) == []


def exported(connection: Connection) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(part, ensure_ascii=False)) for part in export(connection)]


def test_an_untouched_audit_is_whole_to_both_checks(engine: Engine, ruler: Engine) -> None:
    signed = fill(engine)
    with ruler.connect() as connection:
        assert check_database(connection, signed) == []
        told = exported(connection)
    rows = ((part["row"], part["hash"]) for part in told if "row" in part)
    heads = {part["head"][0]: (part["head"][1], part["head"][2]) for part in told if "head" in part}
    assert check_lines(rows, heads, signed) == (sum(SLOTS.values()), [])


def test_whatever_a_superuser_changes_is_found_and_the_first_bad_line_named(engine: Engine, ruler: Engine) -> None:
    """Five of every kind; `make audit-attack` makes sixty."""
    signed = fill(engine)
    for number in range(ATTACKS):
        kind = list(KINDS)[number % len(KINDS)]
        expected, here, told = attack(ruler, signed, kind, Random(f"suite {number}"))
        assert expected in here, kind
        assert expected in told, kind


def test_all_of_it_is_found_behind_a_purge_too(engine: Engine, ruler: Engine) -> None:
    signed, purged = fill_and_purge(engine, ruler)
    with ruler.connect() as connection:
        assert check_database(connection, signed, purged) == []
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == sum(SLOTS.values()) - 12
    for number in range(ATTACKS):
        kind = list(KINDS)[number % len(KINDS)]
        expected, here, told = attack(ruler, signed, kind, Random(f"purged {number}"), purged)
        assert expected in here, kind
        assert expected in told, kind


def test_a_purge_that_nobody_signed_is_a_deletion(engine: Engine, ruler: Engine) -> None:
    signed, _ = fill_and_purge(engine, ruler)
    with ruler.connect() as connection:
        assert check_database(connection, signed) == [Flaw("households-api-1", 1, "missing")]


def test_what_was_purged_and_is_back_was_inserted(engine: Engine, ruler: Engine) -> None:
    signed, purged = fill_and_purge(engine, ruler)
    with ruler.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE audit SET seq = 12 WHERE slot = 'households-api-1' AND seq = 13"))
        assert check_database(connection, signed, purged) == [Flaw("households-api-1", 12, "inserted")]
        connection.rollback()


def test_nobody_purges_what_is_younger_than_half_a_year(engine: Engine, ruler: Engine) -> None:
    fill(engine)
    with pytest.raises(DBAPIError, match="kept for 183 days"), ruler.begin() as connection:
        purge_up_to(connection, old_ends(connection, NOW + timedelta(days=1)), KEY, "households", NOW)
    with ruler.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() == sum(SLOTS.values())


def test_a_service_can_purge_nothing(api_engines: dict[str, Engine], cluster: tuple[Cluster, int]) -> None:
    made, port = cluster
    work = create_engine(made.dsn(port, "households", "households_work"), poolclass=NullPool)
    for engine in (api_engines["households"], work):
        with pytest.raises(DBAPIError, match="permission denied for function"), engine.begin() as connection:
            connection.execute(text("SELECT audit_purge('{\"purged\": {}}', '', now())"))
        with pytest.raises(DBAPIError, match="permission denied for table"), engine.begin() as connection:
            connection.execute(text("SET LOCAL shouwang.purging = 'on'; DELETE FROM audit"))


def test_a_cut_end_that_nobody_signed_is_why_heads_are_signed_every_hour(engine: Engine, ruler: Engine) -> None:
    signed = fill(engine)
    with open_session(engine.execution_options(audit_slot="households-api-1")) as session, session.begin():
        note(session, awkward_line(1))
    seq = SLOTS["households-api-1"] + 1
    with ruler.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM audit WHERE slot = 'households-api-1' AND seq = :seq"), {"seq": seq})
        assert Flaw("households-api-1", seq, "missing") in check_database(connection, signed)
        back = "UPDATE audit_head SET seq = seq - 1, hash = (SELECT hash FROM audit WHERE slot = :slot AND seq = :seq)"
        connection.execute(text(f"{back} WHERE slot = :slot"), {"slot": "households-api-1", "seq": seq - 1})
        assert check_database(connection, signed) == []


def test_heads_are_signed_once_an_hour_and_copied_out_once(engine: Engine, tmp_path: Path) -> None:
    with open_session(engine) as session, session.begin():
        did(session, "one")
    with open_session(engine) as session, session.begin():
        assert sign_heads(session, KEY, "households", NOW)
        assert not sign_heads(session, KEY, "households", NOW + timedelta(minutes=1))
        assert sign_heads(session, KEY, "households", NOW + timedelta(hours=1))
    with open_session(engine) as session, session.begin():
        assert [copy_out(session, tmp_path, "households") for _ in range(2)] == [2, 0]
    copies = read_copies(tmp_path / "audit-heads-households.ndjson")
    for copy in copies:
        heads = heads_in(copy["statement"], copy["signature"], KEY.public_key())
        assert heads["households-test-1"][0] == 1


def test_a_copy_that_was_cut_short_is_made_again(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "audit-heads-households.ndjson"
    path.write_text('{"hour": "2026-11-21T01:00')
    with open_session(engine) as session, session.begin():
        sign_heads(session, KEY, "households", NOW)
        copy_out(session, tmp_path, "households")
    assert len(read_copies(path)) == 1


def test_a_statement_of_heads_that_was_changed_or_signed_by_another_is_refused(engine: Engine) -> None:
    with open_session(engine) as session, session.begin():
        sign_heads(session, KEY, "households", NOW)
        row = session.scalars(select(AuditSigned)).one()
    with pytest.raises(NotOurSignature):
        heads_in(row.statement.replace("households", "household5"), row.signature.hex(), KEY.public_key())
    with pytest.raises(NotOurSignature):
        heads_in(row.statement, row.signature.hex(), Ed25519PrivateKey.generate().public_key())
