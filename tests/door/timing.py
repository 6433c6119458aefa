"""How long refusals take: that somebody exists, or something elsewhere, is not to be learnt from it.

Part of `make prove-door` and not of the suite: 150 pairs of sign-ins and 2,000 of reads, on a machine at rest.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine

from services.county.settings import SignInSettings
from services.households.main import create
from tests.callers import Office, served
from tests.county.conftest import PASSWORD, admin, client, county_with, secrets  # noqa: F401  # fixtures
from tests.door.holdings import COUNTY, OWN
from tests.door.world import households as furnished

SIGN_INS, READS = 150, 2_000
UNHEARD_OF = SignInSettings(tries=10**6, tries_per_name=10**6, tries_per_address=10**6)
Ask = Callable[[], int]
Told = Callable[[str, object], None]


def apart(first: Ask, second: Ask, status: int, pairs: int) -> float:
    """Milliseconds between the two medians, asked in turn: whatever slows the machine down slows both."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * pairs + 4):
        begun = time.perf_counter()
        assert (first, second)[number % 2]() == status
        took[number % 2].append(1000 * (time.perf_counter() - begun))
    one, other = (statistics.median(times[2:]) for times in took)
    return round(abs(one - other), 3)


@pytest.fixture
def tell(record_property: Told) -> Callable[[str, int, float], None]:
    def say(what: str, pairs: int, milliseconds: float) -> None:
        record_property("cells", pairs)
        print({"what": what, "pairs": pairs, "apart_p50_ms": milliseconds, "load": os.getloadavg()[0]})  # noqa: T201

    return say


def test_a_known_name_and_one_nobody_has_are_refused_within_five_milliseconds_of_each_other(
    secrets: Path,  # noqa: F811
    engines: dict[str, Engine],
    admin: dict[str, str],  # noqa: F811
    tell: Callable[[str, int, float], None],
) -> None:
    with county_with(secrets, engines["county"], UNHEARD_OF) as door:

        def sign_in(name: str) -> int:
            body = {"username": name, "password": PASSWORD + "!"}
            return door.post("/v1/sign-in", json=body).status_code

        between = apart(lambda: sign_in("admin"), lambda: sign_in("nobody"), 401, SIGN_INS)
    tell("sign-in", SIGN_INS, between)
    assert between < 5


def test_what_lies_elsewhere_and_what_is_nowhere_are_refused_within_two_milliseconds_of_each_other(
    api_engines: dict[str, Engine], engines: dict[str, Engine], office: Office, signing_key: RSAKey, tmp_path: Path,
    tell: Callable[[str, int, float], None],
) -> None:  # fmt: skip
    foreign = furnished(engines["households"], COUNTY).ids["household"]
    headers = office("an-office", "county", place=OWN[:6])
    with served(create, "households", api_engines["households"], signing_key, tmp_path) as door:

        def read(household: str) -> int:
            return door.get(f"/v1/households/{household}", headers=headers).status_code

        between = apart(lambda: read(foreign), lambda: read(str(uuid4())), 404, READS)
    tell("read", READS, between)
    assert between < 2
