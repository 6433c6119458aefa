"""From a draft to a rule that judges: the guard, a second person, the shadow, and the end of a rule."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, func, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.facts.learn import Told
from services.alerts.intake.again import judges_again
from services.alerts.intake.take_in import take_in
from services.alerts.judging.judge import convene, judge_county
from services.alerts.main import create
from services.alerts.models.rules import ShadowFinding
from services.alerts.models.telling import Notice
from services.alerts.models.watch import Alert, Rule
from services.alerts.rules.catalogue import HOUSEHOLD
from services.alerts.rules.rules import MOST, SHIPPED, TooManyRules, read_shipped, rules_on, ship
from services.kit.post.peers import Peer
from services.kit.store.claim import work_a_job
from tests.alerts.conftest import COUNTY, STANDARDS, VILLAGE, open_alerts, set_standards, told, yuan
from tests.alerts.neighbours import Nobody, households_service, register_whole
from tests.alerts.sweeping import claimed, walk
from tests.alerts.test_rule_drafts import written
from tests.callers import Headers, Office, served
from tests.conftest import NOW, TODAY

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def http(api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


@pytest.fixture
def owners(engines: dict[str, Engine], tmp_path: Path) -> Mapping[str, Peer]:
    return {"households": households_service(engines["households"], tmp_path), "attendance": Nobody()}


@pytest.fixture
def officer(office: Office) -> Headers:
    return office("officer", "county")


@pytest.fixture
def approver(office: Office) -> Headers:
    return office("approver", "approver")


@pytest.fixture
def guarded(watched: Session) -> Session:
    """A county that lets one person's rule touch a quarter of its households."""
    set_standards(watched, {"rule_guard": 25})
    watched.commit()
    return watched


def proposed(http: TestClient, who: Headers, draft: Any, expected: int = 200, since: Any = TODAY) -> Any:
    answer = http.put(f"/v1/rule-drafts/{draft['id']}/proposal", json={"since": str(since)}, headers=who)
    assert answer.status_code == expected, answer.text
    return answer.json()


def decided(http: TestClient, who: Headers, draft: Any, approved: bool, expected: int = 200) -> Any:
    said = {"approved": approved, "because": "示例意见"}
    answer = http.put(f"/v1/rule-drafts/{draft['id']}/decision", json=said, headers=who)
    assert answer.status_code == expected, answer.text
    return answer.json()


def judged(session: Session, county: str = COUNTY, days: int = 0) -> None:
    session.rollback()
    judge_county(session, convene(session, HOUSEHOLD, county, TODAY + timedelta(days=days), NOW + timedelta(days=days)))
    session.commit()


def four_families(session: Session) -> list[UUID]:
    """One of nine persons among three of one."""
    return [told(session, persons=persons) for persons in (9, 1, 1, 1)]


def test_a_rule_that_touches_few_judges_from_its_day_by_its_authors_word(
    http: TestClient, guarded: Session, officer: Headers, engines: dict[str, Engine]
) -> None:
    many, *others = four_families(guarded)
    draft = written(http, officer, key="many-persons", condition="persons > 8")
    done = proposed(http, officer, draft)
    assert (done["state"], done["version"], done["approved"]) == ("in_force", 1, None)
    assert {name: done["measured"][name] for name in ("subjects", "flagged", "guard", "document_no")} == {
        "subjects": 4,
        "flagged": 1,
        "guard": "25",
        "document_no": "示例〔2026〕rule_guard",
    }
    work_a_job(engines["alerts"], judges_again(engines["alerts"]), NOW)  # nobody's facts have changed
    assert open_alerts(guarded, many) == ["many-persons"]
    assert [open_alerts(guarded, one) for one in others] == [[], [], []]


def test_a_rule_that_hits_everybody_is_stopped_by_the_guard_until_a_second_person_agrees(
    http: TestClient, guarded: Session, officer: Headers, approver: Headers
) -> None:
    families = four_families(guarded)
    draft = written(http, officer, key="everybody", condition="persons > 0")
    assert proposed(http, officer, draft)["state"] == "awaits_approval"
    judged(guarded)
    assert open_alerts(guarded, families[0]) == []
    done = decided(http, approver, draft, approved=True)
    assert (done["state"], done["decided_by"], done["because"]) == ("in_force", "approver", "示例意见")
    judged(guarded)
    assert {tuple(open_alerts(guarded, one)) for one in families} == {("everybody",)}
    rule = guarded.get_one(Rule, ("everybody", 1))
    assert (rule.written_by, rule.approved_by, rule.division, str(rule.draft_id)) == (
        "officer",
        "approver",
        COUNTY,
        draft["id"],
    )


def test_one_household_above_the_guard_is_above_it_and_the_guard_itself_is_not(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    for persons in (9, 8, 1, 1):
        told(guarded, persons=persons)
    assert proposed(http, officer, written(http, officer, key="nine", condition="persons > 8"))["state"] == "in_force"
    above = written(http, officer, key="eight", condition="persons > 7")
    assert proposed(http, officer, above)["state"] == "awaits_approval"


def test_nobody_approves_what_they_have_written(http: TestClient, guarded: Session, office: Office) -> None:
    four_families(guarded)
    both = office("both", "county", "approver")
    draft = written(http, both, key="everybody", condition="persons > 0")
    proposed(http, both, draft)
    assert decided(http, both, draft, approved=True, expected=403)["code"] == "own-draft"
    assert guarded.get(Rule, ("everybody", 1)) is None


def test_the_county_is_told_of_a_rule_that_waits_and_of_no_other(
    http: TestClient, guarded: Session, officer: Headers, office: Office
) -> None:
    four_families(guarded)
    second = office("second", "county")
    proposed(http, officer, written(http, officer, key="many-persons", condition="persons > 8"))
    proposed(http, officer, written(http, officer, key="everybody", condition="persons > 0"))
    rows = http.get("/v1/notices", headers=second | {"accept-language": "en"}).json()["rows"]
    waiting = [row for row in rows if row["kind"] == "rule_waiting"]
    assert len(waiting) == 1
    assert "1 rules wait for the word of somebody who has not written them" in waiting[0]["text"]


def test_what_was_refused_judges_nobody_and_is_not_decided_twice(
    http: TestClient, guarded: Session, officer: Headers, approver: Headers
) -> None:
    four_families(guarded)
    draft = written(http, officer, key="everybody", condition="persons > 0")
    assert decided(http, approver, draft, approved=False, expected=409)["code"] == "nothing-to-decide"
    proposed(http, officer, draft)
    refused = decided(http, approver, draft, approved=False)
    assert refused["state"] == "refused"
    assert decided(http, approver, draft, approved=False) == refused
    assert decided(http, approver, draft, approved=True, expected=409)["code"] == "nothing-to-decide"
    assert guarded.get(Rule, ("everybody", 1)) is None


def test_a_county_that_has_set_no_guard_is_told_which_standard_it_lacks(
    http: TestClient, watched: Session, officer: Headers
) -> None:
    refused = proposed(http, officer, written(http, officer), expected=409)
    assert (refused["code"], refused["detail"].split()[0]) == ("standard-missing", "rule_guard")


def test_a_rule_whose_standard_the_county_has_not_set_is_not_put_in_force(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    guarded.execute(text("DELETE FROM standard WHERE key = 'low_income_line'"))
    guarded.commit()
    draft = written(
        http, officer, key="own", condition="net_income < low_income_line", explain_zh="低", explain_en="low"
    )
    assert "low_income_line" in proposed(http, officer, draft, expected=409)["detail"]


def test_a_rule_of_tomorrow_judges_tomorrow(http: TestClient, guarded: Session, officer: Headers) -> None:
    many, *_ = four_families(guarded)
    proposed(http, officer, written(http, officer, key="many-persons", condition="persons > 8"), since=TOMORROW)
    judged(guarded)
    assert open_alerts(guarded, many) == []
    judged(guarded, days=1)
    assert open_alerts(guarded, many) == ["many-persons"]


def test_days_are_refused_that_have_gone_or_come_before_another_version(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    draft = written(http, officer)
    yesterday = TODAY - timedelta(days=1)
    assert proposed(http, officer, draft, expected=422, since=yesterday)["code"] == "rule-since-gone"
    done = proposed(http, officer, draft, since=TOMORROW)
    assert proposed(http, officer, draft, since=TOMORROW) == done
    assert proposed(http, officer, draft, expected=409, since=TODAY)["code"] == "draft-put-forward"
    refused = proposed(http, officer, written(http, officer, severity="high"), expected=409)
    assert (refused["code"], refused["detail"]) == ("rule-since-before-another", TOMORROW.isoformat())


def test_only_its_author_puts_a_draft_forward_and_below_its_place_nobody_decides(
    http: TestClient, guarded: Session, officer: Headers, office: Office
) -> None:
    four_families(guarded)
    draft = written(http, officer, key="everybody", condition="persons > 0")
    another = office("another", "county")
    assert proposed(http, another, draft, expected=403)["code"] == "not-your-draft"
    proposed(http, officer, draft)
    below = office("below", "approver", place=VILLAGE[:9])
    assert decided(http, below, draft, approved=True, expected=404)["code"] == "not-there"


def test_a_countys_rule_judges_in_that_county_alone(http: TestClient, guarded: Session, officer: Headers) -> None:
    set_standards(guarded, STANDARDS, "520622")
    take_in(guarded, HOUSEHOLD, [Told(UUID(int=7), "520622001001", 1, {"persons": 9})], NOW)
    guarded.commit()
    four_families(guarded)
    proposed(http, officer, written(http, officer, key="many-persons", condition="persons > 8"))
    judged(guarded)
    judged(guarded, "520622")
    assert open_alerts(guarded, UUID(int=7)) == []
    assert guarded.scalar(select(func.count()).select_from(Alert)) == 1


def test_an_alert_of_a_countys_own_rule_closes_when_the_household_moves_to_another(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    many, *_ = four_families(guarded)
    proposed(http, officer, written(http, officer, key="many-persons", condition="persons > 8"))
    judged(guarded)
    set_standards(guarded, STANDARDS, "520622")
    take_in(guarded, HOUSEHOLD, [Told(many, "520622001001", 2, {"persons": 9})], NOW)
    guarded.commit()
    judged(guarded)
    assert open_alerts(guarded, many) == []


def test_an_edited_rule_judges_unchanged_households_anew_and_tells_which_version_did(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    family = told(guarded, schooling_self_paid=yuan(10_000), monitored=False)
    for _ in range(4):
        told(guarded, schooling_self_paid=0, monitored=False)
    proposed(http, officer, written(http, officer))
    judged(guarded)
    rows = http.get("/v1/alerts", params={"division": COUNTY, "subject": str(family)}, headers=officer).json()["rows"]
    assert [(row["rule_version"], row["explanation"]) for row in rows] == [(2, "自付教育支出 10,000.00 元。")]


def test_a_rule_retired_from_a_day_closes_its_alerts_then_and_is_that_of_the_days_before(
    http: TestClient, guarded: Session, officer: Headers, approver: Headers
) -> None:
    family = told(guarded, safe_water=False)
    draft = written(http, officer, key="water-unsafe", mode="retired")
    assert proposed(http, officer, draft, since=TOMORROW)["state"] == "awaits_approval"  # it silences everybody's
    decided(http, approver, draft, approved=True)
    judged(guarded)
    assert open_alerts(guarded, family) == ["water-unsafe"]
    judged(guarded, days=1)
    assert open_alerts(guarded, family) == []
    told_of = guarded.execute(text("SELECT type FROM event WHERE type LIKE 'alert.%' ORDER BY xid")).scalars().all()
    assert told_of == ["alert.opened", "alert.closed"]
    held = [{rule.key for rule in rules_on(guarded, HOUSEHOLD, day, COUNTY)} for day in (TODAY, TOMORROW)]
    assert held[0] - held[1] == {"water-unsafe"}


def test_what_a_county_gave_up_is_the_products_again(
    http: TestClient, guarded: Session, officer: Headers, approver: Headers
) -> None:
    family = told(guarded, safe_water=False)
    retired = written(http, officer, key="water-unsafe", mode="retired")
    proposed(http, officer, retired)
    decided(http, approver, retired, approved=True)
    judged(guarded)
    assert open_alerts(guarded, family) == []
    draft = written(http, officer, key="water-unsafe", mode="inherited")
    seen = http.get(f"/v1/rule-drafts/{draft['id']}/preview", params={"division": COUNTY}, headers=officer).json()
    assert (seen["flagged"], seen["newly_flagged"]) == (1, 1)
    proposed(http, officer, draft)
    decided(http, approver, draft, approved=True)
    judged(guarded)
    assert open_alerts(guarded, family) == ["water-unsafe"]


def test_a_shadow_judges_in_the_sweep_and_tells_nobody(
    http: TestClient, guarded: Session, households: Session, owners: Mapping[str, Peer], officer: Headers
) -> None:
    set_standards(guarded, {"sweep_day": 20})
    guarded.commit()
    register_whole(households)
    shadow = written(http, officer, key="shadowed", mode="shadow", condition="persons >= 0 or persons is null")
    assert proposed(http, officer, shadow)["state"] == "in_force"  # though it hits everybody
    doubtful: dict[str, Any] = {
        "condition": "net_income_before > monitoring_line",
        "explain_zh": "疑",
        "explain_en": "?",
    }
    proposed(http, officer, written(http, officer, key="unknown-to-all", mode="shadow", **doubtful))
    claimed(guarded, NOW)
    walk(guarded, owners, 3)
    alerted = set(guarded.scalars(select(col(Alert.rule_key))))
    assert "shadowed" not in alerted
    assert guarded.scalar(select(func.count()).select_from(Notice).where(col(Notice.rule) == "shadowed")) == 0
    known = guarded.execute(text("SELECT count(*) FROM household_facts")).scalar_one()
    assert guarded.scalar(select(func.count()).select_from(ShadowFinding)) == known > 0
    path = "/v1/rules/shadowed/shadow-sweeps"
    rows = http.get(path, params={"version": 1}, headers=officer).json()["rows"]
    assert [(row["period"], row["held"], row["alerted"]) for row in rows] == [("2026-11-01", known, 0)]


def test_a_shadow_stands_beside_the_version_in_effect_and_ends_with_the_next_one(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    told(guarded, schooling_self_paid=0, monitored=False)
    proposed(http, officer, written(http, officer, mode="shadow"))

    def own() -> dict[str, int]:
        rules = http.get("/v1/rules", params={"county": COUNTY}, headers=officer).json()
        return {rule["key"]: rule["version"] for rule in rules if rule["key"] == "schooling-burden"}

    assert own() == {"schooling-burden": 1}
    proposed(http, officer, written(http, officer))
    assert own() == {"schooling-burden": 3}


def test_versions_are_listed_and_two_of_them_compared(
    http: TestClient, guarded: Session, officer: Headers, office: Office
) -> None:
    told(guarded, schooling_self_paid=0, monitored=False)
    proposed(http, officer, written(http, officer))
    path = "/v1/rules/schooling-burden"
    listed = http.get(f"{path}/versions", headers=officer).json()["rows"]
    assert [(row["version"], row["division"], row["written_by"]) for row in listed] == [
        (2, COUNTY, "officer"),
        (1, "", None),
    ]
    said = http.get(f"{path}/comparison", params={"older": 1, "newer": 2}, headers=officer).json()
    assert said["facts_added"] == ["monitored"]
    assert said["standards_removed"] == []
    changed = {one["field"]: (one["older"], one["newer"]) for one in said["changed"]}
    assert changed["condition"] == (
        "schooling_self_paid >= schooling_burden",
        "schooling_self_paid >= schooling_burden and not monitored",
    )
    assert {"division", "since", "severity"} <= changed.keys()
    same = http.get(f"{path}/comparison", params={"older": 2, "newer": 2}, headers=officer).json()
    assert same["changed"] == []
    beside = office("beside", "county", place="520622")
    assert len(http.get(f"{path}/versions", headers=beside).json()["rows"]) == 1
    assert http.get(f"{path}/comparison", params={"older": 1, "newer": 2}, headers=beside).status_code == 404


def test_a_provinces_rule_is_inherited_and_a_county_overrides_it_with_the_difference_shown(
    http: TestClient, guarded: Session, officer: Headers, office: Office
) -> None:
    set_standards(guarded, {"rule_guard": 25}, "52")
    guarded.commit()
    many, *_ = four_families(guarded)
    province = office("province", "county", place="52")
    proposed(http, province, written(http, province, key="many-persons", division="52", condition="persons > 8"))
    judged(guarded)
    assert open_alerts(guarded, many) == ["many-persons"]

    def overrides() -> dict[str, Any]:
        rows = http.get("/v1/rule-overrides", params={"county": COUNTY}, headers=officer).json()
        return {row["key"]: row for row in rows}

    assert overrides()["many-persons"]["inherited_version"] is None  # of the province alone: the product has none
    proposed(http, officer, written(http, officer, key="many-persons", condition="persons > 9"))
    told_of = overrides()["many-persons"]
    named = ("division", "version", "inherited_division", "inherited_version")
    assert tuple(told_of[name] for name in named) == (COUNTY, 2, "52", 1)
    assert {"field": "condition", "older": "persons > 8", "newer": "persons > 9"} in told_of["changed"]
    judged(guarded)
    assert open_alerts(guarded, many) == []
    proposed(http, officer, written(http, officer, key="many-persons", mode="inherited"))
    assert overrides()["many-persons"]["division"] == "52"
    judged(guarded)
    assert open_alerts(guarded, many) == ["many-persons"]


def test_a_release_that_has_a_rule_again_goes_on_counting_its_versions(
    guarded: Session, engines: dict[str, Engine], tmp_path: Path
) -> None:
    shipped = tmp_path / "rules.toml"
    whole = (Path("services/alerts/rules/shipped_rules.toml")).read_text()
    shipped.write_text("[[rule]]" + whole.split("[[rule]]")[1])
    key = read_shipped(shipped)[0]["key"]
    assert ship(engines["alerts"], NOW, shipped) == 0
    assert {rule.key for rule in rules_on(guarded, HOUSEHOLD, TODAY)} == {key}
    assert ship(engines["alerts"], NOW) == 20
    guarded.rollback()
    assert guarded.get_one(Rule, ("water-unsafe", 2)).retired_at is None


def test_a_release_whose_rules_and_a_countys_own_are_too_many_together_does_not_start(
    guarded: Session, engines: dict[str, Engine]
) -> None:
    shipped = len([rule for rule in read_shipped(SHIPPED) if rule["about"] == HOUSEHOLD])
    one = guarded.get_one(Rule, ("water-unsafe", 1)).model_dump(exclude={"key", "division"})
    guarded.add_all(Rule(key=f"own-{place}", division=COUNTY, **one) for place in range(MOST - shipped))
    guarded.commit()
    assert ship(engines["alerts"], NOW) == 0
    guarded.add(Rule(key="one-more", division=COUNTY, **one))
    guarded.commit()
    with pytest.raises(TooManyRules, match=f"household {COUNTY}"):
        ship(engines["alerts"], NOW)


def test_where_no_more_rules_can_judge_the_next_one_is_refused(
    http: TestClient, guarded: Session, officer: Headers
) -> None:
    told(guarded, persons=1)
    shipped = len([rule for rule in read_shipped(SHIPPED) if rule["about"] == HOUSEHOLD])
    one = guarded.get_one(Rule, ("water-unsafe", 1)).model_dump(exclude={"key", "division"})
    guarded.add_all(Rule(key=f"own-{place}", division=COUNTY, **one) for place in range(MOST - shipped))
    guarded.commit()
    refused = proposed(http, officer, written(http, officer, key="one-more", condition="persons > 8"), expected=409)
    assert refused["code"] == "too-many-rules-there"
    assert proposed(http, officer, written(http, officer))["state"] == "in_force"  # in place of one that judges
