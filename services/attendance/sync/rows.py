"""What a phone is told, line by line: a scope it joins or leaves, a row it is to hold, a row it is to drop."""

from datetime import date
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from services.attendance.leave.contents import LeaveLine
from services.attendance.visits.month import VisitListLine

Op: TypeAlias = Literal["scope.left", "scope.joined", "gone", "row"]  # in this order
Kind: TypeAlias = Literal[
    "posting", "pairing", "cadre", "team", "member", "village", "visit_list", "round_task", "leave", "standard",
    "calendar", "words",
]  # fmt: skip


class CadreRow(BaseModel):
    """Whose phone it is."""

    name: str
    unit: str


class TeamRow(BaseModel):
    """The team of a posting, and one's own part in it."""

    team_id: UUID
    name: str
    village: str
    role: str
    since: date | None
    until: date | None  # the first day it no longer holds


class MemberRow(BaseModel):
    """Of one's own team, oneself too. By name alone: no number of theirs is on anybody's phone."""

    cadre_id: UUID
    name: str
    role: str
    since: date | None
    until: date | None


class StationRow(BaseModel):
    """WGS-84; radius in metres. By it a phone may say at once what the server will."""

    name: str
    latitude: float
    longitude: float
    radius: float
    boundary: list[list[float]] | None


class VillageRow(BaseModel):
    name: str | None
    station: StationRow | None


class PairingRow(BaseModel):
    """Who lives there is read from the register itself (`GET /v1/households`), which shows the paired ones alone."""

    household_id: UUID
    kind: str
    village: str
    since: date | None
    until: date | None


class RoundTaskRow(BaseModel):
    """A household of an open round (摸排)."""

    round_id: UUID
    name: str
    household_id: UUID
    first_day: date
    last_day: date


class StandardRow(BaseModel):
    key: str
    division: str
    population_class: str
    value: str
    unit: str
    document_no: str
    since: date | None
    until: date | None


class CalendarRow(BaseModel):
    """A month: how many of its days the county's calendar knows, and which of those are days of rest."""

    known: int
    rest: list[date]


class WordsRow(BaseModel):
    """By list and code, in Chinese and English."""

    words: dict[str, dict[str, dict[str, str]]]


Row: TypeAlias = (
    CadreRow | TeamRow | MemberRow | VillageRow | PairingRow | VisitListLine | RoundTaskRow | LeaveLine | StandardRow
    | CalendarRow | WordsRow
)  # fmt: skip


class SyncLine(BaseModel):
    """Held under `scope`, `kind` and `id` together. `scope` is the id of a posting or pairing, `self` or `county`."""

    op: Op
    scope: str
    kind: Kind
    id: str
    row: Row | None = None

    @property
    def key(self) -> tuple[str, ...]:
        return str(ORDER.index(self.op)), self.scope, self.kind, self.id


ORDER: tuple[Any, ...] = ("scope.left", "scope.joined", "gone", "row")
