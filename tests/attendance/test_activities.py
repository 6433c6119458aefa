"""活动: what was held is written down with little, read back as it was counted, and shows whose day it was."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select, text
from sqlmodel import Session
from starlette.testclient import TestClient

from services.attendance.activities.contents import Precision
from services.attendance.activities.figures import together
from services.attendance.grants.postings import grant_postings
from services.attendance.models.activities import Activity, ActivityCount
from services.attendance.models.teams import Team
from tests.attendance.conftest import COUNTY, VILLAGE, Stationed, cadre_in
from tests.attendance.leave.conftest import calendar
from tests.callers import HERE, Headers, Office, Sign, edit
from tests.conftest import NOW, TODAY

FAR_COUNTY, FAR_VILLAGE = "520622", "520622001001"
FIGURES = {"division": COUNTY, "day_from": "2026-01-01", "day_to": "2026-12-31"}
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def member(village: Stationed, attendance: Session, sign: Sign) -> Headers:
    grant_postings(attendance, [village.first, village.second], NOW)
    calendar(attendance, date(2026, 11, 1), date(2026, 11, 30))
    attendance.commit()
    return sign(village.account, "cadre")


def held(village: Stationed, **said: Any) -> dict[str, Any]:
    """As little as a phone sends."""
    return {"kind": "preaching", "day": "2026-11-20", "team_id": str(village.team)} | said


def put(http: TestClient, caller: Headers, body: dict[str, Any], status: int = 200, of: UUID | None = None) -> Any:
    answer = http.put(f"/v1/activities/{of or uuid4()}", json=body, headers=caller)
    assert answer.status_code == status, answer.text
    return answer.json()


def counted(what: str, number: int, precision: str = "exact", capacity: str = "villagers") -> dict[str, Any]:
    return {"capacity": capacity, "what": what, "number": number, "precision": precision}


def figures(http: TestClient, caller: Headers, **asked: Any) -> dict[str, Any]:
    answer = http.get("/v1/activity-figures", params=FIGURES | asked, headers=caller)
    assert answer.status_code == 200, answer.text
    return {one["kind"]: one for one in answer.json()["kinds"]}


def listed(http: TestClient, caller: Headers, **asked: Any) -> list[dict[str, Any]]:
    answer = http.get("/v1/activities", params=asked, headers=caller)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def why(http: TestClient, caller: Headers, day: date, **asked: Any) -> tuple[str, str]:
    month = http.get("/v1/cadre-days", params={"month": day.isoformat()[:7]} | asked, headers=caller).json()
    return next((one["status"], one["why"]) for one in month["days"] if one["day"] == day.isoformat())


def at_moment(http: TestClient, moment: datetime) -> None:
    assert isinstance(http.app, FastAPI)
    http.app.state.clock = lambda _: moment


def test_a_kind_a_day_and_a_team_are_enough_and_it_is_in_the_teams_village(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    told = put(http, member, held(village))
    assert (told["division"], told["place"], told["mode"], told["version"]) == (VILLAGE, VILLAGE, "on_site", 1)
    assert (told["day"], told["last_day"], told["recorded_by"]) == ("2026-11-20", "2026-11-20", village.account)
    assert http.get(f"/v1/activities/{told['id']}", headers=member).json() == told


def test_twenty_times_policy_was_explained_in_a_year_and_reads_back_as_twenty(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    for number in range(20):
        put(http, member, held(village, day=f"2026-{number // 2 + 1:02}-1{number % 2}"))
    put(http, member, held(village, day="2025-12-31"))
    told = figures(http, member)
    assert {kind: one["activities"] for kind, one in told.items()} == {"preaching": 20}
    first = http.get("/v1/activities", params={"limit": 15, "day_from": "2026-01-01"}, headers=member).json()
    rest = listed(http, member, limit=15, day_from="2026-01-01", cursor=first["next"])
    days = [one["day"] for one in (*first["rows"], *rest)]
    assert (len(days), days) == (20, sorted(days, reverse=True))


def test_meetings_and_whom_telephones_reached_are_kept_apart(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    for number in (40, 40, 40, 40, 40, 40, 40, 45):
        put(http, member, held(village, kind="gathering", counts=[counted("person_times", number)]))
    reached = [counted("person_times", 400, "more_than", "migrants")]
    put(http, member, held(village, kind="gathering", mode="telephone", counts=reached))
    on_site, telephone = figures(http, member)["gathering"]["modes"]
    assert (on_site["mode"], on_site["activities"]) == ("on_site", 8)
    assert on_site["counts"] == [{"what": "person_times", "number": 325, "precision": "exact"}]
    assert telephone["counts"] == [{"what": "person_times", "number": 400, "precision": "more_than"}]


def test_thirty_five_courtyard_meetings_and_who_sat_in_eight_times(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    for number in range(35):
        who = [{"cadre_id": str(village.first), "part": "sat_in"}] if number < 8 else []
        put(http, member, held(village, kind="courtyard", cadres=who))
    told = figures(http, member)["courtyard"]
    assert (told["activities"], told["modes"][0]["cadres"]) == (35, [{"part": "sat_in", "person_times": 8}])


def test_an_office_held_two_courses_of_450_and_eight_online_of_more_than_3800(
    http: TestClient, county: Headers, village: Stationed
) -> None:
    course: dict[str, Any] = {"kind": "training", "division": COUNTY, "day": "2026-03-02"}
    for number in (200, 250):
        told = put(http, county, course | {"last_day": "2026-03-06", "counts": [counted("person_times", number)]})
    assert (told["place"], told["last_day"]) == (None, "2026-03-06")
    for number in range(8):
        said = counted("person_times", 475, "more_than" if number else "exact", "cadres")
        put(http, county, course | {"mode": "live", "counts": [said]})
    live, on_site = figures(http, county)["training"]["modes"]
    assert (on_site["activities"], on_site["counts"][0]["number"], on_site["counts"][0]["precision"]) == (
        2,
        450,
        "exact",
    )
    assert (live["activities"], live["counts"]) == (
        8, [{"what": "person_times", "number": 3800, "precision": "more_than"}]
    )  # fmt: skip


def test_households_are_never_added_to_persons(http: TestClient, village: Stationed, member: Headers) -> None:
    put(http, member, held(village, counts=[counted("households", 140, "more_than"), counted("persons", 70)]))
    put(http, member, held(village, counts=[counted("households", 10), counted("households", 2, capacity="monitored")]))
    assert figures(http, member)["preaching"]["modes"][0]["counts"] == [
        {"what": "households", "number": 152, "precision": "more_than"},
        {"what": "persons", "number": 70, "precision": "exact"},
    ]


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from(PRECISIONS)), min_size=1, max_size=6), st.integers(0, 6)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
def test_a_sum_is_of_all_its_parts_whatever_their_order_and_no_more_exact_than_they_are(
    http: TestClient,
    village: Stationed,
    county: Headers,
    attendance: Session,
    said: list[tuple[int, Precision]],
    cut: int,
) -> None:
    attendance.execute(text("TRUNCATE activity, activity_count"))
    for number, precision in said:
        row = version(village)
        attendance.add(row)
        attendance.flush()
        attendance.add(ActivityCount(version_id=row.id, capacity="others", what="persons", number=number,
                                     precision=precision))  # fmt: skip
    attendance.commit()
    (told,) = figures(http, county)["preaching"]["modes"][0]["counts"]
    marks = [precision for _, precision in said]
    assert told["number"] == sum(number for number, _ in said)
    assert told["precision"] == together(reversed(marks))
    assert (told["precision"] == "exact") == (set(marks) == {"exact"})
    parts = [together(part) for part in (marks[:cut], marks[cut:]) if part]
    assert together(parts) == told["precision"]


def version(village: Stationed) -> Activity:
    return Activity(
        activity_id=uuid4(), version=1, division=VILLAGE, team_id=village.team, kind="preaching", mode="on_site",
        day=TODAY, last_day=TODAY, cadre_ids=[], capacities=[], labels=[], asks=False, recorded_by="示例",
        recorded_at=NOW,
    )  # fmt: skip


def test_a_meeting_of_the_night_is_of_one_day_and_shows_that_day_alone(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    span = {"starts_at": "2026-11-19T20:30:00+08:00", "ends_at": "2026-11-20T01:30:00+08:00"}
    body = held(village, kind="courtyard", cadres=[{"cadre_id": str(village.first)}]) | span
    del body["day"]
    told = put(http, county, body)
    assert (told["day"], told["last_day"]) == ("2026-11-19", "2026-11-19")
    assert why(http, member, date(2026, 11, 19)) == ("present", "activity")
    assert why(http, member, date(2026, 11, 20)) == ("no_evidence", "nothing")
    longer = put(http, county, body | {"ends_at": "2026-11-20T05:30:00+08:00"})
    assert (longer["day"], longer["last_day"]) == ("2026-11-19", "2026-11-20")
    until_five = put(http, county, body | {"ends_at": "2026-11-20T05:00:00+08:00"})
    assert until_five["last_day"] == "2026-11-19"


def test_ones_own_word_leaves_a_day_to_be_confirmed_and_anothers_shows_it(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    day, of = date(2026, 11, 18), uuid4()
    body = held(village, day=day.isoformat(), cadres=[{"cadre_id": str(village.first)}])
    put(http, member, body, of=of)
    assert why(http, member, day) == ("uncertain", "activity_own")
    assert edit(http, f"/v1/activities/{of}", body | {"outcome": "示例"}, county).status_code == 200
    assert why(http, member, day) == ("present", "activity")


@pytest.mark.parametrize(
    "said",
    [
        {"mode": "telephone"},
        {"place": "5201"},
        {"place_words": "示例大学"},
        {"last_day": "2026-11-19"},
        {"cadres": []},
    ],
    ids=["by telephone", "elsewhere", "outside the tree", "of several days", "nobody named"],
)
def test_only_an_activity_of_one_day_in_the_village_that_names_somebody_shows_a_day(
    http: TestClient, village: Stationed, member: Headers, county: Headers, said: dict[str, Any]
) -> None:
    put(http, county, held(village, day="2026-11-18", cadres=[{"cadre_id": str(village.first)}]) | said)
    assert why(http, member, date(2026, 11, 18)) == ("no_evidence", "nothing")


def test_what_was_withdrawn_counts_no_longer_and_shows_no_day(
    http: TestClient, village: Stationed, member: Headers, county: Headers, attendance: Session
) -> None:
    day, of = date(2026, 11, 18), uuid4()
    body = held(village, day=day.isoformat(), cadres=[{"cadre_id": str(village.first)}])
    put(http, county, body, of=of)
    answers = [
        http.put(f"/v1/activities/{of}/withdrawal", json={"because": why_not}, headers=county)
        for why_not in ("twice", "twice", "not_held")
    ]
    assert [one.status_code for one in answers] == [200, 200, 409]
    assert answers[0].json() == answers[1].json()
    assert (figures(http, county), listed(http, county)) == ({}, [])
    assert [one["withdrawn_because"] for one in listed(http, county, withdrawn=True)] == ["twice"]
    assert why(http, member, day) == ("no_evidence", "nothing")
    assert put(http, county, body, of=of)["withdrawn_because"] == "twice"
    assert edit(http, f"/v1/activities/{of}", body | {"kind": "talk"}, county).json()["code"] == "activity-withdrawn"
    assert sorted(data["held"] for data in told(attendance)) == [False, True]


def told(session: Session) -> Sequence[Any]:
    session.expire_all()
    return session.scalars(text("SELECT data FROM event WHERE type = 'activity.recorded' ORDER BY id")).all()


def test_sent_again_nothing_is_written_and_a_change_takes_what_was_seen(
    http: TestClient, village: Stationed, member: Headers, attendance: Session
) -> None:
    of, body = (
        uuid4(),
        held(village, counts=[counted("persons", 7)], request={"of": "示例分局党委", "text": "示例请示"}),
    )
    first = put(http, member, body, of=of)
    assert put(http, member, body, of=of) == first
    assert (first["version"], len(told(attendance))) == (1, 1)
    assert put(http, member, body | {"kind": "meeting"}, 428, of=of)["code"] == "seen-nothing"
    old = http.get(f"/v1/activities/{of}", headers=member).headers["etag"]
    assert edit(http, f"/v1/activities/{of}", body | {"kind": "meeting"}, member).json()["version"] == 2
    late = http.put(f"/v1/activities/{of}", json=body, headers=member | {"if-match": old})
    assert (late.status_code, late.json()["code"]) == (412, "changed-meanwhile")


def test_what_was_asked_of_those_above_gets_its_answer_and_both_are_sealed(
    http: TestClient, village: Stationed, member: Headers, attendance: Session, office: Office
) -> None:
    of, asked = uuid4(), {"of": "示例分局党委", "text": "恳请支持示例道路"}
    body = held(village, kind="report", day="2026-11-02", mode="on_site", place_words="示例分局", request=asked)
    assert put(http, member, body, of=of)["asks"] is True
    early = asked | {"answer": "同意", "answered_on": "2026-11-01"}
    path = f"/v1/activities/{of}"
    assert edit(http, path, body | {"request": early}, member).json()["code"] == "answer-without-its-day"
    whole = asked | {"answer": "同意", "answered_on": "2026-11-12"}
    answered = edit(http, path, body | {"request": whole}, member)
    assert (answered.json()["request"], answered.json()["answered_on"]) == (whole, "2026-11-12")
    reader = office("an-auditor", "auditor")
    read = http.get(path, headers=reader).json()
    assert (read["asks"], read["request"], read["outcome"]) == (True, None, None)
    for row in attendance.scalars(select(Activity)):
        assert row.sealed_words
        assert "示例道路".encode() not in row.sealed_words
    assert "示例" not in str(told(attendance))


def test_a_correction_is_appended_and_what_was_known_before_still_reads(
    http: TestClient, village: Stationed, member: Headers
) -> None:
    of, path = uuid4(), "/v1/activities/"
    put(http, member, held(village, counts=[counted("persons", 30, "about")]), of=of)
    at_moment(http, HERE + timedelta(hours=2))
    edit(http, f"{path}{of}", held(village, counts=[counted("persons", 27)]), member)
    at_moment(http, HERE + timedelta(hours=4))
    http.put(f"{path}{of}/withdrawal", json={"because": "mistake"}, headers=member)

    def then(hours: int) -> Any:
        moment = (HERE + timedelta(hours=hours)).isoformat()
        answer = http.get(f"{path}{of}", params={"known_at": moment}, headers=member)
        rows = listed(http, member, known_at=moment)
        if answer.status_code == 404:
            assert rows == []
            return None
        one = answer.json()
        assert len(rows) == (one["withdrawn_because"] is None)
        return one["version"], one["counts"][0]["number"], one["withdrawn_because"]

    assert [then(hours) for hours in (-1, 1, 3, 5)] == [None, (1, 30, None), (2, 27, None), (2, 27, "mistake")]


def test_kinds_and_labels_are_the_countys_from_a_day_by_a_document_and_the_nearest_place_comes_first(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    term = {"zh": "“六集中”行动", "en": "Six campaigns", "since": "2026-06-01", "document_no": "示例〔2026〕6号"}
    assert put(http, member, held(village, kind="six"), 422)["code"] == "not-in-the-list"
    path = f"/v1/activity-terms/{COUNTY}/kind/six"
    assert http.put(path, json=term, headers=member).status_code == 403
    assert http.put(path, json=term, headers=county).status_code == 200
    assert put(http, member, held(village, kind="six"))["kind"] == "six"
    assert put(http, member, held(village, kind="six", day="2026-05-31"), 422)["code"] == "not-in-the-list"
    near = term | {"zh": "集中行动", "until": "2026-11-01", "document_no": "示例乡〔2026〕1号"}
    assert http.put(f"/v1/activity-terms/{VILLAGE[:9]}/kind/six", json=near, headers=county).status_code == 200
    assert put(http, member, held(village, kind="six"), 422)["code"] == "not-in-the-list"
    here = http.get("/v1/activity-terms", params={"division": VILLAGE}, headers=member).json()
    assert [one["zh"] for one in here if one["key"] == "six"] == ["集中行动"]
    assert {"preaching", "courtyard"} <= {one["key"] for one in here}
    assert http.put(f"/v1/activity-terms/{FAR_COUNTY}/kind/six", json=term, headers=county).status_code == 404
    upside_down = http.put(path, json=term | {"until": "2026-06-01"}, headers=county)
    assert upside_down.json()["code"] == "term-ends-before-it-begins"
    assert edit(http, path, term | {"until": "2026-12-01"}, county).json()["until"] == "2026-12-01"


def test_a_label_finds_what_bears_it_and_what_was_said_stays_said_when_it_ends(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    label = {"zh": "五抓五促", "en": "Five efforts", "since": "2026-01-01", "document_no": "示例〔2026〕5号"}
    path, of = f"/v1/activity-terms/{COUNTY}/label/wuzhua", uuid4()
    http.put(path, json=label, headers=county)
    body = held(village, labels=["wuzhua"])
    put(http, member, body, of=of)
    put(http, member, held(village))
    assert [one["id"] for one in listed(http, member, label="wuzhua")] == [str(of)]
    assert figures(http, member, label="wuzhua")["preaching"]["activities"] == 1
    edit(http, path, label | {"until": "2026-02-01"}, county)
    assert put(http, member, body, 422)["code"] == "not-in-the-list"
    assert edit(http, f"/v1/activities/{of}", body | {"outcome": "示例"}, member).status_code == 200


def test_of_a_foreign_team_place_or_cadre_nothing_is_written_or_read(
    http: TestClient,
    village: Stationed,
    member: Headers,
    county: Headers,
    attendance: Session,
    seal: Any,
    office: Office,
) -> None:
    far = Team(name="示例外县村驻村工作队", village=FAR_VILLAGE)
    attendance.add(far)
    stranger = cadre_in(attendance, seal, far, "10001000009")
    attendance.commit()
    for refused in (
        held(village, team_id=str(far.id)),
        held(village, team_id=str(uuid4())),
        held(village, cadres=[{"cadre_id": str(stranger)}]),
        held(village, unit_id=str(uuid4())),
        {"kind": "meeting", "day": "2026-11-20", "division": FAR_COUNTY},
    ):
        assert put(http, county, refused, 404)["code"] == "not-there"
    other, of = office("another-county", "county", place=FAR_COUNTY), uuid4()
    put(http, county, held(village), of=of)
    assert put(http, other, held(village, team_id=str(far.id)), 404, of=of)["code"] == "not-there"
    assert http.get(f"/v1/activities/{of}", headers=other).status_code == 404
    gone = http.put(f"/v1/activities/{of}/withdrawal", json={"because": "mistake"}, headers=other)
    assert (gone.status_code, listed(http, other), figures(http, other)) == (404, [], {})


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"day": None}, "activity-not-said"),
        ({"team_id": None}, "activity-not-said"),
        ({"division": COUNTY}, "activity-not-said"),
        ({"ends_at": "2026-11-20T10:00:00+08:00"}, "activity-not-said"),
        ({"day": "2026-11-22"}, "activity-span-wrong"),
        ({"last_day": "2026-11-19"}, "activity-span-wrong"),
        ({"day": "2026-01-01", "last_day": "2026-04-03"}, "activity-span-wrong"),
        ({"starts_at": "2026-11-19T10:00:00+08:00"}, "activity-span-wrong"),
        ({"counts": [counted("persons", 1), counted("persons", 2)]}, "said-twice"),
    ],
    ids=["no day", "nobody", "two who held it", "an end alone", "tomorrow", "upside down", "too long", "another day",
         "counted twice"],
)  # fmt: skip
def test_an_activity_says_whose_it_is_and_its_days_agree(
    http: TestClient, village: Stationed, county: Headers, said: dict[str, Any], code: str
) -> None:
    assert put(http, county, held(village) | said, 422)["code"] == code


def test_who_is_named_reads_it_wherever_it_was_and_nobody_else_of_the_village(
    http: TestClient, village: Stationed, member: Headers, county: Headers
) -> None:
    course: dict[str, Any] = {"kind": "training", "division": COUNTY, "day": "2026-11-02"}
    seen = put(http, county, course | {"cadres": [{"cadre_id": str(village.first)}]})
    put(http, county, course | {"cadres": [{"cadre_id": str(village.second)}]})
    assert [one["id"] for one in listed(http, member)] == [seen["id"]]


def test_a_list_of_many_is_read_in_as_many_statements_as_of_one(
    http: TestClient, village: Stationed, county: Headers, api_engines: dict[str, Engine], statements: Callable[[], int]
) -> None:
    put(http, county, held(village, counts=[counted("persons", 1)]))
    listed(http, county)
    asked = []
    for _ in range(2):
        statements()
        listed(http, county)
        asked.append(statements())
        for _ in range(10):
            put(http, county, held(village, counts=[counted("persons", 1)]))
    assert asked[0] == asked[1]


@pytest.fixture
def statements(api_engines: dict[str, Engine]) -> Iterator[Callable[[], int]]:
    """How many there were since it was last asked."""
    engine, seen = api_engines["attendance"], []

    def note(*said: Any) -> None:
        seen.append(said[2])

    def since() -> int:
        number = len(seen)
        seen.clear()
        return number

    event.listen(engine, "before_cursor_execute", note)
    yield since
    event.remove(engine, "before_cursor_execute", note)
