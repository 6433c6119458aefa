"""What teams and offices held, in the reports' own numbers."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.models.teams import Cadre
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed, http, village
from tests.attendance.test_activities import counted, county, figures, held, listed, member, put, why
from tests.callers import Headers

__all__ = ["county", "http", "member", "village"]  # fixtures

TUESDAYS = [date(2026, 1, 6) + timedelta(weeks=week) for week in range(46)]


def keep_term(http: TestClient, county: Headers, term: str, key: str, **said: str) -> None:
    body = {"zh": f"示例{key}", "en": f"Example {key}", "since": "2026-01-01", "document_no": "示例〔2026〕1号"} | said
    answer = http.put(f"/v1/activity-terms/{COUNTY}/{term}/{key}", json=body, headers=county)
    assert answer.status_code == 200, answer.text


def times(http: TestClient, caller: Headers, kind: str, **asked: Any) -> int:
    return int(figures(http, caller, **asked)[kind]["activities"])


def test_six_meetings_to_study_and_eight_sat_in_with_the_committee(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    for month in range(1, 7):
        put(http, member, held(village, kind="study", day=f"2026-0{month}-05"))
    for number in range(4):  # two of them each time
        both = [{"cadre_id": str(one), "part": "sat_in"} for one in (village.first, village.second)]
        put(http, member, held(village, kind="meeting", day=f"2026-0{number + 1}-20", cadres=both))
    told = figures(http, member)
    assert told["study"]["activities"] == 6
    assert told["meeting"]["modes"][0]["cadres"] == [{"part": "sat_in", "person_times": 8}]


def test_twenty_six_were_talked_to(http: TestClient, village: Stationed, member: Headers) -> None:
    for month in range(1, 11):
        spoken = counted("person_times", 3 if month < 9 else 1, capacity="cadres")
        put(http, member, held(village, kind="talk", day=f"2026-{month:02}-15", counts=[spoken]))
    (mode,) = figures(http, member)["talk"]["modes"]
    assert mode["counts"] == [{"what": "person_times", "number": 26, "precision": "exact"}]


def test_who_was_spoken_to_and_in_which_way_is_kept(http: TestClient, village: Stationed, member: Headers) -> None:
    asked = {"of": "示例街道扶贫站", "text": "核对本月线索名单"}
    told = put(http, member, held(village, kind="report", mode="telephone", request=asked))
    read = http.get(f"/v1/activities/{told['id']}", headers=member).json()
    assert (read["mode"], read["request"]["of"], read["asks"]) == ("telephone", "示例街道扶贫站", True)


def test_a_meeting_of_every_week_is_counted(http: TestClient, village: Stationed, member: Headers) -> None:
    for day in TUESDAYS:
        put(http, member, held(village, kind="meeting", day=(day - timedelta(1)).isoformat()))
    put(http, member, held(village, kind="party_life", day="2026-07-01"))
    assert (times(http, member, "meeting"), times(http, member, "party_life")) == (46, 1)
    assert times(http, member, "meeting", day_from="2026-03-01", day_to="2026-03-31") == 5


def test_a_day_of_every_week_is_counted_under_its_label(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    keep_term(http, county, "label", "tuesday", zh="周二扶贫日")
    for day in TUESDAYS[:20]:
        put(http, member, held(village, kind="volunteering", day=day.isoformat(), labels=["tuesday"]))
    put(http, member, held(village, kind="volunteering"))
    rows = listed(http, member, label="tuesday", limit=50)
    assert {date.fromisoformat(one["day"]).weekday() for one in rows} == {1}
    assert (len(rows), times(http, member, "volunteering")) == (20, 21)


def test_four_campaigns_of_a_year_are_labels_with_their_days(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    """Each is taken while it runs, and is no word for what was done before or after it."""
    begins = ["2026-01-01", "2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01"]
    for key, since, until in zip(("spring", "summer", "autumn", "winter"), begins, begins[1:], strict=False):
        keep_term(http, county, "label", key, since=since, until=until)
        put(http, member, held(village, day=min(since[:8] + "15", "2026-11-20"), labels=[key]))
    assert put(http, member, held(village, day="2026-04-15", labels=["spring"]), 422)["code"] == "not-in-the-list"
    assert [len(listed(http, member, label=key)) for key in ("spring", "summer", "autumn", "winter")] == [1] * 4


def test_six_kinds_of_a_countys_own_are_counted_apart(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    kinds = [f"six_{number}" for number in range(1, 7)]
    for number, kind in enumerate(kinds, 1):
        keep_term(http, county, "kind", kind)
        for _ in range(number):
            put(http, member, held(village, kind=kind))
    assert {kind: times(http, member, kind) for kind in kinds} == {kind: n for n, kind in enumerate(kinds, 1)}


def test_where_something_was_checked_is_kept_by_kind_of_place(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    for kind, words in (
        ("courtyard", "示例小区"),
        ("shop", "示例超市"),
        ("lodging", "示例酒店"),
        ("other", "示例路口"),
    ):
        said = {"place_kind": kind, "place_words": words}
        put(http, member, held(village, kind="volunteering", counts=[counted("persons", 12)], **said))
    rows = listed(http, member, kind="volunteering")
    assert {(one["place_kind"], one["place_words"]) for one in rows} >= {
        ("lodging", "示例酒店"),
        ("other", "示例路口"),
    }
    assert figures(http, member)["volunteering"]["modes"][0]["counts"][0]["number"] == 48


def test_a_course_held_far_away_names_its_place(http: TestClient, county: Headers, village: Stationed) -> None:
    course: dict[str, Any] = {"kind": "training", "division": COUNTY, "day": "2026-05-11", "last_day": "2026-05-15"}
    for place in ("510100", "120000", "520300"):
        told = put(http, county, course | {"place": place, "cadres": [{"cadre_id": str(village.first)}]})
        assert (told["place"], told["last_day"]) == (place, "2026-05-15")
    assert times(http, county, "training") == 3


def test_a_leaders_visit_and_a_rally_are_kept_by_place(http: TestClient, county: Headers, village: Stationed) -> None:
    officials = [counted("persons", 3, capacity="officials")]
    visit = {"kind": "condolence", "division": COUNTY, "place": VILLAGE, "day": "2026-06-01", "counts": officials}
    rally = {"kind": "meeting", "division": COUNTY, "place": VILLAGE[:9], "day": "2026-06-02"}
    for one in (visit, rally | {"place_kind": "township", "counts": [counted("persons", 300, "about")]}):
        put(http, county, one)
    told = figures(http, county)
    assert told["condolence"]["modes"][0]["counts"] == [{"what": "persons", "number": 3, "precision": "exact"}]
    assert told["meeting"]["modes"][0]["counts"] == [{"what": "persons", "number": 300, "precision": "about"}]


@pytest.fixture
def unit(village: Stationed, attendance: Session) -> str:
    return str(attendance.scalars(select(col(Cadre.unit_id)).where(col(Cadre.id) == village.first)).one())


def test_leaders_of_a_unit_came_five_and_eight_times(
    http: TestClient, county: Headers, village: Stationed, unit: str
) -> None:
    for key in ("first_leader", "second_leader"):
        keep_term(http, county, "label", key)
    for key, often in (("first_leader", 5), ("second_leader", 8)):
        for number in range(often):
            said: dict[str, Any] = {"kind": "condolence", "team_id": str(village.team), "unit_id": unit}
            put(http, county, said | {"day": f"2026-0{number + 1}-08", "labels": [key]})
    assert [len(listed(http, county, label=key)) for key in ("first_leader", "second_leader")] == [5, 8]
    assert times(http, county, "condolence") == 13


def test_a_unit_met_about_its_team(http: TestClient, county: Headers, unit: str) -> None:
    for month in (2, 5, 8):
        told = put(http, county, {"kind": "meeting", "division": COUNTY, "unit_id": unit, "day": f"2026-0{month}-03"})
        assert told["unit_id"] == unit
    assert times(http, county, "meeting") == 3


def test_two_branches_met_twice(http: TestClient, village: Stationed, member: Headers, county: Headers) -> None:
    keep_term(http, county, "label", "with_another_branch", zh="支部联建")
    for day in ("2026-04-01", "2026-07-01"):
        put(http, member, held(village, kind="party_life", day=day, labels=["with_another_branch"]))
    assert len(listed(http, member, label="with_another_branch")) == 2


def test_two_courses_for_more_than_140_households(http: TestClient, village: Stationed, member: Headers) -> None:
    for number in (70, 70):
        put(http, member, held(village, kind="training", counts=[counted("households", number, "more_than")]))
    told = figures(http, member)["training"]
    assert (told["activities"], told["modes"][0]["counts"]) == (
        2, [{"what": "households", "number": 140, "precision": "more_than"}]
    )  # fmt: skip


def test_more_than_160_came_to_the_doctors(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    keep_term(http, county, "kind", "doctors", zh="义诊")
    put(http, member, held(village, kind="doctors", counts=[counted("person_times", 160, "more_than")]))
    (mode,) = figures(http, member)["doctors"]["modes"]
    assert mode["counts"] == [{"what": "person_times", "number": 160, "precision": "more_than"}]


@pytest.mark.parametrize(
    ("kind", "mode"), [("roll_call", "live"), ("reminder", "telephone")], ids=["in the evening", "after a month"]
)
def test_a_call_is_a_note_of_whom_it_reached_and_nobody_s_day(
    kind: str, mode: str, http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    called = [(village.first, "reached"), (village.second, "not_reached")]
    who = [{"cadre_id": str(cadre), "part": part} for cadre, part in called]
    said = {"kind": kind, "division": COUNTY, "mode": mode, "starts_at": "2026-11-19T20:30:00+08:00", "cadres": who}
    told = put(http, county, said)
    assert {one["cadre_id"]: one["part"] for one in told["cadres"]} == {str(one): part for one, part in called}
    (mode_told,) = figures(http, county)[kind]["modes"]
    assert mode_told["cadres"] == [{"part": "not_reached", "person_times": 1}, {"part": "reached", "person_times": 1}]
    days = [why(http, county, date(2026, 11, 19), cadre_id=str(cadre)) for cadre, _ in called]
    assert days[0] == days[1]
    assert days[0] == ("no_evidence", "nothing")


def test_what_is_on_site_is_no_call(http: TestClient, village: Stationed, county: Headers) -> None:
    who = [{"cadre_id": str(village.first), "part": "reached"}]
    said = {"kind": "roll_call", "division": COUNTY, "day": "2026-11-19", "cadres": who}
    assert put(http, county, said, status=422)["code"] == "not-a-call"
