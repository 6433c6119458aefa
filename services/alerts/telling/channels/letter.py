"""What every channel is given, and what it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from services.alerts.telling.texts import Message
from services.kit.post.outgoing import Answer

READS = 4_096  # bytes of an answer: robots say in it whether they have sent
LATER = frozenset({408, 425, 429})  # refusals that time may heal


@dataclass(frozen=True)
class Letter:
    """`id` stays the same at every try: what the other side can tell a repeat by."""

    id: UUID
    address: str = field(repr=False)
    message: Message
    urgent: bool


@dataclass(frozen=True)
class Outcome:
    """`lasting`: another try would fare no better. `problem` in our words, never in theirs."""

    accepted: bool
    status: int | None = None
    problem: str | None = None
    lasting: bool = False
    wait: timedelta = timedelta(0)


class Channel(Protocol):
    def send(self, letter: Letter, now: datetime) -> Outcome:
        """Ends within a minute, whatever the other side does."""


def outcome_of(answer: Answer, accepting: Mapping[str, str] | None = None) -> Outcome:
    """Of an HTTP call. `accepting`: the field of the answer's JSON that says so, with the value that means yes; any one
    of several is enough."""
    if not answer.accepted:
        lasting = answer.status is not None and 400 <= answer.status < 500 and answer.status not in LATER
        return Outcome(False, answer.status, answer.problem or "refused", lasting, answer.wait)
    if accepting:
        said = read_json(answer.body)
        if not any(name in said and str(said[name]) == value for name, value in accepting.items()):
            return Outcome(False, answer.status, "answered, and not accepted")
    return Outcome(True, answer.status)


def read_json(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
