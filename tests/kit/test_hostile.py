"""Receivers that mean harm leave the healthy, our memory and other addresses alone. `make prove-guard` measures."""

from pathlib import Path

from tests.kit.beside_hostile import measure
from tests.kit.house import House


def test_hostile_receivers_harm_nobody_but_themselves(house: House, tmp_path: Path) -> None:
    """Every event reaches every healthy one. The bound on delay is wide, for a machine that others use too, but less
    than the deadline that whoever waited for the hanging would wait."""
    figures = measure(house, tmp_path, seconds=3, deadline=10)
    assert (figures.healthy, figures.hostile >= 25) == (5, True)
    assert figures.arrived == figures.events * figures.healthy
    assert figures.beside_p95_ms <= 2 * figures.clean_p95_ms + 5_000
    assert figures.grown_mib <= 64
    assert (figures.called_beside_the_list, figures.met_by_redirects) == (0, 0)
