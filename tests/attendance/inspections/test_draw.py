"""The draw: the same seed draws the same, each village as likely as the next, never one of an inspector's own."""

import hashlib
import inspect
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from math import sqrt
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.inspections.drawing import TooFewToDraw, drawn, in_turn, turns
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Posting
from tests.attendance.conftest import COUNTY, set_standard
from tests.attendance.inspections.conftest import (
    FAR,
    HOME,
    NEAR,
    VILLAGES,
    Inspected,
    ask,
    at_moment,
    draw,
    order,
    ordered,
    read,
)
from tests.callers import HERE, Headers, Office, grant
from tests.conftest import TODAY

CODES = st.integers(0, 10**6 - 1).map(lambda number: f"{COUNTY}{number:06}")
SEEDS = st.text("0123456789abcdef", min_size=32, max_size=32)


def drawn_again(seed: str, villages: Iterable[str], kept_out: set[str], how_many: int) -> list[str]:
    """As docs/inspections.md has it: written anew, by whoever does not believe us."""
    keyed = [(hashlib.sha256((seed + ":" + code).encode("ascii")).hexdigest(), code) for code in villages]
    return [code for _, code in sorted(keyed) if code not in kept_out][:how_many]


@given(SEEDS, st.sets(CODES, min_size=1, max_size=40), st.data())
def test_the_same_seed_draws_the_same_whatever_the_order_and_nothing_that_is_kept_out(
    seed: str, villages: set[str], data: st.DataObject
) -> None:
    own = data.draw(st.sets(st.sampled_from(sorted(villages))))
    how_many = data.draw(st.integers(1, len(villages)))
    shuffled = data.draw(st.permutations(sorted(villages)))
    told = turns(seed, shuffled, own, townships=False)
    assert [one.village for one in told] == in_turn(seed, sorted(villages))
    if how_many > len(villages - own):
        with pytest.raises(TooFewToDraw):
            drawn(told, how_many)
    else:
        chosen = drawn(told, how_many)
        assert chosen == drawn_again(seed, villages, own, how_many)
        assert (len(set(chosen)), own.isdisjoint(chosen), set(chosen) <= villages) == (how_many, True, True)


@given(SEEDS, st.sets(CODES, min_size=2, max_size=40), st.data())
def test_who_is_kept_out_changes_nobody_else_s_turn(seed: str, villages: set[str], data: st.DataObject) -> None:
    """So that nobody is drawn or spared by who inspects, but the inspector's own villages."""
    own = data.draw(st.sets(st.sampled_from(sorted(villages)), max_size=len(villages) - 1))
    everybody = drawn(turns(seed, villages, set(), townships=False), len(villages))
    others = drawn(turns(seed, villages, own, townships=False), len(villages - own))
    assert others == [village for village in everybody if village not in own]


@given(SEEDS, st.sets(CODES, min_size=1, max_size=40), st.data())
def test_where_the_county_says_so_no_village_of_an_own_township_is_drawn(
    seed: str, villages: set[str], data: st.DataObject
) -> None:
    own = data.draw(st.sets(st.sampled_from(sorted({*villages, *(village[:9] for village in villages)}))))
    free = [one.village for one in turns(seed, villages, own, townships=True) if one.kept_out is None]
    assert set(free) == {village for village in villages if village[:9] not in {place[:9] for place in own}}


@pytest.mark.parametrize("size", [7, 20, 114])
def test_each_village_is_as_likely_as_the_next(size: int) -> None:
    """3,000 seeds: no village is five standard deviations off, which chance alone would do once in a thousand runs of
    this test; and the seeds are these, so it does it always or never."""
    villages, times, how_many = [f"{COUNTY}{number:06}" for number in range(size)], 3_000, size // 3
    count = Counter[str]()
    for number in range(times):
        count.update(drawn(turns(f"{number:032x}", villages, set(), townships=False), how_many))
    share = how_many / size
    assert max(abs(count[village] - times * share) for village in villages) < 5 * sqrt(times * share * (1 - share))


def test_neighbours_are_drawn_together_no_more_than_others() -> None:
    villages, times = [f"{COUNTY}{number:06}" for number in range(10)], 3_000
    together = sum(
        {villages[0], villages[1]} == set(drawn(turns(f"{number:032x}", villages, set(), townships=False), 2))
        for number in range(times)
    )
    assert abs(together - times / 45) < 5 * sqrt(times / 45)


def test_no_person_and_no_place_in_the_algorithm_but_the_seed_and_the_code() -> None:
    assert list(inspect.signature(in_turn).parameters) == ["seed", "villages"]


def population(http: TestClient, caller: Headers, one: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read(http, caller, f"{one}/population?limit=5")["rows"]
    following = read(http, caller, f"{one}/population?limit=5")["next"]
    while following:
        page = read(http, caller, f"{one}/population?limit=5&cursor={following}")
        rows, following = [*rows, *page["rows"]], page["next"]
    return rows


def test_a_draw_is_made_once_and_anybody_draws_the_same_from_its_seed_and_its_list(
    http: TestClient, inspected: Inspected, county: Headers
) -> None:
    one = order(http, county)
    assert (one["state"], one["seed"], one["villages"], one["number"]) == ("ordered", None, [], 1)
    assert population(http, county, one["id"]) == []
    told = ask(http, county, f"{one['id']}/draw")
    listed = population(http, county, one["id"])
    assert [row["turn"] for row in listed] == list(range(1, 9))
    kept = {row["village"] for row in listed if row["kept_out"]}
    assert kept == {HOME}
    assert told["villages"] == drawn_again(told["seed"], [row["village"] for row in listed], kept, 3)
    assert {row["village"] for row in listed if row["drawn"]} == set(told["villages"])
    assert ask(http, county, f"{one['id']}/draw") == told
    assert order(http, county)["number"] == 2


def test_the_list_is_frozen_with_the_draw(
    http: TestClient, inspected: Inspected, county: Headers, attendance: Session
) -> None:
    one = draw(http, county)
    before = population(http, county, one["id"])
    attendance.execute(text("UPDATE posting SET valid = daterange(lower(valid), '2026-06-01')"))
    attendance.execute(text("DELETE FROM division"))
    attendance.commit()
    assert population(http, county, one["id"]) == before
    nobody = order(http, county)["id"]
    assert ask(http, county, f"{nobody}/draw", status=409)["code"] == "too-few-to-draw"


def test_never_an_inspector_s_own_village_be_it_by_posting_by_pairing_or_by_office(
    http: TestClient, inspected: Inspected, county: Headers, attendance: Session, api_engines: dict[str, Engine]
) -> None:
    for cadre, village in ((HOME, VILLAGES[1]), (VILLAGES[6], VILLAGES[5])):  # the second inspects nothing
        attendance.add(pairing_of(inspected.cadres[cadre], village))
    grant(api_engines["attendance"], "another-secretary", "cadre", VILLAGES[6])
    leaves = attendance.get_one(Posting, posting_of(attendance, inspected.cadres[VILLAGES[2]]))
    leaves.valid = Range(leaves.valid.lower, TODAY + timedelta(2))
    attendance.commit()
    grant(api_engines["attendance"], "secretary", "cadre", VILLAGES[3])
    grant(api_engines["attendance"], "gone", "cadre", VILLAGES[4], valid=Range(None, TODAY - timedelta(9)))
    grant(api_engines["attendance"], "clerk", "township", FAR)
    others = ("inspector-one", "cadre-2", "secretary", "gone", "clerk")
    one = order(http, county, ordered(*others, how_many=4))["id"]
    assert set(ask(http, county, f"{one}/draw")["villages"]) == set(VILLAGES[4:])
    too_many = order(http, county, ordered(*others, how_many=5))["id"]
    refused = ask(http, county, f"{too_many}/draw", status=409)
    assert (refused["code"], refused["detail"]) == ("too-few-to-draw", "4")
    assert read(http, county, too_many)["state"] == "ordered"


def pairing_of(cadre: UUID, village: str) -> Pairing:
    said: dict[str, Any] = {"kind": "assistant", "household_version": 1, "document_no": "示例"}
    days = Range(TODAY, None)
    return Pairing(id=uuid4(), cadre_id=cadre, household_id=uuid4(), village=village, valid=days, **said)


def posting_of(session: Session, cadre: UUID) -> UUID:
    return UUID(str(session.scalar(text("SELECT id FROM posting WHERE cadre_id = :cadre"), {"cadre": cadre})))


@pytest.mark.parametrize("says_so", [False, True], ids=["not said", "said"])
def test_an_own_township_is_kept_out_where_the_county_has_said_so(
    says_so: bool, http: TestClient, inspected: Inspected, county: Headers, attendance: Session
) -> None:
    if says_so:
        set_standard(attendance, "inspection_avoids_own_township", 1)
        attendance.commit()
    one = draw(http, county)
    kept = {row["village"]: row["kept_out"] for row in population(http, county, one["id"]) if row["kept_out"]}
    township = {village: "own_township" for village in VILLAGES if village.startswith(NEAR) and village != HOME}
    assert kept == {HOME: "own_village"} | (township if says_so else {})


def test_nobody_inspects_of_whom_nothing_is_known(http: TestClient, inspected: Inspected, county: Headers) -> None:
    one = order(http, county, ordered("inspector-one", "a-stranger"))["id"]
    refused = ask(http, county, f"{one}/draw", status=409)
    assert (refused["code"], refused["detail"]) == ("inspector-unknown", "2")


def test_all_villages_or_those_with_a_team_and_never_one_beyond_the_place(
    http: TestClient, inspected: Inspected, county: Headers, attendance: Session
) -> None:
    attendance.execute(text("DELETE FROM posting WHERE team_id = :team"), {"team": inspected.teams[VILLAGES[7]]})
    attendance.commit()
    everywhere = draw(http, county, among="villages", division=FAR, how_many=4)
    assert set(everywhere["villages"]) == set(VILLAGES[4:])
    staffed = order(http, county, ordered(division=FAR, how_many=4))["id"]
    assert ask(http, county, f"{staffed}/draw", status=409)["detail"] == "3"


def test_what_is_over_or_withdrawn_is_not_drawn(http: TestClient, inspected: Inspected, county: Headers) -> None:
    late, withdrawn = order(http, county)["id"], order(http, county)["id"]
    ask(http, county, f"{withdrawn}/withdrawal", {"because": "mistake"})
    assert ask(http, county, f"{withdrawn}/draw", status=409)["code"] == "inspection-closed"
    at_moment(http, HERE + timedelta(10))
    assert ask(http, county, f"{late}/draw", status=422)["code"] == "inspection-days-wrong"


def test_who_draws_names_no_seed_and_two_draws_differ(
    http: TestClient, inspected: Inspected, county: Headers, office: Office
) -> None:
    one = order(http, county)["id"]
    told = ask(http, county, f"{one}/draw", {"seed": "0" * 32})
    assert (told["seed"] != "0" * 32, len(told["seed"])) == (True, 32)
    assert len({draw(http, county)["seed"] for _ in range(5)} | {told["seed"]}) == 6
