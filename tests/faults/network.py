"""Each service is cut off from each other one, and from its database, in three ways, under load."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from services.cli.secret_files import SERVICES
from tests.faults.behind_wires import DATABASE, Pair, post_over_wires
from tests.faults.storm import Storm, passed
from tests.faults.wires import CUTS, Wire

RECOVERY = 10.0  # seconds
GONE = 4.0  # seconds of each cut
CHECK_INS = "/v1/check-ins"


def wire_up(storm: Storm, wires: Mapping[Pair, Wire]) -> None:
    county = storm.county
    port = urlsplit(county.url("postgres")).port or 0
    post_over_wires(county.state, port, wires, county.url)


def gone(storm: Storm, wires: Mapping[Pair, Wire], pairs: list[Pair], mode: str, name: str) -> None:
    """Recovery is timed until nothing is owed to anybody, not only until all are ready."""

    def heal() -> None:
        for pair in pairs:
            wires[pair].heal()

    with storm.trouble(name, heal):
        for pair in pairs:
            wires[pair].cut(mode)
        time.sleep(GONE)
    began = storm.windows[-1][1] - storm.recoveries[name][-1]
    storm.settled()
    storm.recoveries[name][-1] = time.monotonic() - began


def around(service: str) -> list[Pair]:
    """All that others have of it."""
    return [pair for other in SERVICES if other != service for pair in ((service, other), (other, service))]


def prove(storm: Storm, wires: Mapping[Pair, Wire], times: int) -> dict[str, Any]:
    """`times` of the ways for each pair; all of them are three."""
    wire_up(storm, wires)
    refused = len(storm.answers.said)
    for service in ("households", "alerts"):  # the presence does without them
        for mode in CUTS[:times]:
            gone(storm, wires, around(service), mode, f"all of {service}")
    check_ins_refused = sum(CHECK_INS in one.address for one in storm.answers.said[refused:])
    for number, pair in enumerate(sorted(wires)):
        for turn in range(min(times, len(CUTS))):
            mode = CUTS[(number + turn) % len(CUTS)]
            gone(storm, wires, [pair], mode, f"{mode}, {'database' if DATABASE in pair else 'service'}")
    figures = storm.figures()
    faults = sum(map(len, storm.recoveries.values()))
    fine = passed(figures, RECOVERY) and not check_ins_refused
    return {**figures, "faults": faults, "pairs": len(wires), "check_ins_refused": check_ins_refused, "passed": fine}
