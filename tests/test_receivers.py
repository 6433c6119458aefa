"""The receivers that the guide hands out, as an integrator runs them, and posts as our relay signs them."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from services.kit.post.outgoing import Post
from services.kit.post.posts import Group, compose, secret_place
from services.kit.post.subscriptions import new_secret
from services.kit.store.fields import Seal
from services.kit.store.months import made_at
from services.kit.store.sealed import FORMER_SECRET
from services.kit.store.tables import Event, Subscription
from tests.outside.launching import eventually

RECEIVERS = Path(__file__).resolve().parents[1] / "docs" / "receivers"
RUN = {"python": (sys.executable, "receiver.py"), "node": ("node", "receiver.mjs"), "java": ("java", "Receiver.java")}
PRESENT, COMING, STRANGERS = new_secret(), new_secret(), new_secret()


@pytest.fixture(params=RUN)
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    """Started as its first lines say, while one secret takes another's place."""
    program, source = RUN[request.param]
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [program, str(RECEIVERS / source), str(port), str(tmp_path / "inbox")]
    with (
        started(argv, {"WEBHOOK_SECRETS": f"{PRESENT} {COMING}"}),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        assert eventually(lambda: listens(port), within_s=60)
        yield client


@contextmanager
def started(argv: list[str], told: Mapping[str, str]) -> Iterator[None]:
    with subprocess.Popen(argv, env={**os.environ, **told}) as process:
        try:
            yield
        finally:
            process.kill()


def listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def post_of(seal: Seal, secret: str, former: str = "") -> Post:
    """One event as the relay signs it, with a former secret too while that counts."""
    now, key = datetime.now(UTC), uuid4()
    subscription = Subscription(
        id=key,
        subscriber="test",
        url="/hooks",
        types=["clue.answered"],
        created_at=now,
        sealed_secret=seal.close(secret, secret_place(key)),
        sealed_former_secret=seal.close(former, FORMER_SECRET.place(key)) if former else None,
        former_until=now + timedelta(hours=24),
    )
    event = Event(id=made_at(now), type="clue.answered", subject="1", occurred_at=now, data={"code": "属实"})
    return compose(seal, "alerts", Group(subscription, [], [event]), now)


def answer(receiver: httpx.Client, post: Post) -> int:
    return receiver.post(post.url, headers=post.headers, content=post.body).status_code


def again(post: Post, moment: datetime, webhook_id: str | None = None) -> Post:
    """Soundly signed at another moment, or under another id."""
    at, key = moment.replace(microsecond=0), webhook_id or post.headers["webhook-id"]
    signature = Webhook(PRESENT).sign(key, at, post.body.decode())
    told = {"webhook-id": key, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return replace(post, headers=post.headers | told)


def test_it_takes_what_we_signed_once_and_nothing_else(receiver: httpx.Client, seal: Seal, tmp_path: Path) -> None:
    sound = [post_of(seal, PRESENT), post_of(seal, COMING), post_of(seal, STRANGERS, former=PRESENT)]
    assert [answer(receiver, post) for post in sound] == [204, 204, 204]
    kept = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "inbox").iterdir()}
    assert {path.name: path.read_bytes() for path in kept} == {f"{p.headers['webhook-id']}.json": p.body for p in sound}
    assert [answer(receiver, post) for post in sound] == [204, 204, 204]

    now, post = datetime.now(UTC), post_of(seal, PRESENT)
    unsound = [
        post_of(seal, STRANGERS),
        replace(post, body=post.body.replace("属实".encode(), "不实".encode())),
        replace(post, headers=post.headers | {"webhook-id": str(uuid4())}),
        replace(post, headers=post.headers | {"webhook-timestamp": str(int(now.timestamp()) + 30)}),
        replace(post, headers={"content-type": "application/json"}),
        replace(post, headers=post.headers | {"webhook-signature": "v1,"}),
        again(post, now - timedelta(seconds=330)),
        again(post, now + timedelta(seconds=330)),
        again(post, now, "../outside"),
    ]
    assert [answer(receiver, one) for one in unsound] == [401] * len(unsound)
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "inbox").iterdir()} == kept
    assert list(tmp_path.rglob("outside*")) == []
    assert answer(receiver, again(post, now - timedelta(seconds=270))) == 204
