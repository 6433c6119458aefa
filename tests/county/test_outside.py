"""Calls to the sign-in providers go where the operator has named them and nowhere else."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.county.outside import READS, NoAnswer, Outside, entries
from services.county.settings import SignInSettings
from services.kit.post.places import NotAnEntry
from services.kit.post.receivers import Allowed
from services.kit.settings import Settings
from tests.kit.receiving import Receiver, receiving


@pytest.fixture
def elsewhere() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@contextmanager
def asking(allowed: Allowed) -> Iterator[Callable[[str], object]]:
    outside = Outside(allowed)

    async def close() -> None:
        async with outside.while_serving():
            pass

    try:
        yield lambda url: outside.post(url, {}, {})
    finally:
        asyncio.run(close())


def settings(folder: Path, inboxes: str = "") -> Settings:
    return Settings(service="county", database_url="", secrets=folder, port=1, county_url="", inboxes=inboxes)


def allowed_for(folder: Path, url: str, inboxes: str = "") -> Allowed:
    return Outside.of(settings(folder, inboxes), SignInSettings(wecom_url=url)).allowed


def test_a_provider_that_is_named_is_called_and_its_answer_read(elsewhere: Receiver, tmp_path: Path) -> None:
    with asking(allowed_for(tmp_path, elsewhere.url("/"))) as ask, pytest.raises(NoAnswer, match="status 503"):
        ask(elsewhere.url("/503"))
    assert [one.path for one in elsewhere.got] == ["/503"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254", "http://[fe80::1]", "http://[::ffff:10.0.0.1]", "http://100.100.100.200",
        "http://0.0.0.0", "http://localhost", "http://[64:ff9b::a9fe:a9fe]", "http://168.63.129.16",
    ],
)  # fmt: skip
def test_an_address_that_is_nobody_s_provider_is_not_called_even_when_named(url: str, tmp_path: Path) -> None:
    begun = time.monotonic()
    listed = [] if url.endswith("100.200") else entries(url)  # somebody's inside: called if it were named
    with asking(Allowed.read(settings(tmp_path), listed)) as ask, pytest.raises(NoAnswer, match="not on the operator"):
        ask(f"{url}/cgi-bin/gettoken")
    assert time.monotonic() - begun < 2


def test_our_own_services_are_no_provider(elsewhere: Receiver, tmp_path: Path) -> None:
    allowed = allowed_for(tmp_path, elsewhere.url(""), inboxes=elsewhere.url(""))
    with asking(allowed) as ask, pytest.raises(NoAnswer):
        ask(elsewhere.url("/204"))
    assert elsewhere.got == []


def test_a_provider_that_was_not_named_is_not_called_and_no_redirect_is_followed(
    elsewhere: Receiver, tmp_path: Path
) -> None:
    with receiving() as named, asking(allowed_for(tmp_path, named.url(""))) as ask:
        for url in (elsewhere.url("/204"), named.url("/302")):
            with pytest.raises(NoAnswer):
                ask(url)
        assert [one.path for one in named.got] == ["/302"]
    assert elsewhere.got == []


def test_a_provider_that_does_not_answer_is_given_up_and_one_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    with receiving() as slow, asking(allowed_for(tmp_path, slow.url(""))) as ask:
        for path in ("/flood", "/drip"):
            begun = time.monotonic()
            with pytest.raises((NoAnswer, ValueError)):
                ask(slow.url(path))
            assert time.monotonic() - begun < 8
        assert slow.flooded < 100 * READS  # what the network in between has taken is in it


def test_an_address_that_cannot_be_understood_stops_the_start(tmp_path: Path) -> None:
    for url in ("https://user@provider.example", "https://a.example:port", "ftp://a.example"):
        with pytest.raises(NotAnEntry):
            allowed_for(tmp_path, url)
