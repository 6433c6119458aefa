"""Points of a village shop: earned, redeemed, and never more than there are."""

from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office, edit
from tests.clock import NOW
from tests.households.conftest import VILLAGE, clerk, http
from tests.households.ledgers.entries import ENTRIES, KINDS, entry, for_whom, post, reverse, those, total
from tests.households.ledgers.test_entries import family_in

__all__ = ["clerk", "http"]  # fixtures

BALANCES = "/v1/point-balances"


def whose(household: UUID) -> dict[str, Any]:
    return {"kind": "household", "id": str(household)}


def of(person: UUID) -> dict[str, Any]:
    return {"kind": "person", "id": str(person)}


def points(kind: str, number: int, *who: dict[str, Any], **said: Any) -> dict[str, Any]:
    lines = [for_whom(one, number) for one in who]
    return entry(f"points_{kind}", number * len(who), "points", lines=lines, **said)


def balances(http: TestClient, caller: Headers, **asked: Any) -> dict[str, tuple[int, int, int]]:
    answer = http.get(BALANCES, params={"division": "520621"} | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return {row["household_id"]: (row["earned"], row["redeemed"], row["balance"]) for row in answer.json()["rows"]}


def test_what_a_family_earns_and_takes_is_one_account(http: TestClient, clerk: Headers, households: Session) -> None:
    (family, (first, second)), (other, _) = family_in(households, persons=2), family_in(households)
    post(http, clerk, points("earned", 30, whose(family), whose(other)))
    post(http, clerk, points("earned", 20, of(first)))
    post(http, clerk, points("redeemed", 45, of(second)))
    assert balances(http, clerk) == {str(family): (50, 45, 5), str(other): (30, 0, 30)}
    assert balances(http, clerk, household_id=str(other)) == {str(other): (30, 0, 30)}
    assert balances(http, clerk, division=VILLAGE[:9]).keys() == {str(family), str(other)}
    assert balances(http, clerk, division="520621002") == {}
    assert total(http, clerk, nature="redeemed")["amount"] == 45


def test_nobody_takes_more_than_is_left(http: TestClient, clerk: Headers, households: Session) -> None:
    family, (person,) = family_in(households, persons=1)
    other, _ = family_in(households)
    post(http, clerk, points("earned", 10, whose(family), whose(other)))
    both = points("redeemed", 6, whose(family), of(person))
    refused = post(http, clerk, both, status=409)
    assert (refused["code"], refused["detail"]) == ("not-enough-points", "lines.0")
    none = points("redeemed", 10, whose(other), whose(family_in(households)[0]))
    assert post(http, clerk, none, status=409)["detail"] == "lines.1"
    post(http, clerk, points("redeemed", 5, whose(family), of(person)))
    assert balances(http, clerk, household_id=str(family)) == {str(family): (10, 10, 0)}


def test_nor_more_than_there_was_on_that_day(http: TestClient, clerk: Headers, households: Session) -> None:
    family, _ = family_in(households)
    post(http, clerk, points("earned", 10, whose(family), day="2026-11-02"))
    early = points("redeemed", 10, whose(family), day="2026-11-01")
    assert post(http, clerk, early, status=409)["code"] == "not-enough-points"
    post(http, clerk, points("redeemed", 6, whose(family), day="2026-11-20"))
    assert balances(http, clerk, as_of="2026-11-01") == {}
    known_since = points("redeemed", 5, whose(family), day="2026-11-02")  # there were ten then, four are left
    assert post(http, clerk, known_since, status=409)["code"] == "not-enough-points"
    post(http, clerk, points("redeemed", 4, whose(family), day="2026-11-02"))
    assert balances(http, clerk) == {str(family): (10, 10, 0)}


def test_points_taken_are_somebodys(http: TestClient, clerk: Headers, households: Session) -> None:
    family, _ = family_in(households)
    post(http, clerk, points("earned", 10, whose(family)))
    post(http, clerk, points("earned", 10, those("household", "孤寡老人", 3)))
    nobody = points("redeemed", 5, whose(family), those("household", "孤寡老人", 3))
    refused = post(http, clerk, nobody, status=422)
    assert (refused["code"], refused["detail"]) == ("points-of-nobody", "lines.1")
    assert balances(http, clerk) == {str(family): (10, 0, 10)}
    cadre = points("earned", 5, those("cadre", "示例队员"))
    assert post(http, clerk, cadre, status=422)["code"] == "beneficiary-not-of-the-kind"


def test_what_was_a_mistake_is_taken_back_and_what_was_known_stays_known(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    family, _ = family_in(households)
    sent = post(http, clerk, points("earned", 10, whose(family)))
    taken = post(http, clerk, points("redeemed", 10, whose(family)))
    undone = reverse(http, clerk, sent["id"])
    told = {"at": NOW + timedelta(days=1), "id": undone["id"]}
    households.execute(text("UPDATE ledger_entry SET recorded_at = :at WHERE id = :id"), told)
    households.commit()
    assert balances(http, clerk) == {str(family): (0, 10, -10)}
    assert balances(http, clerk, known_at=NOW.isoformat()) == {str(family): (10, 10, 0)}
    refused = points("redeemed", 1, whose(family))
    assert post(http, clerk, refused, status=409)["code"] == "not-enough-points"
    reverse(http, clerk, taken["id"])
    assert balances(http, clerk) == {str(family): (0, 0, 0)}


def test_sent_again_the_same_points_are_taken_once(http: TestClient, clerk: Headers, households: Session) -> None:
    family, _ = family_in(households)
    post(http, clerk, points("earned", 10, whose(family)))
    taken = points("redeemed", 10, whose(family))
    assert post(http, clerk, taken) == post(http, clerk, taken)
    assert balances(http, clerk) == {str(family): (10, 10, 0)}


def test_two_clerks_do_not_spend_the_same_points(http: TestClient, clerk: Headers, households: Session) -> None:
    families = [family_in(households)[0] for _ in range(3)]
    post(http, clerk, points("earned", 10, *(whose(one) for one in families)))
    came: list[int] = []

    def take(order: list[UUID]) -> None:
        body = points("redeemed", 10, *(whose(one) for one in order))
        came.append(http.post(ENTRIES, json=body, headers=clerk).status_code)

    clerks = [Thread(target=take, args=[families if n % 2 else families[::-1]]) for n in range(6)]
    for one in clerks:
        one.start()
    for one in clerks:
        one.join()
    assert sorted(came) == [201, 409, 409, 409, 409, 409]
    assert set(balances(http, clerk).values()) == {(10, 10, 0)}


def test_points_of_a_county_s_own_kind_are_in_the_same_account(
    http: TestClient, clerk: Headers, office: Office, households: Session
) -> None:
    family, _ = family_in(households)
    kind: dict[str, Any] = {
        "division": "520621",
        "zh": "人居环境积分",
        "en": "Points for a tidy yard",
        "shape": "event",
    }
    kind |= {"nature": "earned", "units": ["points"], "actors": ["village"], "beneficiaries": ["household"]}
    kind |= {"valid_from": "2026-01-01", "document_no": "示例〔2026〕9号"}
    assert edit(http, f"{KINDS}/own_tidy", kind, office("county", "county")).status_code == 200
    post(http, clerk, entry("own_tidy", 8, "points", lines=[for_whom(whose(family))]))
    post(http, clerk, points("redeemed", 8, whose(family)))
    assert balances(http, clerk) == {str(family): (8, 8, 0)}


def test_balances_come_in_pages_and_only_of_what_is_within_reach(
    http: TestClient, clerk: Headers, office: Office, households: Session
) -> None:
    families = [family_in(households)[0] for _ in range(3)]
    post(http, clerk, points("earned", 5, *(whose(one) for one in families)))
    first = http.get(BALANCES, params={"division": "520621", "limit": 2}, headers=clerk).json()
    rest = http.get(BALANCES, params={"division": "520621", "limit": 2, "cursor": first["next"]}, headers=clerk).json()
    assert [row["household_id"] for row in first["rows"] + rest["rows"]] == sorted(str(one) for one in families)
    elsewhere = office("elsewhere", "township", place="520621002")
    assert balances(http, elsewhere) == {}
    assert balances(http, elsewhere, household_id=str(families[0])) == {}
