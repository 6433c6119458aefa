"""Connections that are cut in silence: nobody waits for them for ever."""

import time

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from services.cli.postgres import Cluster, api_role
from services.kit.store.db import connect
from tests.faults.wires import DRIP, RESET, SILENCE, Wire, turning

NOTICED = 15.0  # seconds


@pytest.fixture
def wire(cluster: tuple[Cluster, int]) -> Wire:
    return Wire(turning(), cluster[1])


def over(cluster: tuple[Cluster, int], wire: Wire) -> Engine:
    return connect(cluster[0].dsn(wire.port, "attendance", api_role("attendance")), pool=2)


def one(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT 1")).scalar_one())


@pytest.mark.parametrize("mode", [RESET, DRIP])
def test_a_cut_that_is_heard_costs_one_statement_at_most(cluster: tuple[Cluster, int], wire: Wire, mode: str) -> None:
    engine = over(cluster, wire)
    assert one(engine) == 1
    wire.cut(mode)
    if mode == RESET:
        with pytest.raises(OperationalError):
            one(engine)
        wire.heal()
    assert one(engine) == 1
    engine.dispose()


def test_a_database_that_is_gone_without_a_word_is_noticed(cluster: tuple[Cluster, int], wire: Wire) -> None:
    engine = over(cluster, wire)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
        wire.cut(SILENCE)
        began = time.monotonic()
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
        assert time.monotonic() - began < NOTICED
        with pytest.raises(OperationalError):  # nor does a new one wait
            one(engine)
        assert time.monotonic() - began < 2 * NOTICED
        wire.heal()
    assert one(engine) == 1
    engine.dispose()
