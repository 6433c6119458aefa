"""One revision after the other on populated tables: up, down, up, and nothing lost on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.migrations.rows import changed, fill, keys, sums
from tests.migrations.steps import Steps, revisions

# What a revision says of rows that are there, because the release had learnt better.
MEANT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "attendance005": {"team_facts": ("version", "changed")},
    "households005": {"household_facts": ("version", "changed", "cash_gap")},
}


@dataclass
class Walked:
    tested: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def walk(steps: Steps, rows: int) -> Walked:
    """Rows of the shape before, up; rows of the new shape too, down; up again. To the newest shape in the end."""
    walked = Walked()
    for revision, below in revisions(steps.service):
        walked.changed += [
            f"{steps.service} {revision} {what}" for what in there_and_back(steps, revision, below, rows)
        ]
        walked.tested.append(revision)
    steps.equals_models()
    return walked


def there_and_back(steps: Steps, revision: str, below: str | None, rows: int) -> list[str]:
    meant = MEANT.get(revision, {})
    fill(steps.connection, rows)
    keyed = keys(steps.connection)
    before = sums(steps.connection, keyed)
    steps.up(revision)
    once = sums(steps.connection, keyed)
    fill(steps.connection, rows)
    steps.down(revision, below)
    back = sums(steps.connection, keyed)
    steps.up(revision)
    twice = sums(steps.connection, keyed)
    found = {
        "up": changed(before, once, meant),
        "down": changed(before, back, meant),
        "up again": changed(back, twice, meant),
    }
    missing = [("down", (table, "gone")) for table in before.keys() ^ back.keys()]
    return [f"{way}: {'.'.join(what)}" for way, all_ in found.items() for what in all_] + [
        f"{way}: {'.'.join(what)}" for way, what in missing
    ]
