"""Projects, loans, cooperatives and agreements of the reports, in their own numbers. Money in fen."""

from typing import Any

from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers
from tests.households.conftest import clerk, http
from tests.households.ledgers import entries
from tests.households.ledgers.entries import entry, for_whom, those, yuan
from tests.households.ledgers.test_entries import family_in
from tests.households.undertakings.undertakings import (
    agreement,
    loan,
    membership,
    post,
    project,
    read,
    repay,
    take,
    totals,
)

__all__ = ["clerk", "http"]  # fixtures


def total(http: TestClient, caller: Headers, kind: str, **asked: Any) -> Any:
    (only,) = totals(http, caller, kind=kind, **asked)["totals"]
    return only


def test_three_projects_of_10950000_are_approved_carried_out_and_accepted(http: TestClient, clerk: Headers) -> None:
    each = [project(amount=yuan(one), since="2021-03-01") for one in (3_650_000, 3_650_000, 3_650_000)]
    for one in each:
        post(http, clerk, one)
        take(http, clerk, one, "approved", day="2021-04-01")
        take(http, clerk, one, "begun", day="2021-06-01")
    for year in (2021, 2022):
        paid = entry("paid_investment", yuan(1_000_000), day=f"{year}-12-01", undertaking_id=each[0]["id"])
        entries.post(http, clerk, paid | {"fund_source": "衔接资金"})
    take(http, clerk, each[0], "accepted", day="2024-10-01")
    told = total(http, clerk, "project")
    assert (told["number"], told["amount"], told["running"]) == (3, yuan(10_950_000), 3)
    assert read(http, clerk, each[0])["state"] == "accepted"
    assert [(one["year"], one["amount"]) for one in totals(http, clerk, kind="project")["paid"]] == [
        (2021, yuan(1_000_000)), (2022, yuan(1_000_000)),
    ]  # fmt: skip


def test_127_households_have_loans_of_3145000_and_34_of_340000_and_what_they_owe_is_known(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    homes = [family_in(households)[0] for _ in range(161)]
    of_banks = [loan(home, yuan(25_000), until="2027-01-01", since="2018-01-05") for home in homes[:123]]
    of_banks += [loan(home, yuan(17_500), until="2027-01-01", since="2018-01-05") for home in homes[123:127]]
    mutual = {"what": "mutual_fund", "since": "2018-01-05", "until": "2026-06-30"}
    for one in [*of_banks, *(loan(home, yuan(10_000), **mutual) for home in homes[127:])]:
        post(http, clerk, one)
    repay(http, clerk, of_banks[0], yuan(5_000), "2018-12-01")
    told = {one["what"]: one for one in totals(http, clerk, kind="loan")["totals"]}
    banks, fund = told["subsidised"], told["mutual_fund"]
    assert (banks["households"], banks["amount"], banks["owed"]) == (127, yuan(3_145_000), yuan(3_140_000))
    assert (fund["households"], fund["amount"], fund["overdue"], fund["overdue_amount"]) == (
        34, yuan(340_000), 34, yuan(340_000),
    )  # fmt: skip


def test_47_bought_shares_of_920000_and_52_gave_their_labour(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    homes = [family_in(households)[0] for _ in range(99)]
    shares = [yuan(19_574)] * 46 + [yuan(920_000 - 46 * 19_574)]
    for home, amount in zip(homes[:47], shares, strict=True):
        post(http, clerk, membership(home, amount=amount, since="2018-03-01"))
    for home in homes[47:]:
        post(http, clerk, membership(home, labour=True, since="2018-03-01"))
    told = total(http, clerk, "membership")
    assert (told["households"], told["amount"], told["with_labour"]) == (99, yuan(920_000), 52)


def test_rent_shares_and_wages_are_three_ways_to_have_the_good_of_a_company(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    home, (person,) = family_in(households)
    rent = agreement("lease", household_id=str(home), amount=yuan(800), since="2020-01-01")
    share = membership(home, amount=yuan(5_000), since="2020-01-01")
    work = agreement("labour", person_id=str(person), since="2020-01-01")
    mine = [for_whom({"kind": "household", "id": str(home)})]
    for one, kind, amount in ((rent, "land_rent", 800), (share, "dividend", 300), (work, "wages", 2_000)):
        post(http, clerk, one)
        said = {"lines": mine, "undertaking_id": one["id"], "day": "2020-06-30"}
        entries.post(http, clerk, entry(kind, yuan(amount), **said))
    paid = [read(http, clerk, one)["paid"][0]["amount"] for one in (rent, share, work)]
    assert paid == [yuan(800), yuan(300), yuan(2_000)]


def test_a_project_of_100000_its_thirty_mu_and_233_households_have_the_good_of_it(
    http: TestClient, clerk: Headers
) -> None:
    one = project(amount=yuan(100_000), since="2020-01-01", party="示例局")
    post(http, clerk, one)
    of = {"undertaking_id": one["id"], "day": "2020-05-01"}
    entries.post(http, clerk, entry("industry_funds", yuan(100_000), **of))
    entries.post(http, clerk, entry("land_planted", 3_000, "mu", **of))
    others = [
        for_whom(those("household", "受益农户", 193)),
        for_whom(those("household", "建档立卡户", 40, "more_than")),
    ]
    told = entries.post(http, clerk, entry("people_helped", 233, "households", lines=others, **of))
    assert told["undertaking_id"] == one["id"]
    assert [row["amount"] for row in read(http, clerk, one)["paid"]] == [yuan(100_000)], (
        "land and households are no money"
    )
    assert read(http, clerk, one)["said"]["party"] == "示例局"
