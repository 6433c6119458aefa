"""The county's figures, as households' copy has them."""

from datetime import date
from decimal import Decimal

from sqlalchemy.dialects.postgresql import Range
from sqlmodel import Session

from services.kit.store.tables import Standard

LINE_DOCUMENT = "示例〔2021〕1号"


def set_standards(session: Session, since: date = date(2020, 1, 1), division: str = "520621", /, **values: int) -> None:
    """For the whole county unless said, from a day on."""
    for key, value in values.items():
        session.add(
            Standard(
                key=key, division=division, valid=Range(since, None), value=Decimal(value), unit="1",
                document_no=LINE_DOCUMENT, version=1,
            )
        )  # fmt: skip
    session.commit()
