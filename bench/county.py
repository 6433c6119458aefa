"""A county made from a seed: villages one after another, facts in plausible shares, some of them unknown."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS

COUNTY = "520621"
HOUSEHOLDS_PER_VILLAGE = 333  # 3,003 villages for a million
VILLAGES_PER_TOWNSHIP = 105
STANDARDS: Mapping[str, int] = {  # fen
    "monitoring_line": 632_000,
    "medical_burden": 2_000_000,
    "medical_burden_formerly_poor": 500_000,
    "schooling_burden": 1_000_000,
    "expense_gap": 1_500_000,
    "income_fall": 30,  # per cent
    "income_age": 240,  # working days
    "income_floor": 50_000,
    "income_ceiling": 3_000_000,
    "transfer_share": 80,  # per cent
    "low_income_line": 948_000,
}
TODAY = date(2026, 11, 21)
THIS_YEAR, LAST_YEAR = "2026-10-31", "2025-10-31"
COLUMNS = ("county", "subject", "division", "version", *(fact.key for fact in SUBJECTS[HOUSEHOLD].facts))


def write_households(file: Path, size: int, seed: int) -> None:
    """CSV with a header. An unknown fact is an empty field."""
    random = Random(seed)
    with file.open("w", newline="") as opened:
        rows = csv.DictWriter(opened, COLUMNS)
        rows.writeheader()
        rows.writerows(household(random, number) for number in range(size))


def household(random: Random, number: int) -> dict[str, Any]:
    subject = UUID(int=random.getrandbits(128), version=4)
    facts = {key: unless_unknown(random, key, value) for key, value in facts_of(random).items()}
    return {"county": COUNTY, "subject": subject, "division": village_of(number), "version": 1} | facts


def village_of(number: int) -> str:
    """Codes have three digits for the township and three for the village, as the real ones do."""
    township, village = divmod(number // HOUSEHOLDS_PER_VILLAGE, VILLAGES_PER_TOWNSHIP)
    return f"{COUNTY}{100 + township:03d}{200 + village:03d}"


def facts_of(random: Random) -> dict[str, Any]:
    """About 1.5 % below the line, 1.5 % with heavy medical cost, 1 % not insured, fewer of the rest. Money in fen."""
    persons = 1 + int(random.random() * 7)
    income = income_of(random, persons)
    medical = amount(random, 2_000_000, 8_000_000) if chance(random, 0.015) else amount(random, 0, 99_999)
    schooling = amount(random, 200_000, 1_200_000) if chance(random, 0.05) else 0
    return income | {
        "persons": persons,
        "medical_self_paid": medical,
        "schooling_self_paid": schooling,
        "rigid_expense": medical + schooling,
        "cash_gap": medical + schooling,
        "income_until": LAST_YEAR if chance(random, 0.004) else THIS_YEAR,
        "uninsured_members": int(chance(random, 0.01)),
        "dropped_out_members": int(chance(random, 0.002)),
        "safe_house": not chance(random, 0.004),
        "safe_water": not chance(random, 0.005),
        "monitored": chance(random, 0.01),
        "formerly_poor": chance(random, 0.2),
    }


def income_of(random: Random, persons: int) -> dict[str, Any]:
    """Three in ten stated a year before; of these few had far more, or wages that are gone."""
    a_person = amount(random, 200_000, 631_999) if chance(random, 0.015) else amount(random, 632_000, 3_000_000)
    if chance(random, 0.005):
        a_person = amount(random, 3_000_001, 6_000_000) if chance(random, 0.8) else amount(random, 0, 50_000)
    net = a_person * persons
    before = net * 2 if chance(random, 0.02) else net
    known = chance(random, 0.3)
    return {
        "net_income": net,
        "net_income_before": before if known else None,
        "wage_income": 0 if chance(random, 0.02) else net // 2,
        "wage_income_before": before // 2 if known else None,
        "transfer_income": net * 9 // 10 if chance(random, 0.03) else net // 10,
    }


def unless_unknown(random: Random, key: str, value: Any) -> Any:
    return None if value is None or chance(random, 0.02 if key == "net_income" else 0.003) else value


def chance(random: Random, share: float) -> bool:
    return random.random() < share


def amount(random: Random, low: int, high: int) -> int:
    return low + int(random.random() * (high - low))
