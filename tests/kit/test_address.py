"""Where a request comes from, as far as it can be believed."""

from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from services.kit.web.address import address_of

TRUSTED = "127.0.0.1,::1,10.0.0.0/24"


def seen(peer: str, forwarded: str = "") -> str:
    app = FastAPI()
    app.state.settings = SimpleNamespace(trusted_proxies=TRUSTED)
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return address_of(Request({"type": "http", "app": app, "client": (peer, 1), "headers": headers}))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "10.1.1.1", "203.0.113.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "10.1.1.1", "10.1.1.1"),
        ("10.0.0.7", "10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "1.2.3.4, 10.1.1.1", "10.1.1.1"),
        ("127.0.0.1", "not an address", "127.0.0.1"),
        ("127.0.0.1", "10.1.1.1:99999", "127.0.0.1"),
        ("::1", "::ffff:10.1.1.1", "10.1.1.1"),
        ("::1", "2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::1", "", "2001:db8:1:2::/64"),
        ("testclient", "10.1.1.1", "testclient"),
    ],
)
def test_an_address_is_believed_from_a_trusted_proxy_alone(peer: str, forwarded: str, address: str) -> None:
    assert seen(peer, forwarded) == address
