"""What a village has, in each service, written past every door."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine, select, text
from sqlalchemy.dialects.postgresql import Range
from sqlmodel import col

from services.alerts.drafting.drafts import RuleTextIn
from services.alerts.models.clues import ID_NUMBER, NAME, Clue, ClueBatch
from services.alerts.models.facts import FactHistory
from services.alerts.models.facts import HouseholdFacts as KnownHousehold
from services.alerts.models.reports import Report
from services.alerts.models.rules import RuleDraft
from services.alerts.models.sweep import Sweep, SweepGap
from services.alerts.models.tasks import Task, TaskReason
from services.alerts.models.visits import VisitClue, VisitTold
from services.alerts.models.watch import Alert, Finding, Rule
from services.attendance.inspections.contents import FindingIn
from services.attendance.models.activities import Activity
from services.attendance.models.charges import Charge
from services.attendance.models.facts import TeamFacts
from services.attendance.models.handovers import Handover
from services.attendance.models.inspections import FOUND, Inspection, InspectionFinding, InspectionVillage
from services.attendance.models.leave import DayCorrection, Leave
from services.attendance.models.months import AllowanceLine, MonthLine, MonthSheet
from services.attendance.models.pairings import Pairing
from services.attendance.models.personnel import WORDS, PersonnelRecord
from services.attendance.models.presence import CheckIn, DayStatus
from services.attendance.models.teams import Cadre, Posting, Station, Team, Unit
from services.attendance.models.visits import RoundTask, Visit, VisitFinding, VisitRound
from services.attendance.pairings.register import Register
from services.attendance.personnel.contents import RecordWords
from services.households.cases.profiles import ship
from services.households.issues.contents import IssueIn, Owner
from services.households.models.cases import Case, CaseEntry
from services.households.models.checklists import ChecklistAnswer, ChecklistVerdict
from services.households.models.exports import Export
from services.households.models.facts import HouseholdFacts
from services.households.models.help import Measure, Plan, Policy, Received
from services.households.models.income import Statement
from services.households.models.issues import Issue
from services.households.models.ledgers import LedgerEntry, LedgerLine
from services.households.models.people import PersonInsurance, PersonPhone, WorkMonth
from services.households.models.quality import ClaimedElsewhere, PaperCheck, QualityFinding, QualityRun, StatedFigure
from services.households.models.register import Household, HouseholdSet, Membership, Person, Tag
from services.households.models.sheets import SAID, Sheet, SheetRun
from services.households.models.undertakings import Undertaking
from services.households.models.villages import VillageRecord
from services.households.models.voices import Correction, SelfDeclaration
from services.households.register.id_numbers import check_digit
from services.kit.store.db import open_session
from services.kit.store.fields import Seal
from services.kit.store.key_ring import KeyRing
from services.kit.store.tables import Division, Standard
from tests.attendance.conftest import set_standard
from tests.callers import TEST_KEY
from tests.clock import NOW, TODAY
from tests.door.holdings import Thing

SINCE = Range(date(2026, 1, 1), None)
SEAL = Seal(KeyRing.of(TEST_KEY))


def store(engine: Engine, *rows: Any) -> None:
    with open_session(engine) as session, session.begin():
        for row in rows:
            session.add(row)
            session.flush()


def households(engine: Engine, village: str) -> Thing:
    home, person, group, number, phone = uuid4(), uuid4(), uuid4(), f"JK{village}", uuid4()
    told: Any = {"person_id": person, "doer": "示例", "recorded_by": "示例", "recorded_at": NOW}
    ship(engine, NOW)
    received, measure, entry, issue = uuid4(), uuid4(), uuid4(), uuid4()
    record, answer, loan = uuid4(), uuid4(), uuid4()
    with open_session(engine) as session, session.begin():
        for key in ("monitoring_line", "income_divisor", "income_year_ends"):
            set_standard(session, key, 1, division=village)
        if not session.scalar(select(Policy).where(col(Policy.key) == "cash")):
            session.add(POLICY())
    cadre: dict[str, Any] = {"responsible_kind": "cadre", "responsible_id": uuid4(), "responsible_label": "示甲"}
    declaration, own, correction, export = uuid4(), uuid4(), uuid4(), uuid4()
    id_number = id_number_of(village)
    store(
        engine,
        Household(id=home, number=number, village=village, head_name="示甲", created_at=NOW),
        Person(
            id=person, name="示甲", birth_date=date(1960, 1, 1), sex="1",
            sealed_id_number=SEAL.close(id_number, f"person.sealed_id_number:{person}"),
            id_index=SEAL.index(id_number),
        ),
        Membership(household_id=home, person_id=person, relation="01", valid=SINCE),
        PersonPhone(
            id=phone, sealed_number=SEAL.close("10000000009", f"person_phone.sealed_number:{phone}"), whose="own",
            valid=SINCE, **told,
        ),
        PersonInsurance(year=2026, kind="resident", enrolled=True, **told),
        WorkMonth(month=date(2026, 9, 1), working=True, **told),
        Tag(household_id=home, key="monitored", valid=SINCE, source="示例"),
        Statement(
            id=uuid4(), household_id=home, period_from=date(2025, 1, 1), period_to=date(2025, 12, 31),
            recorded_by="示例", created_at=NOW,
        ),
        HouseholdFacts(subject=home, division=village, version=1, monitored=True, formerly_poor=False),
        HouseholdSet(id=group, name=f"示例组{village}", division=village, created_by="示例", created_at=NOW),
        Received(
            id=received, household_id=home, policy_key="cash", valid=Range(date(2025, 1, 1), date(2026, 1, 1)),
            source="示例", recorded_by="示例", created_at=NOW,
        ),
        Measure(
            id=measure, household_id=home, policy_key="cash", state="planned", due=TODAY, recorded_by="示例",
            created_at=NOW, **cadre,
        ),
        Plan(
            household_id=home, version=1, since=date(2026, 1, 1), reason="示例", goal="示例", risks=["07"],
            recorded_by="示例", created_at=NOW, **cadre,
        ),
        *entry_of(entry, home, village),
        *issues_of(issue, home, village),
        *roles_of(record, home, person, village),
        *answers_of(answer, home, village),
        *loans_of(loan, home, village),
        *case_of(case := uuid4(), home, village),
        SelfDeclaration(id=declaration, number=village, village=village, received_at=NOW),
        SelfDeclaration(id=own, number=f"{village[::-1]}", village=village, received_at=NOW),
        Correction(
            id=correction, household_id=home, kind="correction", filed_at=NOW,
            sealed_text=SEAL.close("示例内容", f"correction.sealed_text:{correction}"),
        ),
        *(
            Export(
                id=one, kind="members", format="csv", village=village, asked_by="示例", roles=[], rights=[], rows=1,
                approval_wanted=True, created_at=NOW,
            )
            for one in (export, uuid4())  # one to be approved, one to wait
        ),
        *sheets_of(sheet := uuid4(), home, village),
        *agreement_of(home, person, village, run := uuid4(), third := uuid4()),
    )  # fmt: skip
    with open_session(engine) as session, session.begin():
        set_standard(session, "view_code_days", 7, division=village)
        set_standard(session, "export_rows_alone", 5_000, division=village)
    voices = {"declaration": str(declaration), "own_declaration": str(own), "correction": str(correction)}
    voices |= {"export": str(export), "sheet": str(sheet)}
    names = {"household": str(home), "number": number, "set": str(group), "person": str(person)}
    names |= {"phone": str(phone), "case": str(case), "received": str(received), "measure": str(measure)}
    names |= {"issue": str(issue), "entry": str(entry), "record": str(record), "answer": str(answer)}
    names |= {"loan": str(loan)}
    names |= {"id_number": id_number, "run": str(run), "third": str(third)}
    names |= {"run": str(run), "third": str(third)}
    return thing(village, home, **names, **voices)


def entry_of(entry: UUID, home: UUID, village: str) -> list[Any]:
    """Of a ledger, for the household; and one more, so that there is a second page."""
    said: dict[str, Any] = {
        "kind": "relief", "division": village, "shape": "event", "nature": "given", "unit": "fen", "day": TODAY,
        "amount": 100, "precision": "exact", "recorded_by": "示例", "recorded_at": NOW,
    }  # fmt: skip
    line: dict[str, Any] = {"number": 0, "division": village, "beneficiary_kind": "household", "household_id": home}
    both = [entry, uuid4()]
    points = said | {"id": uuid4(), "kind": "points_earned", "nature": "earned", "unit": "points"}
    rows: list[Any] = [LedgerEntry(**points), *(LedgerEntry(id=one, **said) for one in both)]
    both.append(points["id"])
    return rows + [LedgerLine(entry_id=one, amount=100, **line) for one in both]


def roles_of(record: UUID, home: UUID, person: UUID, village: str) -> list[Any]:
    """What the person is in the village; and one role more, so that there is a second page."""
    said: dict[str, Any] = {"kind": "role", "division": village, "since": date(2026, 1, 1), "version": 1}
    said |= {"household_id": home, "person_id": person, "recorded_by": "示例", "recorded_at": NOW}
    roles = ((record, "grid_member"), (uuid4(), "able_person"))
    return [VillageRecord(id=one, what=what, **said) for one, what in roles]


def answers_of(answer: UUID, home: UUID, village: str) -> list[Any]:
    """By a checklist, of the household; and one in another mode, so that there is a second page."""
    said: dict[str, Any] = {"checklist": "household_five", "subject": "household", "division": village, "day": TODAY}
    said |= {"household_id": home, "done_by": "示例", "recorded_by": "示例", "recorded_at": NOW}
    both = ((answer, "self"), (uuid4(), "inspection"))
    rows: list[Any] = [ChecklistAnswer(id=one, mode=mode, **said) for one, mode in both]
    return rows + [ChecklistVerdict(answer_id=one, item="house", verdict="not_met") for one, _ in both]


def sheets_of(sheet: UUID, home: UUID, village: str) -> list[Any]:
    """Of the household; and one more, so that there is a second page."""
    said = '{"family": {"head": "示甲", "household": "示例", "village": "示例村", "group": ""}, "parts": {}}'
    run = SheetRun(
        id=uuid4(), kind="policy_list", wall=False, paper="a4", village=village, households=1, asked_by="示例",
        roles=[], created_at=NOW,
    )  # fmt: skip
    of_both: dict[str, Any] = {"wall": False, "paper": "a4", "household_id": home, "village": village}
    of_both |= {"issued_on": TODAY, "issued_by": "示例", "digest": DIGEST * 2, "created_at": NOW}
    again = run.model_copy(update={"id": uuid4()})
    return [run, SheetRun(**again.model_dump())] + [
        Sheet(id=one, kind="policy_list", run_id=of.id, sealed_content=SEAL.close(said, SAID.place(one)), **of_both)
        for one, of in ((sheet, run), (uuid4(), again))
    ]


def loans_of(loan: UUID, home: UUID, village: str) -> list[Any]:
    """Of the household; and one more, so that there is a second page."""
    said: dict[str, Any] = {"kind": "loan", "division": village, "household_id": home, "what": "subsidised"}
    said |= {"party": "示例银行", "amount": 100, "since": date(2026, 1, 1), "until": date(2028, 1, 1)}
    return [Undertaking(id=one, recorded_by="示例", recorded_at=NOW, **said) for one in (loan, uuid4())]


def issues_of(issue: UUID, home: UUID, village: str) -> list[Any]:
    """Of the household; and one more, so that there is a second page."""
    said: dict[str, Any] = {
        "division": village, "household_id": home, "kind": "demand", "source": "visit", "raised_on": TODAY,
    }  # fmt: skip
    owner = {"kind": "unit", "label": "示例镇政府"}
    words = IssueIn(**said, text="示例内容", owner=Owner.model_validate(owner)).model_dump_json()
    more: dict[str, Any] = {
        "county": village[:6], "year": 2026, "restricted": False, "owner_kind": "unit", "owner_label": "示例镇政府",
        "state": "open", "on_the_spot": False, "recorded_by": "示例", "recorded_at": NOW,
    }  # fmt: skip
    numbers = {issue: int(village[6:]), uuid4(): int(village[6:]) + 500_000_000}
    return [
        Issue(id=one, number=number, sealed_said=SEAL.close(words, f"issue.sealed_said:{one}"), **said, **more)
        for one, number in numbers.items()
    ]


def case_of(case: UUID, home: UUID, village: str) -> list[Any]:
    """An open one whose notice hangs, and the standards of its village."""
    standards = {"case_profile": 1, "case_warning_days": 2, "notice_days": 5}
    said: dict[str, Any] = {"unit": "1", "document_no": "示例〔2026〕1号", "version": 1, "valid": SINCE}
    return [
        *(Standard(key=key, division=village, value=Decimal(value), **said) for key, value in standards.items()),
        Case(
            id=case, household_id=home, episode=1, profile_key="three-classes", profile_version=1,
            profile_document_no="示例", ground_kind="alert", ground_service="alerts", ground_id=uuid4(),
            ground_on=date(2026, 11, 2), risks=["09"], next_step="notice_ended", opened_by="示例", opened_at=NOW,
        ),
        CaseEntry(
            id=uuid4(), case_id=case, step="notice", done_on=date(2026, 11, 3), complaint_phone="12317",
            recorded_by="示例", recorded_at=NOW,
        ),
    ]  # fmt: skip


def agreement_of(home: UUID, person: UUID, village: str, run: UUID, third: UUID) -> list[Any]:
    """A finding of a run, a card somebody looked at, a stated figure; a second household, in which somebody may be a
    second time, and for which a file has claimed the first one's member."""
    signed: Any = {"household_id": home, "doer": "示例", "recorded_by": "示例", "recorded_at": NOW}
    second, double = uuid4(), uuid4()
    return [
        QualityRun(id=run, village=village, asked_by="示例", created_at=NOW, done_at=NOW, not_judged=[]),
        QualityFinding(check_key="no-head", household_id=home, subject=home, told=["1"], since=NOW, run_id=run),
        PaperCheck(id=uuid4(), checked_on=date(2026, 1, 1), **signed),
        StatedFigure(id=uuid4(), key="persons", on_day=TODAY, value=1, source="paper", **signed),
        Household(id=second, number=f"JL{village}", village=village, head_name="示甲", created_at=NOW),
        Person(id=double, name="示甲", birth_date=date(1960, 1, 1), sex="1"),
        Membership(household_id=second, person_id=double, relation="01", valid=SINCE),
        Person(id=third, name="示丙", birth_date=date(1990, 1, 1), sex="2"),  # of whom it is decided
        Membership(household_id=second, person_id=third, relation="80", valid=SINCE),
        ClaimedElsewhere(person_id=person, household_id=second, told_by="示例", told_at=NOW),
    ]


def POLICY() -> Policy:  # noqa: N802  # the one policy of this world
    return Policy(
        key="cash", valid=SINCE, division="5206", name="示例政策", department="示例局", family="100A48",
        given_to="household", document_no="示例",
    )  # fmt: skip


def id_number_of(village: str) -> str:
    """A sound one, of nobody."""
    body = f"99{village[-10:-6]}19600101{village[-3:]}"
    return body + check_digit(body)


DIGEST = "9e107d9d372bb6826bd81d3542a419d6"
CALENDAR = text(
    "INSERT INTO day (date, working, ordinal, provisional, source, version)"
    " SELECT date '2026-09-01' + n, true, n, false, '示例', 1 FROM generate_series(0, 121) AS n ON CONFLICT DO NOTHING"
)


def attendance(engine: Engine, village: str) -> Thing:
    unit, team, cadre, account = uuid4(), uuid4(), uuid4(), str(uuid4())
    name, username, mobile = f"示例{village}队", f"u{village}", f"1{village[2:]}"
    sealed = SEAL.close(mobile, f"cadre.sealed_mobile:{cadre}")
    entry, paired, home, visit, number = uuid4(), uuid4(), uuid4(), uuid4(), uuid4()
    leave, correction, gone, handover, posting = uuid4(), uuid4(), uuid4(), uuid4(), uuid4()
    activity, mistaken, inspection, under_way = uuid4(), uuid4(), uuid4(), uuid4()
    charge, mistaken_charge, record, mistaken_record = uuid4(), uuid4(), uuid4(), uuid4()
    charges: dict[UUID, dict[str, Any]] = {
        charge: {"since": date(2026, 1, 5)},
        mistaken_charge: {"since": date(2026, 1, 4), "until": date(2026, 1, 4), "outcome": "mistake"},
    }
    once = f"2{village[2:]}"  # the mobile of who has left
    store(
        engine,
        Unit(id=unit, name=f"示例局{village}"),
        Team(id=team, name=name, village=village),
        Cadre(
            id=cadre, name="示甲", sealed_mobile=sealed, mobile_index=SEAL.index(mobile), unit_id=unit,
            username=username, account=account,
        ),
        Posting(cadre_id=cadre, team_id=team, role="member", valid=SINCE),
        Cadre(
            id=gone, name="示乙", sealed_mobile=SEAL.close(once, f"cadre.sealed_mobile:{gone}"),
            mobile_index=SEAL.index(once), unit_id=unit,
        ),
        Posting(id=posting, cadre_id=gone, team_id=team, role="member", valid=Range(SINCE.lower, date(2026, 6, 1))),
        Pairing(
            id=uuid4(), cadre_id=gone, household_id=home, kind="leader", village=village, valid=SINCE,
            document_no="示例",
        ),
        Pairing(
            id=paired, cadre_id=cadre, household_id=home, kind="assistant", village=village, valid=SINCE,
            document_no="示例",
        ),
        Handover(
            id=handover, cadre_id=gone, village=village, day=date(2026, 12, 1), document_no="示例", taker_ids=[]
        ),
        *(
            Activity(
                activity_id=one, version=1, division=village, team_id=team, kind="meeting", mode="on_site", day=TODAY,
                last_day=TODAY, place=village, cadre_ids=[], capacities=[], labels=[], asks=False, recorded_by="示例",
                recorded_at=NOW,
            )
            for one in (activity, mistaken)
        ),
        Division(code=village, name="示例村", level="village", version=1),
        *(
            Charge(
                charge_id=one, version=1, kind="presence", division=village, team_id=team, cadre_id=cadre, name="示甲",
                recorded_by="示例", recorded_at=NOW, **days,
            )
            for one, days in charges.items()
        ),
        *(on_record(one, village, cadre) for one in (record, mistaken_record)),
        inspected(inspection, village, 1, closed_by="示例", closed_at=NOW),
        inspected(under_way, village, 2),
        *(InspectionVillage(inspection_id=one, village=village, turn=1) for one in (inspection, under_way)),
        found(inspection, village),
        found(under_way, village),
        Visit(
            id=visit, first_id=visit, version=1, cadre_id=cadre, recorded_by="示例", household_id=home,
            village=village, at=NOW, received_at=NOW, day=TODAY, contact="home", met=[], undone=[], findings=["debt"],
        ),
        VisitFinding(first_id=visit, kind="debt", state="told"),
        VisitRound(
            id=number, name="示例", division=village, first_day=date(2026, 10, 1), last_day=date(2026, 10, 31),
            document_no="示例", created_by="示例", created_at=NOW, opened_at=NOW,
        ),
        RoundTask(round_id=number, household_id=home, village=village),
        Station(
            village=village, name="示例便民中心", latitude=27.7, longitude=108.8, sent_latitude=27.7,
            sent_longitude=108.8, datum="wgs84", radius=500,
        ),
        CheckIn(
            id=entry, cadre_id=cadre, recorded_by="示例", at=NOW, received_at=NOW, day=TODAY, datum="wgs84",
            village=village, verdict="inside",
        ),
        DayStatus(cadre_id=cadre, day=TODAY, status="present", evidence=[entry]),
        TeamFacts(subject=team, division=village, version=1, members=1, leaders=0, last_present_on=TODAY),
        Leave(
            id=leave, cadre_id=cadre, team_id=team, village=village, kind="sick", official=False,
            first_day=date(2026, 10, 5), last_day=date(2026, 10, 6), covers=Range(date(2026, 10, 5), date(2026, 10, 7)),
            days=2, working_only=False, chain=["county"], document_no="示例", state="requested", requested_by="示例",
            requested_at=NOW, changed_at=NOW,
        ),
        DayCorrection(
            id=correction, cadre_id=cadre, village=village, day=date(2026, 10, 8), status="present",
            because="forgotten", evidence="register", recorded_by="示例", recorded_at=NOW, state="waiting",
        ),
        MonthSheet(
            team_id=team, month=date(2026, 9, 1), village=village, digest=DIGEST, confirmed_by="示例",
            confirmed_at=NOW, frozen_by="示乙", frozen_at=NOW,
        ),
        MonthLine(
            month=date(2026, 9, 1), of_month=date(2026, 9, 1), team_id=team, cadre_id=cadre, village=village,
            name="示甲", unit=f"示例局{village}", present=20, official=0, leave=2, rest=8, uncertain=0, no_evidence=0,
        ),
        AllowanceLine(
            month=date(2026, 9, 1), of_month=date(2026, 9, 1), team_id=team, cadre_id=cadre, village=village,
            name="示甲", unit=f"示例局{village}", rate=10_000, document_no="示例", days=20, amount=200_000,
        ),
    )  # fmt: skip
    with open_session(engine) as session, session.begin():
        set_standard(session, "day_starts_at", 5, division=village)
        session.add(
            Standard(
                key="charges_of_village",
                division=village,
                population_class="informant",
                valid=SINCE,
                unit="人",
                value=Decimal(1),
                document_no="示例",
                version=1,
            )
        )
        for key, value in (("leave_days_captain", 1), ("leave_days_township", 5), ("leave_working_only", 0)):
            set_standard(session, key, value, division=village)
        session.execute(CALENDAR)
    names = {
        "team": str(team),
        "gone": str(gone),
        "team_name": name,
        "username": username,
        "mobile": mobile,
        "pairing": str(paired),
        "visit": str(visit),
        "round": str(number),
        "leave": str(leave),
        "correction": str(correction),
        "handover": str(handover),
        "posting": str(posting),
        "activity": str(activity),
        "mistaken": str(mistaken),
        "charge": str(charge),
        "mistaken_charge": str(mistaken_charge),
        "record": str(record),
        "mistaken_record": str(mistaken_record),
        "inspection": str(inspection),
        "open_inspection": str(under_way),
        "household": str(home),
    }
    return thing(village, home, cadre=str(cadre), account=account, **names)


def on_record(record: UUID, village: str, cadre: UUID) -> PersonnelRecord:
    """As if the village were a county: by its code alone it is held."""
    words = RecordWords(ground="示例").model_dump_json()
    return PersonnelRecord(
        id=record,
        county=village,
        division=village,
        cadre_id=cadre,
        kind="thanks",
        number="示例",
        day=TODAY,
        sealed_words=SEAL.close(words, WORDS.place(record)),
        recorded_by="示例",
        recorded_at=NOW,
        issued_by="示例",
        issued_at=NOW,
    )


def inspected(inspection: UUID, village: str, number: int, **said: Any) -> Inspection:
    """Drawn over the village alone."""
    return Inspection(
        id=inspection, county=village, year=2026, number=number, kind="unannounced", document_no="示例",
        division=village, among="villages", how_many=1, first_day=TODAY, last_day=TODAY, inspectors=["an-inspector"],
        inspector_names=["示甲"], ordered_by="示例", ordered_at=NOW, seed="0" * 32, villages=[village],
        drawn_by="示例", drawn_at=NOW, **said,
    )  # fmt: skip


def found(inspection: UUID, village: str) -> InspectionFinding:
    finding = uuid4()
    said = FindingIn(village=village, day=TODAY, verdict="noted", text="示例")
    return InspectionFinding(
        id=finding, inspection_id=inspection, village=village, day=TODAY, verdict="noted", first_id=finding, version=1,
        sealed_said=SEAL.close(said.model_dump_json(), FOUND.place(finding)), recorded_by="示例", recorded_at=NOW,
    )  # fmt: skip


def everybodys_register() -> Register:
    """Tells anybody where every household lies, by the end of its id: attendance itself must know what is whose."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params.get_list("household")
        return httpx.Response(200, json=[{"household_id": one, "village": one[-12:]} for one in asked])

    return Register(httpx.Client(base_url="http://register", transport=httpx.MockTransport(answer)))


LONG_KNOWN = datetime(2026, 11, 1, tzinfo=UTC)


def alerts(engine: Engine, village: str) -> Thing:
    home, alert, finding, sweep, visit, clue, task, report, draft = (uuid4() for _ in range(9))
    county, month = village[:6], date(2026, 10, 1)
    with open_session(engine) as session, session.begin():
        held = session.scalar(select(Sweep).where(col(Sweep.county) == county))
        sweep = held.id if held else sweep
        if not held:
            said: dict[str, Any] = {"certified_at": NOW.isoformat(), "late": False, "register": 1, "judged": 0}
            state: dict[str, Any] = {"state": "certified", "due_at": NOW, "done_at": NOW, "certificate": said}
            session.add(Sweep(id=sweep, county=county, period=month, **state))
        if not session.get(Rule, ("safe-water", 1)):
            session.add(RULE())
    basis: dict[str, Any] = {"basis": {}, "shown": {}}
    told: dict[str, Any] = {"county": county, "rule_key": "safe-water", "rule_version": 1, "subject": home}
    store(
        engine,
        Finding(id=finding, facts_version=1, as_of=TODAY, evidence=basis, found_at=NOW, **told),
        Alert(
            id=alert, about="household", division=village, severity="high", opened_at=NOW, refreshed_at=NOW,
            finding_id=finding, evidence_digest=1, **told,
        ),
        FactHistory(
            subject=home, about="household", county=county, division=village, version=1, known_since=LONG_KNOWN,
            learned_at=LONG_KNOWN, facts={"persons": 3},
        ),
        VisitTold(visit=visit, version=1),
        VisitClue(id=clue, visit=visit, kind="debt", subject=home, division=village, day=TODAY, told_at=NOW),
        VisitClue(visit=visit, kind="illness", subject=home, division=village, day=TODAY, told_at=NOW),  # to wait
        Task(
            id=task, county=county, subject=home, division=village, opened_at=NOW, since=TODAY, severity="high",
        ),
        TaskReason(
            task_id=task, source="alert", source_id=alert, subject=home, division=village, key="safe-water",
            severity="high", since=TODAY, added_at=NOW,
        ),
        Report(id=report, county=county, division=village, span="month", first=month, asked_at=NOW),
        RuleDraft(
            id=draft, division=county, mode="effective", written_by=str(UUID(int=1)), written_at=NOW,
            **RULE().model_dump(include=set(RuleTextIn.model_fields) | {"key"}),
        ),
        SweepGap(sweep_id=sweep, subject=home, division=village, rules=["safe-water"], missing=["safe_water"]),
    )  # fmt: skip
    told = clues_of(engine, village, home)
    told |= {"report": str(report), "draft": str(draft)}
    return thing(
        village, home, household=str(home), alert=str(alert), sweep=str(sweep), clue=str(clue), task=str(task), **told
    )


def clues_of(engine: Engine, village: str, home: UUID) -> dict[str, str]:
    """What a department has told of somebody there, and of somebody nobody knows in that county."""
    batch, matched, answered, unknown = uuid4(), uuid4(), uuid4(), uuid4()
    department = "medical-insurance"
    about: dict[str, Any] = {
        "county": village[:6], "department": department, "kind": "disaster", "year": 2026, "data_on": TODAY,
        "record_id": "R-1", "batch_id": batch, "received_at": NOW, "told_at": NOW, "level": "reported",
    }  # fmt: skip
    at_home: dict[str, Any] = {"division": village, "household": home, "matched_at": NOW}
    store(
        engine,
        KnownHousehold(subject=home, county=village[:6], division=village, version=1),
        ClueBatch(
            id=batch, department=department, sender="medical-system", county=village[:6], content=b"", lines=1,
            received_at=NOW, done_at=NOW,
        ),
        Clue(id=matched, state="matched", **at_home, **about),
        Clue(id=answered, state="matched", **at_home, **about),  # to be answered
        Clue(
            id=unknown, state="unmatched", division=village[:6], id_index=unknown.bytes,
            sealed_id_number=SEAL.close("99" + "0" * 16, ID_NUMBER.place(unknown)),
            sealed_name=SEAL.close("示甲", NAME.place(unknown)), **about,
        ),
    )  # fmt: skip
    return {"told": str(matched), "answered": str(answered), "unknown": str(unknown), "batch": str(batch)}


def RULE() -> Rule:  # noqa: N802  # the one rule of this world
    return Rule(
        key="safe-water", version=1, about="household", severity="high", since=date(2026, 1, 1),
        condition="not safe_water", title_zh="饮水不安全", title_en="Unsafe water", explain_zh="饮水不安全。",
        explain_en="Unsafe water.", created_at=NOW,
    )  # fmt: skip


def thing(village: str, subject: UUID, **ids: str) -> Thing:
    """`uuid` is the subject a set may hold."""
    return Thing(village, {"uuid": str(subject), **ids})


FURNISH: Mapping[str, Callable[[Engine, str], Thing]] = {
    "households": households,
    "attendance": attendance,
    "alerts": alerts,
}
