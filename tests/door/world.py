"""What a village has, in each service, written past every door."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import col

from services.alerts.models.facts import FactHistory
from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.models.watch import Alert, Finding, Rule
from services.attendance.models.facts import TeamFacts
from services.attendance.models.pairings import Pairing
from services.attendance.models.presence import CheckIn, DayStatus
from services.attendance.models.teams import Cadre, Posting, Station, Team, Unit
from services.attendance.pairings.register import Register
from services.households.models.exports import Export
from services.households.models.facts import HouseholdFacts
from services.households.models.income import Statement
from services.households.models.register import Household, HouseholdSet, Membership, Person, Tag
from services.households.models.voices import Correction, SelfDeclaration
from services.households.register.id_numbers import check_digit
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from tests.attendance.conftest import set_standard
from tests.callers import TEST_KEY
from tests.clock import NOW, TODAY
from tests.door.holdings import Thing

SINCE = Range(date(2026, 1, 1), None)
SEAL = Seal(KeyRing.of(TEST_KEY))


def store(engine: Engine, *rows: Any) -> None:
    with open_session(engine) as session, session.begin():
        for row in rows:
            session.add(row)
            session.flush()


def households(engine: Engine, village: str) -> Thing:
    home, person, group, number = uuid4(), uuid4(), uuid4(), f"JK{village}"
    declaration, own, correction, export = uuid4(), uuid4(), uuid4(), uuid4()
    id_number = id_number_of(village)
    store(
        engine,
        Household(id=home, number=number, village=village, head_name="示甲", created_at=NOW),
        Person(
            id=person, name="示甲", birth_date=date(1960, 1, 1), sex="1",
            sealed_id_number=SEAL.close(id_number, f"person.sealed_id_number:{person}"),
            id_index=SEAL.index(id_number),
        ),
        Membership(household_id=home, person_id=person, relation="01", valid=SINCE),
        Tag(household_id=home, key="monitored", valid=SINCE, source="示例"),
        Statement(
            id=uuid4(), household_id=home, period_from=date(2025, 1, 1), period_to=date(2025, 12, 31),
            recorded_by="示例", created_at=NOW,
        ),
        HouseholdFacts(subject=home, division=village, version=1, monitored=True, formerly_poor=False),
        HouseholdSet(id=group, name=f"示例组{village}", division=village, created_by="示例", created_at=NOW),
        SelfDeclaration(id=declaration, number=village, village=village, received_at=NOW),
        SelfDeclaration(id=own, number=f"{village[::-1]}", village=village, received_at=NOW),
        Correction(
            id=correction, household_id=home, kind="correction", filed_at=NOW,
            sealed_text=SEAL.close("示例内容", f"correction.sealed_text:{correction}"),
        ),
        *(
            Export(
                id=one, kind="members", format="csv", village=village, asked_by="示例", roles=[], rights=[], rows=1,
                approval_wanted=True, created_at=NOW,
            )
            for one in (export, uuid4())  # one to be approved, one to wait
        ),
    )  # fmt: skip
    with open_session(engine) as session, session.begin():
        set_standard(session, "view_code_days", 7, division=village)
        set_standard(session, "export_rows_alone", 5_000, division=village)
    voices = {"declaration": str(declaration), "own_declaration": str(own), "correction": str(correction)}
    voices |= {"export": str(export)}
    known = {"household": str(home), "number": number, "set": str(group), "person": str(person), "id_number": id_number}
    return thing(village, home, **known, **voices)


def id_number_of(village: str) -> str:
    """A sound one, of nobody."""
    body = f"99{village[-10:-6]}19600101{village[-3:]}"
    return body + check_digit(body)


def attendance(engine: Engine, village: str) -> Thing:
    unit, team, cadre, account = uuid4(), uuid4(), uuid4(), str(uuid4())
    name, username, mobile = f"示例{village}队", f"u{village}", f"1{village[2:]}"
    sealed = SEAL.close(mobile, f"cadre.sealed_mobile:{cadre}")
    entry, paired, home = uuid4(), uuid4(), uuid4()
    store(
        engine,
        Unit(id=unit, name=f"示例局{village}"),
        Team(id=team, name=name, village=village),
        Cadre(
            id=cadre, name="示甲", sealed_mobile=sealed, mobile_index=SEAL.index(mobile), unit_id=unit,
            username=username, account=account,
        ),
        Posting(cadre_id=cadre, team_id=team, role="member", valid=SINCE),
        Pairing(
            id=paired, cadre_id=cadre, household_id=home, kind="assistant", village=village, valid=SINCE,
            document_no="示例",
        ),
        Station(
            village=village, name="示例便民中心", latitude=27.7, longitude=108.8, sent_latitude=27.7,
            sent_longitude=108.8, datum="wgs84", radius=500,
        ),
        CheckIn(
            id=entry, cadre_id=cadre, recorded_by="示例", at=NOW, received_at=NOW, day=TODAY, datum="wgs84",
            village=village, verdict="inside",
        ),
        DayStatus(cadre_id=cadre, day=TODAY, status="present", evidence=[entry]),
        TeamFacts(subject=team, division=village, version=1, members=1, leaders=0, last_present_on=TODAY),
    )  # fmt: skip
    with open_session(engine) as session, session.begin():
        set_standard(session, "day_starts_at", 5, division=village)
    names = {
        "team": str(team),
        "team_name": name,
        "username": username,
        "mobile": mobile,
        "pairing": str(paired),
        "household": str(home),
    }
    return thing(village, team, cadre=str(cadre), account=account, **names)


def everybodys_register() -> Register:
    """Tells anybody where every household lies, by the end of its id: attendance itself must know what is whose."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get_list("household")
        return httpx.Response(200, json=[{"household_id": one, "village": one[-12:]} for one in asked])

    return Register(httpx.Client(base_url="http://register", transport=httpx.MockTransport(answer)))


LONG_KNOWN = datetime(2026, 11, 1, tzinfo=UTC)


def alerts(engine: Engine, village: str) -> Thing:
    home, alert, finding, sweep = uuid4(), uuid4(), uuid4(), uuid4()
    county, month = village[:6], date(2026, 10, 1)
    with open_session(engine) as session, session.begin():
        held = session.scalar(select(Sweep).where(col(Sweep.county) == county))
        sweep = held.id if held else sweep
        if not held:
            session.add(Sweep(id=sweep, county=county, period=month, state="certified", due_at=NOW, done_at=NOW))
        if not session.get(Rule, ("safe-water", 1)):
            session.add(RULE())
    basis: dict[str, Any] = {"basis": {}, "shown": {}}
    told: dict[str, Any] = {"county": county, "rule_key": "safe-water", "rule_version": 1, "subject": home}
    store(
        engine,
        Finding(id=finding, facts_version=1, as_of=TODAY, evidence=basis, found_at=NOW, **told),
        Alert(
            id=alert, about="household", division=village, severity="high", opened_at=NOW, refreshed_at=NOW,
            finding_id=finding, evidence_digest=1, **told,
        ),
        FactHistory(
            subject=home, about="household", county=county, division=village, version=1, known_since=LONG_KNOWN,
            learned_at=LONG_KNOWN, facts={"persons": 3},
        ),
        SweepGap(sweep_id=sweep, subject=home, division=village, rules=["safe-water"], missing=["safe_water"]),
    )  # fmt: skip
    return thing(village, home, household=str(home), alert=str(alert), sweep=str(sweep))


def RULE() -> Rule:  # noqa: N802  # the one rule of this world
    return Rule(
        key="safe-water", version=1, about="household", severity="high", since=date(2026, 1, 1),
        condition="not safe_water", title_zh="饮水不安全", title_en="Unsafe water", explain_zh="饮水不安全。",
        explain_en="Unsafe water.", created_at=NOW,
    )  # fmt: skip


def thing(village: str, subject: UUID, **ids: str) -> Thing:
    """`uuid` is the subject a set may hold."""
    return Thing(village, {"uuid": str(subject), **ids})


FURNISH: Mapping[str, Callable[[Engine, str], Thing]] = {
    "households": households,
    "attendance": attendance,
    "alerts": alerts,
}
