"""What of the register answers an item of a checklist by itself. Empty: nobody has told us, so nobody can say."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, TypeAlias

from sqlalchemy import func, select
from sqlmodel import col

from services.households.income.settings import MONITORING_LINE
from services.households.models.facts import HouseholdFacts
from services.kit.store.scope import Placed
from services.kit.store.tables import Standard

Fact: TypeAlias = Literal["income", "house", "schooling", "insurance", "water"]

FACTS = Placed(division=col(HouseholdFacts.division), subject=col(HouseholdFacts.subject))


def answered(day: date) -> Mapping[str, Any]:
    """Whether each is met, by the line of that day. Where no line holds nobody is below or above it."""
    line = (
        select(col(Standard.value))
        .where(
            col(Standard.key) == MONITORING_LINE.key,
            col(Standard.population_class) == "",
            col(Standard.valid).contains(day),
            func.starts_with(HouseholdFacts.division, Standard.division),
        )
        .order_by(func.length(Standard.division).desc())
        .limit(1)
        .correlate(HouseholdFacts)
        .scalar_subquery()
    )
    return {
        "income": col(HouseholdFacts.net_income) >= col(HouseholdFacts.persons) * line,
        "house": col(HouseholdFacts.safe_house),
        "schooling": col(HouseholdFacts.dropped_out_members) == 0,
        "insurance": col(HouseholdFacts.uninsured_members) == 0,
        "water": col(HouseholdFacts.safe_water),
    }
