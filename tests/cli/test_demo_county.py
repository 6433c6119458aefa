"""The made-up county, taken in as a clerk would send it and judged: as many alerts of each rule as its files hold."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session, col

import services.attendance.facts as of_teams
from services.alerts.facts.learn import read_told
from services.alerts.intake.take_in import take_in
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.alerts.rules.rules import SHIPPED, read_shipped, ship
from services.attendance.imports import stations as import_stations
from services.attendance.imports import teams as import_teams
from services.attendance.imports.upload import Upload
from services.attendance.models.facts import TeamFacts
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.presence.check_ins import CheckInIn
from services.cli.county_files import generate
from services.cli.demo import COUNTY, standards
from services.county.days import count_days
from services.households.models.facts import HouseholdFacts
from services.kit.post.facts import fact_names, table_of
from services.kit.store.fields import Seal
from services.kit.store.tables import Standard
from services.kit.web.errors import DomainError
from services.kit.web.sheets import read_sheet
from tests.alerts.sweeping import engine_of
from tests.attendance.recording import AN_OFFICE, grant_to_an_office, recorded
from tests.callers import HERE
from tests.conftest import NOW, TODAY
from tests.households.conftest import EVERYWHERE, take

COUNTED_AS = {
    "income-below-line": "income_below_line",
    "medical-burden": "heavy_medical",
    "dropped-out": "out_of_school",
    "not-insured": "uninsured",
    "house-unsafe": "unsafe_house",
    "water-unsafe": "unsafe_water",
    "income-after-costs-below-line": "below_line_after_costs",
    "expense-gap": "wide_gap",
    "schooling-burden": "heavy_schooling",
    "income-fell": "income_fell",
    "work-income-lost": "work_lost",
    "lives-on-transfers": "lives_on_transfers",
    "income-out-of-date": "income_out_of_date",
    "income-implausibly-low": "income_too_low",
    "income-implausibly-high": "income_too_high",
    "team-below-strength": "teams_below_strength",
    "village-without-presence": "teams_never_present",
    "team-without-captain": "teams_without_captain",
    "captain-absent": "teams_captain_absent",
    "member-long-absent": "teams_member_absent",
    "posting-term-over": "teams_term_over",
}
MORNING_IS_OVER = HERE.replace(hour=10)


def test_every_shipped_rule_is_counted() -> None:
    assert COUNTED_AS.keys() == {rule["key"] for rule in read_shipped(SHIPPED)}


@pytest.fixture
def frame(households: Session, attendance: Session, alerts: Session) -> None:
    """The demo county's standards and its calendar."""
    for session in (attendance, alerts):
        session.add_all(standard(key, value) for key, (value, _) in standards().items())
        session.commit()
    write = text("INSERT INTO day VALUES (:date, :working, :ordinal, :provisional, :source, 1)")
    names = ("date", "working", "ordinal", "provisional", "source")
    alerts.execute(write, [dict(zip(names, day, strict=True)) for day in count_days(TODAY.year, {})])
    alerts.commit()
    ship(engine_of(alerts), NOW)


def standard(key: str, value: int) -> Standard:
    said: dict[str, Any] = {"unit": "", "document_no": "示例〔2026〕1号", "version": 1}
    return Standard(key=key, division=COUNTY, valid=Range(date(2026, 1, 1), None), value=Decimal(value), **said)


def test_the_county_has_as_many_alerts_of_each_rule_as_its_files_say(
    frame: None, households: Session, attendance: Session, alerts: Session, seal: Seal, tmp_path: Path
) -> None:
    truth = generate(tmp_path, as_of=TODAY, households=1_500, teams=20, seed=4)
    for name in ("households.xlsx", "members.csv", "statements.csv", "statements_before.csv"):
        kind = name.partition(".")[0].removesuffix("_before")
        assert take(households, seal, kind, (tmp_path / name).read_bytes()).refusals == []
    households.commit()
    station(attendance, seal, tmp_path)
    hear(alerts, HOUSEHOLD, households, HouseholdFacts)
    hear(alerts, TEAM, attendance, TeamFacts)
    assert opened(alerts) == {rule: truth[name] for rule, name in COUNTED_AS.items()}
    assert min(opened(alerts).values()) > 0


def station(session: Session, seal: Seal, folder: Path) -> None:
    """Teams, their stations, and who was seen there."""
    upload = Upload(session, EVERYWHERE, seal, TODAY, NOW)
    for kind, name in ((import_teams, "teams.xlsx"), (import_stations, "stations.csv")):
        _, changed = kind.take(upload, list(read_sheet((folder / name).read_bytes(), kind.HEADERS)))
        if kind is import_teams:
            of_teams.facts_changed_in_bulk(session, changed, NOW)
    cadres = cadres_of_teams(session)
    bodies = []
    for line in (folder / "check_ins.jsonl").read_text().splitlines():
        entry = loads(line)
        entry["cadre_id"] = str(cadres[entry.pop("team"), entry.pop("name")])
        bodies.append(CheckInIn.model_validate_json(dumps(entry | {"datum": "wgs84"})))
    grant_to_an_office(session)
    outcomes = recorded(session, bodies, replace(AN_OFFICE, now=MORNING_IS_OVER))
    assert not [one for one in outcomes if isinstance(one, DomainError)]
    session.commit()


def cadres_of_teams(session: Session) -> Mapping[tuple[str, str], Any]:
    posted = select(col(Team.name), col(Cadre.name), col(Cadre.id)).join(Posting, col(Posting.team_id) == col(Team.id))
    return {(t, c): key for t, c, key in session.execute(posted.join(Cadre, col(Cadre.id) == col(Posting.cadre_id)))}


def hear(alerts: Session, about: str, owner: Session, model: type[HouseholdFacts] | type[TeamFacts]) -> None:
    told = [
        read_told(about, str(row["subject"]), row["division"], row["version"], {n: row[n] for n in fact_names(model)})
        for row in owner.execute(select(table_of(model))).mappings()
    ]
    take_in(alerts, about, told, NOW + timedelta(hours=1))
    alerts.commit()


def opened(session: Session) -> Counter[str]:
    return Counter(session.scalars(text("SELECT rule_key FROM alert WHERE closed_at IS NULL")))
