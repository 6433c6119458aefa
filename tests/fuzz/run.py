"""Schemathesis over one service: every operation, every check and phase, in the order of a seed."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from tests.fuzz.document import Document
from tests.fuzz.excused import excused
from tests.fuzz.world import Pools

SEED = 20261122
Bearer = Callable[[str], str]  # of the right an operation asks for


@dataclass
class Outcome:
    """`answers`: per operation, how often each status. A failure is told once per operation and kind."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    failures: dict[tuple[str, str, str], str] = field(default_factory=dict)
    cases: int = 0
    seconds: float = 0.0


def config_of(pools: Pools, base: str, examples: int, seed: int) -> SchemathesisConfig:
    """Values that exist are drawn more often than made up ones; the coverage phase still tries each bound."""
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": base,
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True},
            "checks": {"enabled": True},
            "dictionaries": {name: {"values": values} for name, values in pools.items()},
            "parameters": {name: {"dictionary": name, "probability": 0.8} for name in pools},
            "request-timeout": 20,
        }
    )


def fuzz(document: Document, pools: Pools, base: str, bearer: Bearer, examples: int, seed: int = SEED) -> Outcome:
    begun, outcome = time.monotonic(), Outcome()
    schema = schemathesis.openapi.from_dict(document, config=config_of(pools, base, examples, seed))

    @schema.auth(refresh_interval=None)
    class _:
        def get(self, case: Any, _: Any) -> str:
            return bearer(case.operation.definition.raw.get("x-right", ""))

        def set(self, case: Any, data: str, _: Any) -> None:
            if case.operation.definition.raw["security"]:
                case.headers["Authorization"] = data

    schema.hook("filter_failure")(keep)
    for event in from_schema(schema).execute():
        take_in(outcome, event)
    outcome.seconds = time.monotonic() - begun
    return outcome


def keep(_: Any, failure: Any, case: Any, response: Any) -> bool:
    return not excused(failure, case, response)


def take_in(outcome: Outcome, event: events.EngineEvent) -> None:
    if isinstance(event, events.NonFatalError | events.FatalError):
        outcome.failures[str(getattr(event, "label", "")), "error", ""] = repr(
            getattr(event, "value", None) or getattr(event, "exception", None)
        )
    if not isinstance(event, events.ScenarioFinished):
        return
    recorder = event.recorder
    for case_id, node in recorder.cases.items():
        asked, answer = node.value.operation.label, recorder.find_response(case_id=case_id)
        outcome.cases += 1
        outcome.answers.setdefault(asked, Counter())[answer.status_code if answer else 0] += 1
        for check in recorder.checks.get(case_id, ()):
            if check.failure_info:
                failure = check.failure_info.failure
                said = f"{failure.message}\n{check.failure_info.code_sample}\n{answer.text[:400] if answer else ''}"
                outcome.failures.setdefault((asked, check.name, failure.title), said)
