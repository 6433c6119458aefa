"""What a phone may still hold though it is gone here."""

from uuid import UUID

from sqlmodel import Field

from services.attendance.models.table import Table


class Departed(Table, table=True):
    """A pairing whose row was deleted, as one that had never begun. A trigger writes it, and nothing else does; when it
    was written its own transaction says."""

    pairing_id: UUID = Field(primary_key=True)
    cadre_id: UUID = Field(foreign_key="cadre.id", index=True)
