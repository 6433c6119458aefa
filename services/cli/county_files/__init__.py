"""A county as the files a clerk would have, made up from one seed.

What is real: the codes and names of the divisions, and the outline of one family, after a case told in a
public report. Everything else is fictional, and made so that nobody can take it for real:

- names join a surname such as 示 or 例 to a given name counted off by stems and branches, as in 例甲子;
- ID numbers begin with 99, which no place has, and are otherwise valid by GB 11643;
- telephone numbers begin with 1000, which no mobile network issues;
- the offices that sent the teams all begin with 示例;
- incomes, illnesses, houses, stations and check-ins are drawn by lot.

The same arguments give the same files. Only one household is held at a time, so a county of any size can be
written.
"""

from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

from services.cli.county_files.household import county_households
from services.cli.county_files.places import COUNTIES
from services.cli.county_files.presence import draw_check_ins, write_check_ins
from services.cli.county_files.registers import write_households
from services.cli.county_files.teams import county_teams, write_stations, write_teams
from services.cli.county_files.truth import truth_of_teams

__all__ = ["generate"]


def generate(
    folder: Path,
    *,
    as_of: date,
    county: str = "520621",
    households: int = 3000,
    teams: int = 40,
    seed: int = 1,
) -> Counter[str]:
    """Write the seven files. Answers how much of everything they hold, for whoever checks a sweep."""
    folder.mkdir(parents=True, exist_ok=True)
    place = COUNTIES[county]
    drawn = county_households(place, households, Random(f"{seed} households"), as_of)
    truth = write_households(folder, drawn, as_of)
    stationed = county_teams(place, teams, Random(f"{seed} teams"), as_of)
    write_teams(folder, stationed, as_of)
    write_stations(folder, stationed)
    check_ins = list(draw_check_ins(stationed, Random(f"{seed} check-ins"), as_of))
    kinds = write_check_ins(folder, check_ins)
    seen = {(check_in.team, check_in.name) for check_in in check_ins if check_in.kind == "inside"}
    return truth + truth_of_teams(stationed, seen) + kinds
