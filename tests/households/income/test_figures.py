"""What lines come to, whatever they are and in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from services.households.income.figures import Totals, per_person
from services.households.income.items import ITEMS, UNCOUNTED, Family

AMOUNTS = st.integers(0, 10**12)
LINES = st.lists(st.tuples(st.sampled_from([*map(str, Family), UNCOUNTED]), AMOUNTS), max_size=40)
INCOME = ("wage", "operating", "property", "transfer", "other")


@given(LINES)
def test_the_families_sum_to_the_net_income_whatever_the_lines(lines: list[tuple[str, int]]) -> None:
    earned = sum(amount for kind, amount in lines if kind in INCOME)
    spent = sum(amount for kind, amount in lines if kind == "production_cost")
    assert Totals.of(lines).net_income == earned - spent


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(lines: list[tuple[str, int]], by: object) -> None:
    shuffled = [*lines]
    by.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Totals.of(shuffled) == Totals.of(lines)


@given(LINES, AMOUNTS)
def test_splitting_a_line_into_items_changes_no_figure(lines: list[tuple[str, int]], part: int) -> None:
    split = [
        piece for kind, amount in lines for piece in ((kind, min(part, amount)), (kind, amount - min(part, amount)))
    ]
    assert Totals.of(split) == Totals.of(lines)


@given(LINES)
def test_what_is_not_counted_and_a_loan_change_no_income(lines: list[tuple[str, int]]) -> None:
    with_more = [*lines, (UNCOUNTED, 5), ("education_loan", 7)]
    before, after = Totals.of(lines), Totals.of(with_more)
    assert (after.net_income, after.reference) == (before.net_income, before.reference)
    assert (after.uncounted, after.sum_of("education_loan")) == (
        before.uncounted + 5,
        before.sum_of("education_loan") + 7,
    )


@given(st.integers(-(10**13), 10**13), st.integers(1, 50))
def test_a_share_is_rounded_down_and_never_up_to_the_line(total: int, persons: int) -> None:
    share = per_person(total, persons)
    assert share is not None
    assert share * persons <= total < (share + 1) * persons


def test_nobody_shares_nothing() -> None:
    assert per_person(5, 0) is None
    assert per_person(None, 4) is None


def test_the_reference_adds_pay_outs_and_takes_off_what_the_family_paid_itself() -> None:
    lines = [("wage", 3_000_000), ("insurance_payout", 400_000), ("medical_self_paid", 900_000)]
    assert Totals.of(lines).reference is None  # nobody said what schooling cost
    assert Totals.of([*lines, ("schooling_self_paid", 100_000)]).reference == 2_400_000


def test_tuition_less_the_loan_is_what_is_uncovered() -> None:
    lines = [("medical_self_paid", 0), ("schooling_self_paid", 840_000), ("education_loan", 800_000)]
    assert Totals.of(lines).uncovered == 40_000
    assert Totals.of([*lines[:2], ("education_loan", 900_000)]).uncovered == 0
    assert Totals.of(lines[1:]).uncovered is None


def test_every_item_belongs_to_a_family_of_income_or_cost_and_says_where_it_is_from() -> None:
    families = {item.family for item in ITEMS.values()}
    assert families == {Family.WAGE, Family.OPERATING, Family.PROPERTY, Family.TRANSFER, Family.PRODUCTION_COST}
    assert {item.counted for item in ITEMS.values()} == {"always", "county", "never"}
    assert not {*ITEMS} & {*map(str, Family), UNCOUNTED}
    assert all(item.source in ("form", "rule", "away") for item in ITEMS.values())
