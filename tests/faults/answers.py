"""What an API said while something was wrong, with the moment of each: the witness of how it failed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from services.cli.office import Office

PATIENT = {503, 507}  # what may be said while something behind the API is away


class Said(NamedTuple):
    at: float  # by the monotonic clock, when it was heard
    status: int
    retry_after: str
    media_type: str
    address: str

    @property
    def polite(self) -> bool:
        """A refusal to come again: why, in the one form, and when."""
        told = self.retry_after.isdigit() and self.media_type == "application/problem+json"
        return self.status in PATIENT and told


@dataclass
class Answers:
    """`said` are those from 500 on; of the others their number is enough."""

    fine: int = 0
    said: list[Said] = field(default_factory=list)

    def note(self, answer: httpx.Response) -> None:
        if answer.status_code < 500:
            self.fine += 1
            return
        headers = answer.headers
        kind = headers.get("content-type", "").partition(";")[0]
        address = f"{answer.request.method} {answer.request.url.path}"
        self.said.append(Said(time.monotonic(), answer.status_code, headers.get("retry-after", ""), kind, address))

    def rude(self) -> list[Said]:
        return [one for one in self.said if not one.polite]

    def outside(self, windows: Sequence[tuple[float, float]]) -> list[Said]:
        """Those heard while nothing was wrong."""
        return [one for one in self.said if not any(start <= one.at <= end for start, end in windows)]


def listen(office: Office, answers: Answers) -> None:
    office._http.event_hooks["response"].append(answers.note)  # it asks by this client alone
