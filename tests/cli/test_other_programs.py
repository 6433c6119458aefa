"""The server may be the distribution's own instead of the packaged one."""

from pathlib import Path

import pytest

from services.cli.postgres import connect, throwaway
from services.cli.programs import major_version

DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(not (DEBIAN / "initdb").exists(), reason="no PostgreSQL 15 is installed")
def test_the_programs_named_are_those_that_serve_and_sort_by_code_point(monkeypatch: pytest.MonkeyPatch) -> None:
    assert major_version(DEBIAN) == 15
    monkeypatch.setenv("SHOUWANG_POSTGRES_PROGRAMS", str(DEBIAN))
    with throwaway({"fsync": "off"}) as (made, port), connect(made.dsn(port)) as server:
        assert server.info.server_version // 10_000 == 15
        ordered = "SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['乙', 'b', '中', 'B', 'a', 'é']) x"
        assert server.execute(ordered).fetchone() == ("Babé中乙",)
