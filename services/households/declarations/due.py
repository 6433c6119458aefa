"""By which day a villager is answered: working days of the county's calendar, by its own standard."""

from datetime import date

from sqlalchemy import text
from sqlmodel import Session

from services.kit.store.reference import StandardKey, StandardMissing, standard

ANSWER_DAYS = StandardKey(
    "declaration_answer_days", "number", "工作日", "自主申报答复期限", "Working days to answer a self-declaration"
)
CORRECTION_DAYS = StandardKey(
    "correction_answer_days", "number", "工作日", "更正和投诉答复期限", "Working days to answer a correction"
)

DUE = text(
    """
    SELECT min(due.date) FROM day AS begun JOIN day AS due ON due.working AND due.ordinal >= begun.ordinal + :days
    WHERE begun.date = :begun
    """
)


def written_day(day: date | None) -> str | None:
    """In an event."""
    return day.isoformat() if day else None


def due_day(session: Session, key: StandardKey, division: str, begun: date) -> date | None:
    """The day of receipt is not counted. Empty where the county has set nothing: nobody is turned away for that, and
    what has no due day is listed as overdue at once."""
    try:
        days = standard(session, key, division, begun)
    except StandardMissing:
        return None
    due: date | None = session.scalar(DUE, {"days": int(days), "begun": begun})
    return due
