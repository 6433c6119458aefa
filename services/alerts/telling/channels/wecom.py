"""A WeCom robot: speaks to its group and calls the person by telephone number. Its key is all it asks for.

https://developer.work.weixin.qq.com/document/path/91770
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from services.alerts.telling.channels.letter import READS, Letter, Outcome, outcome_of
from services.kit.post.outgoing import Lane, Post

MOST = 2_048  # bytes of a text
ACCEPTING = {"errcode": "0"}


@dataclass(frozen=True)
class WeCom:
    lane: Lane
    url: str
    token: str = field(repr=False)

    def send(self, letter: Letter, now: datetime) -> Outcome:
        cut = letter.message.text.encode()[:MOST].decode(errors="ignore")
        said = {"msgtype": "text", "text": {"content": cut, "mentioned_mobile_list": [letter.address]}}
        url = f"{self.url}/cgi-bin/webhook/send?{urlencode({'key': self.token})}"
        post = Post(url, {"content-type": "application/json"}, json.dumps(said).encode(), reads=READS)
        return outcome_of(self.lane.send(post).result(), ACCEPTING)
