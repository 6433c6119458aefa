"""A relay, and somebody to receive what it sends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Engine

from services.kit.post.addresses import Address, is_here
from services.kit.post.connecting import LookUp, look_up
from services.kit.post.outgoing import Lane
from services.kit.post.receivers import Allowed
from services.kit.store.fields import Seal
from tests.kit.house import House
from tests.kit.receiving import Receiver, receiving


@pytest.fixture
def house(engines: dict[str, Engine], clean: None, seal: Seal) -> House:
    return House(engines["households"], seal)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def lanes() -> Iterator[Callable[..., Lane]]:
    """A lane to the places listed."""
    with ExitStack() as opened:

        def lane(
            *places: str,
            deadline: float = 5,
            look_up: LookUp = look_up,
            allowed: Allowed | None = None,
            here: Callable[[Address], bool] = is_here,
        ) -> Lane:
            made = Lane(allowed or Allowed("", ",".join(places), here=here), deadline, look_up)
            opened.callback(made.close)
            return made

        yield lane
