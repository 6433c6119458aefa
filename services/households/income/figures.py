"""What the lines of a statement come to. Amounts in fen; nothing is divided here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.households.income.items import UNCOUNTED, Family

EARNED = (Family.WAGE, Family.OPERATING, Family.PROPERTY, Family.TRANSFER, Family.OTHER)


@dataclass(frozen=True)
class Totals:
    """By the family each line was kept under; a family that is missing was not stated."""

    families: Mapping[str, int]

    @classmethod
    def of(cls, lines: Iterable[tuple[str, int]]) -> "Totals":
        families: dict[str, int] = {}
        for kind, amount in lines:
            families[kind] = families.get(kind, 0) + amount
        return cls(families)

    def sum_of(self, family: str) -> int:
        return self.families.get(family, 0)

    @property
    def net_income(self) -> int:
        """Income less the production cost. A family of income that was left out was none."""
        return sum(map(self.sum_of, EARNED)) - self.sum_of(Family.PRODUCTION_COST)

    @property
    def self_paid(self) -> int | None:
        """Compliant self-paid medical and schooling cost. An expense nobody stated is unknown."""
        stated = {Family.MEDICAL_SELF_PAID, Family.SCHOOLING_SELF_PAID} & self.families.keys()
        return sum(map(self.sum_of, stated)) if len(stated) == 2 else None

    @property
    def reference(self) -> int | None:
        """收入参考范围: net income + insurance pay-outs - compliant self-paid cost. Source: docs/income.md."""
        paid = self.self_paid
        return None if paid is None else self.net_income + self.sum_of(Family.INSURANCE_PAYOUT) - paid

    @property
    def uncovered(self) -> int | None:
        """What of the self-paid cost no education loan covers."""
        paid = self.self_paid
        return None if paid is None else max(paid - self.sum_of(Family.EDUCATION_LOAN), 0)

    @property
    def uncounted(self) -> int:
        return self.sum_of(UNCOUNTED)


def per_person(total: int | None, persons: int) -> int | None:
    """Rounded down, for the eye alone: totals are compared."""
    return None if total is None or persons < 1 else total // persons
