"""What the household files hold, counted as they are written, so that a sweep over them can be checked.

The names follow what the rules of the demo county look for; an unknown is a blank that leaves a rule unanswered.
"""

from collections import Counter
from collections.abc import Iterator, Sequence, Set

from services.cli.county_files.household import Household
from services.cli.county_files.statement import (
    CEILING,
    FALL,
    FLOOR,
    HEAVY_MEDICAL,
    HEAVY_SCHOOLING,
    LINE,
    LOW_INCOME,
    TRANSFERS,
    WIDE_GAP,
    Statement,
)
from services.cli.county_files.teams import FULL_STRENGTH, Team


def truth_of(household: Household) -> Iterator[str]:
    yield "households"
    if household.monitored:
        yield "monitored"
    yield from spending(household)
    yield from safeguards(household)


def spending(household: Household) -> Iterator[str]:
    statement = household.statement
    if statement is None:
        yield "without_statement"
        return
    if statement.net_income < LINE * len(household.members):
        yield "monitored_below_line" if household.monitored else "income_below_line"
    if statement.medical >= HEAVY_MEDICAL[household.lifted]:
        yield "heavy_medical"
    if statement.schooling >= HEAVY_SCHOOLING:
        yield "heavy_schooling"
    if statement.gap >= WIDE_GAP:
        yield "wide_gap"
    if household.stale:
        yield "income_out_of_date"
    yield from income(statement, len(household.members), monitored=household.monitored)
    yield from since_last_year(household)


def income(statement: Statement, persons: int, *, monitored: bool) -> Iterator[str]:
    net, line = statement.net_income, LINE * persons
    if not monitored and net >= line > net - statement.medical - statement.schooling:
        yield "below_line_after_costs"
    if net <= FLOOR * persons:
        yield "income_too_low"
    if net > CEILING * persons:
        yield "income_too_high"
    lives_on_it = statement.transfer * 100 >= net * TRANSFERS
    if lives_on_it and FLOOR * persons < net < LOW_INCOME * persons and not monitored:
        yield "lives_on_transfers"


def since_last_year(household: Household) -> Iterator[str]:
    now, before = household.statement, household.before
    if now is None or before is None:
        return
    if now.net_income < before.net_income and now.net_income * 100 <= before.net_income * (100 - FALL):
        yield "income_fell"
    if now.wage * 100 < before.wage:
        yield "work_lost"


def safeguards(household: Household) -> Iterator[str]:
    """Schooling, insurance, house and water (三保障和饮水安全)."""
    children = {member.schooling for member in household.members if 6 <= member.age <= 15}
    insured = {member.insured for member in household.members}
    if "失学辍学" in children:
        yield "out_of_school"
    if "否" in insured:
        yield "uninsured"
    if household.house_grade in ("C", "D"):
        yield "unsafe_house"
    if household.safe_water == "否":
        yield "unsafe_water"
    for name, blank in (
        ("schooling_unknown", "" in children),
        ("insurance_unknown", "" in insured),
        ("house_unknown", not household.house_grade),
        ("water_unknown", not household.safe_water),
    ):
        if blank:
            yield name


def truth_of_teams(teams: Sequence[Team], seen: Set[tuple[str, str]]) -> Counter[str]:
    """`seen` are the team and name of whoever was inside on one of the last days, from half past nine of the last."""
    missing = [[cadre for cadre in team.cadres if (team.name, cadre.name) not in seen] for team in teams]
    leaders = [[cadre for cadre in team.cadres if cadre.leads] for team in teams]
    return Counter(
        teams=len(teams),
        cadres=sum(len(team.cadres) for team in teams),
        teams_below_strength=sum(len(team.cadres) < FULL_STRENGTH for team in teams),
        teams_never_present=sum(len(away) == len(team.cadres) for team, away in zip(teams, missing, strict=True)),
        teams_without_captain=sum(not leading for leading in leaders),
        teams_captain_absent=sum(
            bool(leading) and all(cadre in away for cadre in leading)
            for leading, away in zip(leaders, missing, strict=True)
        ),
        teams_member_absent=sum(map(bool, missing)),
        teams_term_over=sum(team.overstayed for team in teams),
    )
