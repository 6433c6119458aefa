"""What households and attendance say is due, waits or is late reaches who must act, once, and until it is finished."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select, text
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.alerts.inbox import HANDLERS
from services.alerts.main import create
from services.alerts.models.telling import Notice, Telling
from services.alerts.telling.digests import gather
from services.alerts.telling.matter_kinds import ROWS
from services.alerts.telling.matters import ATTENDANCE, HOUSEHOLDS
from services.alerts.telling.plans import read_wishes
from services.alerts.telling.purge import purge
from services.alerts.telling.standing import STILL
from services.alerts.telling.texts import line
from services.attendance.main import PUBLISHED as OF_ATTENDANCE
from services.county.clients import OWN_SERVICES
from services.households.cases.clocks import tell_of_clocks
from services.households.main import PUBLISHED as OF_HOUSEHOLDS
from services.kit.post.events import CloudEvent, source_of
from services.kit.post.inbox import NotAnEvent, receive
from services.kit.store.tables import Event
from tests.alerts.conftest import COUNTY, VILLAGE, set_standards
from tests.callers import grant, served
from tests.clock import NOW
from tests.households.cases.conftest import Walk, case, frame, home, people, walk
from tests.households.conftest import clerk, http

__all__ = ["case", "clerk", "frame", "home", "http", "people", "walk"]

TOWN = VILLAGE[:9]
OFFICES = (("cadre", VILLAGE), ("captain", VILLAGE), ("township", TOWN), ("county", COUNTY))


@pytest.fixture
def told(alerts: Session, engines: dict[str, Engine]) -> Session:
    for role, place in OFFICES:
        grant(engines["alerts"], role, role, place)
    grant(engines["alerts"], "elsewhere", "township", "520621002")
    return alerts


def post(session: Session, owner: str, *events: CloudEvent, now: datetime = NOW) -> None:
    receive(session, owner, events, HANDLERS[owner], now)
    session.commit()


def said(kind: str, subject: UUID, owner: str = "households", /, **data: Any) -> CloudEvent:
    return CloudEvent(
        id=uuid4(), source=source_of(owner), type=kind, subject=str(subject), time=NOW, division=VILLAGE, data=data
    )


def heard(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    return sorted((one.recipient, one.kind) for one in session.scalars(select(Notice)))


def standing(session: Session, who: str, day: int) -> list[str]:
    """What that person's digest of a day says, were it written now."""
    session.rollback()
    ids = session.scalars(select(Telling).where(col(Telling.recipient) == who, col(Telling.day) == date(2026, 3, day)))
    lines = read_wishes(session, ids.all(), date(2026, 3, day)).lines.values()
    return [line(one, "zh") for said in lines for one in said["zh"]]


def on(day: int) -> datetime:
    return NOW.replace(year=2026, month=3, day=day)


def posted(session: Session, heard_before: set[UUID]) -> Sequence[CloudEvent]:
    """What households' worker would bring: its events of cases, as they are written there."""
    session.rollback()
    rows = session.scalars(select(Event).where(col(Event.type).startswith("case."))).all()
    fresh = [CloudEvent.of(row, "households") for row in rows if row.id not in heard_before]
    heard_before.update(event.id for event in fresh)
    return [CloudEvent.model_validate_json(event.model_dump_json()) for event in fresh]


def test_a_deadline_of_a_case_is_told_to_who_must_act_then_a_level_up_and_no_more_once_the_step_is_taken(
    case: Walk, frame: Session, told: Session, engines: dict[str, Engine]
) -> None:
    """The visit is due on 9 March, warned of two days before; on the 10th it has run out, and then somebody goes."""
    seen: set[UUID] = set()

    def goes_on(day: int) -> None:
        tell_of_clocks(engines["households"], on(day))
        batch = posted(frame, seen)
        post(told, "households", *batch, now=on(day))
        post(told, "households", *batch, now=on(day))  # the same post again
        again = [event.model_copy(update={"id": uuid4()}) for event in batch]
        post(told, "households", *again, now=on(day))  # as a replay under other ids would bring it
        gather(engines["alerts"], on(day))

    goes_on(7)
    due = [("cadre", "case_due_village"), ("captain", "case_due_village")]
    mine = {role for role, _ in OFFICES} | {"elsewhere"}
    assert [one for one in heard(told) if one[0] in mine] == due
    assert standing(told, "captain", 7) == [f"{VILLAGE}：1个案卷的村级步骤临近期限"]
    goes_on(10)
    late = [(who, "case_late_village") for who in ("cadre", "captain", "township")]
    assert [one for one in heard(told) if one[0] in mine] == sorted(due + late)
    assert standing(told, "township", 10) == [f"{VILLAGE}：1个案卷的村级步骤已超期"]
    assert standing(told, "captain", 7) == []  # it has come further since
    case.took("visit", day=date(2026, 3, 10))
    goes_on(10)
    assert standing(told, "township", 10) == []  # answered before it was sent
    before = heard(told)
    goes_on(11)
    gathered = told.scalars(select(Telling).where(col(Telling.day) == date(2026, 3, 11))).all()
    assert (heard(told), gathered) == (before, [])


def test_in_whatever_order_events_come_what_is_finished_is_told_to_nobody_afterwards(told: Session) -> None:
    """Each order in one post and in three: the last word is the same, and who is told once is told once."""
    kinds = ("case.clock_running_out", "case.clock_ran_out", "case.clock_stopped")
    for order in permutations(kinds):
        clock, case = uuid4(), uuid4()
        events = [said(kind, case, clock=str(clock), level="county", household=str(uuid4())) for kind in order]
        for event in events:
            post(told, "households", event)
        post(told, "households", *reversed(events))
        post(told, "households", *(event.model_copy(update={"id": uuid4()}) for event in events))
        kept = told.execute(text("SELECT stage, kind FROM matter WHERE source = :of"), {"of": clock}).one()
        assert tuple(kept) == (3, None)
        mine = sorted(told.scalars(select(col(Notice.kind)).where(col(Notice.source) == clock)))
        first = order[: order.index("case.clock_stopped")]
        wanted = ["case_late_county"] if first[:1] == ("case.clock_ran_out",) else []
        wanted = wanted or [{"case.clock_running_out": "case_due_county"}.get(one, "case_late_county") for one in first]
        assert mine == sorted(wanted), order


def test_each_matter_goes_to_its_level_and_its_end_is_known(told: Session) -> None:
    one, household = uuid4(), str(uuid4())
    waits = {"level": "township", "cadre": str(uuid4()), "team": str(uuid4()), "official": False}
    begins = {
        "declaration_waiting": said("self_declaration.received", one, due_on=None),
        "correction_waiting": said("correction.filed", one, kind="complaint", due_on=None),
        "measure_late": said("measure.overdue", uuid4(), lateness=str(one), household=household, due_on="2026-11-20"),
        "issue_late_village": said("issue.overdue", uuid4(), lateness=str(one), level="village", due_on="2026-11-20"),
        "notice_over": said("case.notice_over", uuid4(), notice=str(one), household=household),
        "gates_met": said("case.gates_met", uuid4(), met=str(one), household=household),
        "leave_waiting_township": said("leave.requested", one, "attendance", **waits),
    }
    hears = {
        "declaration_waiting": {"captain", "township"}, "correction_waiting": {"township"},
        "measure_late": {"cadre", "captain", "township"}, "issue_late_village": {"cadre", "captain", "township"},
        "notice_over": {"cadre", "captain"},
        "gates_met": {"captain", "township"},
        "leave_waiting_township": {"township"},
    }  # fmt: skip
    for kind, event in begins.items():  # one id for all: what villagers choose touches nothing else
        post(told, event.source.rpartition("/")[2], event)
        assert {who for who, of in heard(told) if of == kind} == hears[kind]
    post(told, "attendance", said("leave.passed_on", one, "attendance", **waits | {"level": "county"}))
    post(told, "households", said("self_declaration.accepted", uuid4(), declaration_id=str(one)))
    post(told, "households", said("issue.no_longer_overdue", uuid4(), lateness=str(one), level="village"))
    post(told, "households", said("case.gates_no_longer_met", uuid4(), met=str(one), household=household))
    standing = told.execute(text("SELECT kind FROM matter WHERE kind IS NOT NULL ORDER BY kind")).scalars().all()
    assert standing == ["correction_waiting", "leave_waiting_county", "measure_late", "notice_over"]
    still = told.scalars(select(col(Notice.kind)).where(text(STILL))).all()
    assert sorted(set(still)) == standing  # nothing else under that id has ended with it
    assert ("county", "leave_waiting_county") in heard(told)


def test_what_names_no_matter_is_passed_over_and_what_cannot_be_one_is_refused(told: Session) -> None:
    post(told, "households", said("case.clock_ran_out", uuid4(), step="visit"))  # as the release before said it
    for bad in ({"clock": "x", "level": "village"}, {"clock": str(uuid4()), "level": "province"}):
        with pytest.raises(NotAnEvent):
            post(told, "households", said("case.clock_ran_out", uuid4(), **bad))
        told.rollback()
    assert heard(told) == []


def test_everything_that_is_heard_is_published_and_may_be_heard() -> None:
    for types, published in ((HOUSEHOLDS, OF_HOUSEHOLDS), (ATTENDANCE, OF_ATTENDANCE)):
        assert {published[kind].right for kind in types} <= {*OWN_SERVICES["alerts"]}
    begun = {f"{one.family}_{one.now}".partition("{")[0] for one in {**HOUSEHOLDS, **ATTENDANCE}.values() if one.now}
    assert {kind for kind, *_ in ROWS if not kind.startswith(tuple(begun))} == set()


@pytest.fixture
def alerts_http(
    api_engines: dict[str, Engine], clean: None, signing_key: RSAKey, tmp_path: Path
) -> Iterator[TestClient]:
    with served(create, "alerts", api_engines["alerts"], signing_key, tmp_path) as client:
        yield client


def test_notices_and_messages_are_kept_their_days_and_nobody_is_told_anew(
    told: Session, engines: dict[str, Engine], alerts_http: TestClient, sign: Any
) -> None:
    later = NOW + timedelta(days=40)
    finished, open_one = uuid4(), uuid4()
    for one in (finished, open_one):
        post(told, "households", said("correction.filed", one, kind="complaint", due_on=None))
    gather(engines["alerts"], NOW)
    told.execute(text("UPDATE telling SET done_at = :now"), {"now": NOW})
    post(told, "households", said("correction.answered", finished, kind="complaint", outcome="granted"))
    mine = alerts_http.get("/v1/notices", headers=sign("township", "township")).json()["rows"]
    assert {(row["source"], row["over"]) for row in mine} == {(str(finished), True), (str(open_one), False)}
    unread = alerts_http.get("/v1/notices?unread=true", headers=sign("township", "township")).json()["rows"]
    assert [row["source"] for row in unread] == [str(open_one)]
    assert purge(engines["alerts"], later) == 0  # the county has said nothing
    set_standards(told, {"notice_kept_days": 5})  # fewer than an event may be late
    told.commit()
    assert (purge(engines["alerts"], NOW + timedelta(days=30)), len(heard(told))) == (0, 2)
    third = uuid4()
    post(told, "households", said("correction.filed", third, kind="complaint", due_on=None), now=later)
    assert purge(engines["alerts"], later) == 3  # two notices and what was finished; the last message stays
    assert purge(engines["alerts"], later) == 0
    gather(engines["alerts"], later)
    assert len(told.scalars(select(Telling)).all()) == 2
    assert told.execute(text("SELECT source FROM matter ORDER BY told_at")).scalars().all() == [open_one, third]
    told.execute(text("UPDATE telling SET done_at = :now"), {"now": later})
    told.commit()
    assert purge(engines["alerts"], later + timedelta(days=40)) == 2  # its notice, and the message before the last
    post(told, "households", said("correction.filed", open_one, kind="complaint", due_on=None), now=later)
    assert heard(told) == []
