"""By which names a household is found: a narrow table beside the register, kept by the database itself."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.households.models.table import Table


class MemberName(Table, table=True):
    """A name of a household's: of a present member (`subject` is the person) or of its head as the county writes it
    (`subject` is the household). Triggers on the three tables of the register keep it, whoever writes there. Under a
    policy only what the planner knows to tell nothing uses an index: starts_with and =, and no LIKE."""

    __tablename__ = "member_name"
    __table_args__ = (
        Index("member_name_folded", "folded", "household_id"),
        Index("member_name_by_initials", "initials", "folded", "household_id"),
        Index("member_name_village", "village", "folded", "household_id"),
        Index("member_name_born", "born", "folded"),
    )

    household_id: UUID = Field(foreign_key="household.id", primary_key=True, ondelete="CASCADE")
    subject: UUID = Field(primary_key=True)
    village: str
    folded: str  # NFKC, without dots and spaces; bytes are its order
    initials: str  # of its pinyin, small letters
    born: date | None = None  # of the living; a head's name as the county writes it has none
