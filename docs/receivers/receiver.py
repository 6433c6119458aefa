"""守望回调的接收程序：只用 Python 标准库。 A receiver of Shouwang's webhooks with Python's own library alone.

    WEBHOOK_SECRETS="whsec_…" python3 receiver.py 9000 inbox

换密钥期间 WEBHOOK_SECRETS 写两个，用空格隔开。每个事件先完整写成 inbox/{webhook-id}.json，再答复 204；
重复投递的已有文件，不再处理。业务程序按自己的速度处理这个文件夹；处理完的记下编号，或把文件留满六天再删。
Two secrets, with a space between, while one takes the other's place. An event is a whole file before it is answered;
one that comes again finds its file there and has no second effect. Work the folder off at your own pace; note the ids
you have done, or leave the files for six days.
"""

import base64
import hashlib
import hmac
import os
import re
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WINDOW = 300  # 秒 seconds: a post that somebody recorded is worth nothing later
LARGEST = 1_000_000  # 字节 bytes
ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Refused(Exception):
    """不是守望发来的，或已过期。 Not from Shouwang, or too old."""


def verify(secrets: list[bytes], webhook_id: str, sent_at: str, signatures: str, body: bytes, now: float) -> None:
    """签名覆盖“编号.时间.正文”的原始字节。 Signed is id.timestamp.body, over the exact bytes."""
    if not ID.fullmatch(webhook_id) or not re.fullmatch("[0-9]{1,12}", sent_at) or abs(now - int(sent_at)) > WINDOW:
        raise Refused
    signed = f"{webhook_id}.{sent_at}.".encode() + body
    right = [b"v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)) for secret in secrets]
    given = signatures.encode("utf-8", "replace").split()
    if not any(hmac.compare_digest(one, other) for one in right for other in given):
        raise Refused


def keep(inbox: Path, webhook_id: str, body: bytes) -> bool:
    """落盘后才算收到；已有的不动。 On disk before it counts; what is there stays. True when it is new."""
    place = inbox / f"{webhook_id}.json"
    if place.exists():
        return False
    with tempfile.NamedTemporaryFile(dir=inbox, prefix=".", delete=False) as unfinished:
        unfinished.write(body)
        unfinished.flush()
        os.fsync(unfinished.fileno())
    try:
        os.link(unfinished.name, place)  # 同时到达的两份只有一份成功 of two at once, one succeeds
    except FileExistsError:
        return False
    finally:
        os.unlink(unfinished.name)
    return True


class Handler(BaseHTTPRequestHandler):
    secrets: list[bytes]
    inbox: Path
    timeout = 10

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > LARGEST:
            return self.answer(413)
        body = self.rfile.read(int(length))
        webhook_id, sent_at, signatures = (
            self.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
        )
        try:
            verify(self.secrets, webhook_id, sent_at, signatures, body, time.time())
        except Refused:
            return self.answer(401)
        keep(self.inbox, webhook_id, body)
        return self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    Handler.secrets = [base64.b64decode(one.removeprefix("whsec_")) for one in os.environ["WEBHOOK_SECRETS"].split()]
    Handler.inbox = Path(sys.argv[2])
    Handler.inbox.mkdir(mode=0o700, parents=True, exist_ok=True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
