"""A report's figures, put together: totals, rules, and each township and village below the place by its code."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import BaseModel
from sqlmodel import Session

from services.alerts.counts import newest_rules
from services.alerts.models.reports import Report
from services.alerts.reporting.contents import (
    CaseFigures,
    Figures,
    OfAlerts,
    OfAPlace,
    OfARule,
    OfCases,
    OfCoverage,
    OfTasks,
    OfVisiting,
    Unknown,
    VisitFigures,
)
from services.alerts.reporting.counting import (
    ALERTS,
    BELOW,
    GAPS,
    HOUSEHOLDS,
    REASONS,
    TASKS,
    Counting,
    Rows,
)
from services.alerts.reporting.periods import Period, last_day

Counts = TypeVar("Counts", bound=BaseModel)
LEVELS = (9, 12)  # digits of a township and of a village


def figures_of(session: Session, report: Report, period: Period) -> Figures:
    """As they stand now. The session sees everything: whoever reads them reaches the whole place."""
    counting = Counting(session, report.division, period)
    alerts, tasks = counting.rows(ALERTS), [*counting.rows(TASKS), *counting.rows(REASONS)]
    cases = CaseFigures.model_validate(report.cases) if report.cases else None
    visiting = VisitFigures.model_validate(report.visiting) if report.visiting else None
    sweeps, visits = counting.sweeps(), counting.visits()
    known = {row["code"]: row for row in counting.rows(BELOW)}
    households, gaps = counting.rows(HOUSEHOLDS), counting.rows(GAPS) if sweeps else None
    told = Figures(
        division=report.division,
        name=known[report.division]["name"] if report.division in known else None,
        span=period.span,
        first=period.first,
        last=last_day(period.span, period.first),
        until=period.until,
        cases_until=report.cases_until,
        sweeps=sweeps,
        alerts=summed(OfAlerts, alerts),
        rules=rules_of(session, alerts),
        tasks=summed(OfTasks, tasks),
        visits=visits,
        departments=counting.departments(),
        visit_clues=counting.visit_clues(),
        cases=cases.total if cases else None,
        steps=cases.steps if cases else [],
        visiting_until=visiting.until if visiting else None,
        visiting=visiting.total if visiting else None,
        rounds=visiting.rounds if visiting else [],
        coverage=coverage_of(known, households),
        places=places_of(report.division, known, alerts, tasks, households, gaps, cases, visiting),
        unknown=[],
    )
    told.unknown = list(unknown_of(told, cases, whole_county=counting.whole_county, gone=counting.are_gone()))
    return told


def summed(counts: type[Counts], rows: Rows) -> Counts:
    return counts(**{name: sum(row.get(name, 0) for row in rows) for name in counts.model_fields})


def rules_of(session: Session, alerts: Rows) -> list[OfARule]:
    """By key, in both languages as the rule is called now."""
    newest = newest_rules(session)
    kinds = sorted({(row["rule_key"], row["about"]) for row in alerts})
    return [
        OfARule(
            rule_key=key, about=about, zh=newest[key].title_zh, en=newest[key].title_en,
            **summed(OfAlerts, [row for row in alerts if row["rule_key"] == key]).model_dump(),
        )
        for key, about in kinds
    ]  # fmt: skip


def coverage_of(known: Mapping[str, Mapping[str, str]], households: Rows) -> OfCoverage:
    villages = [code for code in known if len(code) == LEVELS[-1]]
    peopled = {row["division"] for row in households}
    return OfCoverage(
        households=sum(row["households"] for row in households),
        villages=len(villages) or None,
        without_households=[code for code in villages if code not in peopled] if villages else None,
    )


def places_of(
    place: str,
    known: Mapping[str, Mapping[str, str]],
    alerts: Rows,
    tasks: Rows,
    households: Rows,
    gaps: Rows | None,
    cases: CaseFigures | None,
    visiting: VisitFigures | None,
) -> list[OfAPlace]:
    """In the order of codes, which says nothing of anybody; what lies in no village of the list is told too."""
    told = {
        name: [one.model_dump() for one in by.villages] if by else []
        for name, by in {"cases": cases, "visiting": visiting}.items()
    }
    counted = {name: below(place, rows) for name, rows in (
        ("alerts", alerts), ("tasks", tasks), ("households", households), ("gaps", gaps or []), *told.items(),
    )}  # fmt: skip
    codes = {code for code in known if len(code) in LEVELS and code != place}
    return [
        OfAPlace(
            division=code,
            name=known[code]["name"] if code in known else None,
            households=sum(row["households"] for row in counted["households"].get(code, [])),
            not_judged=None if gaps is None else sum(row["not_judged"] for row in counted["gaps"].get(code, [])),
            alerts=summed(OfAlerts, counted["alerts"].get(code, [])),
            tasks=summed(OfTasks, counted["tasks"].get(code, [])),
            cases=summed(OfCases, counted["cases"].get(code, [])) if cases else None,
            visiting=summed(OfVisiting, counted["visiting"].get(code, [])) if visiting else None,
        )
        for code in sorted(codes.union(*counted.values()))
    ]


def below(place: str, rows: Rows) -> dict[str, list[Mapping[str, int]]]:
    """Each row for the township and the village it lies in, as far as they lie below the place."""
    counted: dict[str, list[Mapping[str, int]]] = {}
    for row in rows:
        for length in LEVELS:
            if len(place) < length <= len(row["division"]):
                counted.setdefault(row["division"][:length], []).append(row)
    return counted


def unknown_of(told: Figures, cases: CaseFigures | None, *, whole_county: bool, gone: bool) -> Iterable[Unknown]:
    if not told.sweeps:
        yield "sweep"
    elif not whole_county:
        yield "judged"
    if told.tasks.no_due_day:
        yield "due_days"
    if gone:
        yield "finished_tasks"
    if not told.visits.reasons:
        yield "days_to_visit"
    if told.coverage.villages is None:
        yield "villages"
    if cases is None:
        yield "cases"
    elif cases.no_due_day:
        yield "case_due_days"
    if told.visiting is None:
        yield "visiting"
