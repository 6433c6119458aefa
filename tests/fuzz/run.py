"""Schemathesis over one service: every operation, every check and phase, in the order of a seed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.fuzz.callers import Caller
from tests.fuzz.document import Document
from tests.fuzz.excused import excused
from tests.fuzz.world import Pools

schemathesis.serializer.alias("application/x-ndjson", "text/plain")  # lines of JSON are a text to it
EVERY_PHASE = ("examples", "coverage", "fuzzing", "stateful")
SEED = 20261122
HASHING = ("county_create_account", "county_put_password", "county_put_own_password", "county_create_sign_in")
IN_TURN = 50  # examples of operations that are looked at more closely this time
DEAR = 10  # examples of those at most in the suite: each costs a tenth of a second of argon2


@dataclass
class Outcome:
    """`answers`: per operation, how often each status. A failure is told once per operation, check and kind."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    cases: int = 0

    def refused_always(self) -> list[str]:
        """Operations that never answered with a success of their own (204 to OPTIONS is none)."""
        return sorted(asked for asked, seen in self.answers.items() if not succeeded(asked, seen))


def succeeded(operation: str, seen: Counter[int]) -> bool:
    return any(200 <= status < 300 and (status != 204 or count > 2) for status, count in seen.items())


def config_of(
    pools: Pools, base: str, examples: int, seed: int, phases: Sequence[str],
    without_bounds: Sequence[str], left_out: Sequence[str], more: Sequence[str],
) -> SchemathesisConfig:  # fmt: skip
    """Values that exist are drawn more often than made up ones; the coverage phase still tries each bound."""
    unbound = {"include-operation-id": list(without_bounds), "phases": {"coverage": {"enabled": False}}}
    unasked = {"include-operation-id": list(left_out), "enabled": False}
    asked_more = {
        "include-operation-id": [one for one in more if one not in HASHING],
        "generation": {"max-examples": IN_TURN},
    }
    dear = {"include-operation-id": list(HASHING), "generation": {"max-examples": min(examples, DEAR)}}
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": base,
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True},
            "checks": {"enabled": True},
            "phases": {phase: {"enabled": phase in phases} for phase in EVERY_PHASE},
            "operations": [
                *([dear] if examples < 1000 else []),
                *([unbound] if without_bounds else []),
                *([asked_more] if more else []),
                *([unasked] if left_out else []),
            ],
            "dictionaries": {name: {"values": values} for name, values in pools.items()},
            "parameters": {name: {"dictionary": name, "probability": 0.8} for name in pools},
            "request-timeout": 20,
        }
    )


def fuzz(
    document: Document, pools: Pools, base: str, caller: Caller, examples: int,
    phases: Sequence[str] = EVERY_PHASE, without_bounds: Sequence[str] = (), left_out: Sequence[str] = (),
    more: Sequence[str] = (),
) -> Outcome:  # fmt: skip
    """Ids of operations of which the coverage phase asks nothing, of those that are not asked at all, and of those that
    are asked fifty times."""
    config = config_of(pools, base, examples, SEED, phases, without_bounds, left_out, more)
    schema = schemathesis.openapi.from_dict(document, config=config)

    @schema.auth(refresh_interval=None)
    class _Caller:
        def get(self, case: Any, _: Any) -> str:
            return caller(case.operation.definition.raw)

        def set(self, case: Any, data: str, _: Any) -> None:
            if data:
                case.headers["Authorization"] = data

    schema.hook("filter_failure")(lambda _, failure, case, answer: not excused(failure, case, answer))
    outcome = Outcome()
    for event in from_schema(schema).execute():
        take_in(outcome, event)
    return outcome


def take_in(outcome: Outcome, event: events.EngineEvent) -> None:
    if isinstance(event, events.NonFatalError):
        outcome.failures[f"{event.label}: the run itself"] = repr(event.value)
    if isinstance(event, events.FatalError):
        outcome.failures["the run itself"] = repr(event.exception)
    if isinstance(event, events.ScenarioFinished):
        for case_id, node in event.recorder.cases.items():
            answer = event.recorder.find_response(case_id=case_id)
            outcome.cases += 1
            seen = outcome.answers.setdefault(node.value.operation.label, Counter())
            seen[answer.status_code if answer else 0] += 1
            for kind, said in failures_of(event.recorder, case_id):
                outcome.failures.setdefault(f"{node.value.operation.label}: {kind}", f"{said}\n{told(answer)}")


def failures_of(recorder: Any, case_id: str) -> Iterator[tuple[str, str]]:
    for check in recorder.checks.get(case_id, ()):
        if check.failure_info:
            failure = check.failure_info.failure
            yield f"{check.name}: {failure.title}", f"{failure.message}\n{check.failure_info.code_sample}"


def told(answer: Any) -> str:
    return str(answer.text[:400]) if answer else "no answer"
