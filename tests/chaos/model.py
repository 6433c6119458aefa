"""What must be true after all is quiet, from the acknowledged writes alone: no clock, no database, no rule of ours."""

from collections.abc import Iterable

from tests.chaos.ledger import Write


def must_be_open(acked: Iterable[Write]) -> dict[str, bool]:
    """By family, whose writes came one after the other: whether its last statement lies below the line."""
    return {write.family: write.poor for write in acked if write.kind == "statement"}


def most_openings(acked: Iterable[Write], open_before: set[str]) -> dict[str, int]:
    """By family: how often it fell below the line. Quick falls and rises may be seen as one, never as more."""
    poor = dict.fromkeys(open_before, True)
    falls: dict[str, int] = {}
    for write in acked:
        if write.kind == "statement":
            fell = write.poor and not poor.get(write.family, False)
            falls[write.family] = falls.get(write.family, 0) + fell
            poor[write.family] = write.poor
    return falls
