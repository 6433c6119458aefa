"""What an operator types, against a running county."""

import os
import subprocess
import sys
from pathlib import Path

from services.cli.demo import COUNTY, PASSWORD
from services.cli.processes import CODE
from services.households.imports.households import HEADERS
from tests.households.conftest import csv_of, household_row
from tests.outside.watched_county import PROCESSES, WatchedCounty, wait_for
from tests.plain_http import plain


def shouwang(county: WatchedCounty, *words: str, user: str = "clerk") -> subprocess.CompletedProcess[str]:
    signed_in = {**os.environ, "SHOUWANG_USERNAME": user, "SHOUWANG_PASSWORD": PASSWORD}
    argv = [sys.executable, "-m", "services.cli.main", *words, "--state", str(county.state)]
    return subprocess.run(argv, cwd=CODE, env=signed_in, capture_output=True, text=True, timeout=60, check=False)


def test_a_token_opens_what_its_role_may_see(county: WatchedCounty) -> None:
    token = shouwang(county, "token").stdout.strip()
    url = (county.processes()["households"]["url"] or "") + f"/v1/households?village={COUNTY}&limit=1"
    answer = plain.get(url, headers={"authorization": f"Bearer {token}"})
    assert len(answer.json()["rows"]) == 1


def test_an_import_names_the_refused_rows_and_ends_with_1(county: WatchedCounty, tmp_path: Path) -> None:
    file = tmp_path / "households.csv"
    bad = household_row("CLI2", 住房等级="E")
    file.write_bytes(csv_of(HEADERS, household_row("CLI1", 村代码="520621001005"), bad))
    done = shouwang(county, "import", "households", str(file), "--lang", "en")
    assert (done.returncode, "'refused': 1" in done.stdout) == (1, True)
    assert done.stderr.startswith("3: 住房等级 Choose one of")


def test_a_large_import_is_watched_to_its_end(county: WatchedCounty, tmp_path: Path) -> None:
    file = tmp_path / "households.csv"
    wide = ["x" * 30_000] * 5
    rows = [[*household_row(f"CLI-{n}", 村代码="520621001005"), *wide] for n in range(3)]
    file.write_bytes(csv_of([*HEADERS, *["备注"] * 5], *rows))
    done = shouwang(county, "import", "households", str(file), "--lang", "en")
    assert (done.returncode, "'stored': 3" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "100%" in done.stderr


def test_this_month_is_swept_once_however_often_it_is_rung_for(county: WatchedCounty) -> None:
    before = county.sweep()
    done = shouwang(county, "sweep", COUNTY, user="county")
    assert before
    assert (done.returncode, before["certificate"]["sha256"] in done.stdout) == (0, True)


def test_the_keys_of_a_running_county_are_changed_by_one_command(county: WatchedCounty) -> None:
    added = shouwang(county, "rotate-keys", "--service", "households", "--lang", "en")
    assert added.stderr.startswith("households: field key 2 added")
    wait_for(lambda: "rows moved, done" in newest_key(county), 60)
    assert shouwang(county, "doctor", "--lang", "en").returncode == 0


def newest_key(county: WatchedCounty) -> str:
    return shouwang(county, "keys", "--service", "households", "--lang", "en").stderr.splitlines()[-1]


def test_the_doctor_finds_nothing_wrong_with_a_healthy_county(county: WatchedCounty) -> None:
    done = shouwang(county, "doctor", "--lang", "en")
    assert (done.returncode, f"{PROCESSES} processes ready" in done.stderr) == (0, True)


def test_the_doctor_says_what_to_do_where_nothing_runs(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "services.cli.main", "doctor", "--lang", "en", "--state", str(tmp_path)]
    done = subprocess.run(argv, cwd=CODE, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "shouwang up" in done.stderr) == (1, True)


def test_a_second_start_on_the_same_folder_is_refused(county: WatchedCounty) -> None:
    assert shouwang(county, "up").returncode == 3
