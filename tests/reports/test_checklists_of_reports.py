"""What the reports check, item by item: villages by eleven items and households by thirteen, offices, conditions."""

from typing import Any

from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office
from tests.households.checklists.answers import answer, gaps, of_item, own, post, put_list, results, says
from tests.households.checklists.test_results import of_facts
from tests.households.conftest import clerk, http
from tests.households.ledgers.test_entries import family_in
from tests.households.standards import set_standards

__all__ = ["clerk", "http"]  # fixtures


def asking(number: int, **said: Any) -> dict[str, Any]:
    items = [{"key": f"item_{one}", "zh": f"第{one}项", "en": f"Item {one}"} for one in range(1, number + 1)]
    return own(items=items, **said)


def all_met(number: int) -> list[dict[str, Any]]:
    return says(**{f"item_{one}": "met" for one in range(1, number + 1)})


def test_villages_are_checked_by_eleven_items_and_households_by_thirteen_and_five_groups_check_again(
    http: TestClient, clerk: Headers, office: Office, households: Session
) -> None:
    """In the month of self-checks by themselves, then by one of five groups from elsewhere."""
    county = office("county", "county")
    assert put_list(http, county, asking(11, zh="村级自查", subject="village"), "own_village").status_code == 200
    assert put_list(http, county, asking(13, zh="户级自查", subject="household"), "own_household").status_code == 200
    home, _ = family_in(households)
    for number in range(1, 6):
        village = f"52062100100{number}"
        said: dict[str, Any] = {"division": village, "verdicts": all_met(11)}
        post(http, clerk, answer("own_village", day="2026-10-20", **said))
        said["verdicts"][0]["verdict"] = "not_met" if number == 3 else "met"
        post(http, clerk, answer("own_village", mode="cross", day="2026-11-02", done_by=f"第{number}组", **said))
    post(http, clerk, answer("own_household", household_id=str(home), verdicts=all_met(13)))
    told = results(http, clerk, "own_village")
    assert (told["checked"], len(told["items"])) == (5, 11)
    assert of_item(told, "item_1") == {"found": {"cross": {"met": 4, "not_met": 1}, "self": {"met": 5}},
                                       "computed": None, "differ": 1}  # fmt: skip
    (gap,) = gaps(http, clerk, "item_1", "cross", "own_village")
    assert gap["division"] == "520621001003"
    assert len(results(http, clerk, "own_household")["items"]) == 13


def test_an_office_has_six_things_and_four_that_are_alike(http: TestClient, clerk: Headers, office: Office) -> None:
    assert put_list(http, office("county", "county"), asking(10, zh="六有四统一")).status_code == 200
    missing = [*all_met(9), {"item": "item_10", "verdict": "not_met", "note": "标牌未统一"}]
    post(http, clerk, answer("own_office", label="示例工作队", verdicts=missing))
    told = results(http, clerk, "own_office")
    assert [of_item(told, f"item_{one}")["found"]["self"] for one in (1, 10)] == [{"met": 1}, {"not_met": 1}]
    assert [one["note"] for one in gaps(http, clerk, "item_10", "self", "own_office")] == ["标牌未统一"]


def test_a_village_is_weighed_by_seven_conditions_and_its_households_by_five_which_the_register_answers(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    """The clinic alone is not up to the standard."""
    set_standards(households, monitoring_line=632_000)
    village = dict.fromkeys(("poverty_rate", "income_share", "collective", "road", "water", "electricity"), "met")
    post(http, clerk, answer("village_seven", verdicts=says(**village, clinic="not_met")))
    unmet = [item["item"] for item in results(http, clerk)["items"] if item["found"][0]["not_met"]]
    assert unmet == ["clinic"]
    well = {"persons": 4, "safe_house": True, "dropped_out_members": 0, "uninsured_members": 0, "safe_water": True}
    of_facts(households, net_income=2_600_000, **well)
    poor = of_facts(households, net_income=2_500_000, **well)
    told = results(http, clerk, "household_five")
    assert of_item(told, "income")["computed"] == {"met": 1, "not_met": 1, "unknown": 0}
    assert of_item(told, "house")["computed"] == {"met": 2, "not_met": 0, "unknown": 0}
    assert [one["household_id"] for one in gaps(http, clerk, "income", "facts", "household_five")] == [poor]
