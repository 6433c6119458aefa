"""The loop one writes first: SQLModel objects page by page, conditions in Python, each alert looked up and saved.

Kind to the loop: it pages by key, forgets its objects after each page, reads the rules once, and never looks for alerts
to close.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bench.county import COUNTY, STANDARDS, TODAY
from services.alerts.models.facts import HouseholdFacts
from services.alerts.models.watch import Alert, Finding, Rule
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import read_rule
from services.county.days import count_days
from services.kit.store.months import made_at
from services.kit.store.tables import Event

PAGE = 1_000
ORDINALS = {day: ordinal for day, _, ordinal, *_ in count_days(TODAY.year, {})}


def below_line(facts: HouseholdFacts) -> bool:
    if facts.net_income is None or facts.persons is None:
        return False
    return facts.net_income < STANDARDS["monitoring_line"] * facts.persons and facts.monitored is False


def below_line_after_costs(facts: HouseholdFacts) -> bool:
    if facts.net_income is None or facts.persons is None or facts.rigid_expense is None:
        return False
    line = STANDARDS["monitoring_line"] * facts.persons
    return facts.net_income >= line > facts.net_income - facts.rigid_expense and facts.monitored is False


def burdened(facts: HouseholdFacts) -> bool:
    if facts.medical_self_paid is None:
        return False
    return (
        facts.medical_self_paid
        >= STANDARDS["medical_burden_formerly_poor" if facts.formerly_poor else "medical_burden"]
    )


def income_fell(facts: HouseholdFacts) -> bool:
    now, before = facts.net_income, facts.net_income_before
    if now is None or before is None:
        return False
    return now < before and now * 100 <= before * (100 - STANDARDS["income_fall"])


def lives_on_transfers(facts: HouseholdFacts) -> bool:
    net, persons, transfers = facts.net_income, facts.persons, facts.transfer_income
    if net is None or persons is None or transfers is None or facts.monitored is not False:
        return False
    modest = STANDARDS["income_floor"] * persons < net < STANDARDS["low_income_line"] * persons
    return modest and transfers * 100 >= net * STANDARDS["transfer_share"]


def work_lost(facts: HouseholdFacts) -> bool:
    if facts.wage_income is None or facts.wage_income_before is None:
        return False
    return facts.wage_income * 100 < facts.wage_income_before


def out_of_date(facts: HouseholdFacts) -> bool:
    if facts.income_until is None:
        return False
    return ORDINALS[TODAY] - ORDINALS[facts.income_until] >= STANDARDS["income_age"]


def a_person(facts: HouseholdFacts) -> Fraction | None:
    if facts.net_income is None or not facts.persons:
        return None
    return Fraction(facts.net_income, facts.persons)


def too_low(facts: HouseholdFacts) -> bool:
    each = a_person(facts)
    return each is not None and each <= STANDARDS["income_floor"]


def too_high(facts: HouseholdFacts) -> bool:
    each = a_person(facts)
    return each is not None and each > STANDARDS["income_ceiling"]


# The shipped rules once more, by hand, as code that does not know of rules as data would have them.
CONDITIONS: Mapping[str, Callable[[HouseholdFacts], bool]] = {
    "income-below-line": below_line,
    "medical-burden": burdened,
    "dropped-out": lambda facts: (facts.dropped_out_members or 0) > 0,
    "not-insured": lambda facts: (facts.uninsured_members or 0) > 0,
    "house-unsafe": lambda facts: facts.safe_house is False,
    "water-unsafe": lambda facts: facts.safe_water is False,
    "income-after-costs-below-line": below_line_after_costs,
    "expense-gap": lambda facts: (facts.cash_gap or 0) >= STANDARDS["expense_gap"],
    "schooling-burden": lambda facts: (facts.schooling_self_paid or 0) >= STANDARDS["schooling_burden"],
    "income-fell": income_fell,
    "work-income-lost": work_lost,
    "lives-on-transfers": lives_on_transfers,
    "income-out-of-date": out_of_date,
    "income-implausibly-low": too_low,
    "income-implausibly-high": too_high,
}


def walk(engine: Engine, rules: Sequence[Rule], most: int, now: datetime) -> tuple[int, UUID]:
    """Judge the first `most` households in the order of the key. How many there were, and the last one."""
    done, last = 0, UUID(int=0)
    while done < most:
        with Session(engine) as session:
            page = read_page(session, last, min(PAGE, most - done))
            if not page:
                break
            done, last = done + len(page), page[-1].subject
            for facts in page:
                judge_by_hand(session, rules, facts, now)
            session.commit()
    return done, last


def read_page(session: Session, last: UUID, size: int) -> Sequence[HouseholdFacts]:
    wanted = select(HouseholdFacts).where(HouseholdFacts.county == COUNTY, HouseholdFacts.subject > last)
    return session.exec(wanted.order_by(col(HouseholdFacts.subject)).limit(size)).all()


def judge_by_hand(session: Session, rules: Sequence[Rule], facts: HouseholdFacts, now: datetime) -> None:
    for rule in rules:
        if CONDITIONS[rule.key](facts):
            save(session, rule, facts, now)


def save(session: Session, rule: Rule, facts: HouseholdFacts, now: datetime) -> None:
    finding = Finding(
        id=uuid4(), county=COUNTY, rule_key=rule.key, rule_version=rule.version, subject=facts.subject,
        facts_version=facts.version, as_of=now.date(), evidence=evidence_of(rule, facts), found_at=now,
    )  # fmt: skip
    wanted = select(Alert).where(Alert.county == COUNTY, Alert.rule_key == rule.key, Alert.subject == facts.subject)
    alert = session.exec(wanted.where(col(Alert.closed_at).is_(None))).one_or_none()
    if alert is None:
        alert = Alert(
            county=COUNTY, about=HOUSEHOLD, rule_key=rule.key, rule_version=rule.version, subject=facts.subject,
            division=facts.division, severity=rule.severity, opened_at=now, refreshed_at=now, finding_id=finding.id,
            evidence_digest=0,
        )  # fmt: skip
        told = {"about": HOUSEHOLD, "subject": str(facts.subject), "rule": rule.key, "severity": rule.severity}
        event = Event(
            id=made_at(now),
            type="alert.opened",
            subject=str(alert.id),
            division=facts.division,
            occurred_at=now,
            data=told,
        )
        session.add(event)
    alert.rule_version, alert.severity, alert.refreshed_at = rule.version, rule.severity, now
    alert.finding_id = finding.id
    session.add_all([finding, alert])


def evidence_of(rule: Rule, facts: HouseholdFacts) -> dict[str, Any]:
    return {"facts": facts.model_dump(mode="json", include=set(read_rule(rule).facts))}
