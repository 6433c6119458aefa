"""`make reports`: the tests that read the reports' rows back; what is still missing; one JSON line at the end."""

import json
import sys

import pytest

from tests.reports.rows import HERE, counted, rows


def main() -> int:
    every = rows()
    named = sorted({test for row in every for test in row.read_by})
    failed = pytest.main(["-q", "-p", "no:cacheprovider", *(str(HERE.parent / test) for test in named)])
    for row in every:
        if row.lacks:
            sys.stdout.write(f"{row.id}  {row.state:8} {row.phrase}: {row.lacks}\n")
    told = {"proof": "reports", **counted(every), "tests": len(named), "passed": not failed}
    sys.stdout.write(json.dumps(told) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
