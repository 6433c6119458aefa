"""What was given, received, spent, insured, sold and counted, in the reports' own numbers. Money in fen."""

from typing import Any, TypeAlias

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from tests.callers import Headers, Office, edit
from tests.households.conftest import VILLAGE, http
from tests.households.ledgers.entries import COUNTY, KINDS, actor, entry, for_whom, post, those, total, totals, yuan
from tests.households.ledgers.test_entries import family_in

__all__ = ["http"]  # fixtures

Told: TypeAlias = dict[str, Any]
MORE: Told = {"precision": "more_than"}


@pytest.fixture
def clerk(office: Office) -> Headers:
    """Of the whole county."""
    return office("clerk", "county")


def heads(told: Told, kind: str) -> tuple[int, str]:
    (those_,) = (one for one in told["heads"] if one["kind"] == kind)
    return those_["named"] + those_["stated"], those_["precision"]


def told_of(told: Told, *names: str) -> tuple[Any, ...]:
    return tuple(told[name] for name in names)


def unnamed(kind: str, number: int) -> list[Told]:
    return [for_whom(those(kind, f"示{one}")) for one in range(number)]


def test_20000_yuan_for_the_party_s_work_come_from_the_unit(http: TestClient, clerk: Headers) -> None:
    said: Told = {"actor": actor("unit", "示例分局"), "fund_source": "专项党建工作经费"}
    post(http, clerk, entry("special_fund", yuan(20_000), day="2021-06-01", **said))
    told = total(http, clerk, by="fund_source")
    assert told_of(told, "fund_source", "amount", "nature") == ("专项党建工作经费", 2_000_000, "received")


def test_50000_in_cash_may_be_part_of_100000_of_aid_and_both_readings_are_told(
    http: TestClient, clerk: Headers
) -> None:
    whole = post(http, clerk, entry("aid_funds", yuan(100_000), day="2021-12-01"))
    doubt: Told = {"part_of": {"entry_id": whole["id"], "certain": False}}
    names = ("示例银行业协会", "示例银行", "示例联社")
    shares = [for_whom(None, division=VILLAGE)]
    post(
        http, clerk, entry("cash_donation", yuan(50_000), actor=actor("donor", "、".join(names)), lines=shares, **doubt)
    )
    both = total(http, clerk, by="nature")
    assert told_of(both, "amount_within", "amount") == (yuan(100_000), yuan(150_000))
    assert total(http, clerk, kind="aid_funds")["amount"] == yuan(100_000)
    assert total(http, clerk, kind="cash_donation")["amount"] == yuan(50_000)


def test_23_posts_insured_for_5060000_are_220000_each_and_add_nothing_to_what_was_given(
    http: TestClient, clerk: Headers
) -> None:
    said: Told = {"day": "2021-01-01", "until": "2021-12-31", "lines": unnamed("person", 23)}
    sent = post(http, clerk, entry("insured", yuan(5_060_000), **said))
    assert {line["amount"] for line in sent["lines"]} == {yuan(220_000)}
    told = total(http, clerk, by="nature", day_to="2021-12-31")
    assert told_of(told, "nature", "amount") == ("insured_sum", yuan(5_060_000))
    assert totals(http, clerk, nature="given", day_to="2021-12-31") == []
    assert totals(http, clerk, day_to="2022-01-01") == []


def test_43_pupils_got_a_parcel_each_and_42_of_them_a_doll_and_a_pencil_case(http: TestClient, clerk: Headers) -> None:
    """The report says 43 pupils and 42 items: what was given is told, and the one who is missing is not made up."""
    for goods, number in (("温暖包", 43), ("小海豚公仔", 42), ("自制文具包", 42)):
        post(http, clerk, entry("goods_given", number, "items", goods=goods, lines=unnamed("person", number)))
    told = {one["goods"]: one["amount"] for one in totals(http, clerk)}
    assert told == {"温暖包": 43, "小海豚公仔": 42, "自制文具包": 42}
    dolls = total(http, clerk, goods="小海豚公仔", by="beneficiary", label="示0")
    assert told_of(dolls, "amount", "entries") == (1, 1)
    assert len(totals(http, clerk, goods="小海豚公仔", by="beneficiary")) == 42


def test_ten_tea_machines_and_300_sets_of_books(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("goods_given", 10, "machines", goods="茶吧机"))
    post(http, clerk, entry("goods_given", 300, "sets", goods="书籍"))
    assert {(one["goods"], one["unit"]): one["amount"] for one in totals(http, clerk)} == {
        ("茶吧机", "machines"): 10, ("书籍", "sets"): 300,
    }  # fmt: skip


def test_36500_are_paid_to_160_persons_of_40_households_and_not_a_fen_is_lost(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    people = [person for _ in range(40) for person in family_in(households, persons=4)[1]]
    lines = [for_whom({"kind": "person", "id": str(person)}) for person in people]
    sent = post(http, clerk, entry("dividend", yuan(36_500), lines=lines))
    paid = [line["amount"] for line in sent["lines"]]
    assert (paid.count(22_813), paid.count(22_812)) == (80, 80)
    told = total(http, clerk)
    assert told["amount"] == yuan(36_500)
    assert told["heads"] == [{"kind": "person", "named": 160, "households": 40, "stated": 0, "precision": "exact"}]


def test_three_projects_of_10950000_are_planned_and_in_no_total_of_what_was_paid(
    http: TestClient, clerk: Headers
) -> None:
    for amount in (3_000_000, 3_000_000, 4_950_000):
        post(http, clerk, entry("planned_investment", yuan(amount), day="2021-11-01"))
    post(http, clerk, entry("paid_investment", yuan(1), day="2021-11-01"))
    told = {one["nature"]: told_of(one, "entries", "amount") for one in totals(http, clerk, by="nature")}
    assert told == {"planned_investment": (3, yuan(10_950_000)), "paid_investment": (1, 100)}


def test_five_vehicles_eight_necessities_and_sixteen_parcels_for_cadres(http: TestClient, clerk: Headers) -> None:
    for goods, unit, number in (("车辆", "vehicles", 5), ("生活必需品", "pieces", 8)):
        post(
            http, clerk, entry("goods_given", number, unit, goods=goods, lines=[for_whom(those("team", "驻村工作队"))])
        )
    post(http, clerk, entry("goods_given", 16, "items", goods="爱心大礼包", lines=unnamed("cadre", 16)))
    told = {one["goods"]: one["amount"] for one in totals(http, clerk)}
    assert told == {"车辆": 5, "生活必需品": 8, "爱心大礼包": 16}
    assert len(totals(http, clerk, beneficiary_kind="cadre", by="beneficiary")) == 16


def test_more_than_30000_yuan_went_into_eight_gatherings(http: TestClient, clerk: Headers) -> None:
    for _ in range(7):
        post(http, clerk, entry("working_expense", yuan(3_750)))
    post(http, clerk, entry("working_expense", yuan(3_750), **MORE))
    assert told_of(total(http, clerk), "entries", "amount", "precision") == (8, yuan(30_000), "more_than")


def test_two_batches_of_donated_goods_are_worth_150000(http: TestClient, clerk: Headers) -> None:
    for amount in (70_000, 80_000):
        post(http, clerk, entry("goods_valued", yuan(amount), actor=actor("company", "示例公司")))
    assert told_of(total(http, clerk), "entries", "amount") == (2, yuan(150_000))


def test_6270000_of_funds_and_more_than_9600000_of_subsidies(http: TestClient, clerk: Headers) -> None:
    whole: Told = {"division": COUNTY, "day": "2020-06-30"}
    post(http, clerk, entry("working_expense", yuan(6_270_000), **whole))
    post(http, clerk, entry("cadre_subsidy", yuan(9_600_000), **whole | MORE))
    told = {one["kind"]: told_of(one, "amount", "precision") for one in totals(http, clerk)}
    assert told == {
        "working_expense": (yuan(6_270_000), "exact"), "cadre_subsidy": (yuan(9_600_000), "more_than"),
    }  # fmt: skip


def test_8990000_were_raised_and_514_people_helped(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("fund_income", yuan(8_990_000), division=COUNTY, fund_source="爱心基金"))
    post(http, clerk, entry("people_helped", 514, "persons", division=COUNTY, fund_source="爱心基金"))
    told = {(one["nature"], one["unit"]): one["amount"] for one in totals(http, clerk, by="fund_source")}
    assert told == {("received", "fen"): yuan(8_990_000), ("counted", "persons"): 514}


def test_114_teams_of_volunteers_serve_once_or_twice_a_week(http: TestClient, clerk: Headers) -> None:
    for number in range(114):
        said = {"actor": actor("team", f"示例志愿服务队{number}"), "division": COUNTY}
        for day in ("2026-11-02", "2026-11-05")[: 1 + number % 2]:
            post(http, clerk, entry("volunteer_hours", 25, "hours", day=day, **said))
    teams = totals(http, clerk, by="actor", day_from="2026-11-02", day_to="2026-11-08")
    assert (len(teams), {one["entries"] for one in teams}) == (114, {1, 2})
    assert total(http, clerk)["amount"] == (114 + 57) * 25


def test_units_helped_1604_projects_with_12207_deeds_and_146000000_and_teams_did_3319(
    http: TestClient, clerk: Headers
) -> None:
    """And of 419 projects of society with 110 million nobody says whether they are among them."""
    whole: Told = {"division": COUNTY, "day": "2020-06-30"}
    units = whole | {"actor": actor("unit", "示例帮扶单位")}
    projects = post(http, clerk, entry("projects_helped", 1_604, "projects", **units))
    funds = post(http, clerk, entry("aid_funds", yuan(146_000_000), **units))
    post(http, clerk, entry("deeds", 12_207, "pieces", **units))
    teams = whole | {"actor": actor("team", "示例驻村工作队")}
    post(http, clerk, entry("deeds", 3_319, "pieces", **teams))
    post(http, clerk, entry("cash_donation", yuan(1_940_000), **teams))
    post(http, clerk, entry("goods_valued", yuan(3_880_000), **teams))
    society = whole | {"actor": actor("association", "示例社会力量")}
    for kind, number, unit, of in (
        ("projects_helped", 419, "projects", projects), ("aid_funds", yuan(110_000_000), "fen", funds),
    ):  # fmt: skip
        post(http, clerk, entry(kind, number, unit, part_of={"entry_id": of["id"], "certain": False}, **society))
    by_actor = {(one["actor"]["kind"], one["nature"], one["unit"]): one["amount"]
                for one in totals(http, clerk, by="actor")}  # fmt: skip
    assert by_actor == {
        ("unit", "counted", "projects"): 1_604, ("unit", "given", "fen"): yuan(146_000_000),
        ("unit", "counted", "pieces"): 12_207,
        ("team", "counted", "pieces"): 3_319, ("team", "given", "fen"): yuan(1_940_000),
        ("team", "valued_goods", "fen"): yuan(3_880_000),
        ("association", "counted", "projects"): 419, ("association", "given", "fen"): yuan(110_000_000),
    }  # fmt: skip
    both = total(http, clerk, kind="projects_helped")
    assert told_of(both, "amount_within", "amount") == (1_604, 2_023)
    money = total(http, clerk, kind="aid_funds")
    assert told_of(money, "amount_within", "amount") == (yuan(146_000_000), yuan(256_000_000))


def test_233_households_earn_more_and_more_than_40_of_them_were_on_file(http: TestClient, clerk: Headers) -> None:
    lines = [for_whom(those("household", "示例项目受益户"))]
    whole = post(http, clerk, entry("people_helped", 233, "households", lines=lines))
    part: Told = {"part_of": {"entry_id": whole["id"]}, "lines": [for_whom(those("household", "建档立卡户"))]}
    post(http, clerk, entry("people_helped", 40, "households", **part | MORE))
    assert told_of(total(http, clerk), "amount", "amount_within", "precision") == (233, 233, "exact")
    told = {one["label"]: told_of(one, "amount", "precision") for one in totals(http, clerk, by="beneficiary")}
    assert told == {"示例项目受益户": (233, "exact"), "建档立卡户": (40, "more_than")}


@pytest.mark.parametrize(
    ("lender", "amount", "households"),
    [("示例银行", 3_145_000, 127), ("示例互助资金协会", 340_000, 34)],
    ids=["with interest paid", "of a mutual fund"],
)
def test_loans_of_so_many_households_come_to_so_much(
    lender: str, amount: int, households: int, http: TestClient, clerk: Headers
) -> None:
    said: Told = {"actor": actor("company", lender), "lines": unnamed("household", households)}
    post(http, clerk, entry("loan_principal", yuan(amount), day="2018-06-01", **said))
    told = totals(http, clerk, by="beneficiary", actor_label=lender)
    assert (len(told), sum(one["amount"] for one in told)) == (households, yuan(amount))
    assert totals(http, clerk, nature="given") == []


def test_awards_and_subsidies_for_work_come_to_1439800(http: TestClient, clerk: Headers) -> None:
    for fund, amount in (("产业奖补", 1_000_000), ("务工补助", 439_800)):
        post(http, clerk, entry("subsidy", yuan(amount), fund_source=fund, day="2018-12-01"))
    assert told_of(total(http, clerk), "amount", "unit") == (143_980_000, "fen")


def test_a_village_s_industries_stand_each_in_its_own_unit_and_the_last_figure_counts(
    http: TestClient, clerk: Headers
) -> None:
    scale = (
        ("香菇", "logs", 600_000, "more_than"), ("猪苓", "nests", 13_000, "exact"), ("天麻", "nests", 10_000, "exact"),
        ("木耳", "racks", 2_000, "exact"), ("黄金木耳", "racks", 3_000, "exact"), ("蜂", "boxes", 1_500, "exact"),
        ("乌鸡", "head", 6_000, "more_than"),
    )  # fmt: skip
    village: Told = {"actor": actor("village", "示例村")}
    post(http, clerk, entry("industry_scale", 900, "boxes", goods="蜂", day="2017-12-31", **village))
    for goods, unit, number, precision in scale:
        said: Told = {"goods": goods, "precision": precision, "day": "2018-12-01"} | village
        post(http, clerk, entry("industry_scale", number, unit, **said))
    told = {told_of(one, "goods", "unit", "amount", "precision") for one in totals(http, clerk)}
    assert told == set(scale)
    assert told_of(total(http, clerk, day_to="2018-06-30"), "goods", "amount") == ("蜂", 900)


def test_nearly_200_households_joined_a_cooperative_47_with_920000_and_52_with_their_labour(
    http: TestClient, clerk: Headers
) -> None:
    of: Told = {"actor": actor("association", "示例互助合作社")}
    for label, number, precision in (("社员", 200, "about"), ("投劳", 52, "exact")):
        said: Told = {"precision": precision, "lines": [for_whom(those("household", label))]} | of
        post(http, clerk, entry("members", number, "households", **said))
    shares = [for_whom(those("household", "入股户", 47))]
    post(http, clerk, entry("shares", yuan(920_000), actor=actor("household", "入股户"), lines=shares))
    post(http, clerk, entry("sales", yuan(10_000), **of | MORE))
    told = {
        one["label"]: told_of(one, "amount", "precision")
        for one in totals(http, clerk, kind="members", by="beneficiary")
    }
    assert told == {"社员": (200, "about"), "投劳": (52, "exact")}
    put_in = total(http, clerk, kind="shares")
    assert (put_in["amount"], heads(put_in, "household")) == (yuan(920_000), (47, "exact"))
    assert told_of(total(http, clerk, kind="sales"), "amount", "precision") == (yuan(10_000), "more_than")


def test_what_a_project_cost_and_what_stands_of_it(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("paid_investment", yuan(1_200_000), **MORE))
    assets = (
        ("租地", "mu", 3_000, "more_than"), ("大棚", "items", 122, "exact"), ("香菇", "logs", 350_000, "exact"),
        ("冷库", "buildings", 1, "exact"), ("冷库容积", "cubic_metres", 100_000, "exact"),
        ("烘干设备", "machines", 4, "exact"),
    )  # fmt: skip
    for goods, unit, number, precision in assets:
        post(http, clerk, entry("assets", number, unit, goods=goods, precision=precision))
    told = totals(http, clerk, kind="assets")
    assert {told_of(one, "goods", "unit", "amount", "precision") for one in told} == set(assets)
    assert told_of(total(http, clerk, kind="paid_investment"), "amount", "precision") == (yuan(1_200_000), "more_than")


def test_a_shop_of_kindness_got_goods_of_more_than_10000(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("goods_valued", yuan(10_000), fund_source="爱心超市", **MORE))
    told = total(http, clerk, by="fund_source")
    assert told_of(told, "fund_source", "amount", "precision") == ("爱心超市", yuan(10_000), "more_than")


def test_more_than_50000_yuan_of_errands(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("errands", yuan(50_000), day="2020-03-01", actor=actor("team", "示例驻村工作队"), **MORE))
    assert told_of(total(http, clerk), "amount", "precision") == (yuan(50_000), "more_than")


def test_77_households_got_goods_of_more_than_15000_and_more_than_3000_were_donated(
    http: TestClient, clerk: Headers
) -> None:
    lines = [for_whom(those("household", label, number)) for label, number in (("五保户", 17), ("低保户", 60))]
    post(http, clerk, entry("goods_valued", yuan(15_000), lines=lines, **MORE))
    post(http, clerk, entry("cash_donation", yuan(3_000), **MORE))
    goods = total(http, clerk, kind="goods_valued")
    assert (told_of(goods, "amount", "precision"), heads(goods, "household")) == (
        (yuan(15_000), "more_than"),
        (77, "exact"),
    )
    low = total(http, clerk, kind="goods_valued", label="低保户")
    assert heads(low, "household") == (60, "exact")
    assert told_of(total(http, clerk, kind="cash_donation"), "amount", "precision") == (yuan(3_000), "more_than")


def test_nearly_20000_cherry_trees_more_than_100000_of_subsidy_and_400_mu_more(
    http: TestClient, clerk: Headers
) -> None:
    post(http, clerk, entry("goods_given", 20_000, "plants", goods="樱桃树苗", precision="about"))
    post(http, clerk, entry("subsidy", yuan(100_000), **MORE))
    post(http, clerk, entry("land_planted", 40_000, "mu", **MORE))
    told = {told_of(one, "kind", "unit", "amount", "precision") for one in totals(http, clerk)}
    assert told == {
        ("goods_given", "plants", 20_000, "about"), ("subsidy", "fen", yuan(100_000), "more_than"),
        ("land_planted", "mu", 40_000, "more_than"),
    }  # fmt: skip


def test_eighteen_public_posts_are_told_by_who_pays_for_them(http: TestClient, clerk: Headers) -> None:
    for fund, number in (("人社", 8), ("光伏", 10)):
        post(http, clerk, entry("public_posts", number, "persons", day="2026-01-01", fund_source=fund))
    assert {one["fund_source"]: one["amount"] for one in totals(http, clerk, by="fund_source")} == {
        "人社": 8,
        "光伏": 10,
    }
    assert total(http, clerk)["amount"] == 18


def test_77_persons_got_49100_yuan_for_keeping_their_work(
    http: TestClient, clerk: Headers, households: Session
) -> None:
    _, people = family_in(households, persons=77)
    lines = [for_whom({"kind": "person", "id": str(person)}, yuan(600)) for person in people]
    lines[-1]["amount"] = yuan(49_100 - 76 * 600)
    post(http, clerk, entry("subsidy", yuan(49_100), fund_source="稳岗就业“235”政策", lines=lines))
    told = total(http, clerk, by="fund_source")
    assert (told["amount"], heads(told, "person")) == (4_910_000, (77, "exact"))


def test_100000_for_an_industry_and_thirty_mu_of_its_garden(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("industry_funds", yuan(100_000)))
    post(http, clerk, entry("assets", 3_000, "mu", goods="示范园"))
    told = {told_of(one, "kind", "amount") for one in totals(http, clerk)}
    assert told == {("industry_funds", yuan(100_000)), ("assets", 3_000)}


def test_more_than_500_households_sold_cherries_for_more_than_ten_million(http: TestClient, clerk: Headers) -> None:
    sold: Told = {"lines": [for_whom(those("household", "樱桃种植户", 500, "more_than"))]}
    post(http, clerk, entry("sales", yuan(10_000_000), **sold | MORE))
    told = total(http, clerk)
    assert (told["amount"], heads(told, "household")) == (yuan(10_000_000), (500, "more_than"))


def test_medicine_of_more_than_5000_yuan(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("goods_valued", yuan(5_000), fund_source="义诊药品", **MORE))
    assert told_of(total(http, clerk), "amount", "precision") == (yuan(5_000), "more_than")


def test_four_times_was_bought_for_168900_to_help(http: TestClient, clerk: Headers) -> None:
    for amount in (40_000, 40_000, 40_000, 48_900):
        post(http, clerk, entry("consumption_help", yuan(amount), actor=actor("unit", "示例局")))
    assert told_of(total(http, clerk), "entries", "amount", "nature") == (4, 16_890_000, "turnover")


def test_more_than_forty_articles_and_two_films(http: TestClient, clerk: Headers) -> None:
    post(http, clerk, entry("publicity", 40, "articles", **MORE))
    post(http, clerk, entry("publicity", 2, "films"))
    told = {told_of(one, "unit", "amount", "precision") for one in totals(http, clerk)}
    assert told == {("articles", 40, "more_than"), ("films", 2, "exact")}


def test_vaccinations_are_counted_by_groups_of_people_in_a_kind_of_the_county_s_own(
    http: TestClient, clerk: Headers
) -> None:
    """Of groups and never of one person: what is of health stands in no ledger."""
    kind: Told = {"division": COUNTY, "zh": "疫苗接种人数", "en": "People vaccinated", "shape": "level"}
    kind |= {"nature": "counted", "units": ["persons"], "goods": False, "actors": ["village"]}
    kind |= {"beneficiaries": ["village"], "valid_from": "2021-01-01", "valid_until": None}
    kind |= {"document_no": "示例〔2021〕3号"}
    assert edit(http, f"{KINDS}/own_vaccinated", kind, clerk).status_code == 200
    for day, number in (("2021-06-30", 300), ("2021-07-31", 411)):
        said: Told = {"actor": actor("village", "示例村"), "lines": [for_whom(those("village", "18岁以上"))]}
        post(http, clerk, entry("own_vaccinated", number, "persons", day=day, **said))
    told = total(http, clerk, by="beneficiary")
    assert told_of(told, "label", "amount", "unit") == ("18岁以上", 411, "persons")
