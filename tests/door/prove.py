"""The front door's claims, each with how often it was tried and how often it failed: a table, then one JSON line.

`make -s prove-door`. The tests are the suite's own, the matrix in full.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

HOME = Path(__file__).resolve().parents[2]
TIMED = "tests/door/timing.py"  # not of the suite: its figures are of a machine that does nothing else
CLAIMS: Mapping[str, tuple[str, ...]] = {
    "bodies that mean two things, or too much, are refused": ("tests/kit/test_strict_json.py",),
    "each operation asks for the right it is listed with": ("tests/test_policy.py",),
    "nothing foreign is shown: operation, role, holding, place": ("tests/door/test_matrix.py",),
    "offices and grants travel, hold their days, and end": ("tests/county/test_offices.py", "tests/kit/test_grants.py"),
    "a pairing opens one household, for its days": (
        "tests/attendance/test_pairings.py", "tests/attendance/test_pairing_law.py",
    ),
    "what a grant opened is told no more after its end": (
        "tests/kit/test_repeat_after_grants.py", "tests/kit/test_withheld.py",
    ),
    "every operation holds to its document, fuzzed": ("tests/fuzz",),
    "attack tokens are refused by every service": ("tests/test_attack_tokens.py",),
    "guessing is ended, names stay unknown, a lost answer costs nobody the door": (
        "tests/county/test_sign_ins.py", "tests/county/test_refreshes.py",
        "tests/county/test_second_factors.py",
    ),
    "who was sent away is refused everywhere within seconds": (
        "tests/county/test_disabling.py", "tests/kit/test_revoked.py", "tests/outside/test_revocation.py",
    ),
    "another provider's word is taken for who, and for nothing else": (
        "tests/county/test_oidc.py", "tests/county/test_work_apps.py",
    ),
    "nobody learns from the time who exists, or what lies elsewhere": (TIMED,),
    "a write sent again has one effect": ("tests/kit/test_repeat.py", "tests/outside/test_lost_answers.py"),
    "no call reaches an address that is not listed": (
        "tests/kit/test_guard.py", "tests/kit/test_ping_and_replay.py", "tests/county/test_outside.py",
    ),
    "a change to the audit is found": ("tests/kit/test_audit.py", "tests/kit/test_audited.py"),
    "of a hundred people nothing stands where it must not": ("tests/outside/test_canaries.py",),
    "behind a mask stay at least 450 possible numbers": ("tests/households/test_id_numbers.py",),
    "limits, languages, edits and pages are as they are told": (
        "tests/kit/test_polite.py", "tests/kit/test_limits.py", "tests/kit/test_paging.py", "tests/kit/test_sunset.py",
    ),
    "what is well or ill is told, and to whom it may be": (
        "tests/kit/test_health.py", "tests/kit/test_metrics.py", "tests/kit/test_logs.py",
        "tests/kit/test_log_lines.py",
    ),
    "sealed fields open with their key alone, in place": ("tests/kit/test_fields.py", "tests/kit/test_key_check.py"),
    "a process that is told something wrong does not start": ("tests/cli/test_starting.py",),
    "the origin hands on what is published and nothing else": ("tests/origin",),
}  # fmt: skip


def main() -> int:
    rows = [*claimed(read(run(paths_of(CLAIMS)))), hostile(), broken()]
    for claim, cases, failures in rows:
        sys.stderr.write(f"{cases:>7} {failures:>4}  {claim}\n")
    cases, failures = sum(row[1] for row in rows), sum(row[2] for row in rows)
    sys.stdout.write(json.dumps({"proof": "door", "cases": cases, "failures": failures}) + "\n")
    return 1 if failures else 0


def paths_of(claims: Mapping[str, tuple[str, ...]]) -> list[str]:
    return sorted({path for paths in claims.values() for path in paths})


def run(paths: list[str]) -> ElementTree.Element:
    """All in one run: a server for each of two processes, and not for each claim. What is timed is timed alone."""
    env = {**os.environ, "SHOUWANG_MATRIX": "full", "SHOUWANG_FUZZ": "50"}
    whole = ElementTree.Element("reports")
    for together, asked in (("2", [one for one in paths if one != TIMED]), ("0", [TIMED])):
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            shared_out = ["-n", together, "--dist", "worksteal", "--junitxml", str(report)]
            argv = [sys.executable, "-m", "pytest", "-q", "-o", "junit_family=xunit1", *shared_out, *asked]
            subprocess.run(argv, cwd=HOME, env=env, capture_output=True, text=True, check=False)
            whole.append(ElementTree.parse(report).getroot())  # pytest's own report
    return whole


def read(report: ElementTree.Element) -> dict[str, Counter[str]]:
    """By module: a test counts as one case, the matrix as its cells."""
    counts: dict[str, Counter[str]] = {}
    for case in report.iter("testcase"):
        module = counts.setdefault(case.attrib["classname"] or case.attrib["name"], Counter())
        module["cases"] += case.find("skipped") is None
        module["cases"] += sum(
            int(one.attrib["value"]) for one in case.iter("property") if one.attrib["name"] == "cells"
        )
        faults = [*case.findall("failure"), *case.findall("error")]
        if faults:
            module["failures"] += len(faults)
            said = " ".join(fault.attrib.get("message", "")[:4_000] for fault in faults)
            sys.stderr.write(f"failed {case.attrib['classname']}::{case.attrib['name']}: {said}\n")
    return counts


def claimed(counts: Mapping[str, Counter[str]]) -> Iterator[tuple[str, int, int]]:
    """A file of which nothing was run has failed, and so has what belongs to no claim: nothing ran unseen."""
    taken: set[str] = set()
    for claim, paths in CLAIMS.items():
        told: Counter[str] = Counter()
        for path in paths:
            modules = {one for one in counts if is_of(one, path)}
            taken |= modules
            told.update(sum((counts[one] for one in modules), Counter()) or Counter(failures=1))
        yield claim, told["cases"], told["failures"]
    beside = sum((counts[one] for one in counts.keys() - taken), Counter())
    if beside:
        yield "beside the claims", beside["cases"], max(1, beside["failures"])


def is_of(module: str, path: str) -> bool:
    """`tests/fuzz` is a folder: all its modules are of it."""
    name = path.removesuffix(".py").replace("/", ".")
    return module == name or module.startswith(f"{name}.")


def hostile() -> tuple[str, int, int]:
    """Half a minute of receivers that mean harm, beside five that do not."""
    argv = [sys.executable, "-m", "tests.kit.beside_hostile", "--seconds", "30"]
    said = subprocess.run(argv, cwd=HOME, capture_output=True, text=True, check=False).stdout
    told = json.loads(said or "{}")
    harm = [
        not told,
        told.get("beside_p95_ms", 0) > 2 * told.get("clean_p95_ms", 0),
        told.get("grown_mib", 0) > 64,
        told.get("called_beside_the_list", 0) > 0,
        told.get("met_by_redirects", 0) > 0,
    ]
    return "hostile receivers leave the healthy ones unharmed", int(told.get("hostile", 0)), sum(harm)


def broken(some: int = 60) -> tuple[str, int, int]:
    """Of the mutants, by a seed; all of them by `make mutants`."""
    argv = [sys.executable, "-m", "tests.mutants", "--sample", str(some)]
    said = subprocess.run(argv, cwd=HOME, stdout=subprocess.PIPE, text=True, check=False).stdout  # survivors: stderr
    told = json.loads(said or "{}")
    survived = int(told.get("survived", 1))
    return "what decides who sees what does not break unseen", int(told.get("mutants", 0)), survived


if __name__ == "__main__":
    sys.exit(main())
