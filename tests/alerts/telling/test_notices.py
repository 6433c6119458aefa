"""Whoever's office covers a place is told once of what happens there, as the county has set for the role."""

import re
from string import Formatter
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from services.alerts.facts.learn import Told
from services.alerts.intake.take_in import take_in
from services.alerts.models.telling import Notice
from services.alerts.models.watch import Alert
from services.alerts.rules.catalogue import HOUSEHOLD, TEAM
from services.alerts.telling.kinds import KINDS, ROLES, settings
from services.alerts.telling.notices import tell
from services.alerts.telling.quiet import DIGEST_HOUR, QUIET_FROM, QUIET_UNTIL
from services.kit.store.db import open_session
from services.kit.store.grants import SetMember
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards, told
from tests.callers import grant
from tests.conftest import NOW
from tests.kit.test_barrier import ALWAYS, UNTIL_TODAY
from tests.test_docs import DOCS


@pytest.fixture
def engine(engines: dict[str, Engine], watched: Session) -> Engine:
    return engines["alerts"]


def notices(session: Session) -> list[tuple[str, str, bool]]:
    session.rollback()
    return sorted((one.recipient, one.kind, one.urgent) for one in session.scalars(select(Notice)))


def unsafe(session: Session, subject: UUID | None = None) -> UUID:
    """A family without safe water: one alert of high severity, or another."""
    return told(session, subject, safe_water=False)


def test_those_are_told_whose_office_covers_the_place_and_each_once(watched: Session, engine: Engine) -> None:
    grant(engine, "here", "cadre", VILLAGE)
    grant(engine, "here", "captain", VILLAGE[:9])  # two offices, one person
    grant(engine, "beside", "cadre", "520621001006")
    grant(engine, "was-here", "cadre", VILLAGE, valid=UNTIL_TODAY)
    grant(engine, "withdrawn", "cadre", VILLAGE, revoked=True)
    grant(engine, "looks-on", "auditor", COUNTY)
    family = unsafe(watched)
    (kind,) = {kind for _, kind, _ in notices(watched)}
    assert notices(watched) == [("here", kind, False)]
    alert = watched.scalars(select(col(Alert.id)).where(col(Alert.subject) == family)).one()
    assert tell(watched, "alert_opened", [alert], NOW) == 0
    told(watched, family, version=2, safe_water=True)
    assert notices(watched) == sorted([("here", kind, False), ("here", "alert_closed", False)])


def test_who_covers_the_village_a_family_moves_to_is_told_and_nobody_again(watched: Session, engine: Engine) -> None:
    grant(engine, "here", "cadre", VILLAGE)
    grant(engine, "both", "captain", VILLAGE[:9])
    grant(engine, "there", "cadre", "520621001006")
    family = unsafe(watched)
    assert [who for who, _, _ in notices(watched)] == ["both", "here"]
    take_in(watched, HOUSEHOLD, [Told(family, "520621001006", 2, {"safe_water": False})], NOW)
    watched.commit()
    assert [who for who, _, _ in notices(watched)] == ["both", "here", "there"]


def test_a_pairing_reaches_its_households_alone(watched: Session, engine: Engine) -> None:
    family, pairs = uuid4(), uuid4()
    with open_session(engine) as session, session.begin():
        session.add(SetMember(set_id=pairs, subject=family, owner="attendance", valid=ALWAYS, version=1))
        session.add(SetMember(set_id=pairs, subject=uuid4(), owner="attendance", valid=ALWAYS, version=1))
        for ended in ({"valid": UNTIL_TODAY}, {"valid": ALWAYS, "revoked": True}):
            session.add(SetMember(set_id=(was := uuid4()), subject=family, owner="attendance", version=1, **ended))
            grant(engine, "was-helper", "assistant", str(was), "set")
    grant(engine, "helper", "assistant", str(pairs), "set")
    grant(engine, "helper", "assistant", VILLAGE)  # reached two ways
    grant(engine, "other", "assistant", str(pairs), "set")
    unsafe(watched, subject=family)
    unsafe(watched)
    assert [who for who, _, _ in notices(watched)] == ["helper", "helper", "other"]


def test_of_a_team_its_captain_and_the_township_are_told(watched: Session, engine: Engine) -> None:
    for role in ("cadre", "captain", "township"):
        grant(engine, role, role, VILLAGE[:9])
    take_in(watched, TEAM, [Told(uuid4(), VILLAGE, 1, {"members": 1, "leaders": 1})], NOW)
    watched.commit()
    assert {(who, kind) for who, kind, _ in notices(watched)} == {("captain", "alert_team"), ("township", "alert_team")}


def test_the_county_says_which_role_is_told_of_what_and_how_soon(watched: Session, engine: Engine) -> None:
    for role in ("cadre", "captain", "township", "county"):
        grant(engine, role, role, COUNTY)
    setting = {"tell_alert_opened_cadre": 0, "tell_alert_high_cadre": 0}
    setting |= {"tell_alert_opened_township": 2, "tell_alert_high_township": 2}
    set_standards(watched, setting)
    set_standards(watched, {"tell_alert_opened_county": 1, "tell_alert_high_county": 1}, "520621002")  # not this place
    watched.commit()
    unsafe(watched)
    assert [(who, urgent) for who, _, urgent in notices(watched)] == [("captain", False), ("township", True)]


def test_a_sentence_knows_of_places_titles_and_numbers_alone_and_every_setting_is_described() -> None:
    for kind in KINDS.values():
        for sentence in (kind.zh, kind.en):
            named = {name for _, name, _, _ in Formatter().parse(sentence) if name}
            assert {"place", "number"} <= named <= {"place", "title", "number"}
    page = (DOCS / "telling.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []
    assert [key.key for key in (DIGEST_HOUR, QUIET_FROM, QUIET_UNTIL) if f"`{key.key}`" not in page] == []
    assert [role for role in ROLES if role not in page] == []
    assert [key.key for key in settings() if not re.fullmatch(r"[a-z][a-z0-9_]{2,60}", key.key)] == []
