"""Who answers for what in the reports: leading groups, leaders and units of villages, chiefs, who watches over whom."""

from typing import Any

from starlette.testclient import TestClient

from tests.attendance.charges.conftest import charged, counted, county, grouped, listed, put, read, unit
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed, http, village
from tests.attendance.test_activities import held, member
from tests.attendance.test_activities import put as hold
from tests.callers import Headers
from tests.reports.test_activities_of_reports import keep_term

__all__ = ["county", "http", "member", "village"]  # fixtures


def person(number: int, post: str | None = None) -> dict[str, Any]:
    return {
        "kind": "person",
        "name": f"示{'甲乙丙丁戊己庚辛壬癸'[number % 10]}{'一二三四'[number // 10]}",
        "post": post,
    }


def cadre(one: Any) -> dict[str, str]:
    return {"kind": "cadre", "id": str(one)}


def test_an_informant_a_surveyor_and_one_at_the_villagers_service(
    http: TestClient, village: Stationed, county: Headers
) -> None:
    """0-02: one cadre in all three, beside the role in the team."""
    for kind in ("informant", "surveyor", "service_hand"):
        put(http, county, charged(kind, team_id=str(village.team), bearer=cadre(village.first)))
    rows = listed(http, county, cadre_id=str(village.first), as_of="2026-11-21")
    assert {one["kind"] for one in rows} == {"informant", "surveyor", "service_hand"}


def test_the_leader_answers_for_the_first_secretary_and_the_branch_secretary_for_the_members(
    http: TestClient, village: Stationed, county: Headers
) -> None:
    """1-02: one to one."""
    put(http, county, charged("presence", bearer=person(0, "联系村领导"), about_cadre_id=str(village.first)))
    put(http, county, charged("presence", bearer=person(1, "村党支部书记"), about_cadre_id=str(village.second)))
    for one, who in ((village.first, "联系村领导"), (village.second, "村党支部书记")):
        (told,) = listed(http, county, kind="presence", cadre_id=str(one))
        assert (told["bearer"]["post"], told["about_cadre_id"]) == (who, str(one))


def test_the_secretary_of_the_county_heads_the_leading_group(http: TestClient, county: Headers) -> None:
    """2-01, and 3-11: the group, and the liaison of each of its units."""
    put(http, county, grouped(function="head", bearer=person(0, "县委书记")))
    put(http, county, grouped(function="deputy", bearer=person(1, "县长")))
    offices = [unit(http, county, f"示例局{number}") for number in range(3)]
    for number, office in enumerate(offices):
        put(http, county, grouped(bearer=office))
        put(http, county, charged("liaison", division=COUNTY, bearer=person(number + 2), about_unit_id=office["id"]))
    levels = read(http, county, "charge-grid", division=COUNTY)["levels"]
    group = [one for one in levels[0]["charges"] if one["kind"] == "group_member"]
    assert sorted(one["function"] for one in group) == ["deputy", "head", "member", "member", "member"]
    assert {one["body"] for one in group} == {"示例工作协调领导小组"}
    (head,) = (one for one in group if one["function"] == "head")
    assert (head["bearer"]["post"], head["document_no"]) == ("县委书记", "示例〔2026〕2号")
    (spoken,) = listed(http, county, kind="liaison", unit_id=offices[0]["id"])
    assert (spoken["about_name"], spoken["bearer"]["name"]) == ("示例局0", "示丙一")


def test_strong_departments_were_moved_to_the_poorest_villages(http: TestClient, county: Headers) -> None:
    """2-04: who helped before, who helps since, and each of them on its day."""
    before, since = unit(http, county, "示例农机站"), unit(http, county, "示例发改局")
    former = put(http, county, charged("unit_help", bearer=before, since="2020-01-01"))
    moved = charged("unit_help", bearer=since, since="2026-06-01", replaces=former["id"], document_no="示例〔2026〕8号")
    put(http, county, moved)
    on = {"2026-05-31": "示例农机站", "2026-06-01": "示例发改局"}
    helps = {day: [one["bearer"]["name"] for one in listed(http, county, kind="unit_help", as_of=day)] for day in on}
    assert helps == {day: [name] for day, name in on.items()}
    history = listed(http, county, kind="unit_help", division=VILLAGE)
    assert sorted((one["since"], one["outcome"]) for one in history) == [
        ("2020-01-01", "replaced"), ("2026-06-01", None),
    ]  # fmt: skip


def test_leaders_to_townships_units_to_villages_cadres_to_households_teams_in_villages(
    http: TestClient, village: Stationed, county: Headers
) -> None:
    """2-06: the four levels in one answer."""
    put(http, county, grouped(function="head"))
    put(http, county, charged("leader_link", division=VILLAGE[:9], bearer=person(0, "县级领导")))
    put(http, county, charged("unit_help", bearer=unit(http, county, "示例局")))
    put(http, county, charged("presence", team_id=str(village.team)))
    told = read(http, county, "charge-grid", division=VILLAGE)
    assert [(one["level"], len(one["charges"])) for one in told["levels"]] == [
        ("county", 1), ("township", 1), ("village", 1), ("team", 1),
    ]  # fmt: skip
    assert (told["teams"], told["cadres"]) == (1, 2)


def test_seventeen_chiefs_of_a_township_s_teams(http: TestClient, county: Headers) -> None:
    """2-08: one in each of 17 townships."""
    for number in range(17):
        put(http, county, charged("teams_chief", division=f"{COUNTY}{number + 1:03}", bearer=person(number)))
    assert counted(http, county, kind="teams_chief") == {("teams_chief", ""): (17, 17, 17)}
    assert len(counted(http, county, kind="teams_chief", by="township")) == 17


def test_who_answers_for_a_listed_village_stands_on_the_board(http: TestClient, county: Headers) -> None:
    """2-16: hung out by a document, taken down when it is done."""
    listed_one = charged("listed_supervision", bearer=person(0, "县级领导"), document_no="示例督战〔2026〕1号")
    told = put(http, county, listed_one)
    put(http, county, listed_one | {"until": "2026-09-01", "outcome": "abolished"}, of=told["id"])
    hangs = [len(listed(http, county, kind="listed_supervision", as_of=day)) for day in ("2026-08-31", "2026-09-01")]
    assert hangs == [1, 0]


def test_a_unit_is_bound_with_project_funds_and_duty(http: TestClient, county: Headers) -> None:
    """2-30: which unit, to which villages, by which document."""
    office = unit(http, county, "示例局")
    for place in (VILLAGE, "520621001006"):
        put(http, county, charged("unit_bundle", division=place, bearer=office, document_no="示例〔2026〕3号"))
    assert counted(http, county, kind="unit_bundle") == {("unit_bundle", ""): (2, 2, 1)}


def test_the_unit_asks_after_its_cadres_visits_them_and_has_them_examined(
    http: TestClient, village: Stationed, county: Headers
) -> None:
    """2-31: that it took place and when; of an examination nothing else."""
    keep_term(http, county, "kind", "medical_check", zh="健康体检")
    office = unit(http, county, "示例局")["id"]
    both = [{"cadre_id": str(one), "part": "attended"} for one in (village.first, village.second)]
    for kind in ("condolence", "talk", "medical_check"):
        said = {"kind": kind, "day": "2026-06-01", "division": COUNTY, "unit_id": office, "cadres": both}
        hold(http, county, said)
    told = http.get("/v1/activities", params={"division": COUNTY}, headers=county).json()["rows"]
    assert {one["kind"] for one in told} == {"condolence", "talk", "medical_check"}
    assert {one["unit_id"] for one in told} == {office}


def test_the_captain_speaks_with_the_liaison_every_month(
    http: TestClient, village: Stationed, county: Headers, member: Headers
) -> None:
    """3-12: the liaison is known, and each month's talk is kept."""
    office = unit(http, county, "示例局")
    put(http, county, charged("liaison", bearer=person(0), about_unit_id=office["id"]))
    for month in range(1, 11):
        hold(
            http, member, held(village, kind="talk", mode="telephone", day=f"2026-{month:02}-10", unit_id=office["id"])
        )
    rows = http.get("/v1/activities", params={"kind": "talk"}, headers=member).json()["rows"]
    assert len({one["day"][:7] for one in rows if one["unit_id"] == office["id"]}) == 10


def test_supervisors_of_conduct_one_for_each_village(http: TestClient, county: Headers) -> None:
    """1-04."""
    for number in range(4):
        put(http, county, charged("conduct_supervisor", division=f"{COUNTY}001{number + 1:03}", bearer=person(number)))
    assert counted(http, county, kind="conduct_supervisor") == {("conduct_supervisor", ""): (4, 4, 4)}
