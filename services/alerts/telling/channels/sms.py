"""Short messages by whatever gateway the county has: one HTTP call with a template's code and its parameters."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.alerts.telling.channels.letter import READS, Letter, Outcome, outcome_of
from services.kit.post.outgoing import Lane, Post

PLACEHOLDER = re.compile(r"\{(phone|template|number|place|subject|text|id)\}")
# What is sent unless the county's gateway wants it otherwise; the values it asks for stand in braces.
BODY = """{"phone": "{phone}", "template": "{template}", "parameters": {"number": "{number}", "place": "{place}"},
           "id": "{id}"}"""


@dataclass(frozen=True)
class Sms:
    """`accepting`: the field of the gateway's answer, and its value, that mean it was taken; without, any 2xx does."""

    lane: Lane
    url: str
    digest: str  # codes of the templates the gateway's operator has approved
    urgent: str
    body: str = BODY
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    accepting: Mapping[str, str] = field(default_factory=dict)

    def send(self, letter: Letter, now: datetime) -> Outcome:
        said = {
            "phone": letter.address,
            "template": self.urgent if letter.urgent else self.digest,
            "number": str(letter.message.number),
            "place": letter.message.place,
            "subject": letter.message.subject,
            "text": letter.message.text,
            "id": str(letter.id),
        }
        body = json.dumps(filled(json.loads(self.body), said), ensure_ascii=False).encode()
        headers = {"content-type": "application/json; charset=utf-8", **self.headers}
        post = Post(self.url, headers, body, reads=READS)
        return outcome_of(self.lane.send(post).result(), self.accepting)


def filled(part: Any, said: Mapping[str, str]) -> Any:
    """Within the texts of a JSON value, which was read before: what is filled in stays a text."""
    if isinstance(part, dict):
        return {name: filled(value, said) for name, value in part.items()}
    if isinstance(part, list):
        return [filled(value, said) for value in part]
    return PLACEHOLDER.sub(lambda place: said[place[1]], part) if isinstance(part, str) else part
