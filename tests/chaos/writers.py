"""Clients that write while everything around them dies, repeating each write under its id until it is acknowledged."""

import random
import time
from collections.abc import Sequence
from datetime import datetime
from threading import Event, Thread
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx

from services.cli.office import Office, Refused
from tests.chaos.ledger import Ledger, Write

POOR, RICH = 100_000, 100_000_000  # fen a year for a whole household: far below any line, and far above
AGAIN = 0.05  # seconds


class Writer(Thread):
    """`running` lets it go on; while it is clear the writer rests, with nothing of its own unanswered."""

    def __init__(self, office: Office, ledger: Ledger, families: Sequence[str], seed: int) -> None:
        super().__init__(daemon=True)
        self.office, self.ledger, self.families = office, ledger, families
        self.rng = random.Random(seed)
        self.running, self.resting, self.ended = Event(), Event(), Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.ended.is_set():
                if self.running.is_set():
                    self.resting.clear()
                    self.write_one()
                else:
                    self.resting.set()
                    time.sleep(0.02)
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self.resting.set()

    def write_one(self) -> None:
        """Statements when it has families, else check-ins."""
        if self.families:
            family, poor = self.rng.choice(self.families), self.rng.random() < 0.5
            write = Write("statement", str(uuid4()), family, poor)
            self.acknowledged(write, "households", f"/v1/households/{family}/statements", statement(write))
        else:
            write = Write("check_in", str(uuid4()))
            at = datetime.now(ZoneInfo("Asia/Shanghai")).isoformat()
            self.acknowledged(write, "attendance", "/v1/check-ins", {"id": write.id, "at": at})

    def acknowledged(self, write: Write, service: str, path: str, body: dict[str, Any]) -> None:
        self.ledger.sent(write)
        while not self.answered(service, path, body):
            time.sleep(AGAIN)
        self.ledger.acked(write)

    def answered(self, service: str, path: str, body: dict[str, Any]) -> bool:
        try:
            self.office.post(service, path, body)
        except httpx.HTTPError:
            return False
        except Refused as refused:
            if refused.status < 500 and refused.status != 429:
                raise
            return False
        return True


def statement(write: Write) -> dict[str, Any]:
    period = {"period_from": "2025-11-01", "period_to": "2026-10-31"}
    wage = POOR if write.poor else RICH
    return {"id": write.id, **period, "lines": [{"kind": "wage", "amount": wage}]}
