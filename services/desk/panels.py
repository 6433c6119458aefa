"""The parts of Today: each asks a service or two at once, and stands alone when another is away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.desk.asking import Asker, Told, Trouble

SERVICES = ("county", "households", "attendance", "alerts")
STEPS = ("due", "reconciled", "judged", "certified")


class Village(BaseModel):
    code: str
    name: str | None
    township: str | None
    latitude: float | None
    longitude: float | None


class OfARule(BaseModel):
    title: str
    severity: str
    open: int
    oldest: datetime


class OfAVillage(BaseModel):
    division: str
    open: int


class AlertCounts(BaseModel):
    open: int
    rules: list[OfARule]
    villages: list[OfAVillage]


class OverdueSweep(BaseModel):
    county: str
    period: date
    due_on: date


class County(BaseModel):
    code: str
    name: str


class Counties(BaseModel):
    rows: list[County]


class TeamDay(BaseModel):
    name: str
    village: str
    members: int
    present: int
    uncertain: int
    outside: int

    @property
    def state(self) -> str:
        """One member there is the team on duty; a doubt outweighs what was seen elsewhere; nothing seen is unknown."""
        if self.present:
            return "present"
        if self.uncertain:
            return "uncertain"
        return "outside" if self.outside else "unknown"


class TeamDays(BaseModel):
    day: date
    teams: list[TeamDay]


class Certificate(BaseModel):
    registered: Annotated[int, Field(alias="register")]
    judged: int
    not_judgeable: int
    balances: bool


class Sweep(BaseModel):
    county: str
    period: date
    state: str
    certificate: Certificate | None

    @property
    def step(self) -> int:
        return STEPS.index(self.state) if self.state in STEPS else 0


class Sweeps(BaseModel):
    rows: list[Sweep]

    @property
    def newest(self) -> list[Sweep]:
        """Those of the newest month: one for each county the visitor reaches."""
        return [sweep for sweep in self.rows if sweep.period == self.rows[0].period]


class Outstanding(BaseModel):
    subscriber: str
    waiting: int
    failing: int
    dead: int


@dataclass(frozen=True)
class Panel:
    """What its template shows. `trouble` is that of the service without which there is nothing to show; `hidden` is
    what a role has no part in."""

    name: str
    trouble: Trouble = ""
    shown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_hidden(self) -> bool:
        return self.trouble == "not-allowed"


Show = Callable[[Asker], Awaitable[Panel]]


async def villages(asker: Asker) -> Panel:
    points, counts = await asyncio.gather(ask_villages(asker), ask_counts(asker))
    of_village = {one.division: one.open for one in counts.value.villages} if counts.value else {}
    shown = {"villages": points.value, "open": of_village, "without_counts": counts.trouble}
    return Panel("villages", points.trouble, shown)


async def alerts(asker: Asker) -> Panel:
    counts = await ask_counts(asker)
    return Panel("alerts", counts.trouble, {"counts": counts.value})


async def overdue(asker: Asker) -> Panel:
    late, names = await asyncio.gather(
        asker.get("alerts", "/v1/overdue-sweeps", list[OverdueSweep]), county_names(asker)
    )
    return Panel("overdue", late.trouble, {"late": late.value, "names": names})


async def teams(asker: Asker) -> Panel:
    days, places = await asyncio.gather(asker.get("attendance", "/v1/team-days", TeamDays), ask_villages(asker))
    names = {village.code: village.name or village.code for village in places.value or ()}
    tally = dict.fromkeys(("present", "uncertain", "outside", "unknown"), 0)
    for team in days.value.teams if days.value else ():
        tally[team.state] += 1
    return Panel("teams", days.trouble, {"days": days.value, "names": names, "tally": tally})


async def sweep(asker: Asker) -> Panel:
    sweeps, names = await asyncio.gather(asker.get("alerts", "/v1/sweeps?limit=20", Sweeps), county_names(asker))
    return Panel("sweep", sweeps.trouble, {"sweeps": sweeps.value, "steps": STEPS, "names": names})


async def deliveries(asker: Asker) -> Panel:
    """One question to each service; those that are away are named beside what the others say."""
    told = await asyncio.gather(*(ask_outstanding(asker, service) for service in SERVICES))
    by_service = dict(zip(SERVICES, told, strict=True))
    away = [service for service, one in by_service.items() if one.trouble == "away"]
    answered = {service: one.value for service, one in by_service.items() if one.value is not None}
    troubles: list[Trouble] = [one.trouble for one in told if one.trouble]
    trouble = troubles[0] if troubles and not answered else ""
    return Panel("deliveries", trouble, {"rows": answered, "away": away})


async def ask_villages(asker: Asker) -> Told[list[Village]]:
    return await asker.get("attendance", "/v1/villages", list[Village])


async def ask_counts(asker: Asker) -> Told[AlertCounts]:
    return await asker.get("alerts", "/v1/alert-counts", AlertCounts)


async def ask_outstanding(asker: Asker, service: str) -> Told[list[Outstanding]]:
    return await asker.get(service, f"/v1/services/{service}/outstanding", list[Outstanding])


async def county_names(asker: Asker) -> Mapping[str, str]:
    """By code; none where they cannot be had, and then the code stands for the name."""
    told = await asker.get("county", "/v1/divisions?level=county&limit=200", Counties)
    return {county.code: county.name for county in told.value.rows} if told.value else {}


PANELS: Mapping[str, Show] = {
    "villages": villages,
    "alerts": alerts,
    "teams": teams,
    "sweep": sweep,
    "overdue": overdue,
    "deliveries": deliveries,
}
