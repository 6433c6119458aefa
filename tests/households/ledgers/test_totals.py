"""What ledgers come to: only alike is added, a part is not added to its whole, and doubt is told both ways."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers.entries import (
    COUNTY,
    TOTALS,
    actor,
    entry,
    for_whom,
    post,
    reverse,
    those,
    total,
    totals,
)
from tests.households.ledgers.test_entries import OTHER, family_in

__all__ = ["clerk", "http"]  # fixtures


def amounts(told: list[dict[str, Any]], name: str) -> dict[Any, int]:
    return {one[name]: one["amount"] for one in told}


def test_what_is_planned_insured_or_valued_is_never_added_to_what_was_given(http: TestClient, clerk: Headers) -> None:
    for kind in ("aid_funds", "cash_donation", "planned_investment", "insured", "goods_valued"):
        post(http, clerk, entry(kind, 100))
    assert amounts(totals(http, clerk, by="nature"), "nature") == {
        "given": 200, "planned_investment": 100, "insured_sum": 100, "valued_goods": 100,
    }  # fmt: skip
    assert amounts(totals(http, clerk), "kind")["cash_donation"] == 100


def test_units_and_things_of_two_names_are_never_added(http: TestClient, clerk: Headers) -> None:
    for unit, goods, number in (
        ("sets", "书籍", 300),
        ("items", "公仔", 42),
        ("items", "文具包", 42),
        ("sets", "书籍", 1),
    ):
        post(http, clerk, entry("goods_given", number, unit, goods=goods))
    told = {(one["unit"], one["goods"]): one["amount"] for one in totals(http, clerk, by="nature")}
    assert told == {("sets", "书籍"): 301, ("items", "公仔"): 42, ("items", "文具包"): 42}


def test_they_are_told_by_place_actor_beneficiary_and_fund_and_asked_for_by_each(
    http: TestClient, clerk: Headers
) -> None:
    for place, bank, label, fund, amount in (
        (VILLAGE, "示例银行", "低保户", "示例资金", 1),
        (VILLAGE, "示例联社", "特困户", None, 10),
        (OTHER, "示例银行", "低保户", "其他资金", 100),
    ):
        lines = [for_whom(those("household", label, 2))]
        said: dict[str, Any] = {"actor": actor("company", bank), "fund_source": fund, "lines": lines}
        post(http, clerk, entry("aid_funds", amount, division=place, **said))
    assert amounts(totals(http, clerk, by="division"), "division") == {VILLAGE: 11, OTHER: 100}
    assert amounts(totals(http, clerk, by="beneficiary"), "label") == {"低保户": 101, "特困户": 10}
    assert amounts(totals(http, clerk, by="fund_source"), "fund_source") == {"示例资金": 1, "其他资金": 100, None: 10}
    told = {one["actor"]["label"]: one["amount"] for one in totals(http, clerk, by="actor")}
    assert told == {"示例银行": 101, "示例联社": 10}
    for said, amount in (
        ({"actor_label": "示例银行"}, 101),
        ({"label": "特困户"}, 10),
        ({"fund_source": "示例资金"}, 1),
        ({"division": OTHER}, 100),
        ({"nature": "given", "unit": "fen", "actor_kind": "company", "beneficiary_kind": "household"}, 111),
    ):
        assert total(http, clerk, **said)["amount"] == amount
    for nobody in ({"kind": "relief"}, {"household_id": str(uuid4())}, {"actor_id": str(uuid4())}, {"goods": "书籍"}):
        assert totals(http, clerk, **nobody) == []


def test_what_happened_is_of_the_period_and_what_lasts_of_its_last_day(http: TestClient, clerk: Headers) -> None:
    for day, amount in (("2025-12-31", 1), ("2026-01-01", 10), ("2026-11-02", 100)):
        post(http, clerk, entry("aid_funds", amount, day=day))
    post(http, clerk, entry("public_posts", 15, "persons", day="2026-01-01", until="2026-06-30"))
    post(http, clerk, entry("public_posts", 3, "persons", day="2026-06-30"))
    year = {"day_from": "2026-01-01", "day_to": "2026-11-01"}
    assert amounts(totals(http, clerk, **year), "kind") == {"aid_funds": 10, "public_posts": 3}
    assert amounts(totals(http, clerk, day_to="2026-06-30"), "kind") == {"aid_funds": 11, "public_posts": 18}
    assert amounts(totals(http, clerk, day_to="2026-07-01"), "kind") == {"aid_funds": 11, "public_posts": 3}
    refused = http.get(TOTALS, params={"division": COUNTY, "day_from": "2099-01-01"}, headers=clerk)
    assert (refused.status_code, refused.json()["code"]) == (422, "totals-upside-down")


def test_of_what_stands_so_the_last_counts_of_each_and_may_come_to_nought(http: TestClient, clerk: Headers) -> None:
    near, far = {"actor": actor("association", "示例社")}, {"actor": actor("association", "另一社")}
    for number, day, said in ((180, "2026-01-01", near), (200, "2026-03-01", near), (7, "2026-02-01", far)):
        last = post(http, clerk, entry("members", number, "households", day=day, **said))
    assert total(http, clerk, day_to="2026-02-28")["amount"] == 187
    assert total(http, clerk)["amount"] == 207
    post(http, clerk, entry("members", 0, "households", day="2026-04-01", **near))
    assert total(http, clerk)["amount"] == 7
    wrong = post(http, clerk, entry("members", 9000, "households", day="2026-05-01", **far))
    reverse(http, clerk, wrong["id"])
    assert (total(http, clerk)["amount"], last["amount"]) == (7, 7)


def test_a_level_of_a_household_stays_the_household_s_when_it_moves_or_is_named_anew(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    home, _ = family_in(households)
    line = [for_whom({"kind": "household", "id": str(home)})]
    society = {"kind": "association", "id": str(uuid4())}
    post(
        http, clerk, entry("members", 1, "households", day="2026-01-01", lines=line, actor=society | {"label": "旧名"})
    )
    households.execute(text("UPDATE household SET village = :other"), {"other": OTHER})
    households.commit()
    said: dict[str, Any] = {"division": COUNTY, "lines": line, "actor": society | {"label": "新名"}}
    post(http, clerk, entry("members", 1, "households", day="2026-03-01", **said))
    assert total(http, clerk)["amount"] == 1
    assert amounts(totals(http, clerk, by="division"), "division") == {OTHER: 1}


def test_a_spell_that_is_reversed_counts_on_no_day_from_then_on(http: TestClient, clerk: Headers) -> None:
    sent = post(http, clerk, entry("public_posts", 15, "persons", day="2026-01-01"))
    reverse(http, clerk, sent["id"], day="2026-03-01")
    assert total(http, clerk, day_to="2026-02-28")["amount"] == 15
    assert totals(http, clerk, day_to="2026-03-01") == []


def test_a_part_is_not_added_to_its_whole_and_counts_where_the_whole_does_not(http: TestClient, clerk: Headers) -> None:
    whole = post(http, clerk, entry("aid_funds", 100, actor=actor("unit", "示例局")))
    said: dict[str, Any] = {"actor": actor("company", "示例银行"), "day": "2026-11-05"}
    part = post(http, clerk, entry("cash_donation", 50, part_of={"entry_id": whole["id"]}, **said))
    given_ = total(http, clerk, by="nature")
    assert (given_["amount"], given_["amount_within"], given_["entries"]) == (100, 100, 1)
    assert amounts(totals(http, clerk), "kind") == {"aid_funds": 100, "cash_donation": 50}
    assert total(http, clerk, by="nature", actor_kind="company")["amount"] == 50
    assert total(http, clerk, by="nature", day_from="2026-11-05")["amount"] == 50
    reverse(http, clerk, whole["id"], day="2026-11-06")
    assert total(http, clerk, by="nature")["amount"] == 50
    reverse(http, clerk, part["id"], day="2026-11-07")
    assert total(http, clerk, by="nature")["amount"] == 0


def test_where_nobody_knows_whether_it_is_part_both_readings_are_told(http: TestClient, clerk: Headers) -> None:
    whole = post(http, clerk, entry("aid_funds", 100))
    doubt = post(http, clerk, entry("cash_donation", 50, part_of={"entry_id": whole["id"], "certain": False}))
    both = total(http, clerk, by="nature")
    assert (both["amount"], both["amount_within"]) == (150, 100)
    alone = total(http, clerk, kind="cash_donation")
    assert (alone["amount"], alone["amount_within"]) == (50, 50)
    reverse(http, clerk, doubt["id"])
    both = total(http, clerk, by="nature")
    assert (both["amount"], both["amount_within"]) == (100, 100)


def test_who_came_twice_is_one_and_of_those_without_names_nobody_knows(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    _, people = family_in(households, persons=3)
    for of in (people, people[:2]):
        named = [for_whom({"kind": "person", "id": str(one)}) for one in of]
        unnamed = for_whom(those("person", "务工人员", 40, "more_than"))
        post(http, clerk, entry("subsidy", 100, lines=[*named, unnamed, for_whom(those("household", "低保户", 7))]))
    assert total(http, clerk)["heads"] == [
        {"kind": "household", "named": 0, "households": 0, "stated": 14, "precision": "exact"},
        {"kind": "person", "named": 3, "households": 1, "stated": 80, "precision": "more_than"},
    ]
    one = total(http, clerk, person_id=str(people[2]))
    assert one["heads"] == [{"kind": "person", "named": 1, "households": 1, "stated": 0, "precision": "exact"}]


def test_a_sum_is_no_more_exact_than_its_parts(http: TestClient, clerk: Headers) -> None:
    for precision in ("exact", "more_than"):
        post(http, clerk, entry("aid_funds", 100, precision=precision))
    assert total(http, clerk)["precision"] == "more_than"
    post(http, clerk, entry("aid_funds", 100, precision="less_than"))
    assert total(http, clerk)["precision"] == "about"


def test_what_was_known_at_a_moment_is_told_as_it_was_known(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    sent = [post(http, clerk, entry("aid_funds", amount)) for amount in (1, 10, 100)]
    undone = reverse(http, clerk, sent[2]["id"])
    for known, ids in (("2026-11-10", [sent[0], sent[2]]), ("2026-11-12", [sent[1]]), ("2026-11-14", [undone])):
        told = {"at": f"{known}T00:00:00Z", "ids": [UUID(one["id"]) for one in ids]}
        households.execute(text("UPDATE ledger_entry SET recorded_at = :at WHERE id = ANY (:ids)"), told)
    households.commit()
    for moment, amount in (("2026-11-11", 101), ("2026-11-13", 111), ("2026-11-15", 11)):
        assert total(http, clerk, known_at=f"{moment}T00:00:00Z")["amount"] == amount
    assert totals(http, clerk, known_at="2026-11-09T00:00:00Z") == []


Batch = tuple[str, list[int], bool, int]
batches = st.lists(
    st.tuples(
        st.sampled_from([VILLAGE, OTHER]),
        st.lists(st.integers(1, 10**11), min_size=1, max_size=5),
        st.booleans(),  # reversed
        st.integers(1, 10**6),  # shared alike, beside
    ),
    min_size=1,
    max_size=6,
)


@given(batches)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
def test_money_adds_up_to_the_fen_over_any_batches_and_reversals(
    http: TestClient, clerk: Headers, households: Session, said: list[Batch]
) -> None:
    """In all, by place and by beneficiary: what was sent less what was taken back."""
    households.execute(text("TRUNCATE ledger_line, ledger_entry"))
    households.commit()
    by_place: Counter[str] = Counter()
    by_label: Counter[str] = Counter()
    for place, shares, undone, alike in said:
        lines = [for_whom(those("person", f"{number}"), share) for number, share in enumerate(shares)]
        sent = [post(http, clerk, entry("subsidy", sum(shares), division=place, lines=lines))]
        evenly = [for_whom(those("person", f"{number}")) for number in range(min(3, alike))]
        sent.append(post(http, clerk, entry("subsidy", alike, division=place, lines=evenly)))
        for one in sent:
            assert sum(line["amount"] for line in one["lines"]) == one["amount"]
            if undone:
                reverse(http, clerk, one["id"])
                continue
            by_place[place] += one["amount"]
            for line in one["lines"]:
                by_label[line["beneficiary"]["label"]] += line["amount"]
    assert total(http, clerk)["amount"] == sum(by_place.values()) == sum(by_label.values())
    assert +Counter(amounts(totals(http, clerk, by="division"), "division")) == by_place
    assert +Counter(amounts(totals(http, clerk, by="beneficiary"), "label")) == by_label
