"""Rings for this month's sweep and watches it walk."""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.cli.office import Office

STATES = ("due", "reconciled", "judged", "certified")
WORDS = {
    "zh": {"due": "核对登记册", "reconciled": "逐户判断", "judged": "出具证明", "certified": "完成"},
    "en": {"due": "reconciling the register", "reconciled": "judging", "judged": "certifying", "certified": "done"},
}
TITLE = {"zh": "{period} 全量筛查", "en": "Sweep of {period}"}


def sweep(office: Office, county: str, lang: str, *, patience_s: float = 600) -> dict[str, Any]:
    """The newest due sweep of a county, when it is certified. Ringing again for a finished month changes nothing."""
    return watch(office, newest_sweep(office, county), lang, patience_s)


def newest_sweep(office: Office, county: str, patience_s: float = 30) -> dict[str, Any]:
    """The county's standards reach alerts a moment after they are set; until then no sweep is due there."""
    end = time.monotonic() + patience_s
    while True:
        office.post("alerts", "/v1/sweeps/due", {})
        sweeps: list[dict[str, Any]] = office.get("alerts", "/v1/sweeps", county=county)["rows"]
        if sweeps:
            return sweeps[0]
        if time.monotonic() > end:
            raise TimeoutError(f"no sweep is due in {county}: is its standard sweep_day set?")
        time.sleep(0.3)


def watch(office: Office, current: dict[str, Any], lang: str, patience_s: float) -> dict[str, Any]:
    end = time.monotonic() + patience_s
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[word]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        title = TITLE[lang].format(period=current["period"][:7])
        task = bar.add_task(title, total=len(STATES) - 1, word=WORDS[lang][current["state"]])
        while True:
            bar.update(task, completed=STATES.index(current["state"]), word=WORDS[lang][current["state"]])
            if current["state"] == STATES[-1]:
                return current
            if time.monotonic() > end:
                raise TimeoutError(f"the sweep is still {current['state']} after {patience_s:.0f} s")
            time.sleep(0.2)
            current = office.get("alerts", f"/v1/sweeps/{current['id']}")
