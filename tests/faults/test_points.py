"""Some fail-points of the paths, each way they can fail; `make prove-faults` meets every one."""

import pytest

from tests.faults.enumerate_points import prove

pytestmark = pytest.mark.long

SAMPLE = 1  # of each path, for each way


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of fork: every thread of ours is idle meanwhile
def test_a_fault_at_a_point_of_a_path_changes_nothing_of_its_end() -> None:
    said = prove(seed=20261122, sample=SAMPLE)
    assert (said["failures"], said["broken_chains"]) == ([], 0)
    assert said["cases"] == 8 * SAMPLE
    assert said["crashes"] == 4 * SAMPLE
