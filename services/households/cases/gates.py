"""What stands between a household and the end of its case, each answered with its reason. A gate stops a step and says
why; it never takes one: a person decides."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel
from sqlmodel import Session

from services.households.cases.contents import is_tagged
from services.households.cases.entries import latest
from services.households.cases.profiles import whole
from services.households.cases.steps import EliminationIn
from services.households.help.measures import measures_done
from services.households.models.cases import Case, CaseEntry
from services.households.models.facts import HouseholdFacts
from services.households.models.register import Household
from services.households.register.school_age import out_of_school
from services.kit.store.reference import StandardKey, StandardMissing, standard, standards_on
from services.kit.web.errors import DomainError

LINE = StandardKey("monitoring_line", "money", "分/人·年", "监测线", "monitoring line")
MINIMUM = StandardKey(
    "elimination_minimum_months", "number", "月", "消除前最短监测月数", "Months from identification to elimination"
)
STEADY = StandardKey("elimination_steady_months", "number", "月", "收入稳定月数", "Months income has been steady")


STATEMENT_AGE = StandardKey(
    "elimination_income_months",
    "number",
    "月",
    "消除所用收入的最长月龄",
    "Months since the income of an elimination ended",
)


class GateOut(BaseModel):
    """`holds` is empty where nobody has told us."""

    key: str
    holds: bool | None
    zh: str
    en: str


class GatesClosed(DomainError):
    """`detail` names the gates; GET /v1/cases/{id}/gates gives each one's reason."""

    status = 409
    zh = "风险消除的条件尚未全部具备。"
    en = "Not every condition for eliminating the risk is met."


@dataclass(frozen=True)
class Answers:
    """What the people who propose an elimination answer for."""

    mode: str = "by_help"
    income_steady_since: date | None = None
    rigid_spending_solved: bool | None = None

    @classmethod
    def of(cls, told: EliminationIn | CaseEntry | None) -> "Answers":
        if told is None:
            return cls()
        return cls(told.mode or "by_help", told.income_steady_since, told.rigid_spending_solved)


def refuse_closed(session: Session, case: Case, household: Household, answers: Answers, day: date) -> None:
    closed = [gate.key for gate in elimination_gates(session, case, household, answers, day) if not gate.holds]
    if closed:
        raise GatesClosed(", ".join(closed))


def proposed(session: Session, case: Case) -> Answers:
    return Answers.of(latest(session, case.id, "elimination") if case.state == "eliminating" else None)


def elimination_gates(
    session: Session, case: Case, household: Household, answers: Answers, day: date
) -> Sequence[GateOut]:
    """Source: docs/cases.md. What vanished by itself needs a reason alone. Without labour nothing is marked."""
    labour = labour_gate(session, household)
    if answers.mode == "by_itself":
        return [labour]
    facts = session.get(HouseholdFacts, household.id)
    return [
        steady_gate(session, household, answers, day),
        income_gate(session, household, facts, day),
        said("rigid_spending", answers.rigid_spending_solved, "大额刚性支出问题已解决", "large spending is solved"),
        *safeguard_gates(facts),
        schooling_gate(session, household, day),
        months_gate(session, case, household, day),
        measure_gate(session, case),
        labour,
    ]


def said(key: str, holds: bool | None, zh: str, en: str) -> GateOut:
    answer = {True: ("：是。", ": yes."), False: ("：否。", ": no."), None: ("：不详。", ": not known.")}[holds]
    return GateOut(key=key, holds=holds, zh=zh + answer[0], en=(en + answer[1]).capitalize())


def labour_gate(session: Session, household: Household) -> GateOut:
    none = is_tagged(session, household, "no_labour")
    return said("labour", not none, "不是整户无劳动力户", "somebody of the household can work")


def safeguard_gates(facts: HouseholdFacts | None) -> Iterable[GateOut]:
    house, water = (facts.safe_house, facts.safe_water) if facts else (None, None)
    uninsured = facts.uninsured_members if facts else None
    yield said("safe_house", house, "住房安全有保障", "the house is safe")
    yield said("safe_water", water, "饮水安全有保障", "the water is safe")
    yield said("insured", none_of(uninsured), "全部成员参加基本医保", "every member is insured")


def schooling_gate(session: Session, household: Household, day: date) -> GateOut:
    """Who is of school age on that day; an adult who once left school does not count."""
    away = out_of_school(session, household.id, day)
    return said("schooling", none_of(away), "义务教育阶段没有失学辍学", "no child of school age has dropped out")


def none_of(count: int | None) -> bool | None:
    return None if count is None else count == 0


def steady_gate(session: Session, household: Household, answers: Answers, day: date) -> GateOut:
    months = months_by(session, STEADY, household, day)
    since = answers.income_steady_since
    holds = since <= day and months_later(since, months) <= day if since and months is not None else None
    wanted = unset(STEADY, months)
    return said("income_steady", holds, f"收入稳定满{wanted}个月", f"income has been steady for {wanted} months")


def income_gate(session: Session, household: Household, facts: HouseholdFacts | None, day: date) -> GateOut:
    """Totals are compared: a quotient would be rounded. On the line is not above it."""
    line = line_on(session, household, day)
    if line is None or facts is None or facts.net_income is None or not facts.persons:
        wanted = LINE.key if line is None else "—"
        return said("income_above_line", None, f"收入高于监测线（{wanted}）", f"income is above the line ({wanted})")
    months = months_by(session, STATEMENT_AGE, household, day)
    if months is None or facts.income_until is None or not in_time(facts.income_until, months, day):
        ended = f"{facts.income_until or '—'}，{STATEMENT_AGE.key}：{'—' if months is None else months}"
        return said(
            "income_above_line", None, f"收入高于监测线（收入截至{ended}）", f"income is above the line ({ended})"
        )
    needed = line[0] * facts.persons
    sums = f"{yuan(facts.net_income)} > {yuan(line[0])} × {facts.persons} = {yuan(needed)}"
    return said("income_above_line", facts.net_income > needed, f"收入高于监测线（{sums}）", f"above the line ({sums})")


def in_time(until: date, months: int, day: date) -> bool:
    """What was earned long ago says nothing of today; and nobody has earned what is to come."""
    return until <= day <= months_later(until, months)


def line_on(session: Session, household: Household, day: date) -> tuple[int, str] | None:
    """Fen a person and year, and the document that set it."""
    rows = standards_on(session, LINE.key, day)
    return next(((int(r.value), r.document_no) for r in rows if household.village.startswith(r.division)), None)


def months_gate(session: Session, case: Case, household: Household, day: date) -> GateOut:
    months = months_by(session, MINIMUM, household, day)
    begun = case.identified_on
    holds = months_later(begun, months) <= day if begun and months is not None else None
    wanted = unset(MINIMUM, months)
    return said("months_since_identified", holds, f"认定后满{wanted}个月", f"{wanted} months since identification")


def measure_gate(session: Session, case: Case) -> GateOut:
    """Of the measures that name the case. Where help came first, from the day of the clue."""
    since = case.ground_on if case.green else case.identified_on or case.ground_on
    done = measures_done(session, case.id, since)
    return said("measure_done", done > 0, f"已落实帮扶措施{done}项（至少1项）", f"measures done: {done} (one at least)")


def months_by(session: Session, key: StandardKey, household: Household, day: date) -> int | None:
    try:
        return whole(standard(session, key, household.village, day))
    except StandardMissing:
        return None


def unset(key: StandardKey, months: int | None) -> str:
    return key.key if months is None else str(months)


def months_later(day: date, months: int) -> date:
    """The same day of a later month; the last of it where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def yuan(fen: int) -> str:
    """Rounded down, never up: one fen below a line is not on it."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
