"""What the household files hold, counted as they are written, so that a sweep over them can be checked.

The names follow what the rules of the demo county look for; an unknown is a blank that leaves a rule unanswered.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from services.cli.county_files.household import Household
from services.cli.county_files.statement import HEAVY_MEDICAL, LINE
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


def truth_of_teams(teams: Sequence[Team]) -> Counter[str]:
    return Counter(
        teams=len(teams),
        cadres=sum(len(team.cadres) for team in teams),
        teams_below_strength=sum(len(team.cadres) < FULL_STRENGTH for team in teams),
        teams_never_present=sum(team.never_present for team in teams),
    )
