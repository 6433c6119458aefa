"""Who answers for which household."""

from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Index, text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlmodel import Field

from services.attendance.models.table import Table


class Pairing(Table, table=True):
    """结对帮扶: a cadre who answers for a household from a day until a day. The constraint lets a household have one of
    a kind at a time. A household is an id of the register, which says where it lies."""

    __table_args__ = (
        ExcludeConstraint(("household_id", "="), ("kind", "="), ("valid", "&&"), using="gist"),
        Index("pairing_of_cadre", "cadre_id"),
    )

    id: UUID = Field(primary_key=True)  # the client's own
    set_id: UUID = Field(default_factory=uuid4, unique=True)  # of what it grants: ours, so that it is no other set's
    cadre_id: UUID = Field(foreign_key="cadre.id")
    household_id: UUID
    kind: str  # assistant, leader
    village: str = Field(index=True)  # twelve digits, when it was written
    valid: Range[date] = Field(sa_type=DATERANGE)
    document_no: str
    household_version: int = Field(  # the register's, when it last told us where the household lies
        default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")}
    )
