"""Kinds of ledger entries: those that are shipped, and a county's own by its document."""

from typing import Any, get_args

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from services.households.ledgers.kinds import SHIPPED
from services.households.ledgers.terms import NATURES, UNITS, Nature, Precision, together
from tests.callers import Headers, Office, edit
from tests.households.conftest import clerk, http
from tests.households.ledgers.entries import KINDS, entry, post, total

__all__ = ["clerk", "http"]  # fixtures

OF_THINGS = ("in_kind", "counted", "earned", "redeemed")
MUSHROOMS = f"{KINDS}/own_mushrooms"


def own(**said: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "division": "520621",
        "zh": "食用菌产量",
        "en": "Mushrooms grown",
        "shape": "event",
        "nature": "in_kind",
    }
    told |= {"units": ["jin"], "goods": True, "actors": ["household"], "beneficiaries": ["household"]}
    told |= {"valid_from": "2026-01-01", "valid_until": None, "document_no": "示例〔2026〕1号"}
    return told | said


POINTS = {"nature": "earned", "units": ["points"], "goods": False, "beneficiaries": ["household"]}


@pytest.fixture
def county(office: Office) -> Headers:
    return office("county", "county")


def test_every_shipped_kind_is_of_units_and_natures_there_are_and_has_both_names() -> None:
    assert [one.key for one in NATURES] == list(get_args(Nature))
    for kind in SHIPPED.values():
        assert kind.zh
        assert kind.en
        assert set(kind.units) <= UNITS.keys()
        assert kind.goods == (kind.nature == "in_kind"), kind.key
        money = UNITS["fen"].key in kind.units
        assert kind.units == ["fen"] if money else kind.nature in OF_THINGS, kind.key
        assert ("points" in kind.units) == (kind.nature in ("earned", "redeemed")), kind.key
    assert len({kind.zh for kind in SHIPPED.values()}) == len(SHIPPED)
    assert UNITS["fen"].decimals == 2


def test_all_kinds_units_and_natures_are_told_in_both_languages(http: TestClient, clerk: Headers) -> None:
    told = http.get(KINDS, headers=clerk).json()
    assert [kind["key"] for kind in told["kinds"]] == sorted(SHIPPED)
    assert {"key": "fen", "zh": "元", "en": "yuan", "decimals": 2} in told["units"]
    assert {"key": "given", "zh": "给予", "en": "Given"} in told["natures"]


def test_a_county_s_own_kind_is_written_in_and_added_up_like_any(
    http: TestClient, clerk: Headers, county: Headers
) -> None:
    first = edit(http, MUSHROOMS, own(), county)
    assert (first.status_code, first.json()) == (200, {"key": "own_mushrooms"} | own())
    assert http.get(MUSHROOMS, headers=clerk).json() == first.json()
    post(http, clerk, entry("own_mushrooms", 12_345, "jin", goods="香菇"))
    assert (total(http, clerk)["amount"], total(http, clerk)["goods"]) == (12_345, "香菇")


@pytest.mark.parametrize(
    "said",
    [{"division": "520622"}, {"valid_from": "2026-11-03"}, {"valid_until": "2026-11-02"}],
    ids=["of another county", "begun later", "ended"],
)
def test_a_kind_that_does_not_hold_there_on_that_day_is_refused(
    said: dict[str, Any], http: TestClient, clerk: Headers, office: Office
) -> None:
    writer = office("writer", "county", place=said.get("division", "520621"))
    assert edit(http, MUSHROOMS, own(**said), writer).status_code == 200
    refused = post(http, clerk, entry("own_mushrooms", 1, "jin", goods="香菇"), status=422)
    assert refused["code"] == "no-such-ledger-kind"


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"units": ["bushels"]}, 422, "no-such-unit"),
        ({"valid_until": "2026-01-01"}, 422, "kind-ends-before-it-begins"),
        ({"zh": "捐款"}, 409, "kind-name-taken"),
        ({"division": "520622"}, 404, "not-there"),
        ({"nature": "anything"}, 422, "not-understood"),
        ({"nature": "earned"}, 422, "points-of-villagers-alone"),
        ({"units": ["points"]}, 422, "points-of-villagers-alone"),
        (POINTS | {"beneficiaries": ["household", "cadre"]}, 422, "points-of-villagers-alone"),
        (POINTS | {"shape": "level"}, 422, "points-of-villagers-alone"),
        (POINTS | {"units": ["points", "jin"]}, 422, "points-of-villagers-alone"),
        (POINTS | {"goods": True}, 422, "points-of-villagers-alone"),
    ],
    ids=[
        "no such unit",
        "upside down",
        "the name of another",
        "another county",
        "no such nature",
        "points in jin",
        "mushrooms in points",
        "points of cadres",
        "points that stand so",
        "points and jin",
        "points of a thing",
    ],
)
def test_a_kind_that_cannot_be_is_refused_by_name(
    said: dict[str, Any], status: int, code: str, http: TestClient, county: Headers
) -> None:
    refused = edit(http, MUSHROOMS, own(**said), county)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_what_a_kind_measures_never_changes_and_the_rest_is_mended(
    http: TestClient, county: Headers, office: Office, households: Session
) -> None:
    edit(http, MUSHROOMS, own(), county)
    for said in ({"shape": "level"}, {"nature": "counted"}, {"units": ["jin", "boxes"]}, {"goods": False}):
        refused = edit(http, MUSHROOMS, own(**said), county)
        assert (refused.status_code, refused.json()["code"]) == (409, "another-meaning")
    mended = edit(http, MUSHROOMS, own(zh="菌类产量", valid_until="2026-12-31", actors=["village"]), county)
    assert (mended.status_code, mended.json()["zh"]) == (200, "菌类产量")
    elsewhere = edit(http, MUSHROOMS, own(division="520622"), office("writer", "county", place="520622"))
    assert elsewhere.status_code == 404


@pytest.mark.parametrize(
    ("marks", "known"),
    [
        ([], "exact"),
        (["exact", "exact"], "exact"),
        (["exact", "about"], "about"),
        (["more_than", "exact"], "more_than"),
        (["more_than", "less_than"], "about"),
    ],
)
def test_a_sum_is_as_exact_as_its_least_exact_part(marks: list[Precision], known: Precision) -> None:
    assert together(marks) == known
