"""A connection that goes back to the pool has no transaction left open, whatever went wrong."""

from typing import Any

import pytest
from psycopg import OperationalError
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from services.kit.store.db import connect, open_session


def test_a_commit_that_failed_before_it_was_sent_leaves_nothing_open(
    engines: dict[str, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = connect(engines["county"].url, pool=1)

    def lost(*_: Any) -> None:
        raise OperationalError("made to fail")

    with monkeypatch.context() as failing, open_session(engine) as session:
        failing.setattr(PGDialect_psycopg, "do_commit", lost)
        session.execute(text("CREATE TABLE never (g integer)"))
        with pytest.raises(DBAPIError, match="made to fail"):
            session.commit()
    with open_session(engine) as session:
        assert session.scalar(text("SELECT to_regclass('never')")) is None
    engine.dispose()
