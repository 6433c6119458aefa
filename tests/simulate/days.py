"""What somebody with a phone does in a day, and what is wrong with the phone. Drawn from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from tests.simulate.county import County
from tests.simulate.phone import Item, Phone
from tests.simulate.wire import Wire

CUT = 0.25  # of the exchanges
CLOCKS = (timedelta(0), timedelta(0), timedelta(minutes=-7), timedelta(days=730), timedelta(days=-730))


@dataclass
class Device:
    """`off`: by how much its clock is wrong. `made`: every item that was ever put into its outbox."""

    number: int
    random: Random
    off: timedelta
    phone: Phone
    wire: Wire
    made: set[str] = field(default_factory=set)
    visits: list[Item] = field(default_factory=list)
    leaves: int = 0

    @classmethod
    def of(cls, number: int, county: County, folder: Path, seed: int) -> "Device":
        random = Random(f"{seed} {number}")
        off, wire = random.choice(CLOCKS), Wire(county.port, random, CUT)
        path = folder / str(number)
        path.mkdir()
        phone = Phone(path, wire, random, lambda: county.now() + off, lambda: county.token(number))
        return cls(number, random, off, phone, wire)

    def live(self, now: datetime) -> None:
        """Offline: what is made goes into the outbox and nowhere else."""
        for item in self.day(now + self.off):
            self.made.add(item["body"]["id"])
            self.phone.outbox.put(item)
        if self.random.random() < 0.05:
            self.phone.restart()

    def day(self, now: datetime) -> Iterator[Item]:
        at = now - timedelta(hours=self.random.uniform(1, 10))
        for _ in range(self.random.choice((0, 1, 1, 2))):
            where: dict[str, Any] = {
                "latitude": 27.7,
                "longitude": 108.84 + self.random.uniform(0, 0.01),
                "accuracy": 9.0,
            }
            yield self.item("check_in", at=at.isoformat(), **where)
        homes = [row["household_id"] for (_, kind, _), row in self.phone.held.items() if kind == "pairing"]
        if homes and self.random.random() < 0.6:
            visit = self.item("visit", household_id=self.random.choice(homes), at=at.isoformat(), note="示例")
            visit["body"]["findings"] = self.random.sample(["debt", "illness", "job_lost"], self.random.randint(0, 2))
            self.visits.append(visit)
            yield visit
        if self.visits and self.random.random() < 0.2:  # perhaps of one that was not sent yet
            former = self.visits.pop()["body"]
            said = {"id": self.id(), "corrects": former["id"], "because": "mistake", "contact": "telephone"}
            yield self.item("visit", **former | said)
        if self.random.random() < 0.1:
            self.leaves += 1
            first = now.date() + timedelta(days=3 * self.leaves)
            yield self.item("leave", kind="personal", first_day=first.isoformat(), last_day=first.isoformat())
        if self.random.random() < 0.05:
            right: dict[str, Any] = {"status": "present", "because": "no_signal", "evidence": "witness"}
            yield self.item("day_correction", day=at.date().isoformat(), **right)

    def item(self, kind: str, /, **body: Any) -> Item:
        return {"kind": kind, "v": 1, "body": {"id": self.id()} | body}

    def id(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))
