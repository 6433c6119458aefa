"""A Feishu robot: speaks to its group, calls the person by user id, signs each call (HMAC-SHA256).

https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from services.alerts.telling.channels.letter import READS, Letter, Outcome, outcome_of
from services.kit.post.outgoing import Lane, Post

ACCEPTING = {"code": "0", "StatusCode": "0"}  # the second is of its first version


@dataclass(frozen=True)
class Feishu:
    """Without a secret the robot is one that looks at addresses or keywords."""

    lane: Lane
    url: str
    token: str = field(repr=False)
    secret: str = field(default="", repr=False)

    def send(self, letter: Letter, now: datetime) -> Outcome:
        called = f'<at user_id="{letter.address}"></at> {letter.message.text}'
        said = {"msg_type": "text", "content": {"text": called}}
        signed = said | (signature(self.secret, now) if self.secret else {})
        url = f"{self.url}/open-apis/bot/v2/hook/{quote(self.token, safe='')}"
        post = Post(url, {"content-type": "application/json"}, json.dumps(signed).encode(), reads=READS)
        return outcome_of(self.lane.send(post).result(), ACCEPTING)


def signature(secret: str, now: datetime) -> dict[str, str]:
    """Good for an hour, by seconds. What is signed is the key, and there is no message: so they document it."""
    at = str(int(now.timestamp()))
    digest = hmac.new(f"{at}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": at, "sign": base64.b64encode(digest).decode()}
