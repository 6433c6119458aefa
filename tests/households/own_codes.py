"""Counties' own risks as rows: one that holds here and today, and three that do not."""

from datetime import date

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.households.models.register import OwnCode
from tests.clock import NOW

HOLDS, WORD = "0781", "厂矿关停"
ELSEWHERE, LATER, ENDED = "0782", "0783", "0784"
OUTSIDE = (ELSEWHERE, LATER, ENDED)
NAMES = {HOLDS: WORD, ELSEWHERE: "邻县风险", LATER: "明年风险", ENDED: "往年风险"}
DAYS = {LATER: (date(2026, 11, 22), None), ENDED: (date(2025, 1, 1), date(2026, 3, 1))}


def own_risks(session: Session) -> None:
    for code, zh in NAMES.items():
        since, until = DAYS.get(code, (date(2026, 1, 1), None))
        place = "520622" if code == ELSEWHERE else "520621"
        told = OwnCode(
            set_key="risk", code=code, division=place, zh=zh, valid=Range(since, until),
            document_no="示例〔2026〕1号", created_at=NOW,
        )  # fmt: skip
        session.add(told)
    session.commit()


def end_all(session: Session) -> None:
    """Today is the first day on which none may be written."""
    for code in NAMES:
        row = session.get_one(OwnCode, ("risk", code))
        row.valid = Range(row.valid.lower, NOW.date()) if code == HOLDS else row.valid
    session.commit()
