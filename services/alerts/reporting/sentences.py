"""The sentences of a bulletin, in the order of its parts; a figure that cannot be known is said. They are data, in both
languages side by side: sentences.toml."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

from services.alerts.reporting.contents import Figures, OfAPlace, OfASweep
from services.alerts.reporting.reports import ReportOut
from services.alerts.rules.catalogue import HOUSEHOLD, SUBJECTS

Language = Literal["zh", "en"]

SENTENCES = Path(__file__).with_suffix(".toml")


@cache
def sentences() -> dict[str, list[str]]:
    said: dict[str, list[str]] = tomllib.loads(SENTENCES.read_text())
    return said


def said(key: str, language: Language, **values: object) -> str:
    return sentences()[key][language == "en"].format(**values)


def title_of(report: ReportOut, language: Language) -> str:
    told = report.figures
    return said(told.span, language, place=told.name or told.division, first=told.first, last=told.last)


def lines_of(report: ReportOut, language: Language) -> Iterator[str]:
    told, until = report.figures, f"{report.figures.until:%Y-%m-%d %H:%M}"
    yield said("signed" if report.signed_at else "draft", language, until=until, version=report.version)
    if report.corrects:
        yield said("corrects", language, former=report.version - 1)
    for part in (sweeps, alerts, tasks, clues, cases, visiting, coverage, places):
        yield from part(told, language)


def sweeps(told: Figures, language: Language) -> Iterator[str]:
    yield said("sweeps", language)
    if not told.sweeps:
        yield said("no_sweep", language)
    for one in told.sweeps:
        key = "sweep" if one.judged is not None else "sweep_here"
        yield said(key, language, month=f"{one.period:%Y-%m}", **one.model_dump(exclude={"period"}))
        if one.for_want_of:
            yield said("want", language, facts=wanting(one, language))


def wanting(one: OfASweep, language: Language) -> str:
    facts = {fact.key: fact.en if language == "en" else fact.zh for fact in SUBJECTS[HOUSEHOLD].facts}
    wanted = sorted(one.for_want_of.items())
    each = [said("want_one", language, name=facts.get(key, key), number=number) for key, number in wanted]
    return ("; " if language == "en" else "、").join(each)


def alerts(told: Figures, language: Language) -> Iterator[str]:
    yield said("alerts", language)
    yield said("alerts_all", language, **told.alerts.model_dump())
    for rule in told.rules:
        yield said("rule", language, title=rule.en if language == "en" else rule.zh, **rule.model_dump())


def tasks(told: Figures, language: Language) -> Iterator[str]:
    yield said("tasks", language)
    yield said("tasks_all", language, **told.tasks.model_dump())
    if told.tasks.no_due_day:
        yield said("due_days", language, number=told.tasks.no_due_day)
    if "finished_tasks" in told.unknown:
        yield said("finished_tasks", language)
    if told.visits.median is None or told.visits.p90 is None:
        yield said("no_visits", language)
    else:
        days = {"median": f"{told.visits.median:g}", "p90": f"{told.visits.p90:g}"}
        yield said("visits", language, reasons=told.visits.reasons, **days)


def clues(told: Figures, language: Language) -> Iterator[str]:
    yield said("clues", language)
    if not told.departments:
        yield said("clues_none", language)
    for one in told.departments:
        yield said("department", language, **one.model_dump())
    yield said("visit_clues", language, **told.visit_clues.model_dump())


def cases(told: Figures, language: Language) -> Iterator[str]:
    yield said("cases", language)
    if told.cases is None:
        yield said("no_cases", language)
        return
    yield said("cases_all", language, **told.cases.model_dump())
    for one in told.steps:
        yield said("step", language, title=one.en if language == "en" else one.zh, open=one.open, overdue=one.overdue)
    if "case_due_days" in told.unknown:
        yield said("case_due_days", language)


def visiting(told: Figures, language: Language) -> Iterator[str]:
    """A round is told by its days: what it is called somebody has typed."""
    yield said("visiting", language)
    if told.visiting is None:
        yield said("no_visiting", language)
        return
    yield said("visiting_all", language, **told.visiting.model_dump())
    for one in told.rounds:
        yield said("round" if one.state == "open" else "round_closed", language, **one.model_dump(exclude={"name"}))


def coverage(told: Figures, language: Language) -> Iterator[str]:
    yield said("coverage", language)
    held, without = told.coverage, told.coverage.without_households
    yield said("households", language, households=held.households)
    if without is None:
        yield said("no_villages", language)
        return
    yield said("villages", language, villages=held.villages, number=len(without))
    if without:
        names = {place.division: place.name or place.division for place in told.places}
        yield said("without", language, places=", ".join(names.get(code, code) for code in without))


def places(told: Figures, language: Language) -> Iterator[str]:
    """Of a county its townships, of a township its villages."""
    length = 9 if len(told.division) < 9 else 12
    shown = [one for one in told.places if len(one.division) == length]
    if shown:
        yield said("places", language)
    for one in shown:
        yield of_place(one, language)


def of_place(one: OfAPlace, language: Language) -> str:
    return said(
        "place", language, place=one.name or one.division, alerts=one.alerts.opened, tasks=one.tasks.opened,
        done=one.tasks.done, open=one.tasks.open, overdue=one.tasks.overdue,
    )  # fmt: skip
