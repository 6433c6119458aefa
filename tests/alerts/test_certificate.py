"""A sweep is certified with nobody left out: judged, or named with what is missing; who came or went is listed."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select, text
from sqlmodel import Session

from services.alerts.facts.learn import forget
from services.alerts.models.sweep import SweepGap
from services.alerts.models.telling import Notice
from services.alerts.rules.catalogue import HOUSEHOLD
from services.households.register.tags import TagIn, set_tag
from services.kit.post.peers import Peer
from services.kit.store.signing import is_signed
from tests.alerts.conftest import COUNTY, VILLAGE, told
from tests.alerts.neighbours import Nobody, households_service, register, register_whole
from tests.alerts.sweeping import KEY, STEP_BY_STEP, at, claimed, walk, written
from tests.callers import grant
from tests.conftest import NOW


@pytest.fixture
def owners(engines: dict[str, Engine], tmp_path: Path) -> Mapping[str, Peer]:
    return {"households": households_service(engines["households"], tmp_path), "attendance": Nobody()}


def certificate(session: Session, owners: Mapping[str, Peer]) -> dict[str, Any]:
    sweep = walk(session, owners, 4 - STEP_BY_STEP.index(walk(session, owners, 0).state) - 1)
    assert sweep.certificate
    return sweep.certificate


def numbers(certificate: Mapping[str, Any]) -> tuple[int, int, int, bool]:
    return tuple(certificate[word] for word in ("register", "judged", "not_judgeable", "balances"))


def test_the_certificate_balances_when_every_household_was_judged(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    for safe_water in (True, False, True):
        register_whole(households, safe_water=safe_water)
    claimed(swept, NOW)
    certified = certificate(swept, owners)
    assert numbers(certified) == (3, 3, 0, True)
    assert certified["open_alerts"] == {"water-unsafe": 1}
    assert (certified["came"], certified["went"], certified["not_judgeable_for_want_of"]) == ([], [], {})


def test_who_could_not_be_judged_is_named_with_what_is_missing_and_the_county_is_told(
    swept: Session, households: Session, owners: Mapping[str, Peer], engines: dict[str, Engine]
) -> None:
    grant(engines["alerts"], "the-county", "county", COUNTY)
    register_whole(households)
    unclear = register_whole(households, safe_water=None, grade=None)
    claimed(swept, NOW)
    certified = certificate(swept, owners)
    assert numbers(certified) == (2, 1, 1, True)
    assert certified["not_judgeable_for_want_of"] == {"safe_house": 1, "safe_water": 1}
    gap = swept.scalars(select(SweepGap)).one()
    assert (gap.subject, gap.rules, gap.missing) == (
        unclear,
        ["house-unsafe", "water-unsafe"],
        ["safe_house", "safe_water"],
    )
    notice = swept.scalars(select(Notice)).one()
    assert (notice.recipient, notice.kind, notice.number) == ("the-county", "sweep_gaps", 1)


def test_a_fact_that_no_undecided_rule_asks_for_is_not_called_missing(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    """Nobody stated the income, but a family that is monitored is no news whatever it earns."""
    household = register_whole(households)
    households.execute(text("DELETE FROM statement_line"))
    households.execute(text("DELETE FROM statement"))
    set_tag(households, household, "monitored", TagIn(since=date(2026, 1, 1), source="示例"), NOW)
    households.commit()
    claimed(swept, NOW)
    assert certificate(swept, owners)["not_judgeable_for_want_of"] == dict.fromkeys(
        ("cash_gap", "income_until", "medical_self_paid", "net_income", "schooling_self_paid"), 1
    )


def test_one_who_came_after_the_cut_is_listed_and_balances(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    register_whole(households)
    claimed(swept, NOW)
    walk(swept, owners, 1)
    came = told(swept, safe_water=False)
    certified = certificate(swept, owners)
    assert numbers(certified) == (1, 1, 1, True)
    assert certified["came"] == [str(came)]


def test_one_who_went_after_the_cut_is_listed_and_balances(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    stayed, went = register_whole(households, safe_water=True), register_whole(households)
    claimed(swept, NOW)
    walk(swept, owners, 1)
    leave(swept, but=[stayed])
    certified = certificate(swept, owners)
    assert numbers(certified) == (2, 1, 0, True)
    assert (certified["went"], certified["open_alerts"]) == ([str(went)], {})


def test_one_who_came_and_went_after_the_cut_does_not_unbalance_it(
    swept: Session, households: Session, owners: Mapping[str, Peer]
) -> None:
    stayed = register_whole(households)
    claimed(swept, NOW)
    walk(swept, owners, 1)
    told(swept, safe_water=False)
    leave(swept, but=[stayed])
    assert numbers(certificate(swept, owners)) == (1, 1, 0, True)


def leave(session: Session, but: list[UUID]) -> None:
    """The owner tells us who is left."""
    moment = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    forget(session, HOUSEHOLD, VILLAGE, but, known_before=moment, now=NOW)
    session.commit()


def test_a_second_sweep_changes_no_alert(swept: Session, households: Session, owners: Mapping[str, Peer]) -> None:
    register(households)
    claimed(swept, at(date(2026, 11, 19)))
    walk(swept, owners, 3)
    once = written(swept, ["alert", "finding"])
    claimed(swept, NOW)
    certified = certificate(swept, owners)
    assert written(swept, ["alert", "finding"]) == once
    assert certified["changed"][HOUSEHOLD] == {"opened": 0, "refreshed": 0, "closed": 0}


def test_a_certificate_is_sealed_by_the_digest_of_what_it_says(swept: Session, owners: Mapping[str, Peer]) -> None:
    claimed(swept, NOW)
    said = certificate(swept, owners)
    canonical = json.dumps(
        {word: said[word] for word in sorted(said) if word not in ("sha256", "signature")},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    assert said["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_a_certificate_is_signed_and_any_change_to_it_shows(swept: Session, owners: Mapping[str, Peer]) -> None:
    claimed(swept, NOW)
    said = certificate(swept, owners)
    assert is_signed(said, KEY.public_key())
    for word, value in said.items():
        other = "00" * 64 if word == "signature" else [value, "changed"]
        assert not is_signed(said | {word: other}, KEY.public_key()), word
    assert not is_signed({word: value for word, value in said.items() if word != "signature"}, KEY.public_key())
    assert not is_signed(said, Ed25519PrivateKey.generate().public_key())
