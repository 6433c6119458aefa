"""What squawk is asked to find, it finds; and the landed revisions that offend do so still, or they need no mention."""

import pytest

from services.cli.postgres import Cluster
from services.cli.secret_files import SERVICES
from tests.migrations.statements import EXCUSED, complaints, statements_of
from tests.migrations.steps import database_of

CARELESS = {
    "renaming-column": "ALTER TABLE household RENAME COLUMN village TO place",
    "adding-required-field": "ALTER TABLE household ADD COLUMN colour TEXT NOT NULL",
    "adding-not-nullable-field": "ALTER TABLE household ALTER COLUMN phone SET NOT NULL",
    "changing-column-type": "ALTER TABLE household ALTER COLUMN number TYPE TEXT",
    "require-concurrent-index-creation": "CREATE INDEX slow ON household (number)",
    "constraint-missing-not-valid": "ALTER TABLE household ADD CONSTRAINT some CHECK (number > '')",
    "ban-drop-column": "ALTER TABLE household DROP COLUMN phone",
}


@pytest.mark.parametrize("rule", CARELESS)
def test_a_careless_revision_is_found(rule: str) -> None:
    assert rule in {one[1] for one in complaints({"later": [CARELESS[rule]]})}


def test_an_index_that_is_built_beside_the_writers_is_not_found() -> None:
    beside = "COMMIT;\nCREATE INDEX CONCURRENTLY IF NOT EXISTS slow ON household (number);\nBEGIN"
    assert not list(complaints({"later": [beside]}))
    assert list(complaints({"later": [beside.replace("COMMIT;\n", "").replace(";\nBEGIN", "")]}))


def test_only_what_had_landed_offends(cluster: tuple[Cluster, int]) -> None:
    found: set[tuple[str, str]] = set()
    for service in SERVICES:
        with database_of(*cluster, service, "said") as steps:
            found |= {(revision, rule) for revision, rule, *_ in complaints(statements_of(steps))}
    assert found == {(revision, rule) for revision, rules in EXCUSED.items() for rule in rules}
