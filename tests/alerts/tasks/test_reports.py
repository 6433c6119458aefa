"""A week of a county: drafted at any time, signed with what was seen, and from then on as it was; what nobody can know
is said."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.models.tasks import Task, TaskPurge, TaskStep
from services.alerts.models.telling import Notice
from services.alerts.reporting.gathering import FIGURES, ask_the_owners, make_ready
from services.attendance.main import create as create_attendance
from services.attendance.models.teams import Team
from services.attendance.models.visits import RoundTask, Visit, VisitRound
from services.households.main import create as create_households
from services.households.models.cases import Case, CaseClock, CaseEntry
from services.kit.post.peers import Peer
from services.kit.store.fields import Seal
from services.kit.store.tables import Division, Event
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.alerts.tasks.conftest import POOR, WELL, tell, visited
from tests.alerts.tasks.test_outcomes import settled
from tests.attendance.conftest import cadre_in
from tests.callers import HERE, Headers, Office, Sign, served
from tests.conftest import NOW

TUESDAY, THURSDAY, FRIDAY = (datetime(2026, 11, day, 1, tzinfo=UTC) for day in (10, 12, 13))
BESIDE = "520621001006"
NOBODY = {"visits": 0, "met": 0, "contacted": 0, "not_reached": 0, "paired": 0, "paired_met": 0}
WEEK = {"span": "week", "first": "2026-11-09"}


class Owner(Peer):
    """Another service itself, asked without a network; `away` for as long as it is."""

    def __init__(self, name: str, client: TestClient, headers: Headers) -> None:
        self.name, self._client, self._headers, self.away = name, client, headers, True

    def get(self, path: str, **params: Any) -> Any:
        if self.away:
            raise httpx.ConnectError("nobody there")
        answer = self._client.get(path, params=params, headers=self._headers)
        told = httpx.Response(answer.status_code, content=answer.content, request=httpx.Request("GET", path))
        return told.raise_for_status().json()


@pytest.fixture
def register(
    api_engines: dict[str, Engine], households: Session, signing_key: RSAKey, sign: Sign, tmp_path: Path
) -> Iterator[Owner]:
    folder = tmp_path / "households"
    folder.mkdir()
    with served(create_households, "households", api_engines["households"], signing_key, folder) as client:
        open_a_case(households)
        yield Owner("households", client, sign("alerts", scopes="case:count"))


@pytest.fixture
def presence(
    api_engines: dict[str, Engine], attendance: Session, seal: Seal, signing_key: RSAKey, sign: Sign, tmp_path: Path
) -> Iterator[Owner]:
    folder = tmp_path / "attendance"
    folder.mkdir()
    with served(create_attendance, "attendance", api_engines["attendance"], signing_key, folder) as client:
        begin_a_round(attendance, seal)
        yield Owner("attendance", client, sign("alerts", scopes="visit:count"))


def begin_a_round(session: Session, seal: Seal) -> None:
    """Of two households in two villages, which lasts beyond the week. One was visited on Thursday."""
    team = Team(name="示例队", village=VILLAGE)
    session.add(team)
    cadre, seen, number = cadre_in(session, seal, team, "10001000001"), uuid4(), uuid4()
    said: dict[str, Any] = {"met": ["head"], "undone": [], "findings": [], "recorded_by": "示例"}
    first = Visit(
        id=seen, first_id=seen, version=1, cadre_id=cadre, household_id=uuid4(), village=VILLAGE, at=THURSDAY,
        received_at=THURSDAY, day=THURSDAY.date(), contact="home", **said,
    )  # fmt: skip
    days: dict[str, Any] = {"first_day": THURSDAY.date(), "last_day": NOW.date(), "opened_at": THURSDAY}
    session.add(first)
    session.add(
        VisitRound(
            id=number,
            name="示例摸排",
            division=COUNTY,
            document_no="示例",
            created_by="示例",
            created_at=TUESDAY,
            **days,
        )
    )
    session.flush()
    session.add(RoundTask(round_id=number, household_id=first.household_id, village=VILLAGE))
    session.add(RoundTask(round_id=number, household_id=uuid4(), village=BESIDE))
    session.commit()


def open_a_case(session: Session) -> None:
    """On Tuesday, its visit due on Thursday. It was visited today, long after the week."""
    case = Case(
        id=uuid4(), household_id=settled(session), episode=1, profile_key="three-classes", profile_version=1,
        profile_document_no="示例", ground_kind="alert", ground_service="alerts", ground_id=uuid4(),
        ground_on=TUESDAY.date(), risks=["09"], next_step="authorisation", opened_by="示例", opened_at=TUESDAY,
    )  # fmt: skip
    session.add(case)
    session.flush()
    days: dict[str, Any] = {"since": TUESDAY.date(), "due_on": THURSDAY.date(), "done_on": NOW.date()}
    session.add(CaseClock(case_id=case.id, step="visit", days=2, unit="working_days", warn_days=1, **days))
    session.add(
        CaseEntry(id=uuid4(), case_id=case.id, step="visit", done_on=NOW.date(), recorded_by="示例", recorded_at=NOW)
    )
    session.commit()


@pytest.fixture
def places(waiting: Session) -> Session:
    named = {COUNTY: "示例县", VILLAGE[:9]: "示例镇", VILLAGE: "示例甲村", BESIDE: "示例乙村"}
    levels = {6: "county", 9: "township", 12: "village"}
    waiting.add_all(Division(code=code, name=name, level=levels[len(code)], version=1) for code, name in named.items())
    waiting.commit()
    return waiting


def begun(http: TestClient, caller: Headers, division: str = COUNTY, **said: Any) -> Any:
    return http.post("/v1/reports", json={"id": str(uuid4()), "division": division} | WEEK | said, headers=caller)


def put_off(session: Session, family: UUID, at: datetime) -> None:
    task = session.scalars(select(Task).where(col(Task.subject) == family)).one().id
    session.add(
        TaskStep(
            id=uuid4(), task_id=task, step="postponed", until=date(2026, 11, 30), recorded_by="示例", recorded_at=at
        )
    )
    session.commit()


def get(http: TestClient, caller: Headers, report: Any, part: str = "") -> Any:
    return http.get(f"/v1/reports/{report['id']}{part}", headers=caller)


def signed(http: TestClient, caller: Headers, report: Any, **said: Any) -> Any:
    body = {"digest": report["digest"]} | said
    return http.put(f"/v1/reports/{report['id']}/signature", json=body, headers=caller)


def texts_of(workbook: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


def test_a_week_is_drafted_signed_with_what_was_seen_and_stands_whatever_comes_later(
    http: TestClient, places: Session, office: Office, register: Owner, presence: Owner, engines: dict[str, Engine]
) -> None:
    family = tell(places, now=TUESDAY, **POOR)
    tell(places, tell(places, now=TUESDAY, **POOR), now=FRIDAY, version=2, **WELL)
    visited(places, family, now=THURSDAY)
    tell(places, now=NOW, **POOR)  # after the week
    put_off(places, family, NOW)  # and so it was overdue when the week ended
    officer, leader, clerk = office("o", "county"), office("l", "approver"), office("c", "township", place=VILLAGE[:9])
    report = begun(http, officer).json()
    told = report["figures"]
    assert told["alerts"] == {"opened": 2, "closed": 1, "open": 1}
    assert [(one["rule_key"], one["opened"]) for one in told["rules"]] == [("income-below-line", 2)]
    tasks = {name: told["tasks"][name] for name in ("opened", "done", "over", "open", "overdue", "no_due_day")}
    assert tasks == {"opened": 2, "done": 0, "over": 1, "open": 1, "overdue": 1, "no_due_day": 0}
    assert told["visits"] == {"reasons": 1, "median": 2.0, "p90": 2.0}
    assert [one["division"] for one in told["places"]] == [VILLAGE[:9], VILLAGE, BESIDE]
    assert told["coverage"] == {"households": 3, "villages": 2, "without_households": [BESIDE]}
    assert (told["cases"], told["places"][0]["not_judged"], told["unknown"]) == (
        None,
        None,
        ["sweep", "cases", "visiting"],
    )

    ask_the_owners(engines["alerts"], register, presence, HERE)  # who are away
    assert signed(http, officer, report).json()["code"] == "cases-not-told"
    register.away = False
    with pytest.raises(httpx.HTTPStatusError):  # no period; and 0001 has no day before it
        register.get(FIGURES, division=COUNTY, begin="0001-01-01T00:00:00+14:00", until="0001-01-01T00:00:00+00:00")
    assert ask_the_owners(engines["alerts"], register, presence, HERE) == 0  # not yet again
    assert ask_the_owners(engines["alerts"], register, presence, HERE.replace(minute=6)) == 1
    assert signed(http, officer, get(http, officer, report).json()).json()["code"] == "visits-not-told"
    presence.away = False
    assert ask_the_owners(engines["alerts"], register, presence, HERE.replace(minute=12)) == 1  # it still wants some
    assert signed(http, officer, report).json()["code"] == "figures-have-changed"
    report = get(http, officer, report).json()
    assert (report["figures"]["cases"]["opened"], report["figures"]["cases"]["overdue"]) == (1, 1)
    told = report["figures"]
    assert told["visiting"] == NOBODY | {"visits": 1, "met": 1}
    assert [one["visiting"]["met"] for one in told["places"]] == [1, 1, 0]
    assert [(one["households"], one["met"], one["not_tried"]) for one in told["rounds"]] == [(2, 1, 1)]
    assert (told["unknown"], told["visiting_until"]) == (["sweep"], told["until"])
    assert [(one["step"], one["open"], one["overdue"]) for one in report["figures"]["steps"]] == [("visit", 1, 1)]

    assert get(http, clerk, report).status_code == begun(http, clerk).status_code == 404
    assert signed(http, clerk, report).status_code == 403
    frozen = signed(http, leader, report).json()
    assert (frozen["signed_by"], frozen["figures"]) == ("l", report["figures"])
    assert signed(http, leader, report).json() == frozen
    assert signed(http, officer, report).json()["code"] == "report-signed-already"
    visited(places, family, now=TUESDAY)  # told late: of another day of that week
    put_off(places, family, THURSDAY)
    assert get(http, clerk, frozen).status_code == 404
    assert get(http, officer, frozen).json() == frozen
    workbook = get(http, officer, frozen, "/workbook").content
    assert get(http, officer, frozen, "/workbook").content == workbook
    assert "由 l 签发" in texts_of(workbook)
    assert "示例甲村" in texts_of(workbook)
    assert "示例摸排" in texts_of(workbook)
    frozen_said = get(http, officer, frozen, "/bulletin").json()
    assert "走访1次，见面1户" in frozen_said["zh"]["text"]
    assert "示例摸排" not in frozen_said["zh"]["text"]
    assert "Round of 2026-11-12 to 2026-11-21 (open): 2 households, 1 met" in frozen_said["en"]["text"]
    with pytest.raises(IntegrityError), places.begin_nested():
        places.execute(text("UPDATE report SET version = 2 WHERE signed_at IS NOT NULL"))
    places.rollback()
    assert [one.data["span"] for one in places.scalars(select(Event).where(text("type = 'report.signed'")))] == ["week"]

    assert begun(http, officer).json()["code"] == "another-was-signed"
    second = begun(http, officer, corrects=frozen["id"]).json()
    assert (second["version"], second["corrects"], second["figures"]["visits"]["median"]) == (2, frozen["id"], 0.0)
    assert second["figures"]["tasks"]["overdue"] == 0
    assert begun(http, officer, corrects=frozen["id"]).json()["code"] == "report-begun-already"
    said = get(http, officer, second, "/bulletin").json()
    assert said["zh"]["title"] == "示例县防返贫监测工作周报（2026-11-09至2026-11-15）"
    assert "登记服务尚未提供案卷数字" in said["zh"]["text"]
    assert "驻村服务尚未提供走访摸排数字" in said["zh"]["text"]
    assert "This corrects version 1" in said["en"]["text"]
    without = {"without_cases": True, "without_visits": True}
    assert signed(http, officer, second, **without).json()["figures"]["unknown"] == ["sweep", "cases", "visiting"]


def test_a_township_reads_its_own_month_and_of_a_sweep_what_is_known_there(
    http: TestClient, places: Session, office: Office
) -> None:
    certificate = {"register": 9, "judged": 7, "late": False, "certified_at": FRIDAY.isoformat()}
    state: dict[str, Any] = {"state": "certified", "due_at": FRIDAY, "done_at": FRIDAY, "certificate": certificate}
    sweep = Sweep(id=uuid4(), county=COUNTY, period=date(2026, 11, 1), **state)
    places.add(sweep)
    places.flush()
    for village in (VILLAGE, "520621002001"):
        places.add(SweepGap(sweep_id=sweep.id, subject=uuid4(), division=village, rules=["x"], missing=["safe_water"]))
    places.commit()
    clerk = office("c", "township", place=VILLAGE[:9])
    month = {"span": "month", "first": "2026-11-01"}
    assert begun(http, clerk, VILLAGE[:9], span="month").json()["code"] == "not-the-first-day"
    assert begun(http, clerk, VILLAGE[:9], span="month", first="2026-12-01").json()["code"] == "period-to-come"
    report = begun(http, clerk, VILLAGE[:9], **month).json()
    (told,) = report["figures"]["sweeps"]
    assert (told["judged"], told["not_judged"], told["for_want_of"]) == (None, 1, {"safe_water": 1})
    assert [one["not_judged"] for one in report["figures"]["places"]] == [1, 0]
    assert report["figures"]["unknown"] == ["judged", "days_to_visit", "cases", "visiting"]
    places.add(TaskPurge(county=COUNTY, closed_until=date(2026, 11, 1)))  # what was finished on the first may be gone
    places.commit()
    assert get(http, clerk, report).json()["figures"]["unknown"] == [
        "judged",
        "finished_tasks",
        "days_to_visit",
        "cases",
        "visiting",
    ]
    assert "超过保存期限" in get(http, clerk, report, "/bulletin").json()["zh"]["text"]
    assert [row["id"] for row in http.get("/v1/reports", headers=clerk).json()["rows"]] == [report["id"]]
    assert http.get("/v1/reports", headers=office("d", "township", place="520621002")).json()["rows"] == []
    (whole,) = begun(http, office("o", "county"), **month).json()["figures"]["sweeps"]
    assert (whole["registered"], whole["judged"], whole["not_judged"]) == (9, 7, 2)
    officer = office("o2", "county")
    assert signed(http, officer, report, without_cases=True).json()["code"] == "report-period-not-over"
    assert "饮水安全1户" in get(http, clerk, report, "/bulletin").json()["zh"]["text"]


def test_a_county_that_wants_it_finds_the_draft_of_the_last_week_and_month_ready(
    waiting: Session, engines: dict[str, Engine], office: Office
) -> None:
    office("o", "county")
    set_standards(waiting, {"report_week_day": 7, "report_month_day": 1, "tell_report_ready_county": 1})
    waiting.commit()
    assert make_ready(engines["alerts"], HERE) == 1  # it is Saturday: the week's is made on Sunday
    assert make_ready(engines["alerts"], HERE.replace(day=22)) == 1
    assert make_ready(engines["alerts"], HERE.replace(day=22)) == 0
    made = waiting.execute(text("SELECT division, span, first FROM report ORDER BY span")).all()
    assert made == [(COUNTY, "month", date(2026, 10, 1)), (COUNTY, "week", date(2026, 11, 9))]
    assert [(one.recipient, one.kind) for one in waiting.scalars(select(Notice))] == [("o", "report_ready")] * 2
