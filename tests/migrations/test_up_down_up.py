"""Every revision that has landed, on rows of the shape before it."""

import pytest
from sqlalchemy import text

from services.cli.postgres import Cluster
from services.cli.secret_files import SERVICES
from tests.migrations.rows import changed, fill, sums
from tests.migrations.steps import database_of, revisions
from tests.migrations.walk import walk

ROWS = 30


# SQLAlchemy reflects a check that is not validated, as the rows' are, under an argument it does not know itself.
@pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options'")
@pytest.mark.parametrize("service", SERVICES)
def test_every_revision_goes_up_down_and_up_without_losing_a_row(cluster: tuple[Cluster, int], service: str) -> None:
    with database_of(*cluster, service, "walked") as steps:
        walked = walk(steps, ROWS)
    assert walked.changed == []
    assert walked.tested == [revision for revision, _ in revisions(service)]


def test_a_value_that_went_elsewhere_is_seen(cluster: tuple[Cluster, int]) -> None:
    """Two rows that change places hold the same values as before, each the other's."""
    with database_of(*cluster, "county", "seen") as steps:
        steps.up()
        fill(steps.connection, ROWS)
        before = sums(steps.connection)
        swap = "UPDATE division SET name = CASE name WHEN 'row1' THEN 'row2' ELSE 'row1' END"
        steps.connection.execute(text(f"{swap} WHERE name IN ('row1', 'row2')"))
        assert changed(before, sums(steps.connection), {}) == [("division", "name")]
        steps.connection.execute(text("DELETE FROM heartbeat WHERE slot = 'row3'"))
        assert {table for table, _ in changed(before, sums(steps.connection), {})} == {"division", "heartbeat"}
