"""`make fuzz`: every operation with many examples each; one JSON line at the end."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

HOME = Path(__file__).resolve().parents[2]
TOLD = ("cells", "operations", "succeeded", "seed")


def main(examples: str) -> int:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        argv = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "2",
            "--dist",
            "worksteal",
            "--junitxml",
            str(report),
            "tests/fuzz",
        ]
        ran = subprocess.run(argv, cwd=HOME, env={**os.environ, "SHOUWANG_FUZZ": examples}, stdout=sys.stderr)
        suite = ElementTree.parse(report).getroot().find("testsuite")  # pytest's own report
    sums = dict.fromkeys(TOLD, 0)
    for name, value in properties(suite):
        sums[name] = value if name == "seed" else sums[name] + value
    failed = 1 if suite is None else int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    line = {"operations": sums["operations"], "succeeded": sums["succeeded"], "cases": sums["cells"]}
    line |= {"failures": failed, "seed": sums["seed"], "seconds": round(time.monotonic() - begun)}
    sys.stdout.write(json.dumps({"proof": "fuzz", "examples": int(examples)} | line) + "\n")
    return ran.returncode


def properties(suite: ElementTree.Element | None) -> Iterator[tuple[str, int]]:
    for one in suite.iter("property") if suite is not None else ():
        if one.attrib["name"] in TOLD:
            yield one.attrib["name"], int(one.attrib["value"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
