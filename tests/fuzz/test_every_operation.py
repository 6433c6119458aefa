"""Every operation of every service is asked what its document allows and what it does not, and holds to its document:
with every check that schemathesis has, in every phase, and no list of known failures beside `excused.py`.

`SHOUWANG_FUZZ` is the number of examples per operation, `make fuzz` takes many and tries the bounds of each value of
every operation. The suite takes fifty, and the bounds, of a sixth of the operations, another sixth when the document
changes; and few of the others.
"""

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from json import dumps
from pathlib import Path

import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from sqlalchemy import Engine

from services.cli.secret_files import SERVICES
from tests.callers import Sign
from tests.fuzz.callers import authorised, holding_nothing
from tests.fuzz.document import Document, document_of
from tests.fuzz.run import SEED, Outcome, fuzz
from tests.fuzz.service import opened
from tests.fuzz.world import Pools

MANY = "SHOUWANG_FUZZ" in os.environ
EXAMPLES = int(os.environ.get("SHOUWANG_FUZZ", "3"))
TURNS = 6
PARTS = 4 if MANY else 1  # of each service's operations: for two processes that end at about the same time
OF_NOTHING = max(2, EXAMPLES // 5)
PHASES = ("examples", "fuzzing")  # the bounds of each value were tried by somebody who gets further
Service = tuple[str, FastAPI, Pools, str]


@pytest.fixture(params=SERVICES)
def service(
    api_engines: dict[str, Engine], engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Service]:  # fmt: skip
    name: str = request.param
    with opened(name, engines[name], api_engines[name], signing_key, tmp_path) as (app, pools, base):
        yield name, app, pools, base


def tell(record: Callable[[str, object], None], outcome: Outcome) -> None:
    """For `make prove-door` and `make fuzz`."""
    record("cells", outcome.cases)
    record("operations", len(outcome.answers))
    record("succeeded", len(outcome.answers) - len(outcome.refused_always()))
    record("refused always", "; ".join(outcome.refused_always()))
    record("seed", SEED)


def ids_of(document: Document) -> list[str]:
    return sorted(said["operationId"] for item in document["paths"].values() for said in item.values())


def not_in_turn(document: Document) -> list[str]:
    """The ids of the operations whose bounds are not tried this time. A document that changed has its turn moved."""
    turn = sha256(dumps(document, sort_keys=True).encode()).digest()[0]
    return [] if MANY else [one for place, one in enumerate(ids_of(document)) if (place + turn) % TURNS]


def in_turn(document: Document) -> list[str]:
    return [] if MANY else sorted(set(ids_of(document)) - set(not_in_turn(document)))


@pytest.mark.parametrize("part", range(PARTS))
def test_every_operation_holds_to_its_document(
    part: int, service: Service, sign: Sign, record_property: Callable[[str, object], None]
) -> None:
    name, app, pools, base = service
    document = document_of(name, app)
    others = [one for place, one in enumerate(ids_of(document)) if place % PARTS != part]
    caller = authorised(sign, name)
    small = not_in_turn(document)
    outcome = fuzz(
        document, pools, base, caller, EXAMPLES, without_bounds=small, left_out=others, more=in_turn(document)
    )
    tell(record_property, outcome)
    assert outcome.failures == {}, "\n\n".join(f"{kind}\n{said}" for kind, said in outcome.failures.items())


def test_whoever_holds_nothing_is_told_so_as_the_document_says(service: Service, sign: Sign) -> None:
    name, app, pools, base = service
    outcome = fuzz(document_of(name, app), pools, base, holding_nothing(sign, name), OF_NOTHING, PHASES)
    assert outcome.failures == {}, "\n\n".join(f"{kind}\n{said}" for kind, said in outcome.failures.items())
