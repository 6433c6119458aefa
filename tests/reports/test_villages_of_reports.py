"""What the reports say of villages, in their own numbers: profiles, statuses, facilities, honours, who is what."""

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.households.conftest import VILLAGE, http
from tests.households.ledgers import entries
from tests.households.ledgers.entries import entry
from tests.households.ledgers.test_entries import family_in
from tests.households.villages.records import counts, facility, listed, post, profile, record

__all__ = ["http"]  # fixtures

VILLAGES = [f"520621{township:03}{village:03}" for township in (1, 2) for village in (1, 2, 3, 4, 5)]


@pytest.fixture
def clerk(office: Office) -> Headers:
    """Of the whole county."""
    return office("clerk", "county")


def stated(http: TestClient, caller: Headers, day: str, **amounts: tuple[int, str]) -> None:
    for kind, (amount, unit) in amounts.items():
        entries.post(http, caller, entry(kind, amount, unit, day=day))


def levels(http: TestClient, caller: Headers, as_of: str) -> dict[str, int]:
    return {one["kind"]: one["amount"] for one in profile(http, caller, as_of=as_of)["levels"]}


def held(http: TestClient, caller: Headers, kind: str, **asked: Any) -> list[str]:
    return [one["said"].get("title") or one["said"]["what"] for one in listed(http, caller, kind=kind, **asked)]


def test_two_branches_of_the_party_with_56_members_and_four_who_would_join(http: TestClient, clerk: Headers) -> None:
    stated(
        http, clerk, "2021-12-22", party_branches=(2, "branches"), party_members=(56, "persons"),
        party_activists=(4, "persons"),
    )  # fmt: skip
    assert levels(http, clerk, "2021-12-31") == {"party_branches": 2, "party_members": 56, "party_activists": 4}


def test_two_are_in_reserve_and_five_know_their_way(http: TestClient, clerk: Headers, households: Session) -> None:
    _, people = family_in(households, persons=7)
    for number, person in enumerate(people):
        post(http, clerk, record("role", what="reserve_talent" if number < 2 else "able_person", person_id=str(person)))
    assert counts(http, clerk, kind="role") == [("able_person", None, 5, 1, 5), ("reserve_talent", None, 2, 1, 2)]


def test_each_village_has_a_supervisor_of_conduct(http: TestClient, clerk: Headers) -> None:
    for village in VILLAGES:
        post(http, clerk, record("role", what="conduct_supervisor", division=village, label="示监督"))
    assert counts(http, clerk, kind="role") == [("conduct_supervisor", None, 10, 10, 0)]


def test_the_rules_of_the_village_and_the_meeting_that_adopted_them(http: TestClient, clerk: Headers) -> None:
    adopted = {"day": "2021-11-20", "meeting": "villagers", "present": 210, "in_favour": 203}
    first = record("rule", title="居规民约", since="2021-11-20", adopted=adopted, posted_on="2021-11-21")
    post(http, clerk, first)
    again = adopted | {"day": "2024-11-20"}
    post(http, clerk, record("rule", title="居规民约", since="2024-11-20", adopted=again, replaces=first["id"]))
    (then,), (now,) = (listed(http, clerk, kind="rule", as_of=day) for day in ("2022-01-01", "2026-01-01"))
    assert [(one["said"]["adopted"]["day"], one["version"]) for one in (then, now)] == [
        ("2021-11-20", 1), ("2024-11-20", 2),
    ]  # fmt: skip


def test_a_station_for_practising_a_new_civility(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, facility("practice_station", since="2021-03-01"))
    assert held(http, clerk, "facility", as_of="2021-12-22") == ["practice_station"]


def test_the_strategy_of_a_village_is_a_plan_with_its_words(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, record("plan", title="“125”战略", text="五子五治", since="2021-01-01", until="2025-12-31"))
    (told,) = listed(http, clerk, kind="plan", as_of="2022-01-21")
    assert (told["said"]["title"], told["said"]["text"]) == ("“125”战略", "五子五治")


@pytest.mark.parametrize(
    ("places", "title", "level"),
    [
        (["520621001"], "脱贫攻坚先进集体", "province"),
        (VILLAGES[:5], "五面红旗村", "county"),
        (VILLAGES[:2], "先进典型", "county"),
        ([VILLAGE], "无疫村", "city"),
    ],
    ids=["one collective", "five villages of red flags", "two models", "a village without the epidemic"],
)
def test_honours_are_kept_where_they_were_given(
    http: TestClient, clerk: Headers, places: list[str], title: str, level: str
) -> None:
    for place in places:
        post(http, clerk, record("honour", division=place, title=title, level=level))
    assert counts(http, clerk, kind="honour", by="level") == [(None, level, len(places), len(places), 0)]
    assert set(held(http, clerk, "honour")) == {title}


def test_120_square_kilometres_eight_groups_and_411_households_of_1384(http: TestClient, clerk: Headers) -> None:
    """Kilometres in tenths, square kilometres in hundredths."""
    said = {
        "distance_to_town": (120, "kilometres"), "village_area": (12_000, "square_kilometres"),
        "village_groups": (8, "groups"), "village_households": (411, "households"),
        "village_persons": (1384, "persons"),
    }  # fmt: skip
    stated(http, clerk, "2018-12-29", **said)
    assert levels(http, clerk, "2018-12-31") == {kind: amount for kind, (amount, _) in said.items()}


def test_deeply_poor_in_2017_and_out_of_poverty_in_2018(http: TestClient, clerk: Headers) -> None:
    poor = record("status", what="deeply_poor", since="2017-06-01", document_no="示例〔2017〕1号")
    post(http, clerk, poor)
    out = record(
        "status", what="out_of_poverty", since="2018-12-01", document_no="示例〔2018〕2号", replaces=poor["id"]
    )
    post(http, clerk, out)
    seen = [held(http, clerk, "status", as_of=day) for day in ("2017-05-31", "2017-12-31", "2018-12-31")]
    assert seen == [[], ["deeply_poor"], ["out_of_poverty"]]


def test_a_target_of_107_households_became_one_of_114_and_344_with_its_reason_and_approval(
    http: TestClient, clerk: Headers
) -> None:
    first = record(
        "target", title="2018年脱贫", year=2018, households=107, since="2018-01-10", text="三年滚动计划",
        document_no="示例〔2018〕4号",
    )  # fmt: skip
    asked = {"day": "2018-09-02", "meeting": "representatives", "present": 60}
    second = first | {"id": str(uuid4()), "households": 114, "persons": 344, "since": "2018-09-10", "adopted": asked}
    second |= {"text": "未脱贫的127户逐户研判", "document_no": "示例〔2018〕31号", "replaces": first["id"]}
    for body in (first, second):
        post(http, clerk, body)
    (then,), (now,) = (listed(http, clerk, kind="target", as_of=day) for day in ("2018-09-09", "2018-09-10"))
    assert [(one["said"]["households"], one["said"]["persons"]) for one in (then, now)] == [(107, None), (114, 344)]
    assert (now["said"]["text"], now["said"]["document_no"]) == ("未脱贫的127户逐户研判", "示例〔2018〕31号")
    assert (now["version"], now["said"]["adopted"]["present"], then["replaced_by"]) == (2, 60, second["id"])


def test_the_clinic_alone_was_below_the_standard_until_it_was_mended(http: TestClient, clerk: Headers) -> None:
    below = facility(state="below_standard", since="2018-01-01")
    post(http, clerk, below)
    assert counts(http, clerk, kind="facility", by="state", as_of="2018-06-30") == [
        ("clinic", "below_standard", 1, 1, 0)
    ]
    post(http, clerk, facility(since="2018-10-01", replaces=below["id"]))
    assert counts(http, clerk, kind="facility", by="state", as_of="2018-12-29") == [("clinic", "in_use", 1, 1, 0)]


def test_three_industries_of_a_village_stand_on_its_page(http: TestClient, clerk: Headers) -> None:
    for goods, amount, unit in (("香菇", 600_000, "logs"), ("中药材", 23_000, "nests"), ("蜂", 1_500, "boxes")):
        said = {"goods": goods, "day": "2018-12-01", "precision": "more_than"}
        entries.post(http, clerk, entry("industry_scale", amount, unit, **said))
    told = profile(http, clerk, as_of="2018-12-29")["levels"]
    assert {one["goods"]: (one["amount"], one["unit"]) for one in told} == {
        "香菇": (600_000, "logs"), "中药材": (23_000, "nests"), "蜂": (1_500, "boxes"),
    }  # fmt: skip


def test_114_shops_of_kindness_pay_villagers_by_points(http: TestClient, clerk: Headers, households: Session) -> None:
    for number in range(114):
        shop = facility("points_shop", division=VILLAGES[number % len(VILLAGES)], since="2019-03-01")
        post(http, clerk, shop)
    assert counts(http, clerk, kind="facility") == [("points_shop", None, 114, 10, 0)]
    family, _ = family_in(households)
    for kind, number in (("earned", 30), ("redeemed", 12)):
        whose = [entries.for_whom({"kind": "household", "id": str(family)})]
        entries.post(http, clerk, entry(f"points_{kind}", number, "points", lines=whose))
    (left,) = http.get("/v1/point-balances", params={"division": VILLAGE}, headers=clerk).json()["rows"]
    assert (left["household_id"], left["earned"], left["redeemed"], left["balance"]) == (str(family), 30, 12, 18)
