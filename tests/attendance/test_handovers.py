"""交接: nothing moves before everybody has signed the same sheet, and then all of it, each household to one."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col
from starlette.testclient import TestClient

from services.attendance.grants.pairings import grant_pairings
from services.attendance.handovers.effect import NotAllHandedOver, move, refuse_effect
from services.attendance.handovers.sheet import compute
from services.attendance.models.handovers import Handover, HandoverHousehold
from services.attendance.models.leave import Leave
from services.attendance.models.pairings import Pairing
from services.attendance.models.teams import Cadre, Posting, Team
from services.attendance.models.visits import RoundTask, Visit, VisitRound
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from tests.attendance.conftest import ARRIVED, VILLAGE, Stationed, cadre_in
from tests.callers import Headers, Office, Sign
from tests.conftest import NOW, TODAY

DAY = TODAY + timedelta(days=5)
ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))
PAPER = {"because": "no_account", "paper_no": "示例交接〔2026〕1号"}


@pytest.fixture
def county(office: Office) -> Headers:
    return office("a-county-account", "county")


@pytest.fixture
def giver(village: Stationed, sign: Sign) -> Headers:
    return sign(village.account, "cadre")


@pytest.fixture
def left(attendance: Session, village: Stationed) -> Stationed:
    """The first answers for three households, and has been gone for a month."""
    for home in (ONE, TWO, THREE):
        pair(attendance, village.first, home)
    posting = attendance.scalars(select(Posting).where(col(Posting.cadre_id) == village.first)).one()
    posting.valid = Range(ARRIVED, TODAY - timedelta(days=30))
    attendance.commit()
    return village


def pair(session: Session, cadre: UUID, home: UUID, since: date = ARRIVED, until: date | None = None,
         kind: str = "assistant", village: str = VILLAGE) -> UUID:  # fmt: skip
    row = Pairing(id=uuid4(), cadre_id=cadre, household_id=home, kind=kind, village=village, document_no="示例",
                  valid=Range(since, until), household_version=7)  # fmt: skip
    session.add(row)
    grant_pairings(session, {cadre}, NOW)
    return row.id


def handed(left: Stationed, *takers: Any, **changed: Any) -> dict[str, Any]:
    """To the second, all of it, unless it is said otherwise."""
    all_to = [{"cadre_id": str(left.second), "household_ids": None}]
    said = {"cadre_id": str(left.first), "day": DAY.isoformat(), "document_no": "示例〔2026〕9号", "things": []}
    return said | {"takers": list(takers) or all_to} | changed


class Handing:
    """One hand-over over HTTP."""

    def __init__(self, http: TestClient, office: Headers) -> None:
        self.http, self.office, self.path = http, office, f"/v1/handovers/{uuid4()}"

    def put(self, body: dict[str, Any], **headers: str) -> Any:
        return self.http.put(self.path, json=body, headers=self.office | headers)

    def changed(self, body: dict[str, Any]) -> Any:
        tag = self.http.get(self.path, headers=self.office).headers["etag"]
        return self.put(body, **{"if-match": tag})

    def sheet(self, caller: Headers | None = None) -> Any:
        return self.http.get(f"{self.path}/sheet", headers=caller or self.office)

    def signed(self, caller: Headers, cadre: UUID, over: str | None = None) -> Any:
        body = {"hash": over or self.sheet().json()["hash"]}
        return self.http.put(f"{self.path}/signatures/{cadre}", json=body, headers=caller)

    def on_paper(self, cadre: UUID, caller: Headers | None = None, **changed: Any) -> Any:
        body = {"hash": self.sheet().json()["hash"]} | PAPER | changed
        return self.http.put(f"{self.path}/paper-signatures/{cadre}", json=body, headers=caller or self.office)

    def effect(self, caller: Headers | None = None) -> Any:
        return self.http.put(f"{self.path}/effect", headers=caller or self.office)


@pytest.fixture
def handing(http: TestClient, county: Headers) -> Handing:
    return Handing(http, county)


def owners(session: Session, kind: str = "assistant") -> list[tuple[UUID, UUID, date, date | None]]:
    session.expire_all()
    rows = session.scalars(select(Pairing).where(col(Pairing.kind) == kind))
    return sorted(
        ((one.household_id, one.cadre_id, one.valid.lower or ARRIVED, one.valid.upper) for one in rows),
        key=lambda one: (one[0], one[2]),
    )


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def events(session: Session, kind: str) -> Sequence[Any]:
    return session.execute(text("SELECT subject, division, data FROM event WHERE type = :kind"), {"kind": kind}).all()


def test_a_hand_over_moves_every_household_once_all_have_signed_and_tells_it_once(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    keys = [{"kind": "key", "name": "示例宿舍", "number": "2把", "taker": str(left.second)}]
    written = handing.put(handed(left, things=keys))
    assert (written.status_code, written.json()["village"]) == (200, VILLAGE)
    before = owners(attendance)
    sheet = handing.sheet(giver).json()
    assert [one["household_id"] for one in sheet["sheet"]["households"]] == [str(ONE), str(TWO), str(THREE)]
    assert {one["taker"] for one in (*sheet["sheet"]["households"], *sheet["sheet"]["things"])} == {str(left.second)}
    assert (sheet["without_owner"], len(sheet["unsigned"])) == (0, 2)
    assert refused(handing.effect()) == (409, "not-all-signed")
    assert handing.signed(giver, left.first).status_code == 200
    assert refused(handing.effect()) == (409, "not-all-signed")
    assert owners(attendance) == before
    assert handing.on_paper(left.second).json()["unsigned"] == []
    done = handing.effect()
    assert (done.status_code, done.json()["sheet"]) == (200, sheet["sheet"])
    halves = [[(home, left.first, ARRIVED, DAY), (home, left.second, DAY, None)] for home in (ONE, TWO, THREE)]
    assert owners(attendance) == [row for half in halves for row in half]
    assert handing.effect().json() == done.json()
    ((subject, place, data),) = events(attendance, "handover.done")
    assert (subject, place) == (written.json()["id"], VILLAGE)
    assert data == {"cadre": str(left.first), "takers": [str(left.second)]}


def test_what_was_handed_over_is_left_no_more(
    http: TestClient, handing: Handing, left: Stationed, giver: Headers, county: Headers
) -> None:
    handing.put(handed(left, day=TODAY.isoformat()))
    assert len(http.get("/v1/left-pairings", headers=county).json()["rows"]) == 3
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    assert handing.effect().status_code == 200
    assert http.get("/v1/left-pairings", headers=county).json()["rows"] == []


def test_the_new_owner_is_granted_what_the_old_one_loses_on_the_day(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    taker = attendance.get_one(Cadre, left.second)
    taker.account = str(uuid4())
    attendance.commit()
    handing.put(handed(left))
    handing.signed(giver, left.first)
    assert refused(handing.on_paper(left.second)) == (409, "has-an-account")
    handing.on_paper(left.second, because="ill")
    assert handing.effect().status_code == 200
    held = attendance.execute(text("SELECT holder, valid FROM access_grant WHERE source = 'pairing' AND NOT revoked"))
    days = sorted((one.holder == taker.account, one.valid.lower, one.valid.upper) for one in held)
    assert days == [(False, ARRIVED, DAY)] * 3 + [(True, DAY, None)] * 3


def test_what_would_have_begun_later_for_the_leaver_is_the_takers_and_never_granted_to_the_leaver(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    later = DAY + timedelta(days=3)
    pair(attendance, left.first, UUID(int=4), since=later)
    attendance.commit()
    handing.put(handed(left))
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    assert handing.effect().status_code == 200
    assert owners(attendance)[-1] == (UUID(int=4), left.second, later, None)
    granted = "SELECT valid FROM access_grant WHERE source = 'pairing' AND NOT revoked AND holder = :leaver"
    days = attendance.scalars(text(granted), {"leaver": left.account}).all()
    assert [one.upper for one in days] == [DAY] * 3


def test_nothing_without_a_new_owner(handing: Handing, left: Stationed, giver: Headers, attendance: Session) -> None:
    to_second = {"cadre_id": str(left.second), "household_ids": [str(ONE), str(TWO)]}
    handing.put(handed(left, to_second, things=[{"kind": "document", "name": "示例台账"}]))
    assert handing.sheet().json()["without_owner"] == 2
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    before = owners(attendance)
    answer = handing.effect()
    assert (refused(answer), answer.json()["detail"]) == ((409, "not-all-handed-over"), "2")
    assert owners(attendance) == before


def test_a_leaving_is_planned_before_anybody_is_found_to_take_over(handing: Handing, left: Stationed) -> None:
    planned = handing.put(handed(left) | {"takers": []})
    assert (planned.status_code, planned.json()["takers"]) == (200, [])
    assert handing.sheet().json()["without_owner"] == 3
    assert handing.changed(handed(left)).status_code == 200
    assert handing.sheet().json()["without_owner"] == 0


def test_a_sheet_that_changed_since_says_so_and_is_signed_anew(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    handing.put(handed(left))
    seen = handing.sheet().json()["hash"]
    assert handing.signed(giver, left.first).status_code == 200
    handing.on_paper(left.second)
    pair(attendance, left.first, uuid4())
    attendance.commit()
    assert refused(handing.signed(giver, left.first, "0" * 64)) == (409, "handover-sheet-changed")
    now = handing.sheet().json()
    assert now["hash"] != seen
    assert [one["current"] for one in now["signatures"]] == [False, False]
    assert now["unsigned"] == [str(left.first), str(left.second)]
    assert refused(handing.effect()) == (409, "not-all-signed")
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    assert handing.effect().status_code == 200


def test_a_signature_over_what_was_seen_before_the_change_is_refused(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    handing.put(handed(left))
    seen = handing.sheet().json()["hash"]
    handing.changed(handed(left, document_no="示例〔2026〕10号"))
    assert refused(handing.signed(giver, left.first, seen)) == (409, "handover-sheet-changed")


def test_the_sheet_says_who_signed_with_the_own_account_and_for_whom_a_paper_stands(
    handing: Handing, left: Stationed, giver: Headers
) -> None:
    handing.put(handed(left))
    handing.signed(giver, left.first)
    told = {one["cadre_id"]: one for one in handing.on_paper(left.second).json()["signatures"]}
    own, paper = told[str(left.first)], told[str(left.second)]
    assert (own["party"], own["capacity"], own["because"], own["signed_by"]) == ("giver", "self", None, left.account)
    assert (paper["party"], paper["capacity"], paper["because"]) == ("taker", "office", "no_account")
    assert (paper["paper_no"], paper["signed_by"]) == (PAPER["paper_no"], "a-county-account")


def test_nobody_signs_for_another_but_the_office_on_paper(
    handing: Handing, left: Stationed, giver: Headers, county: Headers
) -> None:
    handing.put(handed(left))
    assert refused(handing.signed(county, left.first)) == (403, "signs-with-their-account")
    assert refused(handing.signed(giver, left.second)) == (403, "signs-with-their-account")
    assert refused(handing.on_paper(left.second, giver)) == (403, "not-allowed")
    assert refused(handing.on_paper(uuid4())) == (404, "not-there")


def test_nobody_takes_over_by_their_own_hand(
    http: TestClient, left: Stationed, office: Office, attendance: Session, handing: Handing
) -> None:
    attendance.get_one(Cadre, left.second).account = "taker"
    attendance.commit()
    taker = office("taker", "county")
    assert refused(Handing(http, taker).put(handed(left))) == (403, "not-to-oneself")
    handing.put(handed(left))
    assert refused(handing.on_paper(left.first, taker, because="gone")) == (403, "not-to-oneself")
    assert refused(handing.effect(taker)) == (403, "not-to-oneself")
    assert handing.signed(taker, left.second).status_code == 200


def test_what_has_taken_effect_stays_as_it_was_signed(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    handing.put(handed(left))
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    done = handing.effect().json()
    pair(attendance, left.first, uuid4())
    attendance.commit()
    assert handing.sheet().json() == done
    assert refused(handing.changed(handed(left, document_no="另一文号"))) == (409, "handover-done")
    assert refused(handing.on_paper(left.second, paper_no="另一编号")) == (409, "handover-done")
    assert handing.put(handed(left)).status_code == 200


@pytest.mark.parametrize(
    ("takers", "code"),
    [
        ([(2, None), (2, [])], "named-twice"),
        ([(2, [str(ONE), str(ONE)])], "named-twice"),
        ([(1, None)], "handed-to-oneself"),
        ([(3, None)], "not-there"),
    ],
    ids=["a taker twice", "a household twice", "the leaver", "nobody"],
)
def test_takers_who_cannot_be_are_refused(
    handing: Handing, left: Stationed, takers: list[tuple[int, list[str] | None]], code: str
) -> None:
    who = {1: left.first, 2: left.second, 3: UUID(int=9)}
    named = [{"cadre_id": str(who[one]), "household_ids": homes} for one, homes in takers]
    assert refused(handing.put(handed(left, *named)))[1] == code


def test_a_thing_is_for_a_taker_and_an_id_for_one_leaver(handing: Handing, left: Stationed) -> None:
    to_nobody = [{"kind": "key", "name": "示例", "taker": str(uuid4())}]
    assert refused(handing.put(handed(left, things=to_nobody))) == (422, "taker-not-named")
    handing.put(handed(left))
    swapped = [{"cadre_id": str(left.first), "household_ids": None}]
    assert refused(handing.changed(handed(left, cadre_id=str(left.second), takers=swapped))) == (
        409, "handover-of-another",
    )  # fmt: skip
    assert handing.put(handed(left, document_no="另一文号")).status_code == 428


def test_out_of_ones_places_a_hand_over_is_not_there(
    http: TestClient, handing: Handing, left: Stationed, office: Office
) -> None:
    handing.put(handed(left))
    other = office("another-county", "county", place="520622")
    nothing = http.get(f"/v1/handovers/{uuid4()}", headers=other)
    asked = [http.get(handing.path, headers=other), handing.sheet(other), handing.effect(other)]
    asked += [handing.on_paper(left.second, other), http.put(handing.path, json=handed(left), headers=other)]
    assert {(answer.status_code, answer.content) for answer in asked} == {(404, nothing.content)}
    assert http.get("/v1/handovers", headers=other).json()["rows"] == []


def test_a_taker_from_elsewhere_reads_the_whole_sheet_they_sign(
    handing: Handing, left: Stationed, office: Office, attendance: Session, seal: Seal
) -> None:
    team = Team(name="示例另一队", village="520621002001")
    attendance.add(team)
    attendance.flush()
    taker = cadre_in(attendance, seal, team, "10001000003", "from-elsewhere")
    attendance.commit()
    handing.put(handed(left, {"cadre_id": str(taker), "household_ids": None}))
    caller = office("from-elsewhere", "cadre", place="520621002001")
    assert handing.sheet(caller).content == handing.sheet().content
    assert len(handing.http.get("/v1/handovers", headers=caller).json()["rows"]) == 1
    assert handing.signed(caller, taker).status_code == 200


def test_a_household_beyond_the_offices_places_is_moved_by_an_office_above(
    http: TestClient, left: Stationed, giver: Headers, office: Office, attendance: Session
) -> None:
    pair(attendance, left.first, uuid4(), village="520621002001")
    attendance.commit()
    handing = Handing(http, office("one-township", "county", place=VILLAGE[:9]))
    handing.put(handed(left))
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    assert refused(handing.effect()) == (403, "handover-reaches-further")
    assert handing.effect(office("all-of-it", "county")).status_code == 200


def test_a_household_that_is_due_a_visit_says_in_which_round_and_leave_says_until_when(
    handing: Handing, left: Stationed, attendance: Session
) -> None:
    number, closed, absent = uuid4(), uuid4(), uuid4()
    said: dict[str, Any] = {
        "name": "示例",
        "division": VILLAGE,
        "first_day": ARRIVED,
        "last_day": DAY,
        "document_no": "示例",
    }
    said |= {"created_by": "示例", "created_at": NOW, "opened_at": NOW}
    attendance.add_all((VisitRound(id=number, **said), VisitRound(id=closed, closed_at=NOW, closed_by="示例", **said)))
    attendance.flush()
    for home in (ONE, TWO):
        attendance.add_all(RoundTask(round_id=one, household_id=home, village=VILLAGE) for one in (number, closed))
    visit = uuid4()
    attendance.add(
        Visit(id=visit, first_id=visit, version=1, cadre_id=left.second, recorded_by="示例", household_id=TWO,
              village=VILLAGE, at=NOW, received_at=NOW, day=TODAY, contact="home", met=[], undone=[], findings=[])
    )  # fmt: skip
    team = attendance.scalars(select(Team)).one()
    attendance.add(
        Leave(id=absent, cadre_id=left.first, team_id=team.id, village=VILLAGE, kind="sick", official=False,
              first_day=TODAY, last_day=DAY, covers=Range(TODAY, DAY + timedelta(days=1)), days=6, working_only=False,
              chain=["county"], document_no="示例", state="requested", requested_by="示例", requested_at=NOW,
              changed_at=NOW)
    )  # fmt: skip
    attendance.commit()
    handing.put(handed(left))
    told = handing.sheet().json()
    assert told["visits_due"] == [{"household_id": str(ONE), "round_ids": [str(number)]}]
    assert [one["leave_id"] for one in told["leaves"]] == [str(absent)]
    assert "sick" not in handing.sheet().text


def test_what_is_signed_is_not_out_of_date_because_somebody_was_visited(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    number, visit = uuid4(), uuid4()
    attendance.add(
        VisitRound(id=number, name="示例", division=VILLAGE, first_day=ARRIVED, last_day=DAY, document_no="示例",
                   created_by="示例", created_at=NOW, opened_at=NOW)
    )  # fmt: skip
    attendance.flush()
    attendance.add(RoundTask(round_id=number, household_id=ONE, village=VILLAGE))
    attendance.commit()
    handing.put(handed(left))
    before = handing.signed(giver, left.first).json()
    attendance.add(
        Visit(id=visit, first_id=visit, version=1, cadre_id=left.first, recorded_by="示例", household_id=ONE,
              village=VILLAGE, at=NOW, received_at=NOW, day=TODAY, contact="home", met=[], undone=[], findings=[])
    )  # fmt: skip
    attendance.commit()
    after = handing.sheet().json()
    assert (len(before["visits_due"]), after["visits_due"]) == (1, [])
    assert (after["hash"], after["unsigned"]) == (before["hash"], [str(left.second)])


def test_what_would_begin_for_the_leaver_later_begins_for_the_taker_and_what_ends_keeps_its_end(
    handing: Handing, left: Stationed, giver: Headers, attendance: Session
) -> None:
    later, short = UUID(int=7), UUID(int=8)
    begins, ends = DAY + timedelta(days=9), DAY + timedelta(days=2)
    pair(attendance, left.first, later, since=begins)
    pair(attendance, left.first, short, until=ends)
    pair(attendance, left.first, UUID(int=9), until=DAY)
    attendance.commit()
    handing.put(handed(left))
    assert len(handing.sheet().json()["sheet"]["households"]) == 5
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    assert handing.effect().status_code == 200
    assert owners(attendance)[-4:] == [
        (later, left.second, begins, None),
        (short, left.first, ARRIVED, DAY),
        (short, left.second, DAY, ends),
        (UUID(int=9), left.first, ARRIVED, DAY),
    ]
    assert set(attendance.scalars(select(Pairing.household_version))) == {7}  # type: ignore[call-overload]


def test_of_two_offices_at_once_one_moves_and_both_are_told_the_same(
    handing: Handing, left: Stationed, giver: Headers, office: Office, attendance: Session
) -> None:
    handing.put(handed(left))
    handing.signed(giver, left.first)
    handing.on_paper(left.second)
    offices = [handing.office, office("another", "county")]
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(handing.effect, offices))
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].content == answers[1].content
    assert len(owners(attendance)) == 6
    assert len(events(attendance, "handover.done")) == 1


@pytest.fixture
def counted(api_engines: dict[str, Engine]) -> Iterator[Callable[[], int]]:
    """How many statements the service has sent since it was asked last."""
    seen: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    def since() -> int:
        number = len(seen)
        seen.clear()
        return number

    event.listen(api_engines["attendance"], "before_cursor_execute", listen)
    yield since
    event.remove(api_engines["attendance"], "before_cursor_execute", listen)


def test_five_hundred_households_take_as_many_statements_as_three(
    http: TestClient, county: Headers, left: Stationed, giver: Headers, attendance: Session,
    counted: Callable[[], int],
) -> None:  # fmt: skip
    taken = []
    for homes in (0, 497):
        for _ in range(homes):
            attendance.add(Pairing(id=uuid4(), cadre_id=left.first, household_id=uuid4(), kind="leader",
                                   village=VILLAGE, document_no="示例", valid=Range(ARRIVED, None)))  # fmt: skip
        attendance.commit()
        handing = Handing(http, county)
        handing.put(handed(left))
        handing.signed(giver, left.first)
        handing.on_paper(left.second)
        counted()
        assert handing.effect().status_code == 200
        taken.append(counted())
        back = "UPDATE pairing SET cadre_id = :giver, valid = daterange('2026-01-01', NULL) WHERE cadre_id = :taker"
        attendance.execute(text("DELETE FROM pairing WHERE cadre_id = :giver"), {"giver": left.first})
        attendance.execute(text(back), {"giver": left.first, "taker": left.second})
        attendance.commit()
    assert taken[0] == taken[1]


@pytest.mark.parametrize("at", range(3), ids=["ended", "begun", "granted"])
def test_a_transaction_that_dies_between_two_statements_leaves_nothing_half(
    engines: dict[str, Engine], left: Stationed, attendance: Session, at: int
) -> None:
    """The connection is killed by the server, as the power would."""
    before = owners(attendance)
    with open_session(engines["attendance"]) as session:
        row = plan(session, left.first, [left.second], {}, left.second)
        session.commit()
        begun = ["UPDATE pairing", "INSERT INTO pairing", "INSERT INTO access_grant"][at]

        def die(connection: Any, _: Any, statement: str, *__: Any) -> None:
            if statement.strip().startswith(begun):
                attendance.execute(text("SELECT pg_terminate_backend(:it)"), {"it": connection.info["pid"]})

        connection = session.connection()
        connection.info["pid"] = session.scalar(text("SELECT pg_backend_pid()"))
        event.listen(connection, "after_cursor_execute", die)
        with pytest.raises(DBAPIError):
            move(session, row, compute(session, row), NOW)
        session.invalidate()
    attendance.rollback()
    assert owners(attendance) == before


def plan(session: Session, giver: UUID, takers: list[UUID], homes: dict[UUID, UUID], rest: UUID | None) -> Handover:
    row = Handover(id=uuid4(), cadre_id=giver, village=VILLAGE, day=DAY, document_no="示例", taker_ids=takers,
                   rest_to=rest)  # fmt: skip
    session.add(row)
    session.flush()
    session.add_all(
        HandoverHousehold(handover_id=row.id, household_id=home, taker_id=taker) for home, taker in homes.items()
    )
    session.flush()
    return row


Held = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(("assistant", "leader")), st.integers(-9, 9),
              st.one_of(st.none(), st.integers(1, 12))),
    max_size=8, unique_by=lambda one: one[:2],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    held=Held,
    named=st.dictionaries(st.integers(0, 5), st.integers(0, 2)),
    rest=st.one_of(st.none(), st.integers(0, 2)),
)
def test_whatever_takers_are_named_each_household_has_one_new_owner_from_the_day_on_or_nothing_moved(
    engines: dict[str, Engine],
    seal: Seal,
    held: list[tuple[int, str, int, int | None]],
    named: dict[int, int],
    rest: int | None,
) -> None:
    """Held against a calendar: by household, kind and day, who answers for it."""
    homes = [UUID(int=100 + n) for n in range(6)]
    with open_session(engines["attendance"]) as session:
        team = Team(name="示例队", village=VILLAGE)
        session.add(team)
        giver, *takers = [cadre_in(session, seal, team, f"1000100010{n}") for n in range(4)]
        for home, kind, since, length in held:
            begins = DAY + timedelta(days=since)
            pair(session, giver, homes[home], begins, begins + timedelta(days=length) if length else None, kind)
        before = calendar(session, homes)
        by_name = {homes[home]: takers[who] for home, who in named.items()}
        rest_to = None if rest is None else takers[rest]
        row = plan(session, giver, takers, by_name, rest_to)
        computed = compute(session, row)
        reached = {home for (home, _, day) in before if day >= DAY}
        if rest_to is None and reached - by_name.keys():
            with pytest.raises(NotAllHandedOver):
                refuse_effect(session, row, computed)
            wanted = before
        else:
            assert computed.without_owner == 0
            move(session, row, computed, NOW)
            wanted = {
                (home, kind, day): [giver if day < DAY else by_name.get(home, rest_to)] for (home, kind, day) in before
            }
        assert calendar(session, homes) == wanted
        session.rollback()


def calendar(session: Session, homes: list[UUID]) -> dict[tuple[UUID, str, date], list[UUID | None]]:
    days = [DAY + timedelta(days=n) for n in range(-12, 25)]
    told: dict[tuple[UUID, str, date], list[UUID | None]] = {}
    for one in session.scalars(select(Pairing).where(col(Pairing.household_id).in_(homes))):
        for day in days:
            if one.valid.contains(day):
                told.setdefault((one.household_id, one.kind, day), []).append(one.cadre_id)
    return told
