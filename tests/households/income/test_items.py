"""A family is stated whole or by the items of the form: the totals and every fact are the same."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.income.items import ITEMS, Family, Item
from tests.callers import Headers
from tests.clock import TODAY
from tests.households.conftest import Send, facts_of, household_row, statement, statement_row
from tests.households.standards import set_standards


def lines(**amounts: int) -> list[dict[str, Any]]:
    return [{"kind": kind, "amount": amount} for kind, amount in amounts.items()]


def post(http: TestClient, clerk: Headers, family: str, **amounts: int) -> Any:
    return http.post(f"{family}/statements", json=statement(lines=lines(**amounts)), headers=clerk)


def test_items_come_to_the_same_facts_as_their_families(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    assert (
        post(http, clerk, family, migrant_work=900, village_post=100, crops=50, crops_cost=30, pension=7).status_code
        == 201
    )
    by_items = facts_of(households, "JK1").model_dump(exclude={"version", "changed"})
    assert (by_items["net_income"], by_items["wage_income"], by_items["transfer_income"]) == (1027, 1000, 7)
    assert post(http, clerk, family, wage=1000, operating=50, production_cost=30, transfer=7).status_code == 201
    assert facts_of(households, "JK1").model_dump(exclude={"version", "changed"}) == by_items


def test_a_family_is_not_stated_whole_and_by_items(http: TestClient, clerk: Headers, family: str) -> None:
    refused = post(http, clerk, family, wage=5, migrant_work=5)
    assert (refused.status_code, refused.json()["code"]) == (422, "stated-whole-and-by-items")
    assert post(http, clerk, family, wage=5, crops=5).status_code == 201


def test_an_item_is_stated_once(http: TestClient, clerk: Headers, family: str) -> None:
    twice = statement(lines=[*lines(crops=5), *lines(crops=6)])
    assert http.post(f"{family}/statements", json=twice, headers=clerk).json()["code"] == "kind-twice"
    assert http.post(f"{family}/statements", json=statement(lines=lines(nonsense=5)), headers=clerk).status_code == 422


def test_one_off_aid_is_kept_and_shown_and_no_income(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    told = post(http, clerk, family, wage=100, one_off_relief=40, consolation_aid=2).json()["lines"]
    assert {(line["kind"], line["family"], line["counted"]) for line in told} == {
        ("wage", "wage", True), ("one_off_relief", "transfer", False), ("consolation_aid", "transfer", False),
    }  # fmt: skip
    facts = facts_of(households, "JK1")
    assert (facts.net_income, facts.transfer_income) == (100, 0)


@pytest.mark.parametrize(("counts", "income"), [(1, 140), (0, 100)], ids=["counted", "not counted"])
def test_where_sources_differ_the_county_says_what_counts(
    http: TestClient, clerk: Headers, family: str, households: Session, counts: int, income: int
) -> None:
    set_standards(households, counted_disaster_relief=counts)
    assert post(http, clerk, family, wage=100, disaster_relief=40).status_code == 201
    assert facts_of(households, "JK1").net_income == income


@pytest.mark.parametrize(
    ("item", "counts", "income"), [("one_off_relief", 1, 140), ("migrant_work", 0, 100)], ids=["taken in", "left out"]
)
def test_by_its_document_the_county_takes_in_or_leaves_out_any_item(
    http: TestClient, clerk: Headers, family: str, households: Session, item: str, counts: int, income: int
) -> None:
    """From its day on, and what was recorded stays."""
    assert post(http, clerk, family, operating=100, **{item: 40}).status_code == 201
    before = facts_of(households, "JK1").net_income
    set_standards(households, **{f"counted_{item}": counts})
    assert facts_of(households, "JK1").net_income == before == 240 - income
    assert post(http, clerk, family, operating=100, **{item: 40}).status_code == 201
    assert facts_of(households, "JK1").net_income == income


def test_a_word_of_a_later_day_changes_nothing_of_a_period_that_ended_before(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    set_standards(households, TODAY, counted_migrant_work=0)
    assert post(http, clerk, family, migrant_work=40).status_code == 201
    assert facts_of(households, "JK1").net_income == 40


def test_the_nearest_place_says_what_counts(http: TestClient, clerk: Headers, family: str, households: Session) -> None:
    set_standards(households, counted_migrant_work=0)
    set_standards(households, date(2020, 1, 1), "520621001", counted_migrant_work=1)
    assert post(http, clerk, family, migrant_work=40).status_code == 201
    assert facts_of(households, "JK1").net_income == 40


def test_rent_away_from_home_is_taken_off_where_the_county_says_so(
    http: TestClient, clerk: Headers, family: str, households: Session
) -> None:
    set_standards(households, counted_work_away_cost=1)
    assert post(http, clerk, family, wage=100, work_away_cost=40).status_code == 201
    assert facts_of(households, "JK1").net_income == 60


def test_without_the_countys_word_nothing_is_guessed(http: TestClient, clerk: Headers, family: str) -> None:
    refused = post(http, clerk, family, wage=100, disaster_relief=40)
    assert (refused.status_code, refused.json()["code"]) == (409, "standard-missing")
    assert "counted_disaster_relief" in refused.json()["detail"]


def test_a_line_says_how_exact_it_is_and_where_it_is_from(http: TestClient, clerk: Headers, family: str) -> None:
    said = {"kind": "migrant_work", "amount": 100, "precision": "more_than", "source": "bank"}
    sent = statement(lines=[said], purpose="identification")
    told = http.post(f"{family}/statements", json=sent, headers=clerk).json()
    assert told["purpose"] == "identification"
    assert told["lines"][0] == said | {"family": "wage", "zh": "务工", "counted": True}
    assert http.post(f"{family}/statements", json=sent, headers=clerk).status_code == 201  # again
    another = sent | {"lines": [said | {"precision": "about"}]}
    assert http.post(f"{family}/statements", json=another, headers=clerk).json()["code"] == "sent-before"


def test_a_file_of_families_says_nothing_new_of_items_that_come_to_the_same(
    households: Session, http: TestClient, clerk: Headers, send: Send
) -> None:
    send("households", household_row())
    home = facts_of(households, "JK1").subject
    nought = {str(kind): 0 for kind in Family if kind not in (Family.WAGE, Family.INSURANCE_PAYOUT)}
    told = post(http, clerk, f"/v1/households/{home}", migrant_work=700, village_post=300, **nought)
    assert told.status_code == 201
    households.expire_all()
    assert send("statements", statement_row(**{"工资性收入(元)": "10.00"})).unchanged == 1
    assert send("statements", statement_row(**{"工资性收入(元)": "3.00"})).stored == 1
    assert facts_of(households, "JK1").net_income == 300


def test_an_item_is_on_the_list_from_its_first_day_until_its_last() -> None:
    item = Item("x", Family.WAGE, "例", "form", since=date(2025, 1, 1), until=date(2026, 1, 1))
    days = (date(2024, 12, 31), date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 1))
    assert [item.listed_on(day) for day in days] == [False, True, True, False]


def test_what_has_left_the_form_is_refused_and_not_offered(
    http: TestClient, clerk: Headers, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(http, clerk, family, crops=5, livestock=6).status_code == 201
    gone = Item("crops", Family.OPERATING, "种植", "form", until=date(2026, 10, 1))
    monkeypatch.setitem(ITEMS, "crops", gone)  # the list as a later form has it
    assert post(http, clerk, family, crops=5).json()["code"] == "item-not-on-the-list"
    draft = http.get(f"{family}/statements/draft?purpose=identification", headers=clerk).json()
    assert [line["kind"] for line in draft["lines"]] == ["livestock"]


@pytest.mark.parametrize(
    ("on", "months"),
    [
        ("2021-06-30", ("2020-06-01", "2021-05-31")),
        ("2021-06-01", ("2020-06-01", "2021-05-31")),
        ("2024-03-15", ("2023-03-01", "2024-02-29")),
        ("2026-01-01", ("2025-01-01", "2025-12-31")),
    ],
    ids=["June", "first of June", "leap", "January"],
)
def test_an_identification_looks_at_the_twelve_months_before_its_month(
    http: TestClient, clerk: Headers, family: str, on: str, months: tuple[str, str]
) -> None:
    draft = http.get(f"{family}/statements/draft?purpose=identification&on={on}", headers=clerk).json()
    assert (draft["period_from"], draft["period_to"]) == months
    assert (draft["last"], draft["lines"]) == (None, [])


@pytest.mark.parametrize(
    ("on", "months"),
    [
        ("2026-09-30", ("2024-10-01", "2025-09-30")),
        ("2026-10-01", ("2025-10-01", "2026-09-30")),
        ("2026-11-21", ("2025-10-01", "2026-09-30")),
        ("2026-01-05", ("2024-10-01", "2025-09-30")),
    ],
    ids=["its last day", "the day after", "November", "January"],
)
def test_the_yearly_update_looks_at_the_income_year_that_has_ended(
    http: TestClient, clerk: Headers, family: str, households: Session, on: str, months: tuple[str, str]
) -> None:
    set_standards(households, income_year_ends=9)
    draft = http.get(f"{family}/statements/draft?purpose=yearly_update&on={on}", headers=clerk).json()
    assert (draft["period_from"], draft["period_to"]) == months


def test_what_was_stated_last_is_offered_with_its_items_and_nothing_is_stored(
    http: TestClient, clerk: Headers, family: str
) -> None:
    earlier = statement(period_from="2024-11-01", period_to="2025-10-31", lines=lines(wage=1))
    newest = statement(lines=lines(migrant_work=900, pension=100))
    for sent in (newest, earlier):
        http.post(f"{family}/statements", json=sent, headers=clerk)
    draft = http.get(f"{family}/statements/draft?purpose=identification", headers=clerk).json()
    assert (draft["last"], draft["period_to"]) == (newest["id"], "2026-10-31")
    assert [(line["kind"], line["amount"]) for line in draft["lines"]] == [("migrant_work", 900), ("pension", 100)]
    taken = [{name: line[name] for name in ("kind", "amount", "precision", "source")} for line in draft["lines"]]
    again = statement(id=str(uuid4()), lines=taken)
    assert UUID(http.post(f"{family}/statements", json=again, headers=clerk).json()["id"])


@pytest.mark.parametrize("on", ["2026-11-22", "1999-12-31", "0001-01-01"])
def test_no_period_is_offered_for_a_day_to_come_or_long_gone(
    http: TestClient, clerk: Headers, family: str, on: str
) -> None:
    refused = http.get(f"{family}/statements/draft?purpose=identification&on={on}", headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (422, "no-period-for-that-day")


@pytest.mark.parametrize("ends", [None, 0, 13], ids=["unset", "nought", "thirteen"])
def test_an_income_year_without_a_month_is_refused_by_name(
    http: TestClient, clerk: Headers, family: str, households: Session, ends: int | None
) -> None:
    if ends is not None:
        set_standards(households, income_year_ends=ends)
    refused = http.get(f"{family}/statements/draft?purpose=yearly_update", headers=clerk)
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("income_year_ends")
