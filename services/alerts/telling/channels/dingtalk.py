"""A DingTalk robot: speaks to its group, calls the person by telephone number, signs each call (HMAC-SHA256).

https://open.dingtalk.com/document/robots/customize-robot-security-settings
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from services.alerts.telling.channels.letter import READS, Letter, Outcome, outcome_of
from services.kit.post.outgoing import Lane, Post

ACCEPTING = {"errcode": "0"}


@dataclass(frozen=True)
class DingTalk:
    """Without a secret the robot is one that looks at addresses or keywords."""

    lane: Lane
    url: str
    token: str = field(repr=False)
    secret: str = field(default="", repr=False)

    def send(self, letter: Letter, now: datetime) -> Outcome:
        asked = {"access_token": self.token} | (signature(self.secret, now) if self.secret else {})
        said = {
            "msgtype": "text",
            "text": {"content": f"{letter.message.text}\n@{letter.address}"},  # both are asked for, to call somebody
            "at": {"atMobiles": [letter.address], "isAtAll": False},
        }
        url = f"{self.url}/robot/send?{urlencode(asked)}"
        post = Post(url, {"content-type": "application/json"}, json.dumps(said).encode(), reads=READS)
        return outcome_of(self.lane.send(post).result(), ACCEPTING)


def signature(secret: str, now: datetime) -> dict[str, str]:
    """Good for an hour, by milliseconds."""
    at = str(int(now.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{at}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": at, "sign": base64.b64encode(digest).decode()}
