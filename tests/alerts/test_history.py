"""What was known when: every version learned is kept, and a month of the past is judged by what was known then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from starlette.testclient import TestClient

from services.alerts.facts.history import facts_as_of, make_months
from services.alerts.facts.learn import FACTS, Told, forget, learn
from services.alerts.judging.judge import convene, judge_county
from services.alerts.judging.stage import Compiler, stage_of
from services.alerts.main import create
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.cli.postgres import Cluster, work_role
from services.kit.post.facts import table_of
from services.kit.store.db import open_session
from tests.alerts.conftest import COUNTY, VILLAGE, told, yuan
from tests.callers import Headers, Office, served
from tests.conftest import NOW, TODAY

BESIDE = "520621001006"
POOR: dict[str, Any] = {"net_income": yuan(20_000), "persons": 4, "monitored": False}


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def instant(session: Session) -> datetime:
    """Between what was committed and what comes."""
    moment: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    session.commit()
    return moment


def rows(session: Session, selectable: Any) -> list[dict[str, Any]]:
    wanted = select(selectable).order_by(selectable.c.subject)
    return [dict(row) for row in session.execute(wanted).mappings()]


def test_history_s_last_versions_are_what_the_table_holds_column_by_column(watched: Session) -> None:
    family = told(watched, net_income=yuan(1), income_until="2026-10-31", safe_water=False)
    told(watched, family, version=2, **POOR)
    told(watched, version=7, persons=0)
    learn(watched, TEAM, [Told(uuid4(), VILLAGE, 3, {"members": 3, "last_present_on": "2026-11-20"})])
    for about in (HOUSEHOLD, TEAM):
        held = table_of(FACTS[about])
        known = facts_as_of(about, datetime.now(UTC) + timedelta(minutes=1))
        assert {column.name for column in known.c} == {column.name for column in held.c}
        assert rows(watched, known) == rows(watched, held) != []


def test_every_version_accepted_is_kept_and_none_that_was_refused(watched: Session) -> None:
    family = told(watched, version=2, **POOR)
    for version in (1, 2, 3, 3):
        told(watched, family, version=version, persons=version)
    kept = text("SELECT version, facts FROM fact_history ORDER BY learned_at")
    assert [tuple(row) for row in watched.execute(kept)] == [(2, POOR), (3, {"persons": 3})]


def test_a_bulk_of_versions_is_kept_in_the_statement_that_learns_them(watched: Session) -> None:
    said: list[str] = []
    sent = [Told(uuid4(), VILLAGE, 1, POOR) for _ in range(50)]
    engine = watched.get_bind()
    assert isinstance(engine, Engine)
    with noted(engine, said):
        learn(watched, HOUSEHOLD, sent)
    assert len([statement for statement in said if "fact_history" in statement]) == len(said) == 1
    assert watched.execute(text("SELECT count(*) FROM fact_history")).scalar_one() == 50


@contextmanager
def noted(engine: Engine, said: list[str]) -> Iterator[None]:
    """Every statement sent meanwhile."""

    def note(*given: Any) -> None:
        said.append(given[2])

    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


def test_a_month_judged_from_history_gives_the_alerts_that_were_opened_then(watched: Session) -> None:
    families = [told(watched, **POOR), told(watched, safe_water=False), told(watched, uninsured_members=1)]
    opened = alerts_open(watched)
    then = instant(watched)
    told(watched, families[0], version=2, **(POOR | {"net_income": yuan(90_000)}))
    told(watched, families[1], version=2, safe_water=None)
    told(watched, safe_water=False)
    leave(watched, but=families[:2])
    assert judged_as_of(watched, then) == opened
    assert alerts_open(watched) != opened
    judge_county(watched, convene(watched, HOUSEHOLD, COUNTY, TODAY, NOW))
    assert judged_as_of(watched, instant(watched)) < alerts_open(watched)  # what is unknown now stays open, unjudged


def alerts_open(session: Session) -> set[tuple[UUID, str]]:
    wanted = text("SELECT subject, rule_key FROM alert WHERE closed_at IS NULL")
    return {(subject, rule) for subject, rule in session.execute(wanted)}


def judged_as_of(session: Session, moment: datetime) -> set[tuple[UUID, str]]:
    bench = convene(session, HOUSEHOLD, COUNTY, TODAY, NOW)
    past = Compiler(facts_as_of(HOUSEHOLD, moment), bench.compiler.standards, TODAY)
    staged = session.execute(stage_of(bench.rules, past, COUNTY, None))
    return {
        (row.subject, rule.key) for row in staged for n, rule in enumerate(bench.rules) if row.mask >> 2 * n & 3 == 1
    }


def leave(session: Session, but: list[UUID]) -> None:
    forget(session, HOUSEHOLD, VILLAGE, but, known_before=instant(session), now=NOW)
    session.commit()


def test_who_has_gone_is_known_until_then_and_again_after_coming_back(watched: Session) -> None:
    family = told(watched, **POOR)
    there = instant(watched)
    leave(watched, but=[])
    gone = instant(watched)
    told(watched, family, version=1, persons=1)
    back = instant(watched)
    known = [[row["persons"] for row in rows(watched, facts_as_of(HOUSEHOLD, at))] for at in (there, gone, back)]
    assert known == [[4], [], [1]]


def test_an_officer_reads_what_was_known_at_a_moment(http: TestClient, watched: Session, office: Office) -> None:
    officer = office("officer", "township", place=VILLAGE)
    family = told(watched, **POOR)
    then = instant(watched)
    told(watched, family, version=2, persons=5)
    path = f"/v1/facts/household/{family}"
    assert known_at(http, officer, path, then)["facts"]["net_income"] == yuan(20_000)
    now = http.get(path, headers=officer).json()
    assert (now["version"], now["division"], now["facts"]["persons"]) == (2, VILLAGE, 5)
    assert now["facts"]["net_income"] is None
    assert http.get(path, headers=officer, params={"as_of": "2020-01-01T00:00:00Z"}).status_code == 404
    assert http.get(f"/v1/facts/team/{family}", headers=officer).status_code == 404
    assert http.get(f"/v1/facts/weather/{family}", headers=officer).status_code == 404
    assert http.get(path, headers=officer, params={"as_of": "yesterday"}).status_code == 422


def known_at(http: TestClient, caller: Headers, path: str, moment: datetime) -> Any:
    return http.get(path, headers=caller, params={"as_of": moment.isoformat()}).json()


def test_of_a_household_that_moved_its_former_village_reads_the_past_alone(
    http: TestClient, watched: Session, office: Office
) -> None:
    """And is not shown the last version it saw as if it still held."""
    former, present = (office(place, "township", place=place) for place in (VILLAGE, BESIDE))
    family = told(watched, **POOR)
    then = instant(watched)
    learn(watched, HOUSEHOLD, [Told(family, BESIDE, 2, {"persons": 5})])
    watched.commit()
    path = f"/v1/facts/household/{family}"
    assert [http.get(path, headers=caller).status_code for caller in (former, present)] == [404, 200]
    assert known_at(http, former, path, then)["version"] == 1
    assert http.get(path, headers=present, params={"as_of": then.isoformat()}).status_code == 404


@pytest.fixture
def work(cluster: tuple[Cluster, int], clean: None) -> Iterator[Engine]:
    made, port = cluster
    engine = create_engine(made.dsn(port, "alerts", work_role("alerts")))
    yield engine
    engine.dispose()


def months(session: Session) -> list[str]:
    wanted = text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1")
    return list(session.scalars(wanted))


def test_a_worker_has_the_months_made_that_come_once_each(alerts: Session, work: Engine) -> None:
    ahead = date(2031, 12, 15)
    try:
        assert [make_months(work, ahead) for _ in range(2)] == [3, 0]
        assert {"fact_history_2031_12", "fact_history_2032_01", "fact_history_2032_02"} <= set(months(alerts))
    finally:
        drop(alerts, "2031_12", "2032_01", "2032_02")


def drop(session: Session, *names: str) -> None:
    for month in names:
        session.execute(text(f"DROP TABLE IF EXISTS fact_history_{month}"))
    session.commit()


def test_what_came_while_no_month_was_made_moves_there_when_it_is(watched: Session, work: Engine) -> None:
    family = told(watched, **POOR)
    watched.execute(text("UPDATE fact_history SET learned_at = '2032-05-31 23:59:59.999999+00'"))
    watched.commit()
    where = text("SELECT tableoid::regclass::text FROM fact_history WHERE subject = :who")
    assert watched.scalar(where, {"who": family}) == "fact_history_default"
    watched.commit()
    try:
        make_months(work, date(2032, 5, 1))
        assert watched.scalar(where, {"who": family}) == "fact_history_2032_05"
        watched.commit()
    finally:
        drop(watched, "2032_05", "2032_06", "2032_07")


def test_a_partition_shows_nobody_past_the_policies_of_its_parent(
    watched: Session, api_engines: dict[str, Engine], work: Engine
) -> None:
    told(watched, **POOR)
    for month in months(watched):
        for engine in (api_engines["alerts"], work):
            with open_session(engine) as session:
                session.execute(text("SELECT set_config('shouwang.divisions', '{\"\"}', true)"))
                assert session.execute(text(f"SELECT count(*) FROM {month}")).scalar_one() == 0  # noqa: S608  # ours
    with open_session(work) as session:
        assert session.execute(text("SELECT count(*) FROM fact_history")).scalar_one() == 1


def test_an_api_makes_no_partition(api_engines: dict[str, Engine], clean: None) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        make_months(api_engines["alerts"], TODAY)
