"""Keeps what a long run printed: `python -m bench.evidence_run bench-sweep SIZE=1000000` runs that target of the
Makefile and writes its last line, with commit, day and load, to `bench/evidence/bench-sweep-SIZE-1000000.json`."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent


def kept(target: list[str]) -> int:
    """Refuses a tree with changes: a figure belongs to a commit. The exit code is the target's own."""
    if told(["git", "status", "--porcelain", "--untracked-files=no"]):
        sys.stderr.write("uncommitted changes: commit first, so that the figure has a commit\n")
        return 2
    before, begun = os.getloadavg()[0], datetime.now(UTC)
    run = subprocess.run(["make", "-s", *target], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    lines = run.stdout.strip().splitlines()
    report = {
        "command": " ".join(["make -s", *target]),
        "commit": told(["git", "rev-parse", "--short", "HEAD"]),
        "begun": begun.isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - begun).total_seconds()),
        "exit": run.returncode,
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load": [round(before, 1), round(os.getloadavg()[0], 1)],
        "said": json.loads(lines[-1]) if lines and lines[-1].startswith("{") else lines[-1:],
    }
    file = HERE / "evidence" / ("-".join(target).replace("=", "-") + ".json")
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    return run.returncode


def told(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(kept(sys.argv[1:]))
