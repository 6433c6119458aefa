"""Projects, loans, agreements and memberships: recorded once, with their steps, and with what is paid for them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers import entries
from tests.households.ledgers.entries import entry, for_whom, reverse
from tests.households.ledgers.test_entries import OTHER, built_on_household, built_on_person, family_in
from tests.households.undertakings.undertakings import (
    UNDERTAKINGS,
    agreement,
    loan,
    membership,
    post,
    project,
    read,
    repay,
    take,
    totals,
)

__all__ = ["clerk", "http"]  # fixtures


@pytest.fixture
def home(households: Session) -> UUID:
    return family_in(households)[0]


def test_each_kind_is_read_back_as_it_was_sent(
    http: TestClient, clerk: Headers, households: Session, home: UUID
) -> None:
    _, (person,) = family_in(households)
    each = [
        project(party="示例局", fund_source="衔接资金", until="2026-12-31", document_no="示例〔2026〕1号"),
        loan(home, document_no=None),
        agreement(household_id=str(home), person_id=None, amount=30_000, until="2030-12-31", document_no=None),
        agreement("public_post", household_id=None, person_id=str(person), amount=None, until=None, document_no="一号"),
        membership(home, amount=200_000, labour=True, document_no=None),
    ]
    for body in each:
        told = post(http, clerk, body)
        assert told["said"] == body
        assert told["division"] == VILLAGE
        assert post(http, clerk, body) == told, "a second time it is answered as the first"
        assert post(http, clerk, body | {"since": "2026-01-02"}, 409)["code"] == "another-undertaking"
    assert [read(http, clerk, one)["state"] for one in each] == ["in_library", *["holds"] * 4]
    rows = http.get(UNDERTAKINGS, params={"division": VILLAGE, "kind": "agreement"}, headers=clerk).json()["rows"]
    assert {one["said"]["what"] for one in rows} == {"lease", "public_post"}


def test_what_does_not_hold_together_is_refused_by_name(http: TestClient, clerk: Headers, home: UUID) -> None:
    both = {"household_id": str(home), "person_id": str(uuid4())}
    for body, code in (
        (project(since="2099-01-01"), "undertaking-days-wrong"),
        (loan(home, until="2025-12-31"), "undertaking-days-wrong"),
        (agreement(), "whose-agreement"),
        (agreement(**both), "whose-agreement"),
        (loan(home, 0), "not-understood"),
        (loan(home) | {"until": None}, "not-understood"),
        (project(what="subsidised"), "not-understood"),
        (membership(home, what="lease"), "not-understood"),
    ):
        assert post(http, clerk, body, 422)["code"] == code


def test_a_project_takes_its_steps_in_their_order_and_once(http: TestClient, clerk: Headers) -> None:
    one = project()
    post(http, clerk, one)
    assert take(http, clerk, one, "begun", 409)["code"] == "not-its-step"
    approved: dict[str, Any] = {"id": str(uuid4()), "document_no": "示例〔2026〕2号"}
    told = take(http, clerk, one, "approved", day="2026-02-01", **approved)
    assert take(http, clerk, one, "approved", day="2026-02-01", **approved) == told
    assert take(http, clerk, one, "approved", 409)["code"] == "not-its-step"
    assert take(http, clerk, one, "begun", 422, day="2026-01-31")["code"] == "step-days-wrong"
    assert take(http, clerk, one, "begun", 422, day="2026-11-22")["code"] == "step-days-wrong"
    assert take(http, clerk, one, "begun", 422, until="2027-01-01")["code"] == "step-days-wrong"
    for step in ("begun", "accepted", "closed"):
        take(http, clerk, one, step)
    assert read(http, clerk, one)["state"] == "closed"
    assert read(http, clerk, one, as_of="2026-10-31")["state"] == "approved"
    assert take(http, clerk, one, "dropped", 409)["code"] == "not-its-step"
    assert take(http, clerk, one, "written_off", 409)["code"] == "not-its-step"


def test_a_loan_is_owed_less_what_was_paid_back_and_overdue_after_its_last_day(
    http: TestClient, clerk: Headers, home: UUID
) -> None:
    one = loan(home, 5_000_000)
    post(http, clerk, one)
    repay(http, clerk, one, 2_000_000)
    wrong = repay(http, clerk, one, 3_000_000, "2026-07-01")
    assert (read(http, clerk, one)["state"], read(http, clerk, one)["balance"]) == ("repaid", 0)
    reverse(http, clerk, wrong["id"], day="2026-08-01")
    told = read(http, clerk, one)
    assert (told["state"], told["balance"], told["overdue"]) == ("holds", 3_000_000, True)
    assert told["paid"] == [{"year": 2026, "nature": "repaid", "fund_source": None, "amount": 2_000_000}]
    assert read(http, clerk, one, as_of="2026-10-31")["overdue"] is False, "on its last day it is due, and not over"
    assert read(http, clerk, one, as_of="2026-05-31")["balance"] == 5_000_000
    take(http, clerk, one, "extended", until="2027-10-31")
    assert read(http, clerk, one)["overdue"] is False
    assert read(http, clerk, one)["until"] == "2027-10-31"
    assert take(http, clerk, one, "extended", 422, until="2027-10-31")["code"] == "step-days-wrong"
    take(http, clerk, one, "written_off")
    assert (read(http, clerk, one)["state"], read(http, clerk, one)["overdue"]) == ("written_off", False)


def test_an_agreement_runs_out_is_renewed_or_ended(http: TestClient, clerk: Headers, home: UUID) -> None:
    one = agreement(household_id=str(home), until="2026-06-30")
    post(http, clerk, one)
    assert read(http, clerk, one)["state"] == "ended"
    assert read(http, clerk, one, as_of="2026-06-30")["state"] == "holds"
    take(http, clerk, one, "extended", until="2027-06-30", day="2026-07-01")
    assert read(http, clerk, one)["state"] == "holds"
    take(http, clerk, one, "ended")
    assert read(http, clerk, one)["state"] == "ended"


def test_an_entry_is_of_a_project_in_its_place_and_of_a_loan_with_its_household(
    http: TestClient, clerk: Headers, households: Session, home: UUID
) -> None:
    of_project, of_loan = project(), loan(home)
    post(http, clerk, of_project)
    post(http, clerk, of_loan)
    paid = {"undertaking_id": of_project["id"], "fund_source": "衔接资金"}
    told = entries.post(http, clerk, entry("paid_investment", 300_000, **paid))
    assert told["undertaking_id"] == of_project["id"]
    assert read(http, clerk, of_project)["paid"] == [
        {"year": 2026, "nature": "paid_investment", "fund_source": "衔接资金", "amount": 300_000},
    ]  # fmt: skip
    stranger, _ = family_in(households)
    line = [for_whom({"kind": "household", "id": str(stranger)})]
    mine = [for_whom({"kind": "household", "id": str(home)})]
    for said in (
        entry("paid_investment", 1, division=OTHER, **paid),
        entry("paid_investment", 1, day="2025-12-31", **paid),
        entry("loan_repayment", 1, lines=line, undertaking_id=of_loan["id"]),
        entry("dividend", 1, undertaking_id=of_loan["id"]),
        entry("loan_repayment", 1, day="2025-12-31", lines=mine, undertaking_id=of_loan["id"]),
        entry("sales", 1, lines=[], undertaking_id=of_loan["id"]),
    ):
        assert entries.post(http, clerk, said, 422)["code"] == "entry-of-another"
    assert entries.post(http, clerk, entry("sales", 1, undertaking_id=str(uuid4())), 404)["code"] == "not-there"


def test_totals_tell_what_runs_is_owed_and_is_overdue_and_nothing_beyond_reach(
    http: TestClient, clerk: Headers, households: Session, home: UUID, office: Office
) -> None:
    first, second = loan(home, 300), loan(home, 500, until="2027-01-01")
    far, _ = family_in(households, OTHER)
    for body in (first, second, loan(far, 700), project(), membership(home, labour=True, amount=100)):
        post(http, clerk, body)
    repay(http, clerk, first, 100)
    repay(http, clerk, second, 500)
    told = {(one["kind"], one["what"]): one for one in totals(http, clerk)["totals"]}
    loans = told["loan", "subsidised"]
    names = ("number", "households", "running", "amount", "owed", "overdue", "overdue_amount")
    assert [loans[name] for name in names] == [3, 2, 2, 1500, 900, 2, 900]
    assert [told["project", "industry"][name] for name in names] == [1, 0, 1, 1_000_000, None, None, None]
    assert told["membership", None]["with_labour"] == 1
    (paid,) = totals(http, clerk)["paid"]
    assert (paid["kind"], paid["nature"], paid["amount"]) == ("loan", "repaid", 600)
    (before,) = totals(http, clerk, kind="loan", as_of="2026-05-31")["totals"]
    assert (before["owed"], before["overdue"]) == (1500, 0)
    here = office("here", "township", place=VILLAGE[:9])
    (near,) = totals(http, here, kind="loan")["totals"]
    assert (near["number"], near["owed"]) == (2, 200)
    assert http.get(f"{UNDERTAKINGS}/{post(http, clerk, loan(far))['said']['id']}", headers=here).status_code == 404
    assert post(http, here, loan(far), 404)["code"] == "not-there"
    assert post(http, here, project(division=OTHER), 404)["code"] == "not-there"


def test_totals_are_of_a_day_and_of_what_still_runs_on_it(http: TestClient, clerk: Headers, home: UUID) -> None:
    lost, due = loan(home, 300), loan(home, 200, until="2026-11-21")
    last_day = agreement(household_id=str(home), until="2026-11-21")
    for body in (lost, due, last_day, agreement("order", household_id=str(home), since="2026-11-20")):
        post(http, clerk, body)
    take(http, clerk, lost, "written_off")
    (told,) = totals(http, clerk, kind="loan")["totals"]
    names = ("number", "running", "owed", "overdue", "overdue_amount")
    assert [told[name] for name in names] == [2, 1, 200, 0, 0]
    (before,) = totals(http, clerk, kind="loan", as_of="2026-10-31")["totals"]
    assert [before[name] for name in names] == [2, 2, 500, 0, 0]
    assert [(one["what"], one["running"]) for one in totals(http, clerk, kind="agreement")["totals"]] == [
        ("lease", 1), ("order", 1),
    ]  # fmt: skip
    assert [one["what"] for one in totals(http, clerk, kind="agreement", as_of="2026-11-19")["totals"]] == ["lease"]


def test_what_a_household_has_undertaken_goes_with_it(
    http: TestClient, office: Office, households: Session, home: UUID
) -> None:
    county = office("county", "county")
    one = loan(home)
    post(http, county, one)
    assert built_on_household(households, home)
    move = {"kind": "move", "household_id": str(home), "village": OTHER, "on": "2026-11-20"}
    told = {"id": str(uuid4()), "ground": "搬迁", "done_by": "示己"} | move
    assert http.post("/v1/household-changes", json=told, headers=county).status_code == 201
    assert read(http, county, one)["division"] == OTHER
    merger: dict[str, Any] = {"id": str(uuid4()), "ground": "撤并", "done_by": "示己", "on": "2026-11-21"}
    merger |= {"from_villages": [OTHER], "into_village": VILLAGE}
    assert http.post("/v1/village-mergers", json=merger, headers=county).status_code == 201
    assert read(http, county, one)["division"] == VILLAGE


def test_a_member_with_an_agreement_is_built_upon(http: TestClient, clerk: Headers, households: Session) -> None:
    _, (person,) = family_in(households)
    assert not built_on_person(households, person)
    post(http, clerk, agreement("family_doctor", person_id=str(person)))
    assert built_on_person(households, person)


def test_a_repayment_sent_by_many_at_once_counts_once(
    http: TestClient, clerk: Headers, office: Office, home: UUID
) -> None:
    one = loan(home, 1_000)
    post(http, clerk, one)
    lines = [for_whom({"kind": "household", "id": str(home)})]
    body = entry("loan_repayment", 10, lines=lines, undertaking_id=one["id"])
    callers = [clerk, office("another", "county")]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda turn: entries.post(http, callers[turn % 2], body), range(8)))
    assert read(http, clerk, one)["balance"] == 990


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=6))
def test_the_balance_is_the_principal_less_what_was_paid_back_and_stands(
    http: TestClient, clerk: Headers, households: Session, amounts: list[tuple[int, bool]]
) -> None:
    one = loan(family_in(households)[0], 1_000)
    post(http, clerk, one)
    for amount, undone in amounts:
        told: dict[str, Any] = repay(http, clerk, one, amount)
        if undone:
            reverse(http, clerk, told["id"], day="2026-07-01")
    stands = sum(amount for amount, undone in amounts if not undone)
    assert read(http, clerk, one)["balance"] == 1_000 - stands
