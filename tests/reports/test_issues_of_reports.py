"""Problems that were found and put right, in the reports' own numbers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.households.conftest import http
from tests.households.issues.issues import AT_ONCE, counts, listed, problem, put, step

__all__ = ["http"]  # fixtures


@pytest.fixture
def clerk(office: Office) -> Headers:
    """Of the whole county."""
    return office("clerk", "county")


def figures(told: list[dict[str, Any]], *names: str) -> tuple[Any, ...]:
    (only,) = told
    return tuple(only[name] for name in names)


def test_five_cases_of_sewage_are_recorded_with_the_day_each_was_put_right(http: TestClient, clerk: Headers) -> None:
    for day in range(9, 14):
        one = put(http, clerk, problem("environment", text="污水乱排放"))["id"]
        step(http, clerk, one, "closed", day=f"2026-11-{day:02}")
    assert figures(counts(http, clerk, kind="environment"), "raised", "closed", "open") == (5, 5, 0)
    ended = {row["ended_on"] for row in listed(http, clerk, kind="environment")}
    assert ended == {f"2026-11-{day:02}" for day in range(9, 14)}


def test_disputes_of_families_are_counted_and_what_is_in_them_is_for_few(
    http: TestClient, clerk: Headers, office: Office
) -> None:
    for what in ("赡养纠纷", "婚恋纠纷"):
        put(http, clerk, problem("family_dispute", text=what, put_right=AT_ONCE))
    put(http, clerk, problem("dispute", text="矛盾冲突", put_right=AT_ONCE))
    other = office("other", "township", place="520621001")
    told = {row["key"]: row["closed"] for row in counts(http, other, by="kind")}
    assert told == {"family_dispute": 2, "dispute": 1}
    assert [row["kind"] for row in listed(http, other)] == ["dispute"]


def test_20_urgent_needs_read_back_as_20(http: TestClient, clerk: Headers) -> None:
    for _ in range(20):
        put(http, clerk, problem("demand", put_right=AT_ONCE))
    assert figures(counts(http, clerk, kind="demand"), "raised", "closed", "satisfied") == (20, 20, 20)


def test_42_problems_were_raised_and_42_put_right_at_once(http: TestClient, clerk: Headers) -> None:
    for _ in range(42):
        put(http, clerk, problem("rectification", source="self_check", put_right=AT_ONCE))
    told = counts(http, clerk, kind="rectification")
    assert figures(told, "raised", "closed_on_the_spot", "closed", "open") == (42, 42, 42, 0)


def test_what_is_to_be_put_right_has_a_day_and_what_is_behind_it_is_listed(http: TestClient, clerk: Headers) -> None:
    late = put(http, clerk, problem("rectification", due_on="2026-11-16"))["id"]
    put(http, clerk, problem("rectification", due_on="2026-11-30"))
    assert [row["id"] for row in listed(http, clerk, state="overdue")] == [late]
    assert figures(counts(http, clerk), "raised", "open", "overdue") == (2, 2, 1)


def test_problems_and_what_people_say_are_lists_of_their_own(http: TestClient, clerk: Headers) -> None:
    put(http, clerk, problem("rectification", source="inspection"))
    put(http, clerk, problem("demand", source="visit"))
    assert [row["source"] for row in listed(http, clerk, kind="rectification")] == ["inspection"]
    assert [row["source"] for row in listed(http, clerk, kind="demand")] == ["visit"]


def test_53_were_collected_and_45_closed_on_the_spot_so_8_are_open(http: TestClient, clerk: Headers) -> None:
    for number in range(53):
        put(http, clerk, problem(put_right=AT_ONCE if number < 45 else None))
    told = counts(http, clerk)
    assert figures(told, "raised", "closed_on_the_spot", "closed", "open") == (53, 45, 45, 8)
    assert round(100 * told[0]["closed"] / told[0]["raised"], 1) == 84.9


def test_three_hard_ones_were_put_before_the_party_committee_with_the_reason(http: TestClient, clerk: Headers) -> None:
    hard = [put(http, clerk, problem())["id"] for _ in range(3)]
    for one in hard:
        told = step(http, clerk, one, "escalated", text="不能及时解决，提交党委会专题研究")
        assert (told["steps"][0]["said"]["kind"], told["state"]) == ("escalated", "open")
    assert figures(counts(http, clerk), "raised", "open") == (3, 3)


def test_what_a_patrol_found_is_told_by_its_source_and_its_number(http: TestClient, clerk: Headers) -> None:
    for number, what in enumerate(("两头跑", "走读", "大概先生、基本掌柜")):
        put(http, clerk, problem("work_style", source="patrol", source_ref=f"XS-{number}", text=what))
    assert {row["source_ref"] for row in listed(http, clerk, source="patrol")} == {"XS-0", "XS-1", "XS-2"}
    assert figures(counts(http, clerk, by="source"), "key", "raised") == ("patrol", 3)
