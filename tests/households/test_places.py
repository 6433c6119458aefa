"""Where households lie is told of those the caller sees, and nothing else of them."""

from uuid import uuid4

from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.callers import Office
from tests.door.holdings import COUNTY, OWN, SIBLING
from tests.door.world import households as furnished

PATH = "/v1/household-places"


def test_of_those_named_the_ones_within_reach_are_told_each_once(
    http: TestClient, office: Office, engines: dict[str, Engine]
) -> None:
    here, beside, far = (
        furnished(engines["households"], village).ids["household"] for village in (OWN, SIBLING, COUNTY)
    )
    named = {"household": [here, far, here, str(uuid4())]}
    told = http.get(PATH, params=named, headers=office("an-office", "county")).json()
    assert told == [{"household_id": here, "village": OWN}]
    both = http.get(PATH, params={"household": [here, beside]}, headers=office("an-office", "county")).json()
    assert {row["village"] for row in both} == {OWN, SIBLING}


def test_a_hundred_at_once_and_at_least_one(http: TestClient, office: Office) -> None:
    headers = office("an-office", "county")
    asked = [{"household": [str(uuid4()) for _ in range(many)]} for many in (100, 101, 0)]
    assert [http.get(PATH, params=params, headers=headers).status_code for params in asked] == [200, 422, 422]
