"""What a household earned and spent in twelve months; line and thresholds are the demo county's alone."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from random import Random

from services.cli.county_files.family import Member

LINE = 6_320_00  # a person and year, as the report has it
HEAVY_MEDICAL = {True: 5_000_00, False: 20_000_00}  # for a lifted household (脱贫户), for an ordinary one
HEAVY_SCHOOLING, WIDE_GAP = 10_000_00, 15_000_00
LOW_INCOME, FLOOR, CEILING = 9_480_00, 500_00, 30_000_00  # a person and year
FALL, TRANSFERS = 30, 80  # per cent

MEDIAN, MEDIAN_OF_MONITORED = 13_600_00, 8_600_00  # net income per person
SPREAD = 0.35  # of its logarithm; puts about 1.5 % of the unmonitored below the line
FALLEN_ILL = 0.015
WRITTEN_WRONG = 0.0012  # in 万元 where yuan are asked for
FELL = 0.02
LOST_WAGE = 18_000_00
LOST_WORK = 0.03  # of those who earn no wage now
LOANS = (0, 0, 4_000_00, 6_000_00, 8_000_00)


@dataclass(frozen=True)
class Statement:
    """In fen, like every amount here. Medical and schooling are compliant and paid by the family itself."""

    wage: int
    operating: int
    property_income: int
    transfer: int
    other: int
    production_cost: int
    medical: int
    schooling: int
    education_loan: int

    @property
    def net_income(self) -> int:
        return self.wage + self.operating + self.property_income + self.transfer + self.other - self.production_cost

    @property
    def gap(self) -> int:
        return max(self.medical + self.schooling - self.education_loan, 0)


def draw_statement(rng: Random, members: Sequence[Member], *, lifted: bool, monitored: bool) -> Statement:
    median = MEDIAN_OF_MONITORED if monitored else MEDIAN
    net = len(members) * tens(median * rng.lognormvariate(0, SPREAD))
    works = any(18 <= member.age < 60 and member.schooling != "在校" for member in members)
    wage = tens(net * rng.uniform(0.4, 0.65)) if works else 0
    earned = tens(net * rng.uniform(0.08, 0.24))
    cost = tens(earned * rng.uniform(0.2, 0.8))
    rent, other = tens(net * rng.uniform(0, 0.03)), tens(net * rng.uniform(0, 0.02))
    schooling, loan = draw_schooling_cost(rng, members)
    return Statement(
        wage=wage,
        operating=earned + cost,
        property_income=rent,
        transfer=net - wage - earned - rent - other,
        other=other,
        production_cost=cost,
        medical=draw_medical(rng, HEAVY_MEDICAL[lifted]),
        schooling=schooling,
        education_loan=loan,
    )


def draw_year_before(rng: Random, year: Statement) -> Statement:
    """Much like the year that followed; a few earned far more, and some had work that is gone."""
    by = rng.uniform(1.7, 3) if rng.random() < FELL else rng.uniform(0.85, 1.2)
    wage = tens(year.wage * by) if year.wage else LOST_WAGE * (rng.random() < LOST_WORK)
    transfer = tens(max(0, year.net_income * by - wage - year.operating + year.production_cost))
    return replace(year, wage=wage, transfer=transfer, medical=0, schooling=0, education_loan=0)


def written_wrong(year: Statement) -> Statement:
    """Every income and cost ten thousand times too small."""
    return Statement(*(fen // 10_000 for fen in astuple(year)))


def draw_medical(rng: Random, heavy: int) -> int:
    if rng.random() < FALLEN_ILL:
        return round(heavy * (1 + rng.expovariate(2)))
    return min(round(heavy * rng.expovariate(10)), heavy * 9 // 10)


def draw_schooling_cost(rng: Random, members: Sequence[Member]) -> tuple[int, int]:
    """What schooling beyond the nine free years costs, and the loan taken for it, never above that."""
    students = sum(member.schooling == "在校" and member.age >= 16 for member in members)
    cost = sum(tens(rng.uniform(2_000_00, 9_000_00)) for _ in range(students))
    return cost, min(rng.choice(LOANS), cost) if students else 0


def tens(fen: float) -> int:
    """To the ten yuan, as people remember."""
    return round(fen / 10_00) * 10_00


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def twelve_months(as_of: date, years_ago: int = 0) -> tuple[str, str]:
    """The first and the last of the twelve months that ended before this one, or a year earlier, as YYYY-MM."""
    last = as_of.year * 12 + as_of.month - 2 - 12 * years_ago
    return month(last - 11), month(last)


def month(count: int) -> str:
    return f"{count // 12:04d}-{count % 12 + 1:02d}"
