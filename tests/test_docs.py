"""Docs that lag behind the code fail here."""

from importlib import import_module
from pathlib import Path

from services.alerts.rules.catalogue import RULE_GUARD, STANDARDS, SUBJECTS, SWEEP_DAY
from services.alerts.rules.rules import SHIPPED, read_shipped
from services.attendance.charges.gaps import OF_TOWNSHIP, OF_VILLAGE
from services.attendance.imports import pairings as import_pairings
from services.attendance.imports import stations as import_stations
from services.attendance.imports import teams as import_teams
from services.attendance.inspections.drawing import OWN_TOWNSHIP
from services.attendance.leave.chain import CAPTAIN_UP_TO, TOWNSHIP_UP_TO, WORKING_ONLY, YEAR_CAP
from services.attendance.months.reckoning import COUNTS, RATE
from services.attendance.personnel.steps import REPLY_DAYS
from services.attendance.presence.days import DAY_STARTS_AT
from services.attendance.presence.switches import SELF_CHECK_IN
from services.attendance.sync.leavers import DAYS_AFTER
from services.attendance.visits.month import EXPECTED
from services.households.imports import cases as import_cases
from services.households.imports import households as import_households
from services.households.imports import measures as import_measures
from services.households.imports import members as import_members
from services.households.imports import received as import_received
from services.households.imports import statements as import_statements
from services.households.register.water import STANDARDS as WATER
from services.kit.post.hearing import ABOUT_ITSELF
from services.kit.post.inbox import Handlers
from services.kit.post.owing import PINGED

DOCS = Path(__file__).resolve().parents[1] / "docs"
LISTENERS = ("alerts", "attendance", "households")
OWNERS = ("county", "households", "attendance", "alerts")


def picture() -> str:
    lines = ["flowchart LR"]
    for listener in LISTENERS:
        handlers: Handlers = import_module(f"services.{listener}.inbox").HANDLERS
        lines += [f'    {owner} -- "{", ".join(sorted(types))}" --> {listener}' for owner, types in handlers.items()]
    return "\n".join(lines)


def test_the_picture_of_the_flow_is_drawn_from_the_inboxes() -> None:
    drawn = (DOCS / "flow.md").read_text().partition("```mermaid\n")[2].partition("\n```")[0]
    assert drawn == picture()


def test_every_event_that_is_published_is_described_and_no_other() -> None:
    published = {kind for owner in OWNERS for kind in import_module(f"services.{owner}.main").PUBLISHED}
    published |= {PINGED, *ABOUT_ITSELF}
    table = (DOCS / "events.md").read_text().partition("| type |")[2].partition("\n\n")[0]
    described = {line.split("`")[1] for line in table.splitlines() if line.startswith("| `")}
    assert described == published


def test_every_rule_fact_and_standard_is_described() -> None:
    rules = (DOCS / "rules.md").read_text()
    names = {rule["key"] for rule in read_shipped(SHIPPED)} | set(STANDARDS)
    names |= {SWEEP_DAY.key, RULE_GUARD.key, SELF_CHECK_IN.key, DAY_STARTS_AT.key, EXPECTED.key, DAYS_AFTER.key}
    names |= {OWN_TOWNSHIP.key, OF_TOWNSHIP.key, OF_VILLAGE.key, REPLY_DAYS.key}
    names |= {one.key for one in (CAPTAIN_UP_TO, TOWNSHIP_UP_TO, WORKING_ONLY, YEAR_CAP, RATE, COUNTS)}
    names |= {fact.key for subject in SUBJECTS.values() for fact in subject.facts}
    assert sorted(name for name in names if f"`{name}`" not in rules) == []


def test_every_file_a_clerk_may_send_is_described_with_its_columns() -> None:
    described = (DOCS / "operations.md").read_text()
    households = [import_households, import_members, import_statements, import_received, import_measures]
    households.append(import_cases)
    kinds = [*households, import_teams, import_stations, import_pairings]
    assert [kind.__name__ for kind in kinds if " ".join(kind.HEADERS) not in described] == []
    assert [header for header in import_members.OPTIONAL if header not in described] == []


def test_every_standard_of_water_is_described() -> None:
    page = (DOCS / "people.md").read_text()
    assert [one.key for one in WATER if f"| `{one.key}` |" not in page] == []
