"""The sets of codes: whole, each label on a code that exists, and told to who reads households."""

import pytest
from starlette.testclient import TestClient

from services.households.register.code_sets import Coded, code_sets, labels_of
from tests.callers import Headers
from tests.conftest import TODAY
from tests.households.people.conftest import Put


def test_there_are_fifty_six_peoples_in_the_order_of_the_standard() -> None:
    peoples = code_sets()["ethnicity"].codes
    assert [one.code for one in peoples] == [f"{n:02d}" for n in range(1, 57)]
    assert (peoples[0].zh, peoples[6].zh, peoples[55].zh) == ("汉族", "彝族", "基诺族")


@pytest.mark.parametrize("key", sorted(code_sets()))
def test_each_code_stands_once_and_each_label_stands_on_one_of_them(key: str) -> None:
    held = code_sets()[key]
    codes = [one.code for one in held.codes]
    assert codes
    assert len(set(codes)) == len(codes)
    assert {one.code for one in held.labels} <= set(codes)
    assert len({one.label for one in held.labels}) == len(held.labels)


def test_a_label_stands_for_a_code_on_the_days_of_its_mapping_alone() -> None:
    assert labels_of("schooling", TODAY)["初中"] == "70"
    assert labels_of("schooling", TODAY.replace(year=2020)) == {}


def test_the_sets_are_told_with_their_source(http: TestClient, clerk: Headers) -> None:
    listed = {one["key"]: one["source"] for one in http.get("/v1/code-sets", headers=clerk).json()}
    assert listed["relation"] == "GB/T 4761-2008"
    one = http.get("/v1/code-sets/schooling", headers=clerk).json()
    assert {"code": "80", "zh": "小学教育", "valid_from": "2007-03-01", "valid_until": None} in one["codes"]
    assert [label["exact"] for label in one["labels"] if label["label"] == "本科及以上"] == [False]
    assert http.get("/v1/code-sets/nothing", headers=clerk).status_code == 404


def test_a_code_that_has_ended_is_read_and_written_no_more_and_every_other_relation_has_a_word() -> None:
    relations = code_sets()["relation"].codes
    ended = [one.code for one in relations if one.valid_until]
    assert ended == ["98"]
    assert not {*ended} & {*Coded("relation").codes()}
    assert {*Coded("relation").codes()} == {*labels_of("relation", TODAY).values()} | {"01"} - {"98"}


def test_the_day_a_standard_came_into_force_bounds_no_day_that_is_told_of(
    http: TestClient, clerk: Headers, member: str, put: Put
) -> None:
    told = {"since": "1980-01-01", "ethnicity": "07", "schooling_level": "80", "political_status": "13"}
    assert put(member, told).status_code == 200
    held = http.get(member, headers=clerk).json()
    assert {key: held[key] for key in told} == told
