"""The counties there are files for, and their villages."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DIVISIONS = Path(__file__).parents[2] / "county" / "data" / "divisions.csv"
COMMITTEE = re.compile(r"(居民|村民)委员?会$|居委会$|(?<=村)委会$")


@dataclass(frozen=True)
class County:
    """Household numbers begin with the prefix; the village of the report is where its family lives."""

    code: str
    prefix: str
    centre: tuple[float, float]  # latitude, longitude, WGS-84
    report_village: str | None = None


COUNTIES = {
    county.code: county
    for county in (
        County("520621", "JK", (27.70, 108.84), report_village="520621001005"),
        County("420325", "FX", (32.04, 110.73)),
        County("511529", "PS", (28.83, 104.35)),
        County("620123", "YZ", (35.84, 104.11)),
        County("610727", "LY", (33.33, 106.16)),
    )
}


@dataclass(frozen=True)
class Village:
    """A division of the lowest level, be it a village or a community (社区)."""

    code: str
    name: str
    township: str

    @property
    def short_name(self) -> str:
        """As people say it: without the words for its committee."""
        return COMMITTEE.sub("", self.name)


def villages_of(county: County) -> list[Village]:
    """In the order of their codes, the village of the report first."""
    rows = list(divisions_of(county))
    names = {row["code"]: row["name"] for row in rows}
    villages = [
        Village(row["code"], row["name"], names[row["parent_code"]]) for row in rows if row["level"] == "village"
    ]
    return sorted(villages, key=lambda village: (village.code != county.report_village, village.code))


def divisions_of(county: County) -> Iterator[dict[str, str]]:
    with DIVISIONS.open(encoding="utf-8", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["code"].startswith(county.code))
