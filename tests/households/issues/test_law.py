"""Whatever is done about issues, in whatever order: each stands as its steps say, numbers leave none out, and every
count is what a reader of the list would count."""

from collections import Counter
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.households.conftest import http
from tests.households.issues.issues import AT_ONCE, ISSUES, counts, listed, problem, put

__all__ = ["http"]  # fixtures

Pick = st.integers(0, 10**6)
ENDS = {"closed": "closed", "withdrawn": "withdrawn", "merged": "merged"}
WIPE = text("TRUNCATE issue_step, issue, issue_number, event CASCADE")


class Ledger(RuleBasedStateMachine):
    http: TestClient
    clerk: Headers
    households: Session

    def __init__(self) -> None:
        super().__init__()
        self.households.execute(WIPE)
        self.households.commit()
        self.state: dict[str, str] = {}
        self.steps: dict[str, list[str]] = {}
        self.at_once: set[str] = set()

    @rule(at_once=st.booleans(), kind=st.sampled_from(["demand", "dispute", "family_dispute"]))
    def is_raised(self, at_once: bool, kind: str) -> None:
        one = put(self.http, self.clerk, problem(kind, put_right=AT_ONCE if at_once else None))["id"]
        self.state[one], self.steps[one] = "closed" if at_once else "open", []
        self.at_once |= {one} if at_once else set()

    @rule(which=Pick, other=Pick, twice=st.booleans(),
          kind=st.sampled_from(["note", "escalated", "closed", "reopened", "withdrawn", "merged"]))  # fmt: skip
    def is_stepped_on(self, which: int, other: int, kind: str, twice: bool) -> None:
        if not self.state:
            return
        ids = list(self.state)
        one, into = ids[which % len(ids)], ids[other % len(ids)]
        body: dict[str, Any] = {"kind": kind, "day": "2026-11-09", "text": "示例说明"}
        allowed = self.state[one] == ("closed" if kind == "reopened" else "open")
        if kind == "merged":
            body["into"] = into
            allowed = allowed and into != one and self.state[into] == "open"
        path = f"{ISSUES}/{one}/steps/{uuid4()}"
        for _ in range(1 + twice):
            answer = self.http.put(path, json=body, headers=self.clerk)
            assert (answer.status_code == 200) is allowed, answer.text
        if allowed:
            self.steps[one].append(kind)
            self.state[one] = ENDS.get(kind, "open")
            self.at_once -= {one}

    @invariant()
    def every_reader_is_told_the_same(self) -> None:
        rows = {row["id"]: row for row in listed(self.http, self.clerk)}
        assert {one: row["state"] for one, row in rows.items()} == self.state
        assert sorted(row["number"] for row in rows.values()) == list(range(1, len(rows) + 1))
        assert {one for one, row in rows.items() if row["on_the_spot"]} == self.at_once
        whole = {by: counts(self.http, self.clerk, by=by) for by in ("kind", "source", "month", "division")}
        stands = Counter(self.state.values())
        for told in whole.values():
            assert sum(row["raised"] for row in told) == len(self.state)
            for state in ("open", "closed", "withdrawn", "merged"):
                assert sum(row[state] for row in told) == stands[state]
        for one, steps in self.steps.items():
            read = self.http.get(f"{ISSUES}/{one}", headers=self.clerk).json()
            assert [step["said"]["kind"] for step in read["steps"]] == steps


def test_each_issue_stands_as_its_steps_say(http: TestClient, office: Office, households: Session) -> None:
    machine = type("Case", (Ledger,), {"http": http, "clerk": office("clerk", "county"), "households": households})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8, stateful_step_count=12, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
